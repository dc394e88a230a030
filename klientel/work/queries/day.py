"""The day of a rep: what is to be done today, and what would otherwise be forgotten; one bounded statement a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Name, Row, linked, select
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Link, today
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.web import calendar
from klientel.kernel.web.calendar import Entry
from klientel.lib.calendars import DAY, period

MINE = {"field": "owner", "op": "is", "value": {"me": True}}
MOST = 8
TASKS = 25
ANSWERED = 14  # days for which an answer is news
_CLOSE = "expected_close"
_OPEN = {"field": "state", "op": "is", "value": "open"}


@dataclass(frozen=True)
class Line:
    """One record of a block, with what is said beside it."""

    rtype: RecordType
    row: Row
    about: str = ""
    at: Any = None
    concerned: tuple[str, UUID] | None = None  # slug and id of the record that a call about it would be about

    @property
    def late(self) -> bool:
        """Whether its day has gone by."""
        return isinstance(self.at, dt.date) and not isinstance(self.at, dt.datetime) and self.at < timezone.localdate()


@dataclass
class Block:
    """Records that wait for the same thing."""

    key: str
    label: Any
    icon: str
    lines: list[Line] = field(default_factory=list)
    more: bool = False
    tone: str = ""


def blocks(scope: ActorScope) -> list[Block]:
    """What waits for somebody besides tasks and dates; a block whose records they may not see is not there."""
    known = {t.key: t for t in all_types()}
    new = {"field": "status", "op": "is", "value": "new"}
    stuck = {"field": "idle", "op": "yes"}
    wanted = (
        ("leads", _("New leads"), "inbox", "sales.lead", new, "-created_at", "", "info"),
        ("answers", _("Answers to my quotes"), "file-text", "sales.quote", _answered(), "-closed_at", "closed_at", ""),
        ("rotting", _("Too long in their stage"), "clock", "sales.deal", None, _CLOSE, "entered_stage_at", "bad"),
        ("stepless", _("Deals without a next step"), "circle-dashed", "sales.deal", stuck, _CLOSE, _CLOSE, "warn"),
    )  # fmt: skip
    found = []
    for key, label, icon, type_key, where, sort, at, tone in wanted:
        rtype = known.get(type_key)
        if rtype is None or not scope.may(rtype, "view"):
            continue
        try:
            where = _rotting(scope, rtype) if key == "rotting" else where
            lines, more = _lines(scope, rtype, where, sort, at) if where else ([], False)
        except Refused:  # a field that it asks for is hidden from this actor
            continue
        found.append(Block(key, label, icon, lines, more, tone))
    return found


def _answered() -> dict[str, Any]:
    answered = {"field": "state", "op": "one_of", "value": ["accepted", "declined"]}
    return {"all": [answered, {"field": "closed_at", "op": "within", "value": ANSWERED}]}


def _rotting(scope: ActorScope, rtype: RecordType) -> Any:
    """What has been in its column of the board for longer than that column's maximum age."""
    board = rtype.board
    if board is None or not board.since:
        return None
    kind = rtype.fields[board.by]
    assert isinstance(kind, Link)
    target = type_of(kind.to)
    where = {"field": "rots_after", "op": "not_empty"}
    stages = select(scope, target, columns=["rots_after"], where=where, limit=200).rows
    by_age: dict[int, list[str]] = {}
    for stage in stages:
        by_age.setdefault(stage.values["rots_after"], []).append(str(stage.id))
    ways = [
        {
            "all": [
                {"field": board.by, "op": "one_of", "value": ids},
                {"field": board.since, "op": "older", "value": age},
            ]
        }
        for age, ids in by_age.items()
    ]
    return {"all": [_OPEN, {"any": ways}]} if ways else None


def _lines(scope: ActorScope, rtype: RecordType, where: Any, sort: str, at: str) -> tuple[list[Line], bool]:
    seen = scope.visible(rtype)
    links = [n for n in ("organisation", "person") if n in seen]
    columns = [n for n in dict.fromkeys((*links, at)) if n in seen]
    page = select(scope, rtype, columns=columns, where={"all": [MINE, where]}, sort=sort, limit=MOST, named=True)
    made = []
    for row in page.rows:
        told = [page.names[v].title for n in links if (v := row.values.get(n)) in page.names]
        made.append(Line(rtype, row, " · ".join(told), row.values.get(at), (rtype.slug, row.id)))
    return made, page.after is not None


def tasks(scope: ActorScope) -> tuple[list[Line], bool]:
    """My tasks that are due today or overdue, the oldest first."""
    rtype = type_of("work.task")
    if not scope.may(rtype, "view") or not {"due", "done_at", "owner"} <= scope.visible(rtype).keys():
        return [], False
    tomorrow = (today() + DAY).isoformat()
    where = {"all": [MINE, {"field": "done_at", "op": "empty"}, {"field": "due", "op": "before", "value": tomorrow}]}
    columns = ["due", *(["concerns"] if "concerns" in scope.visible(rtype) else [])]
    page = select(scope, rtype, columns=columns, where=where, sort="due", limit=TASKS)
    names = linked(scope, rtype, page.rows, columns[1:])
    return [_task(rtype, row, names) for row in page.rows], page.after is not None


def _task(rtype: RecordType, row: Row, names: dict[UUID, Name]) -> Line:
    about = [names[i] for i in row.values.get("concerns") or () if i in names]
    concerned = (type_of(about[0].type).slug, about[0].id) if about else None
    return Line(rtype, row, " · ".join(n.title for n in about[:2]), row.values["due"], concerned)


def dates(scope: ActorScope) -> list[Entry]:
    """My calls and meetings of today, in their order."""
    found: list[Entry] = []
    for key in ("work.call", "work.meeting"):
        rtype = type_of(key)
        if rtype in calendar.calendar_types(scope):
            people: Iterable[UUID] = [scope.me] if scope.me else []
            found += calendar.read(scope, rtype, period("day", today()), people=people)[0]
    found.sort(key=lambda e: (e.start is not None, e.start or timezone.now()))
    return found
