"""Entries: the record types that stand on other records (notes, calls, tasks, meetings), found by their declaration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from klientel.kernel import actions
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Page, Row, names, selecting
from klientel.kernel.conditions.declared import WHEN, concern, when
from klientel.kernel.kinds import DateTime, Kind, Link, Links, LongText, YesNo
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.statements import Question, Rows, together
from klientel.kernel.web import fields


def entry_types(scope: ActorScope, verb: str = "view") -> list[RecordType]:
    """The types of entries this actor may see (or create): what happened, then what is to come."""
    return scope.known(("entries", verb), lambda: _entry_types(scope, verb))


def _entry_types(scope: ActorScope, verb: str) -> list[RecordType]:
    found = [t for t in all_types() if t.group and concern(t) and scope.may(t, verb)]
    order = ("", *WHEN)
    return sorted(found, key=lambda t: (order.index(when(t)), sum(len(names) for _label, names in t.sections), t.key))


def completable(rtype: RecordType) -> bool:
    """Whether its records can be ticked off."""
    return any(a.verb == "complete" for a in actions.actions_on(rtype))


@dataclass
class Step:
    """Something that is still to come."""

    rtype: RecordType
    row: Row
    at: Any
    late: bool
    completable: bool
    about: list[str] = field(default_factory=list)  # names of the records it stands on

    @property
    def today(self) -> bool:
        """Whether it is due today."""
        return _day(self.at) == timezone.localdate()


def _day(at: Any) -> dt.date | None:
    return timezone.localtime(at).date() if isinstance(at, dt.datetime) else at


def upcoming(
    scope: ActorScope, where: Callable[[RecordType], Any], *, limit: int = 8, types: list[RecordType]
) -> list[Step]:
    """What is open or planned of entries of these types, the soonest first."""
    found = [step for some in together(*coming(scope, where, limit=limit, types=types)) for step in some]
    return sorted(found, key=soonest)[:limit]


def coming(
    scope: ActorScope, where: Callable[[RecordType], Any], *, limit: int = 8, types: list[RecordType]
) -> list[Question[list[Step]]]:
    """As :func:`upcoming`: a question for each of the types that has a day."""
    asked: list[Question[list[Step]]] = []
    for rtype in types:
        name = when(rtype)
        if not name or name not in scope.visible(rtype):
            continue
        ticked = completable(rtype)
        still: dict[str, Any] = (
            {"field": "done_at", "op": "empty"} if ticked else {"field": name, "op": "after", "value": {"days_ago": 1}}
        )
        columns = (name, concern(rtype)) if concern(rtype) in scope.visible(rtype) else (name,)
        both = {"all": [still, where(rtype)]}
        page = selecting(scope, rtype, columns=columns, where=both, sort=name, limit=limit)
        asked.append(Question(page.sql, partial(_steps, page, rtype, name, ticked)))
    return asked


def soonest(step: Step) -> tuple[bool, str, str]:
    """Orders steps: by day, on a day by the time, what has no day last."""
    return (step.at is None, str(_day(step.at)), str(step.at))


def _steps(page: Question[Page], rtype: RecordType, name: str, ticked: bool, found: Rows) -> list[Step]:
    return [_step(rtype, row, row.values[name], completable=ticked) for row in page.made(found).rows]


def _step(rtype: RecordType, row: Row, at: Any, *, completable: bool) -> Step:
    day = _day(at)
    return Step(
        rtype, row, at, late=completable and day is not None and day < timezone.localdate(), completable=completable
    )


def name_what_they_are_about(scope: ActorScope, steps: list[Step]) -> None:
    """Add the names of the records that these steps stand on."""
    ids = {i for s in steps for i in s.row.values.get(concern(s.rtype), ())}
    known = names(scope, ids)
    for step in steps:
        step.about = [known[i].title for i in step.row.values.get(concern(step.rtype), ()) if i in known][:3]


def about(rtype: RecordType, *ids: UUID) -> dict[str, Any]:
    """The condition that an entry stands on one of these records."""
    return {"field": concern(rtype), "op": "contains_one", "value": [str(i) for i in ids]}


@dataclass(frozen=True)
class Plan:
    """What the small form of one kind of entry asks for."""

    rtype: RecordType
    kinds: list[Kind]
    main: list[Kind]
    details: list[Kind]
    concern: str
    mentions: str


class Capture:
    """The small form that makes one kind of entry from a record's page; its fields are made when they are drawn."""

    def __init__(self, scope: ActorScope, plan: Plan, now: dt.datetime) -> None:
        self._scope, self._plan = scope, plan
        self.rtype, self.concern, self.mentions = plan.rtype, plan.concern, plan.mentions
        self.start = _defaults(plan.kinds, now)

    @property
    def main(self) -> list[fields.Field]:
        """The fields that must be filled in."""
        return self._fields(self._plan.main)

    @property
    def details(self) -> list[fields.Field]:
        """Those that say when and how."""
        return self._fields(self._plan.details)

    def _fields(self, kinds: list[Kind]) -> list[fields.Field]:
        return _plain(fields.fields(self._scope, kinds, self.start, prefix=f"c-{self.rtype.slug}"))


def captures(scope: ActorScope, now: dt.datetime) -> list[Capture]:
    """One small form per type of entry: required fields first, then those that say when and how."""
    return [Capture(scope, plan, now) for plan in scope.known("captures", lambda: _plans(scope))]


def _plans(scope: ActorScope) -> list[Plan]:
    made = []
    for rtype in (t for t in entry_types(scope, "create") if not (t.aside or t.arises)):
        writable = scope.writable(rtype)
        order = [n for _label, names in rtype.sections for n in names if n in writable]
        kinds = [writable[n] for n in order if not isinstance(writable[n], Link | Links | YesNo)]
        mentions = next((n for n, k in writable.items() if isinstance(k, Links) and n == "mentions"), "")
        main = [k for k in kinds if k.required]
        rest = [k for k in kinds if not k.required and k.name != "state"]
        details = [k for k in rest if not isinstance(k, LongText)][:5] + [k for k in rest if isinstance(k, LongText)]
        made.append(Plan(rtype, kinds, main, details, concern(rtype), mentions))
    return made


def _plain(some: list[fields.Field]) -> list[fields.Field]:
    for one in some:
        if one.widget == "rich":
            one.widget = "textarea"
    return some


def _defaults(kinds: list[Kind], now: dt.datetime) -> dict[str, Any]:
    """What a small form begins with: declared defaults, and now for what happened just now."""
    found = {k.name: k.get_default() for k in kinds if k.has_default()}  # type: ignore[attr-defined]
    return found | {k.name: now for k in kinds if isinstance(k, DateTime) and k.name == "at"}


__all__ = ["Capture", "Step", "about", "captures", "completable", "concern", "entry_types", "soonest", "upcoming",
           "when"]  # fmt: skip
