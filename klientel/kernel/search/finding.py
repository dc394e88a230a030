"""Search as you type: word starts first, then words that are nearly so (trigrams). Umlauts and spelling are
folded away.

Everything happens in the database and is bounded: a frequent word costs as much as a rare one. Who may see only some
records of a type is asked about the candidates alone, and only about the types among them: planning the rights of every
type costs more than the search. Where the candidates were cut off and too few of them may be seen, the search is asked
once more with the rights inside, so that nothing visible is ever lost behind what is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from django.db import connection

from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.search.fields import searched
from klientel.kernel.sql import FALSE, TRUE, Sql, both, either, like
from klientel.lib import words

CANDIDATES = 200  # as many matches are ranked at most
FIRST_LOOK = 8  # times the hits wanted: as many of the best candidates are looked at first
NEARLY = 0.45  # word similarity (pg_trgm) from which a word counts as nearly so
MOST_WORDS = 6
_PHONE = re.compile(r"[+\d][\d\s/().-]{4,}\Z")


T = TypeVar("T")
_Match = tuple[str, str, float, int]  # id, type, score, and how many matches there were


class Seer(Protocol):
    """Whoever searches: what they may see."""

    tenant: UUID

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields of a type that are not hidden."""
        ...

    def restrict(self, rtype: RecordType, alias: str) -> Sql:
        """The records of a type that may be seen."""
        ...

    def extent(self, rtype: RecordType) -> Literal["none", "some", "all"]:
        """How many of a type :meth:`restrict` leaves, without compiling it."""
        ...

    def known(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gave when it was first asked."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    id: UUID
    type: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where a scope may search: types that are free to it, types of which it may see some, closed classes of each."""

    free: dict[str, RecordType]
    some: dict[str, RecordType]
    closed: dict[str, list[str]]

    def where(self, scope: Seer, *, rights: bool) -> Sql:
        """Types and classes of fields; with ``rights`` also the records themselves."""
        parts, plain = [], []
        for key, rtype in (self.free | self.some).items():
            tests = [Sql("s.record_type = %s", (key,))]
            if closed := self.closed.get(key):
                tests.append(Sql("s.field_class <> ALL(%s)", (closed,)))
            if rights and key in self.some:
                tests.append(_among(scope, rtype))
            if len(tests) == 1:
                plain.append(key)
            else:
                parts.append(both(tests))
        if plain:
            parts.append(Sql("s.record_type = ANY(%s)", (plain,)))
        return either(parts)


def find(scope: Seer, text: str, *, types: Iterable[RecordType] | None = None, limit: int = 10) -> list[Hit]:
    """Records that the scope may see and whose words begin with, or nearly are, all the words of ``text``;
    best first."""
    tests = _exact(text)
    if not tests:
        return []
    reach = scope.known("reach", lambda: _reach(scope, _all())) if types is None else _reach(scope, types)
    if not reach.free and not reach.some:
        return []
    folded = words.fold(text)
    hits = _look(scope, reach, tests, _closeness(folded), limit)
    if not hits and len(folded) > 3:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(NEARLY)])
        hits = _look(scope, reach, _nearly(folded), Sql("word_similarity(%s, text)", (folded,)), limit)
    return _retitled(scope, hits)


def _retitled(scope: Seer, hits: list[Hit]) -> list[Hit]:
    """Names tell no field that is hidden from the scope."""
    hidden = {key for key in {h.type for h in hits} if not _tells_all(scope, type_of(key))}
    closed: dict[str, list[UUID]] = {}
    for hit in hits:
        if hit.title is None or hit.type in hidden:
            closed.setdefault(hit.type, []).append(hit.id)
    if not closed:
        return hits
    titles: dict[UUID, str] = {}
    for key, ids in closed.items():
        rtype = type_of(key)
        titles |= rtype.titles_for(ids, scope.visible(rtype))
    return [replace(h, title=titles[h.id]) if h.id in titles else h for h in hits]


def _tells_all(scope: Seer, rtype: RecordType) -> bool:
    """Whether every field that the names of a type are made of may be seen."""
    return all(n in scope.visible(rtype) for n in rtype.made_of)


def _exact(text: str) -> list[Sql]:
    if _PHONE.match(text.strip()):
        digits = re.sub(r"\D", "", text).lstrip("0")
        return [Sql("s.text LIKE %s", (f"%{digits}%",))] if len(digits) > 2 else []
    found = words.fold(text).split()[:MOST_WORDS]
    return [Sql("s.text LIKE %s", (f"% {like(word)}%",)) for word in found]


def _nearly(folded: str) -> list[Sql]:
    return [Sql("s.text %%> %s", (word,)) for word in folded.split()[:MOST_WORDS] if len(word) > 2]


def _closeness(folded: str) -> Sql:
    """What ranks matches that begin with the words: at the very beginning, and as whole words."""
    return Sql(
        "(text LIKE %s)::int * 0.3::float8 + (text || ' ' LIKE %s)::int * 0.2::float8",
        (f" {like(folded)}%", f"% {like(folded)} %"),
    )


def _all() -> list[RecordType]:
    return [t for t in all_types() if not t.system]


def _reach(scope: Seer, types: Iterable[RecordType]) -> _Reach:
    found = _Reach({}, {}, {})
    for rtype in types:
        extent = scope.extent(rtype)
        if extent != "none":
            (found.free if extent == "all" else found.some)[rtype.key] = rtype
            if closed := _closed(scope, rtype):
                found.closed[rtype.key] = closed
    return found


def _closed(scope: Seer, rtype: RecordType) -> list[str]:
    visible = scope.visible(rtype)
    told = {"A": rtype.made_of}
    found = [c for c, names in searched(rtype).items() if any(n not in visible for n in (*names, *told.get(c, ())))]
    return [*found, *(c.lower() for c in found)]  # small letters: what records were called that became part of it


def _among(scope: Seer, rtype: RecordType) -> Sql:
    """The record of a search row is one that the scope may see."""
    limit = scope.restrict(rtype, "t")
    if limit is TRUE or limit is FALSE:
        return limit
    return Sql(
        f"EXISTS (SELECT 1 FROM {rtype.table} t WHERE t.tenant_id = s.tenant_id AND t.id = s.record_id"
        f" AND {limit.text})",
        limit.params,
    )


def _look(scope: Seer, reach: _Reach, tests: list[Sql], closeness: Sql, limit: int) -> list[Hit]:
    if not reach.some:
        return _ask(scope, both([reach.where(scope, rights=True), *tests]), closeness, limit)
    found = _candidates(scope, both([reach.where(scope, rights=False), *tests]), closeness)
    hits = _seen(scope, reach, found, limit)
    if len(hits) < limit and found and found[0][3] >= CANDIDATES:
        return _ask(scope, both([reach.where(scope, rights=True), *tests]), closeness, limit)
    return hits


_MATCHES = """
WITH c AS MATERIALIZED (
    SELECT s.record_id, s.record_type, s.field_class, s.text FROM kernel_search s
    WHERE s.tenant_id = %s AND s.alive AND s.searchable AND {where} LIMIT {most}
), r AS (
    SELECT record_id, record_type, max((field_class = 'A')::int * 0.5::float8 + {closeness}) AS score
    FROM c GROUP BY record_id, record_type ORDER BY score DESC, record_id {limit}
)
"""
_TITLED = """
SELECT r.record_id, r.record_type, CASE WHEN a.text <> '' THEN a.title END, r.score FROM r
JOIN kernel_search a ON a.tenant_id = %s AND a.record_id = r.record_id AND a.field_class = 'A'
ORDER BY r.score DESC, a.title, r.record_id"""
_BARE = "SELECT record_id::text, record_type, score, (SELECT count(*) FROM c) FROM r ORDER BY score DESC, record_id"


def _ask(scope: Seer, where: Sql, closeness: Sql, limit: int) -> list[Hit]:
    """The best matches, with their titles: one statement."""
    text = _MATCHES.format(where=where.text, most=CANDIDATES, closeness=closeness.text, limit=f"LIMIT {int(limit)}")
    with connection.cursor() as cursor:
        cursor.execute(text + _TITLED, [scope.tenant, *where.params, *closeness.params, scope.tenant])
        return [Hit(*row) for row in cursor.fetchall()]


def _candidates(scope: Seer, where: Sql, closeness: Sql) -> list[_Match]:
    """Matches whoever may see them, best first. Their ids stay text: most of them are never shown."""
    text = _MATCHES.format(where=where.text, most=CANDIDATES, closeness=closeness.text, limit="")
    with connection.cursor() as cursor:
        cursor.execute(text + _BARE, [scope.tenant, *where.params, *closeness.params])
        return list(cursor.fetchall())


def _seen(scope: Seer, reach: _Reach, found: list[_Match], limit: int) -> list[Hit]:
    """The best of these that the scope may see; most often a look at the first few is enough."""
    hits: list[tuple[float, str, str, str, str | None]] = []
    first = limit * FIRST_LOOK
    for part in (found[:first], found[first:]):
        if part and len(hits) < limit:
            titles = _titles(scope, reach, part)
            hits += [
                (-score, titles[one] or "", one, key, titles[one]) for one, key, score, _rows in part if one in titles
            ]
    hits.sort(key=itemgetter(0, 1, 2))
    return [Hit(UUID(one), key, title, -score) for score, _title, one, key, title in hits[:limit]]  # type: ignore[arg-type]


def _titles(scope: Seer, reach: _Reach, found: list[_Match]) -> dict[str, str | None]:
    """What those of these are called that the scope may see: one statement, whatever their types."""
    ids: dict[str, list[str]] = {}
    for one, key, _score, _rows in found:
        ids.setdefault(key, []).append(one)
    parts: list[Sql] = []
    for key, some in ids.items():
        rtype = reach.free.get(key) or reach.some[key]
        limit = scope.restrict(rtype, "t") if key in reach.some else TRUE
        if limit is not FALSE:
            these = Sql("t.tenant_id = %s AND t.id = ANY(%s::uuid[])", (scope.tenant, f"{{{','.join(some)}}}"))
            inside = both([these, limit])
            title = rtype.title_sql(scope.visible(rtype))
            parts.append(Sql(f"SELECT t.id::text, {title} FROM {rtype.table} t WHERE {inside.text}", inside.params))
    if not parts:
        return {}
    params: list[Any] = [x for p in parts for x in p.params]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(p.text for p in parts), params)
        return dict(cursor.fetchall())
