"""Which record a row means where somebody said by which fields that is told: a customer number, a mail address, the id.

A row whose key fields are all filled is the record that has the same, or a new one; likeness is not asked. A row with
an empty key field is looked for by likeness like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice, product
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import filled
from klientel.kernel.kinds import Entries, Kind
from klientel.kernel.records import RecordType, aliases
from klientel.kernel.sql import Sql, both
from klientel.kernel.transfer.branch import Branch
from klientel.kernel.transfer.duplicates import Match, sharing
from klientel.kernel.transfer.taking import Fault, Taken

_MOST_TEXTS = 12  # keys of one row, where several fields have several entries


class Keyed:
    """Finds records by id and by key fields, for chunk after chunk."""

    def __init__(
        self,
        scope: ActorScope,
        rtype: RecordType,
        fields: dict[str, Kind],
        keys: tuple[str, ...],
        branch: Branch | None,
    ) -> None:
        self._scope, self._rtype, self._branch = scope, rtype, branch
        self._fields = [fields[k] for k in keys if k in fields]

    def texts(self, record: Any) -> list[str]:
        """What a record in memory is told by: ``k:`` and its key values; nothing where one is empty."""
        if not self._fields:
            return []
        parts = [_values(kind, self._rtype.value(record, kind.name)) for kind in self._fields]
        names = "+".join(kind.name for kind in self._fields)
        return [f"k:{names}={chr(31).join(one)}" for one in islice(product(*parts), _MOST_TEXTS)]

    def find(self, rows: list[Taken]) -> tuple[dict[int, Match], set[int]]:
        """Matches by line, and the lines that need no look for likeness; several of one key are a fault of the row."""
        found = self._by_id(rows)
        decided = set(found)
        if not self._fields:
            return found, decided
        texts = {r.line: self.texts(r.record) for r in rows if r.line not in found}
        owners = self._in_base([t for t in texts.values() if t], rows)
        first: dict[str, int] = {}
        for row in rows:
            own = texts.get(row.line)
            if not own:
                continue
            decided.add(row.line)
            records = {r.pk: r for text in own for r in owners.get(text, ())}
            if len(records) > 1:
                names = tuple(k.verbose_name for k in self._fields)
                message = filled(_("Several records have this key (%(fields)s)."), {"fields": names})
                row.faults.append(Fault("error", "key_of_several", message))
            elif records:
                found[row.line] = Match(1.0, ["key"], next(iter(records.values())))
            elif (line := next((first[t] for t in own if t in first), 0)) != 0:
                found[row.line] = Match(1.0, ["key"], None, line)
            for text in own:
                first.setdefault(text, row.line)
        return found, decided

    def _by_id(self, rows: list[Taken]) -> dict[int, Match]:
        wanted = {r.line: r.named for r in rows if r.named is not None}
        if not wanted:
            return {}
        self._followed(rows, wanted)
        seen = reading.visible_ids(self._scope, self._rtype, wanted.values())
        records = {r.pk: r for r in self._rtype.model.objects.filter(pk__in=seen, archived_at=None)}
        if self._branch is not None:
            records = self._branch.laid_over(records, wanted.values())
        return {line: Match(1.0, ["key"], records[i]) for line, i in wanted.items() if i in records}

    @staticmethod
    def _followed(rows: list[Taken], wanted: dict[int, UUID]) -> None:
        """The id of a record that was merged means the one it became; not where that has a row of its own."""
        old, own = aliases.survivors(wanted.values()), set(wanted.values())
        for row in rows:
            now = old.get(wanted[row.line]) if row.line in wanted else None
            if now in own:
                message = _("This record was merged into another one, which has a row of its own.")
                row.faults.append(Fault("error", "merged", message))
            elif now is not None:
                wanted[row.line] = now

    def _in_base(self, texts: list[list[str]], rows: list[Taken]) -> dict[str, list[Any]]:
        """Key text -> the records that have it, in the base and in what earlier rows would make of it."""
        wanted = {text for some in texts for text in some}
        if not wanted:
            return {}
        ids = set(self._candidates(rows))
        if self._branch is not None:
            ids |= {record_id for _position, record_id in self._branch.sharing(sorted(wanted))}
        records = {r.pk: r for r in self._rtype.model.objects.filter(pk__in=ids)}
        if self._branch is not None:
            records = self._branch.laid_over(records, ids)
        owners: dict[str, list[Any]] = defaultdict(list)
        for record in records.values():
            for text in self.texts(record):
                if text in wanted:
                    owners[text].append(record)
        return owners

    def _candidates(self, rows: list[Taken]) -> Iterable[UUID]:
        """Records that may have the key of one of these rows: by the first field of one value, else by likeness."""
        kind = next((k for k in self._fields if not isinstance(k, Entries)), None)
        if kind is None and self._rtype.match is not None:
            keys = dict.fromkeys(key for r in rows for key in r.record.match_keys)
            return [i for _position, i in sharing(self._scope, self._rtype, list(keys))]
        kind = kind or self._fields[0]
        x = kind.sql("t")
        values = list({t for r in rows for t in _values(kind, self._rtype.value(r.record, kind.name))})
        if isinstance(kind, Entries):
            text = (
                f"EXISTS (SELECT 1 FROM jsonb_array_elements({x.text}) e WHERE lower(e->>'{kind.parts[0]}') = ANY(%s))"
            )
        else:
            text = f"lower(({x.text})::text) = ANY(%s)"
        inside = both([reading.which(self._scope, self._rtype), Sql(text, (*x.params, values))])
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t.id FROM {self._rtype.table} t WHERE {inside.text}", inside.params)
            return [row[0] for row in cursor.fetchall()]


def _values(kind: Kind, value: Any) -> list[str]:
    if kind.is_empty(value):
        return []
    if isinstance(kind, Entries):
        return [str(e.get(kind.parts[0], "")).lower() for e in value if e.get(kind.parts[0])]
    return [str(kind.plain(value)).lower()]
