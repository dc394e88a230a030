"""A list as its address says it: condition, columns, sort, place. And the saved views it can start from."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.ordering import Sort
from klientel.kernel.access.reading import Row, names_by_type
from klientel.kernel.conditions import say
from klientel.kernel.conditions.using import references
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Json, Kind, Link, Links
from klientel.kernel.live import notifications
from klientel.kernel.plans import Lasting
from klientel.kernel.records import RecordType, reverses, type_of
from klientel.kernel.sql import loaded
from klientel.kernel.statements import Question, Rows
from klientel.kernel.web.addresses import place, urlencoded
from klientel.lib.ids import read_id

VIEWS = "kernel.view"
PAGE = 50
MOST_COLUMNS = 20
#: fields that titles are made of
TITLES = ("name", "title", "subject", "text")
LONGEST = 20_000  # characters of a condition in an address
#: the ways to look at a list, each with what else stands in its address
WAYS: dict[str, tuple[str, ...]] = {"list": (), "board": ("within",), "calendar": ("span", "at", "who")}


@dataclass(frozen=True)
class State:
    """Which rows of a list, in which order, with which columns. Everything of it is in the address."""

    rtype: RecordType
    columns: tuple[str, ...]
    where: Any = None
    sort: Sort = field(default_factory=Sort)
    view: Any = None  # the Row of the saved view it started from
    after: str | None = None
    before: str | None = None
    changed: bool = False  # differs from its view
    archived: bool = False
    start: Any = None  # the condition where the address names none: the view's, or the one its type begins with
    way: str = "list"  # how it is looked at
    also: dict[str, list[str]] = field(default_factory=dict)  # what else stands in the address of that way

    def query(self, **other: Any) -> dict[str, Any]:
        """The address of this list with something else: only what differs from the view is named."""
        mine = {
            "view": str(self.view.id) if self.view else "",
            "where": dumped(self.where) if self.where != self.start else "",
            "sort": str(self.sort) if str(self.sort) != saved_sort(self.rtype, self.view) else "",
            "columns": ",".join(self.columns) if self.columns != saved_columns(self.rtype, self.view) else "",
        }
        return mine | other

    @property
    def narrowed(self) -> str:
        """The condition of an address that shows the same records in another way; empty where it is how lists begin."""
        return dumped(self.where) if self.where and (self.view or self.where != self.start) else ""

    def url(self, **other: Any) -> str:
        """The address as text."""
        query = urlencoded(self.also | self.query(**other))
        return place(self.way, self.rtype.slug) + (f"?{query}" if query else "")

    def looked_at(self, way: str, query: Any) -> State:
        """The same list looked at in another way, with what ``query`` says of that. A board and a calendar have places
        for what is done, too: they do not begin with the condition of the list.
        """
        also = {n: query.getlist(n) for n in WAYS[way] if n in query}
        if way == "list" or self.view:
            return replace(self, way=way, also=also)
        return replace(self, way=way, also=also, start=None, where=self.where if query.get("where") else None)

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What the parts around the rows hang on, besides the member."""
        view = (self.view.id, self.view.version) if self.view else None
        return (self.rtype.key, self.columns, str(self.sort), view, dumped(self.where), self.changed)

    def with_where(self, where: Any) -> State:
        """The same list of other rows."""
        return replace(self, where=where or None)


def dumped(where: Any) -> str:
    """A condition as it stands in an address; ``all`` where a view's condition was taken away."""
    return orjson.dumps(where).decode() if where else '{"all":[]}'


def state_of(scope: ActorScope, rtype: RecordType, query: Any, views: list[Row]) -> State:
    """The list an address asks for. Refuses what cannot be understood; columns that are gone are left out."""
    view = _chosen(views, query.get("view", ""))
    visible = scope.visible(rtype)
    start = saved_where(view) if view else beginning(rtype, visible)
    where = parsed(query["where"]) if query.get("where") else start
    wanted = tuple(query["columns"].split(","))[:MOST_COLUMNS] if query.get("columns") else saved_columns(rtype, view)
    columns = tuple(dict.fromkeys(c for c in wanted if c in visible and visible[c].listed))
    sort = Sort.of(query.get("sort") or default_sort(rtype, view, visible))
    changed = bool(query.get("where") or query.get("sort") or query.get("columns"))
    after, before = query.get("after"), query.get("before")
    return State(rtype, columns, where or None, sort, view, after, before, changed, start=start)


def _chosen(views: list[Row], wanted: str) -> Row | None:
    return next((v for v in views if str(v.id) == wanted), None)


def parsed(text: str) -> Any:
    """A condition from an address or a form; what selects everything is none."""
    if len(text) > LONGEST:
        raise Refused("too_complex", _("This condition is too large."), "where")
    try:
        where = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused("bad_condition", _("This is not a condition we understand."), "where") from None
    return None if where in ({"all": []}, {}, None) else where


def saved_where(view: Row | None) -> Any:
    """The condition of a saved view."""
    found = view.values["condition"] if view else None
    return None if found in ({}, {"all": []}, None) else found


def beginning(rtype: RecordType, visible: Container[str]) -> Any:
    """The condition a list begins with, where whoever looks sees the field it asks for."""
    return rtype.begins if rtype.begins and rtype.begins["field"] in visible else None


