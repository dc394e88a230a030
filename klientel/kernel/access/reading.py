"""Reading records: one statement for a page of a list, keyset paging, titles of linked records. For pages, API
and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.naming import Name, Row, called, linked, names, names_by_type, types_of
from klientel.kernel.access.ordering import Sort, decode, encode, order_of
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.plans import Lasting
from klientel.kernel.records import RecordType, aliases, instances
from klientel.kernel.sql import FALSE, Sql, both, comma, loaded
from klientel.kernel.statements import Question, Rows, ask, at_once

MOST = 1000


@dataclass(slots=True)
class Page:
    """Rows of a list, with the cursors of the pages after and before; ``None`` where there is none.

    ``names`` are those of the records that the columns lead to, where they were asked for."""

    rows: list[Row]
    after: str | None
    before: str | None
    names: dict[UUID, Name] = field(default_factory=dict)


def selecting(
    scope: ActorScope,
    rtype: RecordType,
    *,
    columns: Iterable[str] = (),
    where: Any = None,
    sort: Sort | str = "title",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    archived: bool = False,
    verb: str = "view",
    named: bool = False,
) -> Question[Page]:
    """One page of the records that the actor may see and the condition selects. Unknown columns are refused.

    Empty values stand last in both directions. ``named``: with the names of what the columns lead to, as far as the
    actor may see it.
    """
    order = order_of(scope, rtype, sort if isinstance(sort, Sort) else Sort.of(sort))
    kinds = _columns(scope, rtype, columns, named=named)
    backwards, later = before is not None, bool(after or before)
    inside = which(scope, rtype, where, archived=archived, verb=verb)
    cursor = before if backwards else after
    runs = order.runs(decode(cursor) if cursor else None, backwards=backwards)
    value = order.expression
    fixed = Sql(f"t.id, t.version, {rtype.title_sql(scope.visible(rtype))}, {value.text} AS o", value.params)
    picked, limit = comma([fixed, *kinds.values_sql]), max(1, min(limit, MOST))
    sorted_by = Sql(f"{order.by_index(backwards=backwards)} LIMIT {limit + 1}", value.params)
    read = _in_turn(picked, rtype, [both([inside, run]) for run in runs] or [inside], sorted_by, limit + 1)

    def made(found: Rows) -> Page:
        page = _page(found[:limit], kinds, more=len(found) > limit, backwards=backwards, more_before=later)
        _retitle(scope, rtype, page.rows)
        if named:
            page.names = linked(scope, rtype, page.rows, kinds.untitled) | kinds.titles(found)
        return page

    return Question(read, made)


select = at_once(selecting)


def _in_turn(picked: Sql, rtype: RecordType, runs: list[Sql], sorted_by: Sql, limit: int) -> Sql:
    """The rows of each run in their order, one run after the other, as long as there is room."""
    texts = [f"SELECT {picked.text} FROM {rtype.table} t WHERE {run.text} ORDER BY {sorted_by.text}" for run in runs]
    params = tuple(v for run in runs for part in (picked, run, sorted_by) for v in part.params)
    return Sql(texts[0] if len(texts) == 1 else f"({') UNION ALL ('.join(texts)}) LIMIT {limit}", params)


def _retitle(scope: ActorScope, rtype: RecordType, rows: list[Row]) -> None:
    """Names tell no field that is hidden from the actor."""
    closed = [r.id for r in rows if r.title is None]
    if closed:
        titles = rtype.titles_for(closed, scope.visible(rtype))
        for row in rows:
            row.title = titles.get(row.id, row.title)


def _page(found: list[tuple[Any, ...]], kinds: _Columns, *, more: bool, backwards: bool, more_before: bool) -> Page:
    if backwards:
        found.reverse()
    rows = [Row(r[0], r[1], r[2], kinds.values(r[4:])) for r in found]
    if not found:
        return Page(rows, None, None)
    first, last = encode(found[0][3], found[0][0]), encode(found[-1][3], found[-1][0])
    has_after, has_before = (True, more) if backwards else (more, more_before)
    return Page(rows, last if has_after else None, first if has_before else None)


class _Columns:
    """Which columns to read and how to turn what comes back into canonical values."""

    def __init__(self, kinds: dict[str, Kind], titled: dict[str, tuple[str, Sql]] | None = None) -> None:
        self.names, self._titled = list(kinds), titled or {}
        self.values_sql = [*(k.sql("t") for k in kinds.values()), *(title for _to, title in self._titled.values())]
        self._readers = [(name, read) for name, k in kinds.items() if (read := _reader(k)) is not None]

    def values(self, raw: tuple[Any, ...]) -> dict[str, Any]:
        """The canonical values by name; what stands beyond the columns is not theirs."""
        found = dict(zip(self.names, raw, strict=False))
        for name, read in self._readers:
            found[name] = read(found[name])
        return found

    @property
    def untitled(self) -> list[str]:
        """The columns without the title of what they lead to beside them."""
        return [name for name in self.names if name not in self._titled]

    def titles(self, raw: list[tuple[Any, ...]]) -> dict[UUID, Name]:
        """The names that whole rows bring with them."""
        found: dict[UUID, Name] = {}
        for n, (column, (to, _title)) in enumerate(self._titled.items(), 4 + len(self.names)):
            at = self.names.index(column) + 4
            found |= {row[at]: Name(row[at], to, row[n]) for row in raw if row[n] is not None}
        return found


def _reader(kind: Kind) -> Callable[[Any], Any] | None:
    """How a value comes out of the database; nothing where it comes as it is."""
    read = kind.from_database
    if kind.db_type_name == "jsonb" or kind.key in ("emails", "phones", "addresses", "money", "json"):
        return lambda v: read(loaded(v)) if v is not None else kind.blank_value()
    if kind.custom:
        return lambda v: kind.blank_value() if v is None else read(v)
    return None


def _columns(scope: ActorScope, rtype: RecordType, columns: Iterable[str], *, named: bool = False) -> _Columns:
    visible = scope.visible(rtype)
    wanted: dict[str, Kind] = {}
    for column in columns:
        if column not in visible:
            raise Refused("no_such_field", _("There is no such field."), column)
        wanted[column] = visible[column]
    return _Columns(wanted, called(scope, wanted) if named else None)


def which(
    scope: ActorScope, rtype: RecordType, where: Any = None, *, archived: bool = False, verb: str = "view"
) -> Sql:
    """The WHERE of a list over the alias ``t``: tenant, type, rights, trash, condition."""
    parts = [Sql("t.tenant_id = %s", (scope.tenant,))]
    if (base := rtype.base("t")) is not None:
        parts.append(base)
    parts.append(Sql("t.archived_at IS NOT NULL" if archived else "t.archived_at IS NULL"))
    if archived:  # what was merged into another record is not in the trash
        parts.append(~aliases.is_old("t"))
    parts.append(allowed(scope, rtype, "view", "t"))
    if verb != "view":
        parts.append(allowed(scope, rtype, verb, "t"))
    if where:
        parts.append(compile_condition(rtype, where, scope, "t"))
    return both(parts)


def existing(
    scope: ActorScope, asked: Sequence[tuple[RecordType, Any]], *, archived: bool = False
) -> Question[list[bool]]:
    """For each type and condition whether there is any record the actor may see, in one statement."""
    tests = [
        which(scope, rtype, where, archived=archived) if scope.may(rtype, "view") else FALSE for rtype, where in asked
    ]
    parts = [
        FALSE if test is FALSE else Sql(f"EXISTS (SELECT FROM {rtype.table} t WHERE {test.text})", test.params)
        for (rtype, _where), test in zip(asked, tests, strict=True)
    ]
    every = comma(parts)
    return Question(Lasting(f"SELECT {every.text}", every.params), lambda rows: list(rows[0]))


def count(
    scope: ActorScope, rtype: RecordType, where: Any = None, *, most: int = 10_000, archived: bool = False
) -> int:
    """How many records a list has, counted up to ``most + 1``."""
    inside = which(scope, rtype, where, archived=archived)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {rtype.table} t WHERE {inside.text} LIMIT {most + 1}) x",
            inside.params,
        )
        return int(cursor.fetchone()[0])


def get(scope: ActorScope, rtype: RecordType, record_id: UUID, *, archived: bool | None = None) -> Any:
    """One record as a model instance, or :class:`Missing`; ``archived`` narrows to the trash or to the living."""
    parts = [allowed(scope, rtype, "view", rtype.table)]
    if (base := rtype.base(rtype.table)) is not None:
        parts.append(base)
    inside = both(parts)
    found = instances.one(rtype.model, record_id, inside)
    if found is None or (archived is not None and (found.archived_at is not None) != archived):
        raise Missing("missing", _("There is no such record, or you may not see it."))
    found.title = rtype.title_for(found, scope.visible(rtype))
    worked_out(scope, rtype, found)
    return found


def worked_out(scope: ActorScope, rtype: RecordType, record: Any) -> None:
    """Give a record the values of its computed fields, as far as the actor sees them: one statement, or none."""
    kinds = {n: k for n, k in scope.visible(rtype).items() if k.computed}
    if not kinds:
        return
    columns = _Columns(kinds)
    picked = comma(columns.values_sql)
    text = f"SELECT {picked.text} FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = %s"
    make = Lasting if kinds.keys() <= rtype.fields.keys() else Sql  # what people wrote has values of any type
    [rows] = ask(make(text, (*picked.params, scope.tenant, record.id)))
    if not rows:  # removed for good meanwhile
        raise Missing("missing", _("There is no such record, or you may not see it."))
    record.computed = columns.values(rows[0])


def visible_ids(scope: ActorScope, rtype: RecordType, ids: Iterable[UUID], verb: str = "view") -> set[UUID]:
    """Which of these records the actor may see (or do ``verb`` on)."""
    return set(seen_ids(scope, rtype, ids, verb))


def seen_ids(
    scope: ActorScope, rtype: RecordType, ids: Iterable[UUID], verb: str = "view", *, hold: bool = False
) -> dict[UUID, bool]:
    """As :func:`visible_ids`, each with whether it is gone (trash, or merged); ``hold`` lets no merge in meanwhile."""
    wanted = list(ids)
    if not wanted:
        return {}
    parts = [Sql("t.tenant_id = %s AND t.id = ANY(%s)", (scope.tenant, wanted)), allowed(scope, rtype, verb, "t")]
    if (base := rtype.base("t")) is not None:
        parts.append(base)
    inside = both(parts)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, t.archived_at IS NOT NULL FROM {rtype.table} t WHERE {inside.text}"
            + (" ORDER BY t.id FOR KEY SHARE OF t" if hold else ""),
            inside.params,
        )
        return dict(cursor.fetchall())


__all__ = [
    "MOST",
    "Name",
    "Page",
    "Row",
    "count",
    "existing",
    "get",
    "linked",
    "names",
    "names_by_type",
    "select",
    "selecting",
    "types_of",
    "visible_ids",
    "which",
]
