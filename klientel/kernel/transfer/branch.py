"""The base as it would be after the rows of an import that were tried out so far: twins are looked for there too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from klientel.kernel.actions.drafting import fresh
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current
from klientel.kernel.transfer.models import StagedRow
from klientel.lib.words import fold

_READ_AT_ONCE = 10_000
LAST = 2**31 - 1


def stand_in(run: UUID, to: str, name: str) -> UUID:
    """The id that stands for a record which the import would make on the way: the same for every spelling of a name."""
    return uuid5(run, f"{to}:{fold(name)}")


def stands_in(value: Any) -> bool:
    """Whether an id is such a stand-in: no record's id is of version 5."""
    if isinstance(value, str):
        try:
            value = UUID(value)
        except ValueError:
            return False
    return isinstance(value, UUID) and value.version == 5


class Branch:
    """What the rows of one import that stand in staging would have made of the base."""

    def __init__(self, run: UUID, rtype: RecordType, fields: dict[str, Kind], *, before: int = LAST) -> None:
        self.run, self._rtype, self._fields, self._before = run, rtype, fields, before
        self._fresh: dict[UUID, Any] = {}  # records of the chunk that is being tried out
        self._stored: set[UUID] = set()  # those of them that stand in the base until the chunk is taken back

    def settle(self) -> None:
        """A chunk is over: what it made stands in staging from now on."""
        self._fresh, self._stored = {}, set()

    def stores(self, record_id: UUID) -> bool:
        """Whether the chunk that is being tried out has written this new record."""
        return record_id in self._stored

    def put(self, record: Any, *, stored: bool = False) -> None:
        """The chunk that is being tried out makes this of a record."""
        self._fresh[record.pk] = record
        if stored:
            self._stored.add(record.pk)

    def sharing(self, keys: list[str]) -> list[tuple[int, UUID]]:
        """(position of a key from 1, record that an earlier row would make and that has it)."""
        if not keys:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT k.n, s.record FROM unnest(%s::text[]) WITH ORDINALITY k(key, n) JOIN kernel_stagedrow s"
                " ON s.tenant_id = %s AND s.run = %s AND s.keys @> string_to_array(k.key, chr(30))"
                " AND s.record IS NOT NULL AND s.line < %s",
                [keys, current(), self.run, self._before],
            )
            found: list[tuple[int, UUID]] = cursor.fetchall()
            return found

    def every_key(self) -> Iterator[list[str]]:
        """The keys of all that earlier rows would make."""
        after = 0
        while True:
            rows = list(
                StagedRow.objects.filter(run=self.run, line__gt=after, made=True)
                .order_by("line")
                .values_list("line", "keys")[:_READ_AT_ONCE]
            )
            yield from (keys for _line, keys in rows)
            if len(rows) < _READ_AT_ONCE:
                return
            after = rows[-1][0]

    def laid_over(self, found: dict[UUID, Any], ids: Iterable[UUID]) -> dict[UUID, Any]:
        """These records as they would be: those of the base changed, those that would be made added."""
        wanted = set(ids)
        earlier = StagedRow.objects.filter(run=self.run, record__in=wanted, done=False, line__lt=self._before).order_by(
            "line"
        )
        for row in earlier.filter(state__in=("new", "updated")):
            if row.made:
                found[row.record] = self._made(row)
            elif row.record in found:
                self._change(found[row.record], row.changes)
        return found | {i: r for i, r in self._fresh.items() if i in wanted}

    def _made(self, row: Any) -> Any:
        record = fresh(self._rtype, self._fields, self.values_of(row.values))
        record.id, record.tenant_id, record.title = row.record, current(), row.title
        return record

    def _change(self, record: Any, changes: dict[str, list[Any]]) -> None:
        for name, value in self.values_of({n: new for n, (_old, new) in changes.items()}).items():
            self._rtype.put(record, name, value)
        if self._rtype.match is not None:
            record.match_keys = self._rtype.match(record)

    def values_of(self, plain: dict[str, Any]) -> dict[str, Any]:
        """Plain values as the kinds know them; fields that are gone are left out."""
        return {n: self._fields[n].from_plain(v) for n, v in plain.items() if n in self._fields}
