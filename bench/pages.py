"""Pages and API against the bare views, as the user who may see all and as one with own and team's records."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench import asking, data, place
from bench.questions import Question, questions


def prepare(facts: dict[str, Any]) -> dict[str, Any]:
    """Where the deep page begins, whom the rare search finds, and tokens of both users."""
    from django.conf import settings

    from klientel.kernel.access import memberships
    from klientel.kernel.access.ordering import encode
    from klientel.kernel.identity import accounts, tokens
    from klientel.kernel.tenancy.models import Tenant

    tenant = UUID(facts["tenant"])
    Tenant.objects.filter(pk=tenant).update(settings={"api_per_minute": 10_000_000})
    with settings.SERVER.connect() as connection:
        connection.execute("vacuum (analyze)")
        row = connection.execute(
            "select sort_key, id from contacts_person where tenant_id = %s and archived_at is null"
            " order by sort_key, id offset %s limit 1", [tenant, facts["persons"] // 2 - 1]
        ).fetchone()  # fmt: skip
        rare = connection.execute("select last_name, first_name from contacts_person where id = %s", [facts["hot"]])
        last, first = rare.fetchone()
    found = facts | {"cursor": encode(*row), "cursor_sort": row[0], "cursor_id": str(row[1])}
    found |= {
        "rare": f"{first} {last}",
        "typo": f"{first} {last[:2]}{last[3:]}" if len(last) > 5 else f"{first}e {last}e",
    }
    for side in ("wide", "narrow"):
        user = accounts.find(facts[side])
        member = next(m for t, m, _name in memberships(user.pk) if t == tenant)
        _token, text = tokens.create(
            tenant_id=tenant, member_id=member, user=user, name="bench", scopes=["write"],
            expires_at=datetime.now(UTC) + timedelta(days=2),
        )  # fmt: skip
        found[f"token_{side}"] = text
    return found


@contextmanager
def three(facts: dict[str, Any]) -> Iterator[tuple[asking.Server, asking.Server, asking.Server]]:
    """Klientel for who may see all, for who has narrow grants, both signed in, and the bare view."""
    with (
        place.quiet(),
        asking.Server("app", place.free_port(), place.database_cpu) as app,
        asking.Server("narrow", place.free_port(), place.database_cpu) as narrow,
        asking.Server("bare", place.free_port(), place.database_cpu, BENCH_TENANT=facts["tenant"]) as bare,
    ):
        app.sign_in(facts["wide"], data.PASSWORD)
        narrow.sign_in(facts["narrow"], data.PASSWORD)
        yield app, narrow, bare


def measure(facts: dict[str, Any], *, rounds: int, size: int, only: str = "") -> dict[str, Any]:
    """Every question to all three in turns: bare view, Klientel unrestricted, Klientel with narrow grants."""
    salt = int(time.time()) % 100_000
    with three(facts) as servers:
        wide_ones = questions(facts, facts["token_wide"], salt)
        narrow_ones = questions(facts | _of_narrow(facts), facts["token_narrow"], salt + 1)
        found = {}
        for wide, few in zip(wide_ones, narrow_ones, strict=True):
            if not only or wide.key.startswith(only):
                _trigrams(kept=wide.key.startswith("search"))
                found[wide.key] = one(wide, few, servers, rounds, size)
        return found


def _trigrams(*, kept: bool) -> None:
    """The index of the bare view's search; it is not there while anything else is asked."""
    if kept:
        place.watcher().execute(
            "create index if not exists bench_trigrams on kernel_search using gin (tenant_id, text gin_trgm_ops)"
            " where alive and searchable"
        )
    else:
        place.watcher().execute("drop index if exists bench_trigrams")


def _of_narrow(facts: dict[str, Any]) -> dict[str, Any]:
    """What the narrow user may change."""
    from django.conf import settings

    with settings.SERVER.connect() as connection:
        row = connection.execute(
            "select id from contacts_person where tenant_id = %s and owner = %s order by id limit 1",
            [facts["tenant"], facts["narrow_member"]],
        ).fetchone()
    return {"person": str(row[0])}


def one(wide: Question, few: Question, servers: Any, rounds: int, size: int) -> dict[str, Any]:
    """One question to all three servers in turns."""
    app, narrow, bare = servers
    place.say(wide.label)
    sides = {"bare": (bare, wide.bare), "app": (app, wide.app), "narrow": (narrow, few.app)}
    figures = asking.in_turns(sides, rounds=rounds, size=size)
    base = figures["bare"].cpu or 0.001
    return {
        "label": wide.label, "most": wide.most, "ratio": round(figures["app"].cpu / base, 2),
        "narrow_ratio": round(figures["narrow"].cpu / max(0.001, figures["app"].cpu), 2),
        **{name: figure.plain() for name, figure in figures.items()},
    }  # fmt: skip


def profile(facts: dict[str, Any], key: str, *, requests: int, lines: int = 25) -> str:
    """Where the time of one question goes, by cProfile inside the web process."""
    import io
    import pstats

    target = place.home(facts["persons"]) / f"profile-{key}"
    with asking.Server("app", place.free_port(), place.database_cpu, BENCH_PROFILE=str(target)) as server:
        server.sign_in(facts["wide"], data.PASSWORD)
        for question in questions(facts, facts["token_wide"], int(time.time()) % 100_000):
            if question.key == key:
                for n in range(requests):
                    server.ask(question.app(n))
    out = io.StringIO()
    found = pstats.Stats(str(target), stream=out)
    found.sort_stats("tottime").print_stats(lines).sort_stats("cumtime").print_stats(2 * lines)
    os.unlink(target)
    return out.getvalue()
