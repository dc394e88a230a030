"""A board: the columns with their sums, and the cards at the top of each, all under the rights of who looks.

One statement counts and adds up all columns, one reads the cards of each column (by the index of its order), so that
the cost is flat in the number of records. What comes next for each card is asked for all cards at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.naming import Name, linked
from klientel.kernel.access.reading import Page, Row, select, which
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Link
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.records.board import Board
from klientel.kernel.statements import together
from klientel.kernel.web import entries

CARDS = 25
MOST_COLUMNS = 30
ALL = "all"


@dataclass
class Column:
    """One column: ``key`` is the value of the field, empty for the records that have none."""

    key: str
    title: str
    facts: dict[str, Any] = field(default_factory=dict)  # of the record that the column stands for
    verb: str = ""  # the action that leads into it, where moving is not enough
    aside: bool = False
    count: int = 0
    outcome: str = ""  # where its cards have come to an end: in which way
    sums: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)  # currency, amount, weighted
    page: Page = field(default_factory=lambda: Page([], None, None))


@dataclass
class Drawn:
    """A board as somebody sees it."""

    rtype: RecordType
    board: Board
    wholes: list[Row]  # what the board can be of: the pipelines
    whole: Row | None
    columns: list[Column]
    names: dict[UUID, Name] = field(default_factory=dict)
    steps: dict[UUID, entries.Step] = field(default_factory=dict)
    shown: tuple[str, ...] = ()  # the fields that a card tells to whoever looks

    @property
    def sums(self) -> list[tuple[str, Decimal, Decimal]]:
        """What all columns whose cards have not come to an end add up to, per currency."""
        total: dict[str, list[Decimal]] = {}
        for column in self.columns:
            for currency, amount, weighted in [] if column.outcome else column.sums:
                both = total.setdefault(currency, [Decimal(0), Decimal(0)])
                both[0], both[1] = both[0] + amount, both[1] + weighted
        return [(currency, amount, weighted) for currency, (amount, weighted) in sorted(total.items())]


def board_of(rtype: RecordType, scope: ActorScope) -> Board:
    """The board of a type; there is none where the field of its columns is hidden."""
    if rtype.board is None or rtype.board.by not in scope.visible(rtype):
        raise Missing("no_board", _("There is no board of these records."))
    return rtype.board


def draw(scope: ActorScope, rtype: RecordType, where: Any = None, whole: str = "") -> Drawn:
    """The board with the first cards of every column; ``whole`` chooses which pipeline, else the first one."""
    drawn = outline(scope, rtype, where, whole)
    for column in drawn.columns:
        if column.count and not column.aside:
            column.page = cards(scope, drawn, column, where)
    dress(scope, drawn, [row for column in drawn.columns for row in column.page.rows])
    return drawn


def outline(scope: ActorScope, rtype: RecordType, where: Any = None, whole: str = "", *, numbers: bool = True) -> Drawn:
    """The columns without cards; with their ``numbers``, for which every record on the board is counted."""
    board = board_of(rtype, scope)
    wholes = _wholes(scope, rtype, board)
    chosen = next((w for w in wholes if str(w.id) == whole), wholes[0] if wholes else None)
    drawn = Drawn(
        rtype, board, wholes, chosen, _columns(scope, rtype, board, chosen), shown=_shown(scope, rtype, board)
    )
    if numbers:
        _add_up(scope, drawn, where)
    return drawn


def _wholes(scope: ActorScope, rtype: RecordType, board: Board) -> list[Row]:
    if not board.within:
        return []
    target = type_of(rtype.links[board.within].to)
    return select(scope, target, sort=target.order, limit=50).rows if scope.may(target, "view") else []


def _columns(scope: ActorScope, rtype: RecordType, board: Board, whole: Row | None) -> list[Column]:
    kind = rtype.fields[board.by]
    if not isinstance(kind, Link):
        return [
            Column(key, label, {"outcome": key}, board.verbs.get(key, ""), aside=key in board.aside)
            for key, label in kind.options()
        ]
    target = type_of(kind.to)
    seen = scope.visible(target)
    wanted = [n for n in (board.outcome, board.weight, "rots_after") if n and n in seen]
    where = {"field": board.within, "op": "is", "value": str(whole.id)} if whole else None
    rows = select(scope, target, columns=wanted, where=where, sort=target.order, limit=MOST_COLUMNS).rows
    return [_column(board, row) for row in rows]


def _column(board: Board, row: Row) -> Column:
    outcome = row.values.get(board.outcome, "")
    verb = board.verbs.get(outcome, "")
    ended = outcome if verb else ""
    return Column(str(row.id), row.title, row.values, verb, aside=outcome in board.aside, outcome=ended)


def _on_board(drawn: Drawn, where: Any) -> list[Any]:
    """The conditions of all records of a board."""
    board, parts = drawn.board, [where] if where else []
    if drawn.whole is not None:
        parts.append({"field": board.within, "op": "is", "value": str(drawn.whole.id)})
    if board.ends:
        fresh = {"field": board.ends, "op": "after", "value": {"days_ago": board.kept}}
        parts.append({"any": [{"field": board.ends, "op": "empty"}, fresh]})
    return parts


def _add_up(scope: ActorScope, drawn: Drawn, where: Any) -> None:
    """Count every column and add up its amounts per currency; records in none of the columns get one of their own."""
    rtype, board, seen = drawn.rtype, drawn.board, scope.visible(drawn.rtype)
    inside = which(scope, rtype, {"all": _on_board(drawn, where)})
    money = board.amount in seen
    amount = f"(t.{board.amount}->>'amount')::numeric" if money else "0"
    weight = f"coalesce(t.{board.weight}, 0)" if money and board.weight in seen else "0"
    currency_of = f"t.{board.amount}->>'currency'" if money else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.{board.by}, {currency_of}, count(*), sum({amount}),"
            f" sum({amount} * {weight}) / 100 FROM {rtype.table} t WHERE {inside.text} GROUP BY 1, 2 ORDER BY 2",
            inside.params,
        )
        rows = cursor.fetchall()
    by_key = {column.key: column for column in drawn.columns}
    for value, currency, n, total, weighted in rows:
        column = by_key.get("" if value is None else str(value))
        if column is None:
            column = by_key.setdefault("", Column("", _("Without stage")))
        column.count += n
        if currency:
            column.sums.append((currency, total, weighted))
    if "" in by_key and by_key[""] not in drawn.columns:
        drawn.columns.insert(0, by_key[""])


def cards(scope: ActorScope, drawn: Drawn, column: Column, where: Any, after: str | None = None) -> Page:
    """The next cards of a column: those that need attention first, what has ended newest first."""
    board = drawn.board
    known = [c.key for c in drawn.columns if c.key]
    here: dict[str, Any] = {"field": board.by, "op": "is", "value": column.key}
    if not column.key:
        rest = {"field": board.by, "op": "none_of", "value": known}
        here = {"any": [{"field": board.by, "op": "empty"}, *([rest] if known else [])]}
    parts = {"all": [*_on_board(drawn, where), here]}
    sort = f"-{board.ends}" if column.outcome and board.ends else board.order
    return select(scope, drawn.rtype, columns=drawn.shown, where=parts, sort=sort, after=after, limit=CARDS)


def _shown(scope: ActorScope, rtype: RecordType, board: Board) -> tuple[str, ...]:
    seen = scope.visible(rtype)
    wanted = (*board.card, board.by, board.amount, board.order, board.since, board.ends, "owner")
    return tuple(n for n in dict.fromkeys(wanted) if n and n in seen)


def some(scope: ActorScope, drawn: Drawn, ids: Iterable[UUID], where: Any) -> list[Row]:
    """Those of these records that stand on the board now."""
    parts = {"all": [*_on_board(drawn, where), {"id": [str(i) for i in ids]}]}
    return select(scope, drawn.rtype, columns=drawn.shown, where=parts, sort="title", limit=200).rows


def dress(scope: ActorScope, drawn: Drawn, rows: list[Row]) -> None:
    """Add what stands on cards beside their own fields: names of linked records, and what comes next."""
    links = [n for n in (*drawn.board.card, "owner") if n in scope.visible(drawn.rtype)]
    drawn.names = linked(scope, drawn.rtype, rows, links)
    drawn.steps = next_steps(scope, [row.id for row in rows])


def next_steps(scope: ActorScope, ids: list[UUID]) -> dict[UUID, entries.Step]:
    """What is planned next on each of these records, as far as the actor sees it."""
    found: dict[UUID, entries.Step] = {}
    if not ids:
        return found
    wanted = set(ids)
    types = [t for t in entries.entry_types(scope) if entries.when(t) and entries.concern(t) in scope.visible(t)]
    for some in together(*entries.coming(scope, lambda t: entries.about(t, *ids), types=types, limit=500)):
        for step in some:
            for record_id in wanted & set(step.row.values[entries.concern(step.rtype)]):
                if record_id not in found or entries.soonest(step) < entries.soonest(found[record_id]):
                    found[record_id] = step
    return found


def days_in(row: Row, board: Board) -> int | None:
    """For how many days a card has been in its column."""
    since = row.values.get(board.since) if board.since else None
    return None if since is None else max(0, (timezone.now() - since).days)


def column_of(drawn: Drawn, row: Row) -> Column | None:
    """The column in which a card stands."""
    value = row.values.get(drawn.board.by)
    key = "" if value is None else str(value)
    by_key = {c.key: c for c in drawn.columns}
    return by_key.get(key) or by_key.get("")


def chosen(drawn: Drawn, key: str) -> Column:
    """The column of this key, or :class:`Refused`."""
    found = next((c for c in drawn.columns if c.key == key), None)
    if found is None:
        raise Refused("no_such_column", _("This column is not on the board any more."), "column")
    return found
