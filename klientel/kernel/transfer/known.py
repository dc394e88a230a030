"""Which keys for finding twins may stand in the base at all: spares a large import nearly all its look-ups.

A Bloom filter (B. H. Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors, CACM 13(7), 1970): what it does
not know is not there, what it knows may be there and is looked up. Eight megabytes, whatever the base, and as
much twice for how often names stand there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current

_BITS = 1 << 26
_MASK = _BITS - 1
_SHIFT = 29  # the second place of a key is made of other bits of its hash
_READ_AT_ONCE = 10_000
_WORTH = 8  # reading a record's keys costs an eighth of looking up those of a row

#: between two keys that count only together: a house or a postcode's last name says something with an initial
BOTH = chr(30)

_LAST = 2**64 - 1
#: the events in their order first: an import outruns the planner's statistics, and by type it would read them all
_CHANGED = """
WITH late AS MATERIALIZED (
    SELECT e.record_id, e.change_set, e.record_type FROM kernel_event e
    WHERE e.tenant_id = %(tenant)s AND e.epoch = (SELECT epoch FROM kernel_installation) AND ({spans})
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
    ARRAY(SELECT DISTINCT record_id FROM late WHERE change_set <> %(own)s AND record_type = %(type)s)
"""


#: what keys of names begin with: of those it is counted who has them, once, twice or more often
NAMES = "nm"


def _stands(bits: bytearray, one: int, two: int) -> bool:
    return bool(bits[one >> 3] >> (one & 7) & bits[two >> 3] >> (two & 7) & 1)


def _put(bits: bytearray, one: int, two: int) -> None:
    bits[one >> 3] |= 1 << (one & 7)
    bits[two >> 3] |= 1 << (two & 7)


def pairs(keys: Iterable[str]) -> Iterator[str]:
    """Of the keys of one record those that count together: its places, each with its last names and initials."""
    places = [key for key in keys if key[:2] == "a:"]
    if places:
        for key in keys:
            if key[:2] == "n:" and key[-2:-1] == ".":
                yield from (f"{place}{BOTH}{key}" for place in places)


class KnownKeys:
    """The keys of all records of a type, those that others write meanwhile included.

    Used from one thread, inside the transaction of each chunk; ``None`` stands for one that is not worth its reading.
    """

    def __init__(self, rtype: RecordType, change_set: UUID) -> None:
        self._rtype, self._own = rtype, change_set
        self._bits = bytearray(_BITS >> 3)
        self._twice, self._often = bytearray(_BITS >> 3), bytearray(_BITS >> 3)  # names: which stand there so often
        self._mark = 0
        self._mine: list[int] = []  # transactions of this import that the mark is not beyond, in order
        self._follow(first=True)
        self._read_all()

    @classmethod
    def worth(cls, rtype: RecordType, change_set: UUID, done: int) -> KnownKeys | None:
        """Read the base, if an import of which ``done`` rows are done already has paid for that."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM (SELECT FROM {rtype.table} WHERE tenant_id = %s LIMIT %s) x",
                [current(), done * _WORTH + 1],
            )
            return cls(rtype, change_set) if cursor.fetchone()[0] <= done * _WORTH else None

    def add(self, keys: Sequence[str]) -> None:
        """The keys of one record stand in the base from now on, and with them their :func:`pairs`."""
        bits = self._bits
        for key in (*keys, *pairs(keys)):
            place = hash(key)
            one, two = place & _MASK, place >> _SHIFT & _MASK
            if key[0] in NAMES and _stands(bits, one, two):
                _put(self._often if _stands(self._twice, one, two) else self._twice, one, two)
            bits[one >> 3] |= 1 << (one & 7)
            bits[two >> 3] |= 1 << (two & 7)

    def crowds(self, key: str) -> bool:
        """Whether more than two have this name."""
        place = hash(key)
        return _stands(self._often, place & _MASK, place >> _SHIFT & _MASK)

    def those(self, keys: Iterable[str], *, follow: bool = True) -> list[str]:
        """The keys and pairs that may stand in the base; ``follow`` asks first what others have written."""
        if follow:
            self._follow()
        bits, found = self._bits, []
        for key in keys:
            place = hash(key)
            one = place & _MASK
            if bits[one >> 3] >> (one & 7) & 1:
                two = place >> _SHIFT & _MASK
                if bits[two >> 3] >> (two & 7) & 1:
                    found.append(key)
        return found

    def _follow(self, *, first: bool = False) -> None:
        """Take in what others have written since; whatever this snapshot does not show has an id from its lowest on."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            now = int(cursor.fetchone()[0])
            others = [] if first else [f"e.xid >= '{a}'::xid8 AND e.xid < '{b}'::xid8" for a, b in self._others(now)]
            spans = " OR ".join(others) or "FALSE"
            facts: dict[str, Any] = {"tenant": current(), "own": self._own, "type": self._rtype.key}
            cursor.execute(_CHANGED.format(spans=spans), facts)
            mark, changed = cursor.fetchone()
            self._mark = int(mark)
            self._mine = [*(own for own in self._mine if self._mark <= own < now), now]
            if changed:
                query = f"SELECT match_keys FROM {self._rtype.table} WHERE tenant_id = %s AND id = ANY(%s)"
                cursor.execute(query, [current(), changed])
                for (keys,) in cursor.fetchall():
                    self.add(keys)

    def _others(self, now: int) -> Iterator[tuple[int, int]]:
        """Where transactions of others lie since: from, and up to; what it wrote before ``now`` need not be read to be
        left out."""
        low = self._mark
        for own in self._mine:
            if own == now:
                break
            if own > low:
                yield low, own
            low = own + 1
        yield low, _LAST

    def _read_all(self) -> None:
        after = UUID(int=0)
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id, match_keys FROM {self._rtype.table} WHERE tenant_id = %s AND id > %s ORDER BY id"
                    f" LIMIT {_READ_AT_ONCE}",
                    [current(), after],
                )
                rows = cursor.fetchall()
            for _id, keys in rows:
                self.add(keys)
            if len(rows) < _READ_AT_ONCE:
                return
            after = rows[-1][0]
