"""Dashboards: declared by a domain as figures over its records, drawn and answered by one page for all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.insights.figures import Table
from klientel.insights.queries.adding import MONTHS, kind_of
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.conditions import check, say
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Link, today
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.web.listing import parsed, titles_in
from klientel.lib.dates import add_months, read_date

T = TypeVar("T")
MOST_OPTIONS = 200
LONG = 3660  # days: of more only those steps are told in which something is
PERIODS = (
    ("ahead", _("Next 6 months")),
    ("quarters", _("This and the next 3 quarters")),
    ("month", _("This month")),
    ("quarter", _("This quarter")),
    ("year", _("This year")),
    ("12", _("Last 12 months")),
    ("before", _("Last year")),
    ("all", _("All the time")),
)
STEPS = (("month", _("By month")), ("quarter", _("By quarter")), ("year", _("By year")))
FIRST, LAST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)


@dataclass(frozen=True)
class Asked:
    """Who asks, about which days (``after`` is the first that is not among them), narrowed to which records."""

    scope: ActorScope
    rtype: RecordType
    first: dt.date
    after: dt.date
    narrowed: Any = None
    chosen: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, compare=False)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gave when it was first asked: for what several figures of a dashboard share."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]  # type: ignore[no-any-return]

    @property
    def bucket(self) -> str:
        """In which steps the days are told: those that somebody chose, else those that fit."""
        if "step" in self.chosen:
            return self.chosen["step"]
        if self.chosen.get("period") == "quarters":
            return "quarter"
        length = (self.after - self.first).days
        return "month" if length <= 800 else "quarter" if length <= 2400 else "year"

    def buckets(self, known: Iterable[dt.date]) -> list[dt.date]:
        """The first days of the months (quarters, years) of the period; of one without end those that are known."""
        size, found = MONTHS[self.bucket], list[dt.date]()
        if (self.after - self.first).days > LONG:
            return sorted(known)
        first = self.first.replace(day=1)
        first = first.replace(month=(first.month - 1) // size * size + 1)
        while first < self.after:
            found.append(first)
            first = add_months(first, size)
        return found

    def part(self, first: dt.date) -> tuple[dt.date, dt.date]:
        """The days of the step that begins then, as far as they are asked about."""
        return max(first, self.first), min(add_months(first, MONTHS[self.bucket]), self.after)

    def told(self) -> str:
        """In words what a condition of the address narrows it to; empty without one."""
        if "where" not in self.chosen:
            return ""
        where = parsed(self.chosen["where"])
        return say(self.rtype, where, self.scope, titles_in(self.scope, self.rtype, where))

    def where(self, *parts: Any) -> Any:
        """These conditions and what the dashboard is narrowed to."""
        return {"all": [p for p in (self.narrowed, *parts) if p]}


@dataclass(frozen=True)
class Figure:
    """One part of a dashboard. ``form``: columns, stacked, line, bars, table. ``half``: two beside each other."""

    key: str
    title: Any
    draw: Callable[[Asked], Table]
    form: str = "columns"
    note: Any = ""
    half: bool = True
    open: bool = False  # its table is shown at once


@dataclass(frozen=True)
class Dashboard:
    """Figures about one record type. ``filters`` are links (or paths of them) by which it can be narrowed."""

    key: str
    label: Any
    on: str
    figures: tuple[Figure, ...]
    icon: str = "chart-no-axes-column"
    filters: tuple[str, ...] = ()
    further: tuple[tuple[str, Any], ...] = ()  # days that figures read from the address, with their labels
    period: str = "12"
    steps: bool = False  # whether months, quarters or years can be chosen


_declared: dict[str, Dashboard] = {}


def declare(board: Dashboard) -> None:
    """Make a dashboard known."""
    if board.key in _declared:
        raise RuntimeError(f"Two dashboards are called {board.key}")
    _declared[board.key] = board


def dashboards(scope: ActorScope) -> list[Dashboard]:
    """Those that this actor may look at: of records of which they may see some."""
    return [b for b in _declared.values() if scope.may(type_of(b.on), "view")]


def dashboard(scope: ActorScope, key: str) -> Dashboard:
    """One of them, or :class:`Missing`."""
    found = next((b for b in dashboards(scope) if b.key == key), None)
    if found is None:
        raise Missing("missing", _("There is no such dashboard, or you may not see it."))
    return found


def period(text: str) -> tuple[dt.date, dt.date]:
    """The days of a named period, or of ``2017`` or ``2017-03-01..2017-05-31``; refuses what is neither."""
    day = today()
    month = day.replace(day=1)
    match text:
        case "ahead":
            return month, add_months(month, 6)
        case "month":
            return month, add_months(month, 1)
        case "quarter" | "quarters":
            begin = month.replace(month=(month.month - 1) // 3 * 3 + 1)
            return begin, add_months(begin, 3 if text == "quarter" else 12)
        case "year":
            return day.replace(month=1, day=1), dt.date(day.year + 1, 1, 1)
        case "before":
            return dt.date(day.year - 1, 1, 1), dt.date(day.year, 1, 1)
        case "12":
            return add_months(month, -11), add_months(month, 1)
        case "all":
            return FIRST, LAST
    return _typed(text)


def _typed(text: str) -> tuple[dt.date, dt.date]:
    try:
        if text.isdigit() and len(text) == 4:
            return dt.date(int(text), 1, 1), dt.date(int(text) + 1, 1, 1)
        first, _dots, last = text.partition("..")
        found = read_date(first), read_date(last) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise Refused("bad_value", _("Please choose a period."), "period") from None
    if found[0] >= found[1]:
        raise Refused("ends_before_it_begins", _("The end lies before the beginning."), "period")
    return found


def asked(scope: ActorScope, board: Dashboard, query: Any) -> Asked:
    """What an address asks of a dashboard."""
    rtype = type_of(board.on)
    text = query.get("period") or board.period
    if query.get("from") and query.get("to"):
        text = f"{query['from']}..{query['to']}"
    first, after = period(text)
    chosen = {"period": text} | {n: query[n] for n, _label in board.further if query.get(n)}
    if board.steps and query.get("step"):
        if query["step"] not in MONTHS:
            raise Refused("no_such_choice", _("Please choose one of the values."), "step")
        chosen["step"] = query["step"]
    parts: list[Any] = []
    for path in board.filters:
        value = query.get(path, "")
        if value:
            parts.append({"field": path, "op": "is", "value": _id(value, path)})
            chosen[path] = value
    if (text := query.get("where")) and (where := parsed(text)):
        check(rtype, where, scope)
        parts.append(where)
        chosen["where"] = text
    return Asked(scope, rtype, first, after, {"all": parts} if parts else None, chosen)


def _id(value: str, path: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise Refused("not_a_record", _("There is no such record."), path) from None


def choices(asking: Asked, board: Dashboard) -> list[tuple[str, Any, list[tuple[str, str]]]]:
    """By what the dashboard can be narrowed: path, label, the records to choose from."""
    found = []
    for path in board.filters:
        if path.partition(".")[0] not in asking.scope.visible(asking.rtype):
            continue
        kind = kind_of(asking.rtype, path)
        assert isinstance(kind, Link)
        target = type_of(kind.to)
        if not asking.scope.may(target, "view"):
            continue
        rows = select(asking.scope, target, sort=target.order, limit=MOST_OPTIONS).rows
        found.append((path, target.label, [(str(r.id), r.title) for r in rows]))
    return found
