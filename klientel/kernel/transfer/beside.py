"""Records beside those of the rows: a note, a further place of work. Made once, however often the file comes again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.resolving import Resolver
from klientel.kernel.transfer.taking import Fault, Taken
from klientel.kernel.transfer.targets import Beside, offered


class BesideMaker:
    """Makes what stands beside the rows of one import."""

    def __init__(self, actor: Actor, scope: ActorScope, rtype: RecordType, options: Options, change_set: UUID) -> None:
        self._actor, self._scope, self._options, self._change_set = actor, scope, options, change_set
        self._known = {one.path: one for one in offered(scope, rtype)}
        self.made: dict[str, int] = {}

    def make(self, rows: list[tuple[Taken, UUID]]) -> None:
        """What these rows, whose records stand, have beside them; what cannot be made is a warning of its row."""
        for path, one in self._known.items():
            some = [(taken, record) for taken, record in rows if taken.related.get(path)]
            if some:
                self._make(one, some)

    def _make(self, one: Beside, rows: list[tuple[Taken, UUID]]) -> None:
        rtype = type_of(one.type)
        fields = dict(self._scope.writable(rtype))
        given = self._values(one, rtype, fields, rows)
        there = _there(rtype, one, [record for _taken, record in rows])
        items: list[tuple[Taken, dict[str, Any]]] = []
        for taken, record, value in given:
            key = (record, str(fields[one.field].plain(value)))
            if key not in there:
                there.add(key)
                to = [record] if isinstance(fields[one.to], Links) else record
                items.append((taken, {one.field: value, one.to: to}))
        outcomes = run_many(
            self._actor,
            f"{one.type}.create",
            [Item(params=values) for _taken, values in items],
            change_set=self._change_set,
            scope=self._scope,
            muted=self._options.mute,
        )
        for (taken, _values), outcome in zip(items, outcomes, strict=True):
            if outcome.refused is not None:
                _warn(taken, one, outcome.refused)
            else:
                self.made[one.type] = self.made.get(one.type, 0) + 1

    def _values(
        self, one: Beside, rtype: RecordType, fields: dict[str, Kind], rows: list[tuple[Taken, UUID]]
    ) -> list[tuple[Taken, UUID, Any]]:
        kind = fields[one.field]
        if isinstance(kind, Link):
            resolver = Resolver(self._actor, self._scope, rtype, self._options, self._change_set, fields)
            drafts = [Taken(taken.line, [], links={one.field: taken.related[one.path]}) for taken, _record in rows]
            resolver.resolve(drafts)
            for key, n in resolver.made.items():
                self.made[key] = self.made.get(key, 0) + n
            for (taken, _record), draft in zip(rows, drafts, strict=True):
                taken.faults += [Fault("warning", f.code, f.message, "", "", f.value) for f in draft.faults]
            return [(t, r, d.values[one.field]) for (t, r), d in zip(rows, drafts, strict=True) if d.values]
        found = []
        for taken, record in rows:
            try:
                found.append((taken, record, kind.accept(taken.related[one.path])))
            except Refused as no:
                _warn(taken, one, no)
        return found


def _warn(taken: Taken, one: Beside, no: Refused) -> None:
    text = taken.related[one.path][:200]
    taken.faults += [Fault("warning", r.code, r.message, "", "", text) for r in no.all()]


def _there(rtype: RecordType, one: Beside, ids: list[UUID]) -> set[tuple[UUID, str]]:
    """(record, value) of what stands beside these records already."""
    kind = rtype.fields[one.to]
    wanted = {f"{one.to}__overlap": ids} if isinstance(kind, Links) else {f"{one.to}__in": ids}
    found: set[tuple[UUID, str]] = set()
    for record in rtype.model.objects.filter(archived_at=None, **wanted):
        to = rtype.value(record, one.to)
        value = str(rtype.fields[one.field].plain(rtype.value(record, one.field)))
        found |= {(i, value) for i in (to if isinstance(kind, Links) else [to])}
    return found
