"""What somebody typed, as looks into two indexes: names in their order, and words wherever they stand.

A look into the order of names costs the same in any base, because it ends after as many as are wanted. The order is its
own dictionary too: the words that names begin with are read from it by leaping from one to the next, which finds what
was meant by a slip of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice, permutations, product
from uuid import UUID

from django.db import connection
from rapidfuzz.distance import DamerauLevenshtein

from klientel.kernel.records import RecordType
from klientel.kernel.search.fields import LONGEST_WORD
from klientel.kernel.sql import Sql, like
from klientel.lib import phones, words

MOST_WORDS = 6
LEAPS = 60  # words read from one place of the order of names at most
MEANT = 4  # words that one may have meant by another at most
MOST_NAMES = 60
_PHONE = re.compile(r"[+\d][\d\s/().-]{4,}\Z")
_LAST = "\U0010ffff"
_NAMED = "s.tenant_id = %s AND s.record_type = k.type AND s.field_class = 'A' AND s.alive AND s.searchable"
_ORDERED = "t.tenant_id = %s AND t.archived_at IS NULL"

#: the words that names begin with from some places on, each read by one look from the one before it
_LEAPS_OVER_NAMES = f"""(
WITH RECURSIVE k(type, place, low, word, n) AS (
    SELECT x.type, p.place, ' ' || p.place, NULL::text, 0
    FROM unnest(%s::text[]) x(type) CROSS JOIN unnest(%s::text[]) p(place)
    UNION ALL
    SELECT k.type, k.place, ' ' || o.word || '!', o.word, k.n + 1 FROM k CROSS JOIN LATERAL (
        SELECT split_part(left(s.text, 80), ' ', 2) AS word FROM kernel_search s
        WHERE {_NAMED} AND left(s.text, 80) >= k.low AND left(s.text, 80) < ' ' || k.place || '{_LAST}'
        ORDER BY left(s.text, 80) LIMIT 1
    ) o WHERE k.n < {LEAPS}
) SELECT word FROM k WHERE n > 0)"""
_LEAPS_OVER_ORDER = f"""(
WITH RECURSIVE k(place, low, word, n) AS (
    SELECT p.place, p.place, NULL::text, 0 FROM unnest(%s::text[]) p(place)
    UNION ALL
    SELECT k.place, o.word || '!', o.word, k.n + 1 FROM k CROSS JOIN LATERAL (
        SELECT split_part(t.sort_key, ' ', 1) AS word FROM {{table}} t
        WHERE {_ORDERED} AND t.sort_key >= k.low AND t.sort_key < k.place || '{_LAST}'
        ORDER BY t.sort_key LIMIT 1
    ) o WHERE k.n < {LEAPS}
) SELECT word FROM k WHERE n > 0)"""

NOTHING = Sql("SELECT NULL::uuid AS record_id WHERE FALSE")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: its folded words, names that begin so, and the test and rank of what has the words."""

    folded: str
    words: list[str]
    names: list[str]
    test: Sql
    closeness: Sql


def asked_for(text: str) -> Asked | None:
    """What this text asks for; nothing where it has no words."""
    folded = words.fold(text)
    spelt = [word[:LONGEST_WORD] for word in folded.split()[:MOST_WORDS]]
    if _PHONE.match(text.strip()):
        digits = re.sub(r"\D", "", text).lstrip("0")
        if len(digits) < 3:
            return None
        numbers = [digits] if text.strip().startswith(("+", "00")) else [digits, *(c + digits for c in phones.CODES)]
        return Asked(folded, spelt, [], _having(" | ".join(f"{n}:*" for n in numbers)), _closeness(folded))
    if not spelt:
        return None
    quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in spelt]
    test = _having(" & ".join(f"{word}:*" for word in quoted))
    return Asked(folded, spelt, _orders(spelt), test, _closeness(folded))


def _having(query: str) -> Sql:
    """The planner guesses a constant query's share of the rows badly, that of one it does not know well enough."""
    return Sql("array_to_tsvector(string_to_array(ltrim(s.text), ' ')) @@ (SELECT %s::tsquery)", (query,))


def _closeness(folded: str) -> Sql:
    """What ranks matches: at the very beginning, and as whole words."""
    return Sql(
        "(text LIKE %s)::int * 0.3::float8 + (text || ' ' LIKE %s)::int * 0.2::float8",
        (f" {like(folded)}%", f"% {like(folded)} %"),
    )


def _orders(spelt: Collection[str]) -> list[str]:
    """Names of these words: first name first, last name first."""
    spelt = list(spelt)
    return [" ".join(some) for some in permutations(spelt)] if len(spelt) < 4 else [" ".join(spelt)]


def ahead(tenant: UUID, named: Mapping[str, RecordType], names: list[str], wanted: int) -> Sql:
    """Selects ``record_id`` of records of these types that are called so, as many for each name as are wanted."""
    if not names or not named:
        return NOTHING
    parts = [
        Sql(
            "SELECT c.record_id FROM unnest(%s::text[]) k(type) CROSS JOIN unnest(%s::text[]) n(low) CROSS JOIN LATERAL"
            f" (SELECT s.record_id FROM kernel_search s WHERE {_NAMED} AND left(s.text, 80) >= n.low"
            f" AND left(s.text, 80) < n.low || '{_LAST}' ORDER BY left(s.text, 80) LIMIT {int(wanted)}) c",
            (list(named), [f" {one}"[:80] for one in names], tenant),
        )
    ]
    parts += [
        Sql(
            "SELECT c.id FROM unnest(%s::text[]) n(low) CROSS JOIN LATERAL"
            f" (SELECT t.id FROM {rtype.table} t WHERE {_ORDERED} AND t.sort_key >= n.low"
            f" AND t.sort_key < n.low || '{_LAST}' ORDER BY t.sort_key LIMIT {int(wanted)}) c",
            (names, tenant),
        )
        for rtype in named.values()
        if rtype.sort is not None
    ]
    return Sql(" UNION ".join(p.text for p in parts), tuple(x for p in parts for x in p.params))


def near(tenant: UUID, named: Mapping[str, RecordType], spelt: list[str]) -> list[str]:
    """Names that may have been meant, as far as each of their words begins some name; none where nothing is near."""
    long = [word for word in spelt if len(word) > 2]
    places = sorted({word[:n] for word in long for n in range(2, min(6, len(word)))} | {w[0] + w[2] for w in long})
    if not places or not named:
        return []
    parts = [Sql(_LEAPS_OVER_NAMES, (list(named), places, tenant))]
    parts += [
        Sql(_LEAPS_OVER_ORDER.format(table=t.table), (places, tenant)) for t in named.values() if t.sort is not None
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(p.text for p in parts), [x for p in parts for x in p.params])
        known = {row[0] for row in cursor.fetchall()}
    meant = [_meant(word, known) for word in spelt]
    some = islice((name for choice in product(*meant) for name in _orders(choice)), MOST_NAMES)
    found = dict.fromkeys(some)
    return [name for name in found if name not in _orders(spelt)]


def _meant(word: str, known: Collection[str]) -> list[str]:
    """The word itself and those that differ from it by a slip of the keys, two in a long word; the nearest first."""
    most = 2 if len(word) > 4 else 1
    slips = ((DamerauLevenshtein.distance(word, one, score_cutoff=most), one) for one in known)
    return [one for _n, one in sorted((n, one) for n, one in slips if 0 < n <= most)[:MEANT]] + [word]