def saved_sort(rtype: RecordType, view: Row | None) -> str:
    """The order of a saved view, or the one the type declares."""
    return (view.values["sort"] if view else "") or rtype.order


def default_sort(rtype: RecordType, view: Row | None, visible: Container[str]) -> str:
    """As :func:`saved_sort`; by name where the field it sorts by is hidden from whoever looks."""
    found = saved_sort(rtype, view)
    return found if found.removeprefix("-") in visible else "title"


def saved_columns(rtype: RecordType, view: Row | None) -> tuple[str, ...]:
    """The columns of a saved view, or those the type declares."""
    return tuple(view.values["columns"]) if view and view.values["columns"] else default_columns(rtype)


def default_columns(rtype: RecordType) -> tuple[str, ...]:
    """The columns a type declares, without what its first column, the title, says already."""
    return tuple(c for c in rtype.columns if c not in TITLES or c not in rtype.columns[:1])


_BESIDE = """
SELECT v.id, v.version, v.title, v.name, v.record_type, v.condition, v.columns, v.sort, v.shared, v.owner, v.favourite,
    u.n
FROM (SELECT {unread} AS n) u LEFT JOIN kernel_view v ON v.tenant_id = %s AND v.archived_at IS NULL
    AND (v.favourite OR lower(v.record_type) = lower(%s))
    AND (v.shared = 'all' OR v.owner = %s OR (v.shared = 'team' AND v.team = ANY(%s)))
ORDER BY v.sort_key, v.id LIMIT 200
"""
_OF_VIEW = ("name", "record_type", "condition", "columns", "sort", "shared", "owner", "favourite")


Beside = tuple[list[Row], int]


def standing_beside(scope: ActorScope, key: str = "") -> Question[Beside]:
    """The views that stand in this actor's sidebar, those of one list, and how many notifications are unread.

    Which views one may use (own ones, their teams', everybody's) does not hang on grants; the rows they show do.
    """
    unread = notifications.unread_sql(scope.me)
    mine = (scope.tenant, key, scope.me, list(scope.teams))
    return Question(Lasting(_BESIDE.format(unread=unread.text), (*unread.params, *mine)), _beside)


def _beside(found: Rows) -> Beside:
    rows = [Row(r[0], r[1], r[2], dict(zip(_OF_VIEW, r[3:-1], strict=True))) for r in found if r[0] is not None]
    for row in rows:
        row.values |= {"condition": loaded(row.values["condition"]), "columns": loaded(row.values["columns"])}
    return rows, int(found[0][-1])


def views_of(scope: ActorScope, rtype: RecordType) -> list[Row]:
    """The saved views of a list that this actor may use."""
    return [v for v in standing_beside(scope, rtype.key).asked()[0] if v.values["record_type"] == rtype.key]


@dataclass(frozen=True)
class Chip:
    """One part of a filter: in words, and the address of the list without it."""

    text: str
    url: str


def said_by(scope: ActorScope, state: State) -> object:
    """What the words of a filter hang on besides the list's state: the names of the records it compares with. ``None``
    where they cannot be told beforehand (it names another view)."""
    if not state.where:
        return ()
    if any(references(state.where)):
        return None
    return tuple(titles_in(scope, state.rtype, state.where).items())


def chips(scope: ActorScope, state: State) -> list[Chip]:
    """The filter in words, a chip for each part that can be taken away by itself."""
    if not state.where:
        return []
    parts = state.where["all"] if isinstance(state.where, dict) and list(state.where) == ["all"] else [state.where]
    titles = titles_in(scope, state.rtype, state.where)
    made = []
    for n, part in enumerate(parts):
        rest = parts[:n] + parts[n + 1 :]
        without = state.with_where({"all": rest} if rest else None)
        made.append(Chip(say(state.rtype, part, scope, titles), without.url()))
    return made


def titles_in(scope: ActorScope, rtype: RecordType, where: Any) -> dict[UUID, str]:
    """Names of the records that a condition compares with, in one statement."""
    wanted: dict[str, set[UUID]] = {}
    for to, value in _links(rtype, where):
        wanted.setdefault(to, set()).add(value)
    return {i: n.title for i, n in names_by_type(scope, wanted).items()}


def _links(rtype: RecordType, json: Any) -> Iterable[tuple[str, UUID]]:
    match json:
        case {"all": list(parts)} | {"any": list(parts)}:
            for part in parts:
                yield from _links(rtype, part)
        case {"not": part}:
            yield from _links(rtype, part)
        case {"has": str(name), "where": where}:
            way = reverses(rtype).get(name)
            if way is not None:
                yield from _links(way.source, where)
        case {"field": str(path), "value": value}:
            kind = kind_at(rtype, path)
            to = kind.to if isinstance(kind, Link | Links) else kind.entries_of if isinstance(kind, Json) else ""
            if to:
                for item in value if isinstance(value, list) else [value]:
                    if isinstance(item, str) and (found := read_id(item)) is not None:
                        yield to, found


def kind_at(rtype: RecordType, path: str) -> Kind | None:
    """The kind at the end of a path, or none."""
    kind: Kind | None = None
    for part in path.split("."):
        kind = rtype.fields.get(part)
        if isinstance(kind, Link | Links) and kind.to != "*":
            try:
                rtype = type_of(kind.to)
            except Missing:
                return None
    return kind
