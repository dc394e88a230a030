"""The step: the only thing that can write. It buffers, writes sets of rows, checks links and rights, and remembers.

One step serves one chunk of items of one action. Each item's writes are kept apart until it succeeded, so that a
refused item leaves nothing; what is buffered is written before its table is read and at the end of the chunk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.actions import cycles, drafting, linking, ruling, storing, warning
from klientel.kernel.actions.declaring import Action
from klientel.kernel.actions.draft import Draft
from klientel.kernel.errors import Refused
from klientel.kernel.events import Event
from klientel.kernel.events.notices import NOTIFY
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import FALSE
from klientel.kernel.statements import Writes
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.lib.ids import uuid7

_NO_ID: dict[str, Any] = {"id": None}  # one is given when the record is made


class _Known(NamedTuple):
    """What a step asks of a type again and again."""

    fields: dict[str, Kind]
    required: list[tuple[str, Kind]]
    private: frozenset[str]  # fields whose values are personal
    links: frozenset[str]  # fields that lead to other records


class Again(Exception):
    """An item was refused after its chunk was partly written: the chunk starts again without it."""

    def __init__(self, refusals: dict[int, Refused]) -> None:
        super().__init__()
        self.refusals = refusals


class Step:
    """One chunk of runs of one action."""

    def __init__(
        self, actor: Actor, action: Action, *, change_set: UUID, cause: UUID | None, scope: ActorScope
    ) -> None:
        self.actor, self.action, self.scope, self._ref = actor, action, scope, actor.ref
        self.change_set, self.cause = change_set, cause
        self.now = clock.now()
        self.events: list[Event] = []
        self.event_items: list[int] = []
        self._may_make: bool | None = None
        self._item = 0
        self._read: dict[Hashable, Any] = {}
        self._open: dict[UUID, Draft] = {}  # of the item that runs now
        self._done: dict[UUID, Draft] = {}  # of earlier items, not yet written
        self._tables: set[str] = set()
        self.flushed_in_item = False
        self.parameters: dict[str, Any] = {}
        self.locked: dict[UUID, Any] = {}  # the records of the chunk, each with ``may``
        self._known: dict[str, _Known] = {}  # by type, for as long as the chunk is worked on
        self.muted = False  # automation shall not react to what this step does

    # -- for action functions -------------------------------------------------------------------------------------

    def require(self, fact: object, code: str, message: object, field: str | None = None) -> None:
        """Refuse unless ``fact`` holds."""
        if not fact:
            raise Refused(code, message, field)

    def create(self, rtype: RecordType | str, **values: Any) -> Any:
        """A new record with these fields; they are checked as if given from outside."""
        rtype = type_of(rtype)
        record = self._new(rtype, rtype.model(**_NO_ID))
        draft = Draft(rtype, record, {}, True, self._item)
        fields = rtype.fields
        refusals: list[Refused] = []
        for name, value in values.items():
            self._put(draft, fields[name], value, refusals)
        self._fill(draft, refusals, values)
        return self._begun(draft, refusals)

    def adopt(self, rtype: RecordType, record: Any, values: dict[str, Any]) -> Any:
        """As :meth:`create`, with a record that `drafting.fresh` made from values the kinds accepted already."""
        draft = Draft(rtype, self._new(rtype, record), {}, True, self._item, matched=True)
        known, rest = self._of(rtype), set(values)
        if record.beforehand is not None:
            draft.changes |= record.beforehand.changes
            rest &= known.links
        for name in rest:
            kind, value = known.fields[name], values[name]
            if isinstance(value, bool) or not kind.is_empty(value):
                draft.changes[name] = [None, kind.plain(value)]
                if isinstance(kind, Link):
                    draft.links.append((name, kind.to, value))
                elif isinstance(kind, Links):
                    draft.links.extend((name, kind.to, v) for v in value)
        refusals: list[Refused] = []
        self._fill(draft, refusals, values)
        refusals += [
            kind.refuse("required", _("Please fill in this field."))
            for n, kind in known.required
            if n in values and kind.is_empty(values[n])
        ]
        return self._begun(draft, refusals)

    def _new(self, rtype: RecordType, record: Any) -> Any:
        record.id = record.id or uuid7()  # a record that was tried out before comes with the id it had then
        record.tenant_id, record.created_by = current(), self._ref
        record.created_at = record.changed_at = self.now
        if rtype.custom_id:
            record.type_id = rtype.custom_id
        return record

    def _begun(self, draft: Draft, refusals: list[Refused]) -> Any:
        if refusals:
            raise _all(refusals)
        self._open[draft.record.id] = draft
        self._tables.add(draft.rtype.table)
        return draft.record

    def _of(self, rtype: RecordType) -> _Known:
        found = self._known.get(rtype.key)
        if found is None:
            fields = rtype.fields
            private = frozenset(n for n, k in fields.items() if k.privacy != "public")
            links = frozenset(n for n, k in fields.items() if isinstance(k, Link | Links))
            required = [(n, k) for n, k in fields.items() if k.required]
            found = self._known[rtype.key] = _Known(fields, required, private, links)
        return found

    def _fill(self, draft: Draft, refusals: list[Refused], given: dict[str, Any]) -> None:
        """Defaults of the fields not given count as set; a required one that is empty is refused."""
        preset = drafting.defaults(draft.rtype.model)
        for name, value in preset.items():
            if name not in given:
                draft.changes[name] = [None, value]
        for name, kind in self._of(draft.rtype).required:
            missing = name not in given and name not in preset
            if missing and (kind.custom or kind.is_empty(getattr(draft.record, name))):
                refusals.append(kind.refuse("required", _("Please fill in this field.")))

    def change(self, record: Any, **values: Any) -> None:
        """Set fields of a record; what stays equal is no change, and nothing changed is no event."""
        rtype = type_of(record)
        draft = self.draft(rtype, record)
        fields = rtype.fields
        refusals: list[Refused] = []
        for name, value in values.items():
            self._put(draft, fields[name], value, refusals)
        if refusals:
            raise _all(refusals)

    def archive(self, record: Any) -> None:
        """Move a record to the trash."""
        self.stamp(record, archived_at=self.now)

    def restore(self, record: Any) -> None:
        """Take a record out of the trash."""
        self.stamp(record, archived_at=None)

    def stamp(self, record: Any, **values: Any) -> None:
        """Set fields that people do not fill in themselves, such as when a task was done; values are canonical."""
        draft = self.draft(type_of(record), record)
        for name, value in values.items():
            kind = draft.rtype.fields[name]
            before = None if draft.new else kind.plain(draft.rtype.value(record, name))
            self.note(draft, name, before, kind.plain(value))
            draft.rtype.put(record, name, value)

    def follow(self, record: Any, *, undoes: UUID | None = None, **values: Any) -> None:
        """As :meth:`stamp`, of a record that is not worked on itself: it only follows what becomes of another one.

        Whoever may do that to the other one needs no right to change this one; it keeps its place in timelines.
        """
        fresh = record.id not in self._open
        draft = self.draft(type_of(record), record)
        draft.follows, draft.undoes = fresh or draft.follows, undoes
        self.stamp(record, **values)

    def mark(self, record: Any) -> None:
        """Note that something is done to a record, even if no field of its own changes."""
        self.draft(type_of(record), record).done = True

    def gone(self, record: Any) -> None:
        """Note that the row of a record is deleted; what is said of it is only that it happened."""
        draft = self._done.get(record.id) or self.draft(type_of(record), record)
        draft.gone = draft.done = record.gone = True
        draft.changes, draft.links = {}, []

    def once(self, key: Hashable, read: Callable[[], Any]) -> Any:
        """What ``read`` says, asked once in a chunk: settings that many items look at."""
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]

    def keep(self, **parameters: Any) -> None:
        """Remember what was asked for beside the changes; never personal values."""
        self.parameters |= parameters

    # -- buffers --------------------------------------------------------------------------------------------------

    def draft(self, rtype: RecordType, record: Any) -> Draft:
        """What the item that runs now does to this record."""
        draft = self._open.get(record.id)
        if draft is None:
            self.settle_record(record.id)
            draft = self._open[record.id] = Draft(rtype, record, {}, False, self._item)
            self._tables.add(rtype.table)
        return draft

    def _put(self, draft: Draft, kind: Kind, value: Any, refusals: list[Refused]) -> None:
        try:
            accepted = kind.accept(value)
        except Refused as no:
            refusals.append(no)
            return
        before = None if draft.new else draft.rtype.value(draft.record, kind.name)
        if (retired := getattr(kind, "retired", None)) and (gone := _newly(retired, before, accepted, kind)):
            refusals.append(gone)
            return
        if not draft.new and before == accepted and type(before) is type(accepted):
            return
        old, new = (None if draft.new else kind.plain(before)), kind.plain(accepted)
        if draft.new and kind.is_empty(accepted) and not isinstance(accepted, bool):
            new = None
        if kind.custom:
            draft.rtype.put(draft.record, kind.name, accepted)
        else:
            setattr(draft.record, kind.name, accepted)
        if old != new:
            self.note(draft, kind.name, old, new)
            self.remember_links(draft, kind, accepted, before)

    @staticmethod
    def note(draft: Draft, name: str, old: Any, new: Any) -> None:
        """Remember a change of one field, in plain values."""
        first = draft.changes.get(name)
        if first is not None:
            old = first[0]
        if old == new and not draft.new:
            draft.changes.pop(name, None)
        else:
            draft.changes[name] = [old, new]

    @staticmethod
    def remember_links(draft: Draft, kind: Kind, value: Any, before: Any) -> None:
        """Links that were not there before are checked when the draft is written."""
        draft.links = [one for one in draft.links if one[0] != kind.name]
        if isinstance(kind, Link) and value is not None:
            draft.links.append((kind.name, kind.to, value))
        elif isinstance(kind, Links):
            known = set(before or ())
            draft.links.extend((kind.name, kind.to, v) for v in value if v not in known)

    def may_make(self, rtype: RecordType) -> bool:
        """Whether the actor may make any record of this type at all; which ones is checked when they are written."""
        if self._may_make is None:
            self._may_make = allowed(self.scope, rtype, self.action.needs, "t") is not FALSE
        return self._may_make

    def begin(self, item: int) -> None:
        """Start the next item of the chunk."""
        self._item, self._open, self.flushed_in_item, self.parameters = item, {}, False, {}

    def end(self) -> None:
        """The item succeeded: what it did is to be written; members are told of what it was done with only."""
        beside = {name: value for name, value in self.parameters.items() if name != NOTIFY}
        for draft in self._open.values():
            if not draft.follows:
                draft.parameters = self.parameters if draft.rtype.key == self.action.on else beside
        self._finish()

    def drop(self, refused: Refused) -> None:
        """The item was refused; where some of it is written already, the chunk starts again."""
        self._open = {}
        if self.flushed_in_item:
            raise Again({self._item: refused})

    def settle(self, table: str) -> None:
        """Write what is buffered, because ``table`` is about to be read."""
        if table in self._tables:
            self.write_now()

    def write_now(self) -> None:
        """Write all that is buffered, of the item that runs now too: of very many records, or to read them."""
        if self._open:
            self.flushed_in_item = True
        self._finish()
        self.flush()

    def _finish(self) -> None:
        """What follows from what the item did, and what must hold for each record, once for each time it is written."""
        for draft in list(self._open.values()):
            if draft.follows or draft.finished or not draft.changes:
                continue
            draft.finished = True
            if draft.rtype.derive is not None:
                draft.rtype.derive(self, draft)
            if draft.rtype.check is not None:
                draft.rtype.check(draft.record)
        self._done |= self._open
        self._open = {}

    def settle_all(self) -> None:
        """Write what earlier items did, before this one looks through many tables."""
        if self._done:
            self.flush()

    def settle_record(self, record_id: UUID | None) -> None:
        """Write what an earlier item did to this record, before another item does something to it."""
        if record_id in self._done:
            self.flush()

    # -- writing --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write all that is buffered: links checked, rows, search, events, then rights on the results."""
        drafts = [d for d in self._done.values() if d.new or d.changes or d.undoes or d.done]
        self._done = {}
        self._tables = {d.rtype.table for d in self._open.values()}
        if not drafts:
            return
        refusals = linking.check_links(self.scope, drafts)
        if refusals:
            raise Again(refusals)
        about = storing.concerned(drafts)  # asked before anything is written
        by_type: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            if not draft.gone:
                by_type[draft.rtype.key].append(draft)
        writes = Writes()
        for some in by_type.values():
            writes.send()  # names of the next may be made of these
            writes.add(storing.store(some, self.now))
            refusals = cycles.check(some[0].rtype, some, writes) | ruling.check_rules(self.actor.member, some, writes)
            if refusals:
                raise Again(refusals)
        self._record(drafts, about, writes)
        writes.send()
        refusals = storing.check_results(self.scope, self.action, by_type)
        if refusals:
            raise Again(refusals)
        for some in by_type.values():
            warning.warn(some)
            if some[0].rtype.settled is not None:
                some[0].rtype.settled([d.record for d in some])

    def _record(self, drafts: list[Draft], about: dict[UUID, list[UUID]], writes: Writes) -> None:
        made = [self._event(d, about.get(d.record.id, [])) for d in drafts]
        writes.add(events.storing(made))
        self.events.extend(made)
        self.event_items.extend(d.item for d in drafts)

    def _parameters(self, draft: Draft) -> dict[str, Any]:
        marks = {"new": draft.new, "muted": self.muted}
        return draft.parameters | {mark: True for mark, stands in marks.items() if stands}

    def _event(self, draft: Draft, about: list[UUID]) -> Event:
        return Event(
            kind=self.action.key,
            record_type=draft.rtype.key,
            record_id=draft.record.id,
            actor=self._ref,
            actor_name=self.actor.name,
            change_set=self.change_set,
            changes=draft.changes,
            cause=draft.cause or self.cause,
            at=draft.at or self.now,
            parameters=self._parameters(draft),
            about=about,
            private=self._of(draft.rtype).private.intersection(draft.changes),
            undoes=draft.undoes,
            was=draft.was,
        )


def _newly(retired: frozenset[str], before: Any, value: Any, kind: Kind) -> Refused | None:
    """A refusal where a value that is offered no more is chosen anew; where it stands it may stay."""
    old = set(before) if isinstance(before, list) else {before}
    if any(v in retired and v not in old for v in (value if isinstance(value, list) else [value])):
        return kind.refuse("retired", _("This value is not offered any more. Please choose another one."))
    return None


def _all(refusals: list[Refused]) -> Refused:
    first, *rest = refusals
    return type(first)(first.code, first.message, first.field, rest, first.details)
