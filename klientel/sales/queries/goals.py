"""Targets and submitted forecasts: whose they are, what of them falls into some days, and which of them belong to the
sums that somebody sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from klientel.insights.dashboards import Asked
from klientel.insights.figures import CENT
from klientel.insights.queries.adding import MONTHS, days
from klientel.insights.queries.rates import rates
from klientel.kernel.access.models import Member, Team
from klientel.kernel.access.reading import select
from klientel.kernel.records import type_of
from klientel.lib.dates import add_months


@dataclass(frozen=True)
class Goal:
    """A target or a submitted forecast: from which day, for how many months, whose, how much in our currency.

    The ``team`` of a target is none where it is a person's, that of a submitted forecast the person's own."""

    begins: dt.date
    months: int
    member: UUID | None
    team: UUID | None
    amount: Decimal

    def part(self, first: dt.date, after: dt.date) -> Decimal:
        """What of it falls into some days: an equal part for each month, the last takes the cents."""
        each = (self.amount / self.months).quantize(CENT, ROUND_DOWN)
        found = Decimal(0)
        for n in range(self.months):
            if first <= add_months(self.begins, n) < after:
                found += each if n < self.months - 1 else self.amount - each * (self.months - 1)
        return found


def targets(asking: Asked) -> list[Goal]:
    """The targets that touch the period: of the pipeline asked about, else of all pipelines together."""
    return asking.once("targets", lambda: _targets(asking))


def _targets(asking: Asked) -> list[Goal]:
    rtype = type_of("sales.target")
    pipeline = asking.chosen.get("pipeline", "")
    where = {"all": [_touching(asking), _of(pipeline)]}
    columns = ["begins", "span", "member", "team", "amount"]
    rows = select(asking.scope, rtype, columns=columns, where=where, sort="begins", limit=1000).rows
    if not pipeline and not rows:  # nobody set any for all pipelines together
        rows = select(asking.scope, rtype, columns=columns, where=_touching(asking), sort="begins", limit=1000).rows
    known = asking.once("rates", rates)
    return [
        Goal(v["begins"].replace(day=1), MONTHS[v["span"]], v["member"], None if v["member"] else v["team"], worth)
        for v in (r.values for r in rows)
        if (worth := known.convert(v["amount"], v["begins"])) is not None
    ]


def _touching(asking: Asked) -> Any:
    """Begun before the period ends, and not more than a year before it begins."""
    rtype = type_of("sales.target")
    return days(rtype.fields["begins"], "begins", add_months(asking.first, -11), asking.after)


def _of(pipeline: str) -> Any:
    return {"field": "pipeline", "op": "is", "value": pipeline} if pipeline else {"field": "pipeline", "op": "empty"}


def goal_of(goals: Iterable[Goal], asking: Asked, first: dt.date, after: dt.date) -> Decimal | None:
    """The target that belongs to the sums: the person's or the team's where they are narrowed to one, else that of
    whatever deals one sees: all, those of the own teams, or one's own.

    Where nobody set one for all, it is what those of the teams come to, else those of the persons. A team's target is
    also that of the teams below it.
    """
    for level in _levels(list(goals), asking):
        some = [g for g in level if g.part(first, after)]
        if some:
            return sum((g.part(first, after) for g in _uppermost(some, asking)), Decimal(0))
    return None


def _levels(goals: list[Goal], asking: Asked) -> list[list[Goal]]:
    """Which targets count, those first before which the others need not be looked at."""
    person, team = asking.chosen.get("owner", ""), asking.chosen.get("owner.team", "")
    persons, teams = [g for g in goals if g.member], [g for g in goals if g.team]
    if person:
        return [[g for g in persons if str(g.member) == person]]
    if team:
        return [[g for g in teams if str(g.team) == team]]
    match _seen(asking):
        case "all":
            return [[g for g in goals if not g.member and not g.team], teams, persons]
        case "teams":
            mates = _team_of(asking, persons)
            mine = [g for g in persons if g.member == asking.scope.me or mates.get(g.member) in asking.scope.teams]
            return [[g for g in teams if g.team in asking.scope.teams], mine]
    return [[g for g in persons if g.member == asking.scope.me]]


def _seen(asking: Asked) -> str:
    """Whose deals the sums are of, as far as rights say it: ``all``, of the own ``teams``, or one's ``own``."""
    if asking.scope.extent(asking.rtype) == "all":
        return "all"
    grants = asking.scope.grants(asking.rtype, "view")
    return "teams" if asking.scope.teams and any(_speaks_of_teams(g.where) for g in grants) else "own"


def _speaks_of_teams(where: Any) -> bool:
    match where:
        case {"my_teams": True}:
            return True
        case dict():
            return any(_speaks_of_teams(part) for part in where.values())
        case list() | tuple():
            return any(_speaks_of_teams(part) for part in where)
    return False


def _uppermost(goals: Sequence[Goal], asking: Asked) -> list[Goal]:
    """Without those of teams below a team that has one too."""
    teams = {g.team for g in goals if g.team}
    if len(teams) < 2:
        return list(goals)
    parents = asking.once("parents", lambda: dict(Team.objects.values_list("pk", "parent")))
    return [g for g in goals if not teams & set(_above(g.team, parents))]


def _above(team: UUID | None, parents: dict[UUID, UUID | None]) -> Iterable[UUID]:
    found: list[UUID] = []
    while team and (team := parents.get(team)) and team not in found:
        found.append(team)
    return found


def submitted(asking: Asked) -> list[Goal]:
    """The last forecast that was submitted for each person and span in the period, as far as one may see them; with the
    team that the person is in."""
    return asking.once("submitted", lambda: _submitted(asking))


def _submitted(asking: Asked) -> list[Goal]:
    rtype = type_of("sales.submission")
    if not asking.scope.may(rtype, "view"):
        return []
    seen = asking.scope.visible(rtype)
    if not {"begins", "span", "owner", "amount"} <= seen.keys():
        return []
    where = days(seen["begins"], "begins", add_months(asking.first, -11), asking.after)
    columns = ["begins", "span", "owner", "amount"]
    rows = select(asking.scope, rtype, columns=columns, where=where, sort="created_at", limit=1000).rows
    known, last = asking.once("rates", rates), {}
    for row in rows:
        v = row.values
        worth = known.convert(v["amount"], v["begins"])
        if worth is not None:
            last[v["owner"], v["begins"], v["span"]] = Goal(
                v["begins"].replace(day=1), MONTHS[v["span"]], v["owner"], None, worth
            )
    teams = _team_of(asking, last.values())
    return [replace(goal, team=teams.get(goal.member)) for goal in last.values()]


def _team_of(asking: Asked, goals: Iterable[Goal]) -> dict[UUID | None, UUID | None]:
    """The team of each person who has one of these."""
    persons = {g.member for g in goals if g.member}
    if not persons:
        return {}
    return dict(Member.objects.filter(tenant_id=asking.scope.tenant, pk__in=persons).values_list("pk", "team"))


def is_asked(asking: Asked, goal: Goal) -> bool:
    """Whether a submitted forecast belongs to the sums: it is of the person or the team that they are narrowed to, and
    of whose deals one sees."""
    person, team = asking.chosen.get("owner", ""), asking.chosen.get("owner.team", "")
    if person or team:
        return str(goal.member) == person if person else str(goal.team) == team
    match _seen(asking):
        case "all":
            return True
        case "teams":
            return goal.member == asking.scope.me or goal.team in asking.scope.teams
    return goal.member == asking.scope.me
