"""One record against 100 stored field conditions, 1,000 records against them, each against one check alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from bench import machine

CONDITIONS, RECORDS = 100, 1000
STAGES = ("prospect", "lead", "customer", "regular", "partner", "supplier", "former")
INDUSTRIES = ("manufacturing", "construction", "it", "services", "health")
BARS = {"one_against_100": 10.0, "1000_against_100": 500.0}


def measure(facts: dict[str, Any], *, rounds: int) -> dict[str, Any]:
    """CPU milliseconds of application and database, for the user who sees all and for the narrow one."""
    from django.db import connection, transaction

    from klientel.kernel.access import ActorScope, actor_of, memberships
    from klientel.kernel.identity import accounts
    from klientel.kernel.tenancy import inside

    tenant = UUID(facts["tenant"])
    found: dict[str, Any] = {}
    for side in ("wide", "narrow"):
        member = next(m for t, m, _name in memberships(accounts.find(facts[side]).pk) if t == tenant)
        with inside(tenant), transaction.atomic():
            scope = ActorScope(actor_of(member))
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM contacts_person WHERE tenant_id = %s AND archived_at IS NULL ORDER BY id LIMIT %s",
                    [tenant, RECORDS],
                )
                ids = [row[0] for row in cursor.fetchall()]
            found |= {f"{key}_{side}": value for key, value in _one(scope, ids, rounds).items()}
    return found


def _one(scope: Any, ids: list[UUID], rounds: int) -> dict[str, Any]:
    from klientel.kernel.access.reading import select
    from klientel.kernel.conditions import matching
    from klientel.kernel.records import type_of

    rtype, stored = type_of("contacts.person"), dict(enumerate(conditions()))
    few, first = rounds * 5, str(ids[0])
    single = _cpu(
        lambda n: select(scope, rtype, where={"all": [stored[n % CONDITIONS], {"id": [first]}]}, limit=1), few
    )
    one = _cpu(lambda n: matching(scope, rtype, stored, [ids[n % len(ids)]]), few)
    many = _cpu(lambda _n: matching(scope, rtype, stored, ids), max(2, rounds // 2))
    fulfilled = sum(len(keys) for keys in matching(scope, rtype, stored, ids).fulfilled.values())
    return {
        "single_check_ms": round(single, 2),
        "one_against_100_ms": round(one, 2),
        "one_against_100": f"{one / single:.1f}x a single check (at most {BARS['one_against_100']:.0f})",
        "1000_against_100_ms": f"{many:.0f} (at most {BARS['1000_against_100']:.0f}); {fulfilled} fulfilled",
    }


def _cpu(work: Callable[[int], Any], times: int) -> float:
    """Milliseconds of this process and of its database connection, for one time."""
    from django.db import connection

    assert connection.connection is not None
    backend = connection.connection.info.backend_pid
    for n in range(3):
        work(n)
    before = time.process_time() + machine.cpu(backend)
    for n in range(times):
        work(n)
    return (time.process_time() + machine.cpu(backend) - before) / times * 1000


def conditions() -> list[Any]:
    """A hundred of them as people save them: one to three parts over the person and its organisation."""
    dice = random.Random(7)

    def part() -> Any:
        return dice.choice((
            {"field": "stage", "op": "is", "value": dice.choice(STAGES)},
            {"field": "stage", "op": "one_of", "value": dice.sample(STAGES, 2)},
            {"field": "position", "op": "contains", "value": dice.choice(("leit", "einkauf", "vertrieb"))},
            {"field": "organisation.employees", "op": "over", "value": dice.choice((10, 50, 250))},
            {"field": "organisation.industry", "op": "is", "value": dice.choice(INDUSTRIES)},
            {"field": "owner", "op": "is", "value": {"me": True}},
            {"field": "changed_at", "op": "within", "value": dice.choice((7, 30, 90))},
            {"field": "emails", "op": "contains", "value": dice.choice((".de", "@example"))},
        ))  # fmt: skip

    return [{dice.choice(("all", "any")): [part() for _ in range(dice.randint(1, 3))]} for _ in range(CONDITIONS)]
