"""The board of deals against a bare one: 5,000 open deals in 6 stages, 25 cards a column; and the moving of a card."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench import data, pages, place
from bench.asking import Maker, Request
from bench.questions import Question, fixed

DEALS = 5_000
MORE = ({"name": "Erstkontakt", "probability": 5, "position": 5}, {"name": "Zusage", "probability": 90, "position": 45})


def fill(facts: dict[str, Any]) -> None:
    """The deals, unless they are there: two more open stages than usual, every third deal with a task."""
    from klientel.contacts.models import Organisation
    from klientel.kernel.access import memberships, system_actor
    from klientel.kernel.access.models import Role
    from klientel.kernel.actions import run
    from klientel.kernel.identity import accounts
    from klientel.kernel.tenancy import inside, reading
    from klientel.sales.models import Deal, Stage

    tenant, dice = UUID(facts["tenant"]), random.Random(4)
    with inside(tenant):
        with reading():
            if Deal.objects.exists():
                return
            firms = list(Organisation.objects.order_by("id").values_list("pk", flat=True)[:2000])
            role = Role.objects.get(name="Eigene")
        system = system_actor("Bench")
        grants = data.narrow_grants()
        run(system, "kernel.role.change", role.pk, grants=grants)
        pipeline = run(system, "sales.pipeline.begin").record.id
        for stage in MORE:
            run(system, "sales.stage.create", pipeline=pipeline, **stage)
        with reading():
            stages = list(Stage.objects.filter(outcome="open").values_list("pk", flat=True))
        users = [accounts.find(facts[side]) for side in ("wide", "narrow")]
        members = [next(m for t, m, _name in memberships(user.pk) if t == tenant) for user in users]
        _deals(system, firms, stages, members, dice)


def _deals(system: Any, firms: list[UUID], stages: list[UUID], members: list[UUID], dice: random.Random) -> None:
    place.say(f"{DEALS} deals")
    values = (
        {
            "name": f"Chance {n}", "organisation": dice.choice(firms), "stage": stages[n % 6],
            "owner": members[n % 2], "value": {"amount": str(dice.randint(500, 90_000)), "currency": "EUR"},
            "expected_close": (datetime.now(UTC) + timedelta(days=dice.randint(1, 300))).date().isoformat(),
        }
        for n in range(DEALS)
    )  # fmt: skip
    ids = [record.id for record in data.made(system, "sales.deal", values)]
    tasks = ({"subject": f"Nachfassen {n}", "due": "2027-01-15", "concerns": [i], "owner": members[n % 2]}
             for n, i in enumerate(ids[::3]))  # fmt: skip
    for _record in data.made(system, "work.task", tasks):
        pass


def measure(facts: dict[str, Any], *, rounds: int, size: int) -> dict[str, Any]:
    """Board and move in turns, as :func:`bench.pages.measure`; how many elements the page has."""
    fill(facts)
    facts = pages.prepare(facts)
    with pages.three(facts) as servers:
        found = {}
        for wide, few in zip(_questions(facts, "wide"), _questions(facts, "narrow"), strict=True):
            found[wide.key] = pages.one(wide, few, servers, rounds, size)
        _status, body = servers[0].ask(Request("/deals/board"))
        found["board"]["elements"] = body.count(b"<") - body.count(b"</")
    return found


def _questions(facts: dict[str, Any], side: str) -> list[Question]:
    from django.conf import settings

    with settings.SERVER.connect() as connection:
        query = "select id from sales_deal where tenant_id = %s and owner = any(%s) order by id limit 1"
        member = connection.execute("select id from kernel_member where tenant_id = %s", [facts["tenant"]]).fetchall()
        owners = [facts["narrow_member"]] if side == "narrow" else [row[0] for row in member]
        deal = connection.execute(query, [facts["tenant"], owners]).fetchone()[0]
        stages = [str(row[0]) for row in connection.execute(
            "select id from sales_stage where tenant_id = %s and outcome = 'open' order by position", [facts["tenant"]]
        ).fetchall()]  # fmt: skip
    headers = {"Authorization": f"Bearer {facts[f'token_{side}']}", "Content-Type": "application/json"}
    salt = int(time.time())

    def move(path: str) -> Maker:
        return lambda n: Request(path, "POST", json.dumps({"stage": stages[(n + salt) % 6]}).encode(), headers)

    return [
        Question("board", f"board, {DEALS} deals in 6 stages", 3, fixed("/deals/board"), fixed("/board")),
        Question("move", "move a card by API", 4, move(f"/api/v1/deals/{deal}/actions/move"), move(f"/move/{deal}")),
    ]
