"""Which leads wait for what: the conditions behind the inboxes, and how many there are in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import which
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql, comma

LEAD = "sales.lead"
OPEN = {"field": "closed_at", "op": "empty"}
#: as the field says it: open, and neither an open task nor a call or meeting of today or later concerns it
STEPLESS = {"field": "idle", "op": "yes"}


@dataclass(frozen=True)
class Facet:
    """One question about the leads of an inbox."""

    key: str
    label: Any
    where: dict[str, Any]
    tone: str = ""


FACETS = (
    Facet("open", _("open"), OPEN),
    Facet("nobodys", _("with nobody"), {"all": [OPEN, {"field": "owner", "op": "empty"}]}, "warn"),
    Facet("mine", _("mine"), {"all": [OPEN, {"field": "owner", "op": "is", "value": {"me": True}}]}),
    Facet("unanswered", _("not answered yet"), {"all": [OPEN, {"field": "first_response_at", "op": "empty"}]}, "warn"),
    Facet("stepless", _("without a next step"), STEPLESS, "bad"),
)


def facet_in(facet: Facet, team: UUID | None) -> dict[str, Any]:
    """The leads of one inbox that a facet asks for; without a team those that stand in none."""
    inbox = {"field": "team", "op": "is", "value": str(team)} if team else {"field": "team", "op": "empty"}
    return {"all": [facet.where, inbox]}


def waiting(scope: ActorScope) -> tuple[list[Facet], dict[UUID | None, list[int]]]:
    """The facets that somebody may ask, and by team how many leads each has, as far as they may be seen.

    One statement, whatever the number of teams.
    """
    rtype, asked, tests = type_of(LEAD), [], []
    for facet in FACETS:
        try:
            test = compile_condition(rtype, facet.where, scope, "t")
        except Refused:  # it asks for a field that is hidden from them
            continue
        asked.append(facet)
        tests.append(test)
    if not asked or "team" not in scope.visible(rtype):
        return [], {}
    inside = which(scope, rtype, OPEN)
    counts = comma([Sql(f"count(*) FILTER (WHERE {test.text})", test.params) for test in tests])
    text = f"SELECT t.team, {counts.text} FROM {rtype.table} t WHERE {inside.text} GROUP BY 1"
    with connection.cursor() as cursor:
        cursor.execute(text, [*counts.params, *inside.params])
        return asked, {row[0]: list(row[1:]) for row in cursor.fetchall()}
