"""Search as you type: word starts first, then words that are nearly so (trigrams). Umlauts and spelling are
folded away.

Everything happens in the database and is bounded: a frequent word costs as much as a rare one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import connection

from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.search.fields import searched
from klientel.kernel.sql import FALSE, TRUE, Sql, both, either, like
from klientel.lib import words

CANDIDATES = 200  # as many matches are ranked at most
NEARLY = 0.45  # word similarity (pg_trgm) from which a word counts as nearly so
MOST_WORDS = 6
_PHONE = re.compile(r"[+\d][\d\s/().-]{4,}\Z")


class Seer(Protocol):
    """Whoever searches: what they may see."""

    tenant: UUID

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields of a type that are not hidden."""
        ...

    def restrict(self, rtype: RecordType, alias: str) -> Sql:
        """The records of a type that may be seen."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found."""

    id: UUID
    type: str
    title: str
    score: float


def find(scope: Seer, text: str, *, types: Iterable[RecordType] | None = None, limit: int = 10) -> list[Hit]:
    """Records that the scope may see and whose words begin with, or nearly are, all the words of ``text``;
    best first."""
    tests = _exact(text)
    if not tests:
        return []
    where = _where(scope, list(types) if types is not None else [t for t in all_types() if not t.system])
    if where is FALSE:
        return []
    folded = words.fold(text)
    hits = _ask(scope, both([where, *tests]), folded, limit)
    if not hits and len(folded) > 3:
        hits = _ask(scope, both([where, *_nearly(folded)]), folded, limit, nearly=True)
    return hits


def _exact(text: str) -> list[Sql]:
    if _PHONE.match(text.strip()):
        digits = re.sub(r"\D", "", text).lstrip("0")
        return [Sql("s.text LIKE %s", (f"%{digits}%",))] if len(digits) > 2 else []
    found = words.fold(text).split()[:MOST_WORDS]
    return [Sql("s.text LIKE %s", (f"% {like(word)}%",)) for word in found]


def _nearly(folded: str) -> list[Sql]:
    return [Sql("s.text %%> %s", (word,)) for word in folded.split()[:MOST_WORDS] if len(word) > 2]


def _where(scope: Seer, types: list[RecordType]) -> Sql:
    """Types, records and classes of fields that the scope may see."""
    free: list[str] = []
    parts: list[Sql] = []
    for rtype in types:
        limit = scope.restrict(rtype, "t")
        if limit is FALSE:
            continue
        closed = _closed(scope, rtype)
        if limit is TRUE and not closed:
            free.append(rtype.key)
            continue
        tests = [Sql("s.record_type = %s", (rtype.key,))]
        if closed:
            tests.append(Sql("s.field_class <> ALL(%s)", (closed,)))
        if limit is not TRUE:
            inside = Sql(
                f"EXISTS (SELECT 1 FROM {rtype.table} t WHERE t.tenant_id = s.tenant_id AND t.id = s.record_id"
                f" AND {limit.text})",
                limit.params,
            )
            tests.append(inside)
        parts.append(both(tests))
    if free:
        parts.append(Sql("s.record_type = ANY(%s)", (free,)))
    return either(parts)


def _closed(scope: Seer, rtype: RecordType) -> list[str]:
    visible = scope.visible(rtype)
    return [c for c, names in searched(rtype).items() if c != "A" and any(n not in visible for n in names)]


def _ask(scope: Seer, where: Sql, folded: str, limit: int, *, nearly: bool = False) -> list[Hit]:
    text = f"""
WITH c AS MATERIALIZED (
    SELECT s.record_id, s.record_type, s.field_class, s.text FROM kernel_search s
    WHERE s.tenant_id = %s AND s.alive AND s.searchable AND {where.text} LIMIT {CANDIDATES}
), r AS (
    SELECT record_id, record_type,
           max((field_class = 'A')::int * 0.5 + (text LIKE %s)::int * 0.3 + word_similarity(%s, text)) AS score
    FROM c GROUP BY record_id, record_type ORDER BY score DESC, record_id LIMIT {int(limit)}
)
SELECT r.record_id, r.record_type, a.title, r.score FROM r
JOIN kernel_search a ON a.tenant_id = %s AND a.record_id = r.record_id AND a.field_class = 'A'
ORDER BY r.score DESC, a.title, r.record_id"""
    with connection.cursor() as cursor:
        if nearly:
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(NEARLY)])
        cursor.execute(text, [scope.tenant, *where.params, f" {like(folded)}%", folded, scope.tenant])
        return [Hit(row[0], row[1], row[2], float(row[3])) for row in cursor.fetchall()]
