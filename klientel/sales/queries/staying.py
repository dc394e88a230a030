"""The way of a deal through its stages: who moved it when, and how long it stayed in each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from klientel.kernel import events
from klientel.kernel.access import ActorScope
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.lib import clock
from klientel.sales.models import Stage, checklist
from klientel.sales.models.holding import OPEN

MOST = 200
_JOIN = "JOIN kernel_about a ON a.event_id = e.id"
_MOVES = "a.tenant_id = e.tenant_id AND a.record_id = %s AND e.record_id = a.record_id AND 'stage' = ANY(e.fields)"


@dataclass
class Stay:
    """One time in one stage."""

    stage: Any  # None: a stage that is gone
    since: dt.datetime
    until: dt.datetime | None
    who: str

    @property
    def days(self) -> int:
        """Full days until it moved on, or until now."""
        return max(0, ((self.until or clock.now()) - self.since).days)


@dataclass
class Place:
    """A stage on the path of a deal."""

    stage: Any
    state: str  # "done", "now", "ahead"
    days: int | None = None
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many required items are not ticked."""
        return sum(one["required"] and not one["tick"] for one in self.items)


def way(scope: ActorScope, deal: Any) -> tuple[list[Stay], list[Place]]:
    """The stages a deal has been in, the first one first, and its path; neither for who may not see its stage."""
    if "stage" not in scope.visible(type_of("sales.deal")):
        return [], []
    some = events.read(Sql(_MOVES, (deal.pk,)), order="a.at, a.event_id", limit=MOST, join=_JOIN)
    moves = [(e.at, e.changes["stage"][1], e.actor_name) for e in some if "stage" in e.changes]
    here = Q(pipeline=deal.pipeline, archived_at=None)
    known = Stage.objects.filter(here | Q(pk__in={to for _at, to, _who in moves if to})).order_by("position", "id")
    stages = {str(one.pk): one for one in known}
    stays = _stays(deal, moves, stages)
    return stays, _path(deal, stays, stages)


def _stays(deal: Any, moves: list[tuple[dt.datetime, str | None, str]], stages: dict[str, Stage]) -> list[Stay]:
    ends: list[dt.datetime | None] = [at for at, _to, _who in moves[1:]]
    ends.append(deal.closed_at if deal.state != OPEN else None)
    return [Stay(stages.get(to), at, until, who) for (at, to, who), until in zip(moves, ends, strict=False) if to]


def _path(deal: Any, some: list[Stay], stages: dict[str, Stage]) -> list[Place]:
    """The stages of its pipeline in order, how long it was in each, and the checklist of each."""
    if deal.stage is None:
        return []
    there = [one for one in stages.values() if one.pipeline == deal.pipeline and one.archived_at is None]
    at = next((n for n, one in enumerate(there) if one.pk == deal.stage), None)
    return [
        _place(deal, one, some, n, at) for n, one in enumerate(there) if one.outcome == OPEN or one.pk == deal.stage
    ]


def _place(deal: Any, stage: Any, some: list[Stay], n: int, at: int | None) -> Place:
    here = [one.days for one in some if one.stage is not None and one.stage.pk == stage.pk]
    closed = deal.state != OPEN
    state = "now" if n == at else "done" if at is not None and n < at and (not closed or here) else "ahead"
    done = checklist.ticked(deal.ticks, stage.pk)
    items = [one | {"tick": _told(done.get(one["key"]))} for one in stage.checklist or ()]
    return Place(stage, state, sum(here) if here else None, items)


def _told(tick: dict[str, Any] | None) -> dict[str, Any] | None:
    return tick and tick | {"at": dt.datetime.fromisoformat(tick["at"])}
