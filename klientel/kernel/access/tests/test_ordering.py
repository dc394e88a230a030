"""Empty values stand last, upwards and downwards, and pages follow each other without a gap, both ways."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.ordering import Sort, encode
from klientel.kernel.access.reading import Page, select, selecting
from klientel.kernel.actions import run
from klientel.kernel.history import past
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import KINDS
from klientel.kernel.records import type_of
from klientel.lib.ids import uuid7

pytestmark = pytest.mark.django_db
PERSON, DEAL = "contacts.person", "sales.deal"
SORTABLE = sorted(key for key, kind in KINDS.items() if kind.sortable and key not in ("json",))


def field_of(anna: Actor, key: str) -> str:
    """A field of persons of this kind: a custom one, or for a list of entries the one there is."""
    if key in ("emails", "phones", "addresses"):
        return key
    choices = [[n, n, n] for n in ("eins", "zwei", "drei")] if key == "choice" else []
    run(anna, "kernel.customfield.create", record_type=PERSON, name=f"x_{key}", kind=key, label_de=key,
        privacy="personal", choices=choices)  # fmt: skip
    return f"x_{key}"


def walked(scope: ActorScope, sort: str, limit: int) -> list[Any]:
    """The list page by page to its end; then back to its beginning, which must be the same."""
    rtype, pages = type_of(PERSON), [select(scope, type_of(PERSON), sort=sort, limit=limit)]
    while pages[-1].after:
        pages.append(select(scope, rtype, sort=sort, limit=limit, after=pages[-1].after))
    back: list[Page] = [pages[-1]]
    while back[-1].before:
        back.append(select(scope, rtype, sort=sort, limit=limit, before=back[-1].before))
    there = [row.id for page in pages for row in page.rows]
    assert there == [row.id for page in reversed(back) for row in page.rows]
    return there


@pytest.mark.parametrize("key", SORTABLE)
def test_what_is_empty_stands_last_in_both_directions(anna: Actor, key: str) -> None:
    name = field_of(anna, key)
    kind = type_of(PERSON).fields[name]
    full = [run(anna, f"{PERSON}.create", last_name=f"V{n}", **{name: kind.sample(n)}).record.pk for n in (1, 2, 3)]
    none = [run(anna, f"{PERSON}.create", last_name=f"L{n}").record.pk for n in (1, 2, 3)]
    scope, at = ActorScope(anna), dt.datetime.now(dt.UTC)
    for sort in (name, f"-{name}"):
        for limit in (1, 2, 50):
            found = walked(scope, sort, limit)
            assert (set(found[:3]), set(found[3:])) == (set(full), set(none)), (sort, limit)
        then = [row.pk for row in past.select(scope, type_of(PERSON), at, sort=sort).rows]
        assert then == found, sort
    assert walked(scope, name, 50)[:3] != walked(scope, f"-{name}", 50)[:3]


def test_text_that_was_taken_away_is_empty_too(anna: Actor) -> None:
    last, first = (run(anna, f"{PERSON}.create", last_name=n, position="Leitung").record.pk for n in ("A", "B"))
    run(anna, f"{PERSON}.change", last, position="")
    for sort in ("position", "-position"):
        assert walked(ActorScope(anna), sort, 1) == [first, last]


@pytest.mark.parametrize(("down", "ahead"), [(False, ""), (True, ""), (True, "value"), (True, "empty")])
def test_an_index_yields_a_page_whatever_the_direction(anna: Actor, down: bool, ahead: str) -> None:
    cursor = encode({"value": "2026-01-01", "empty": None}[ahead], uuid7()) if ahead else None
    asked = selecting(ActorScope(anna), type_of(DEAL), sort=Sort("expected_close", down), after=cursor)
    with connection.cursor() as seen:
        seen.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        seen.execute(f"EXPLAIN {asked.sql.text}", asked.sql.params)
        plan = "\n".join(line for (line,) in seen.fetchall())
    assert "Sort" not in plan, plan
