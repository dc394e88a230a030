"""Search as you type: names that begin with the words first, then words wherever they stand, then words that are nearly
so. Umlauts and spelling are folded away.

What a search costs does not grow with the base for what people mostly type: a look into the order of names
(:mod:`.beginnings`) ends after as many as are wanted, and the index of words is only asked where that gave too few. Who
may see only some records of a type is asked about the candidates alone, and only about the types among them: planning
the rights of every type costs more than the search. Where the candidates were cut off and too few of them may be seen,
the search is asked once more with the rights inside, so that nothing visible is ever lost behind what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from django.db import connection

from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.search.beginnings import NOTHING, ahead, asked_for, near
from klientel.kernel.search.fields import searched
from klientel.kernel.sql import FALSE, TRUE, Sql, both, either

CANDIDATES = 200  # as many matches are ranked at most
FIRST_LOOK = 4  # times the hits wanted: as many of the best candidates are looked at first
NEARLY = 0.45  # word similarity (pg_trgm) from which a word counts as nearly so

T = TypeVar("T")
_Match = tuple[str, str, float, bool]  # id, type, score, and whether more would match


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
    asked = asked_for(text)
    if asked is None:
        return []
    reach = scope.known("reach", lambda: _reach(scope, _all())) if types is None else _reach(scope, types)
    if not reach.free and not reach.some:
        return []
    named = {key: rtype for key, rtype in (reach.free | reach.some).items() if "A" not in reach.closed.get(key, ())}
    wanted = limit * FIRST_LOOK if reach.some else limit
    hits = _look(scope, reach, ahead(scope.tenant, named, asked.names, wanted), asked.test, asked.closeness, limit)
    if hits or len(asked.folded) < 4:
        return _retitled(scope, hits)
    likeness = Sql("word_similarity(%s, text)", (asked.folded,))
    if names := near(scope.tenant, named, asked.words):
        hits = _look(scope, reach, ahead(scope.tenant, named, names, wanted), FALSE, likeness, limit)
    if not hits:
        hits = _look(scope, reach, NOTHING, _nearly(asked.words), likeness, limit)
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


def _nearly(spelt: list[str]) -> Sql:
    """Names in which every word is nearly so. Told to the planner once: how nearly."""
    tests = [Sql("s.text %%> %s", (word,)) for word in spelt if len(word) > 2]
    if not tests:
        return FALSE
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(NEARLY)])
    return both([Sql("s.field_class IN ('A', 'a')"), *tests])


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


def _look(scope: Seer, reach: _Reach, names: Sql, test: Sql, closeness: Sql, limit: int) -> list[Hit]:
    """The best of what ``names`` selects and, where that is too little, of what passes ``test``."""
    free = both([reach.where(scope, rights=False), test])
    if not reach.some:
        return _ask(scope, _matches(scope, names, limit, free, closeness), limit)
    enough = limit * FIRST_LOOK
    found = _candidates(_matches(scope, names, enough, free, closeness), enough)
    hits = _seen(scope, reach, found, limit)
    if len(hits) < limit and found and found[0][3] and test is not FALSE:
        inside = both([reach.where(scope, rights=True), test])  # compiling the rights of every type costs a search
        return _ask(scope, _matches(scope, NOTHING, limit, inside, closeness), limit)
    return hits


def _matches(scope: Seer, names: Sql, enough: int, where: Sql, closeness: Sql) -> Sql:
    """The statement's first part: ``m`` are the matches, ``r`` their records with the score."""
    text = _MATCHES.format(names=names.text, where=where.text, enough=enough, most=CANDIDATES, closeness=closeness.text)
    return Sql(text, (*names.params, scope.tenant, *where.params, scope.tenant, *closeness.params))


_MATCHES = """
WITH b AS MATERIALIZED ({names}), c AS MATERIALIZED (
    SELECT s.record_id, s.record_type, s.field_class, s.text FROM kernel_search s
    WHERE s.tenant_id = %s AND s.alive AND s.searchable AND (SELECT count(*) FROM b) < {enough} AND {where} LIMIT {most}
), m AS (
    SELECT * FROM c UNION ALL SELECT x.* FROM b CROSS JOIN LATERAL (
        SELECT s.record_id, s.record_type, s.field_class, s.text FROM kernel_search s
        WHERE s.tenant_id = %s AND s.record_id = b.record_id AND s.field_class = 'A' AND s.alive AND s.searchable
        LIMIT 1  -- or the planner may join by reading all of the table
    ) x
), r AS (
    SELECT record_id, record_type, max((field_class = 'A')::int * 0.5::float8 + {closeness}) AS score
    FROM m GROUP BY record_id, record_type
)
"""
_TITLED = """
SELECT r.record_id, r.record_type, CASE WHEN a.text <> '' THEN a.title END, r.score
FROM (SELECT * FROM r ORDER BY score DESC, record_id LIMIT {limit}) r
JOIN kernel_search a ON a.tenant_id = %s AND a.record_id = r.record_id AND a.field_class = 'A'
ORDER BY r.score DESC, a.title, r.record_id"""
_BARE = """
SELECT record_id::text, record_type, score, (SELECT count(*) FROM b) >= {enough} OR (SELECT count(*) FROM c) >= {most}
FROM r ORDER BY score DESC, record_id LIMIT {most}"""


def _ask(scope: Seer, matches: Sql, limit: int) -> list[Hit]:
    """The best matches, with their titles: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(matches.text + _TITLED.format(limit=int(limit)), [*matches.params, scope.tenant])
        return [Hit(*row) for row in cursor.fetchall()]


def _candidates(matches: Sql, enough: int) -> list[_Match]:
    """Matches whoever may see them, best first. Their ids stay text: most of them are never shown."""
    with connection.cursor() as cursor:
        cursor.execute(matches.text + _BARE.format(enough=enough, most=CANDIDATES), matches.params)
        return list(cursor.fetchall())


def _seen(scope: Seer, reach: _Reach, found: list[_Match], limit: int) -> list[Hit]:
    """The best of these that the scope may see; most often a look at the first few is enough."""
    hits: list[tuple[float, str, str, str, str | None]] = []
    first = limit * FIRST_LOOK
    for part in (found[:first], found[first:]):
        if part and len(hits) < limit:
            titles = _titles(scope, reach, part)
            hits += [
                (-score, titles[one] or "", one, key, titles[one]) for one, key, score, _more in part if one in titles
            ]
    hits.sort(key=itemgetter(0, 1, 2))
    return [Hit(UUID(one), key, title, -score) for score, _title, one, key, title in hits[:limit]]  # type: ignore[arg-type]


def _titles(scope: Seer, reach: _Reach, found: list[_Match]) -> dict[str, str | None]:
    """What those of these are called that the scope may see: one statement, whatever their types."""
    ids: dict[str, list[str]] = {}
    for one, key, _score, _more in found:
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
