"""Which keys for finding twins may stand in the base at all: spares a large import nearly all its look-ups.

A Bloom filter (B. H. Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors, CACM 13(7), 1970): what it does
not know is not there, what it knows may be there and is looked up. Eight megabytes, whatever the base.
"""

from __future__ import annotations

from collections.abc import Iterable
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

_CHANGED = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
    ARRAY(SELECT DISTINCT e.record_id FROM kernel_event e
          WHERE e.tenant_id = %(tenant)s AND e.epoch = (SELECT epoch FROM kernel_installation)
            AND e.xid >= %(mark)s::xid8 AND e.change_set <> %(own)s AND e.record_type = %(type)s)
"""


class KnownKeys:
    """The keys of all records of a type, those that others write meanwhile included.

    Used from one thread, inside the transaction of each chunk; ``None`` stands for one that is not worth its reading.
    """

    def __init__(self, rtype: RecordType, change_set: UUID) -> None:
        self._rtype, self._own = rtype, change_set
        self._bits = bytearray(_BITS >> 3)
        self._mark = "0"
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

    def add(self, keys: Iterable[str]) -> None:
        """These stand in the base from now on."""
        bits = self._bits
        for key in keys:
            place = hash(key)
            one, two = place & _MASK, place >> _SHIFT & _MASK
            bits[one >> 3] |= 1 << (one & 7)
            bits[two >> 3] |= 1 << (two & 7)

    def those(self, keys: Iterable[str]) -> list[str]:
        """The keys that may stand in the base."""
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
            mark = "18446744073709551615" if first else self._mark
            facts: dict[str, Any] = {"tenant": current(), "mark": mark, "own": self._own, "type": self._rtype.key}
            cursor.execute(_CHANGED, facts)
            self._mark, changed = cursor.fetchone()
            if changed:
                query = f"SELECT match_keys FROM {self._rtype.table} WHERE tenant_id = %s AND id = ANY(%s)"
                cursor.execute(query, [current(), changed])
                for (keys,) in cursor.fetchall():
                    self.add(keys)

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
