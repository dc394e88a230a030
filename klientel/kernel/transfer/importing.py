"""The import: chunk after chunk of rows, each with its outcome, committed together or not at all.

One chunk is one transaction: what its rows became, the outcomes of those that need one, and how far the file is read.
Killed at any moment, the import goes on after the last committed chunk, and nothing happens twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Item, Outcome, run_many
from klientel.kernel.actions.drafting import fresh
from klientel.kernel.errors import Forbidden, filled
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Entries, Kind, Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.transfer import effects
from klientel.kernel.transfer.beside import BesideMaker
from klientel.kernel.transfer.branch import Branch
from klientel.kernel.transfer.duplicates import Finder, Match
from klientel.kernel.transfer.keyed import Keyed
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.resolving import Resolver
from klientel.kernel.transfer.taking import Fault, Taken
from klientel.kernel.twins.rules import rule_of
from klientel.lib.ids import uuid7

CHUNK = 1000
_STANDING = ("new", "updated", "unchanged")


@dataclass(slots=True)
class Result:
    """What became of a row: ``state`` is "new", "updated", "unchanged", "duplicate" or "error"."""

    line: int
    state: str
    title: str = ""
    record: UUID | None = None  # what it became, or what it repeats
    faults: list[Fault] = field(default_factory=list)
    match: Match | None = None
    cells: list[str] = field(default_factory=list)
    changes: dict[str, list[Any]] = field(default_factory=dict)  # in plain values, of what exists already
    follows: list[str] = field(default_factory=list)  # what it would set off, where it is tried out
    taken: Taken | None = None

    @property
    def told(self) -> bool:
        """Whether the row is more than a plain success, so that its outcome is kept."""
        return self.state in ("duplicate", "error") or bool(self.faults)

    @property
    def remarks(self) -> set[str]:
        """The states of what is said of the row."""
        return {f.state for f in self.faults}


@dataclass(slots=True)
class _Row:
    """A row on its way through a chunk."""

    taken: Taken
    record: Any
    match: Match | None = None
    perhaps: Match | None = None  # what it is likely to repeat, not certain


class Importer:
    """Turns rows into records for one actor. With a ``branch`` rows are tried out: rolled back by the caller."""

    def __init__(
        self,
        actor: Actor,
        rtype: RecordType,
        fields: dict[str, Kind],
        options: Options,
        change_set: UUID,
        *,
        branch: Branch | None = None,
    ) -> None:
        self.actor, self.rtype, self.fields, self.options, self.change_set = actor, rtype, fields, options, change_set
        self.scope, self.branch = ActorScope(actor), branch
        if not self.scope.may(rtype, "create"):
            raise Forbidden("forbidden", _("You may not create this."))
        if options.on_duplicate == "update" and not self.scope.may(rtype, "change"):
            raise Forbidden("forbidden", _("You may not change what is there already."), "on_duplicate")
        self._requires = any(k.required for k in fields.values())  # then the step says what is missing
        self.resolver = Resolver(actor, self.scope, rtype, options, change_set, fields, branch=branch)
        self.finder = Finder(self.scope, rtype, options.threshold, change_set=change_set, branch=branch)
        self.beside = BesideMaker(actor, self.scope, rtype, options, change_set)
        self.keyed = Keyed(self.scope, rtype, fields, options.keys, branch)
        if any(isinstance(k, Link | Links) and k.to in (rtype.key, "*") for k in fields.values()):
            self.finder.trust_nothing()

    def chunk(self, rows: list[Taken]) -> list[Result]:
        """Do these rows; to be called inside a transaction. One result for each, in order."""
        self.resolver.resolve([r for r in rows if not r.refused])
        results: dict[int, Result] = {}
        waiting: list[_Row] = []
        for taken in rows:
            row = self._row(taken)
            if row is None:
                results[taken.line] = Result(taken.line, "error", faults=taken.faults, cells=taken.cells)
            else:
                waiting.append(row)
        while waiting:
            todo = waiting
            now, waiting = self._turn(todo)
            for row in todo:
                if row.taken.refused:
                    results[row.taken.line] = Result(
                        row.taken.line, "error", faults=row.taken.faults, cells=row.taken.cells
                    )
            results |= {result.line: result for result in self._do(now)}
        for taken in rows:
            results[taken.line].taken = taken
        self.put_beside([(taken, results[taken.line]) for taken in rows])
        self.resolver.settle()
        return [results[taken.line] for taken in rows]

    @property
    def made(self) -> dict[str, int]:
        """Records made on the way and beside the rows' own: type -> how many."""
        return dict(Counter(self.resolver.made) + Counter(self.beside.made))

    def put_beside(self, rows: list[tuple[Taken, Result]]) -> None:
        """Make what these rows have beside their records; while they are tried out it is only told."""
        if self.branch is None:
            some = [(t, r.record) for t, r in rows if t.related and r.record and r.state in _STANDING]
            self.beside.make(some)

    # -- before writing -------------------------------------------------------------------------------------------

    def _row(self, taken: Taken) -> _Row | None:
        if taken.refused:
            return None
        if self.branch is not None:
            taken.record.id = uuid7()
        return _Row(taken, taken.record)

    def _match(self, rows: list[_Row]) -> None:
        """Which record each row means: by its key where it has one, else by likeness."""
        named, decided = self.keyed.find([r.taken for r in rows])
        rest = [r for r in rows if r.taken.line not in decided]
        alike = self.finder.find([(r.taken.line, r.record) for r in rest])
        for row in rows:
            row.match = named.get(row.taken.line)
        for n, row in enumerate(rest):
            found = alike.get(n)
            row.match, row.perhaps = (found, None) if found is None or found.certain else (None, found)

    def _turn(self, rows: list[_Row]) -> tuple[list[_Row], list[_Row]]:
        """The rows that can be done now, with their twins, and those that must wait for others of this chunk."""
        self._match(rows)
        for row in rows:
            if row.match is None and not self._requires and not (row.record.title or self.rtype.title(row.record)):
                message = _("This row has no name, so it cannot be imported.")
                row.taken.faults.append(Fault("error", "no_name", message))
        rows = [r for r in rows if not r.taken.refused]
        if self.options.on_duplicate != "update":
            return rows, []
        now: list[_Row] = []
        later: list[_Row] = []
        changed: set[UUID] = set()
        for row in rows:
            match = row.match
            waits = match is not None and (match.record is None or match.record.pk in changed)
            if match is not None and match.record is not None:
                changed.add(match.record.pk)
            (later if waits else now).append(row)
        return now, later

    # -- writing --------------------------------------------------------------------------------------------------

    def _do(self, rows: list[_Row]) -> Iterator[Result]:
        policy = self.options.on_duplicate
        twins = [r for r in rows if r.match is not None and policy != "create"]
        new = [r for r in rows if r.match is None or policy == "create"]
        yield from self._create(new)
        if policy == "update":
            yield from self._update(twins)
        else:
            yield from map(self._repeats, twins)

    def _create(self, rows: list[_Row]) -> Iterator[Result]:
        items = [self._new(r) for r in rows]
        for row, outcome in zip(rows, self.run("create", items), strict=True):
            result = self.result(row.taken, outcome, "new", row.match or row.perhaps)
            if result.match is not None and result.state == "new":
                state, code = ("likely", "perhaps_known") if row.perhaps else ("warning", "created_all_the_same")
                result.faults.append(Fault(state, code, self._sentence(result.match)))
            yield result

    def _new(self, row: _Row) -> Item:
        """A new record; one that is tried out does not lead to what would only be made on the way."""
        values = row.taken.values
        left = self.resolver.without_stand_ins(values) if self.branch is not None else None
        if self.branch is None or left is None:
            return Item(params=values, made=row.record)
        self.branch.put(row.record, stored=True)
        record = fresh(self.rtype, self.fields, left)
        record.id = row.record.id
        return Item(params=left, made=record)

    def _update(self, rows: list[_Row]) -> Iterator[Result]:
        changes = [self._changes(r) for r in rows]
        outcomes = iter(self.run("change", [i for r, c in zip(rows, changes, strict=True) if (i := self._item(r, c))]))
        for row, change in zip(rows, changes, strict=True):
            assert row.match is not None
            record, taken = row.match.record, row.taken
            told = self._told(record, change)
            if self._item(row, change):
                result = self.result(taken, next(outcomes), "updated", row.match)
            else:
                state = "updated" if change else "unchanged"
                result = Result(taken.line, state, record.title, record.pk, taken.faults, row.match, taken.cells)
            if result.state == "updated":
                result.changes = told
                if self.branch is not None:
                    for name, value in change.items():
                        self.rtype.put(record, name, value)
                    self.branch.put(record)
            yield result

    def _item(self, row: _Row, change: dict[str, Any]) -> Item | None:
        """The change to be run; nothing where the record would only be made by an earlier row that is tried out."""
        assert row.match is not None
        record_id = row.match.record.pk
        if self.branch is not None:
            left = self.resolver.without_stand_ins(change)
            change = change if left is None else left
            if row.match.record._state.adding and not self.branch.stores(record_id):
                return None
        return Item(id=record_id, params=change) if change else None

    def _told(self, record: Any, change: dict[str, Any]) -> dict[str, list[Any]]:
        return {
            n: [self.fields[n].plain(self.rtype.value(record, n)), self.fields[n].plain(v)] for n, v in change.items()
        }

    def run(self, verb: str, items: list[Item]) -> list[Outcome]:
        """Create or change these, in the change set of the import."""
        if not items:
            return []
        return list(
            run_many(
                self.actor,
                f"{self.rtype.key}.{verb}",
                items,
                change_set=self.change_set,
                scope=self.scope,
                chunk=len(items),
                muted=self.options.mute,
            )
        )

    def result(self, taken: Taken, outcome: Outcome, state: str, match: Match | None = None) -> Result:
        """What became of a row that was run."""
        if outcome.refused is None:
            self.finder.learn(outcome.record)
            return Result(taken.line, state, outcome.record.title, outcome.record.id, taken.faults, match, taken.cells)
        faults = [
            *taken.faults,
            *(
                Fault("error", no.code, no.message, no.field or "", self._called(taken, no.field))
                for no in outcome.refused.all()
            ),
        ]
        return Result(taken.line, "error", self.rtype.title_of(taken.record), None, faults, match, taken.cells)

    def _called(self, taken: Taken, field: str | None) -> str:
        """The column that leads to a field something is wrong with, or what that field is called."""
        name = (field or "").partition(".")[0]
        column = taken.columns.get(name, "")
        return column or (str(self.fields[name].verbose_name) if name in self.fields else "")

    def _repeats(self, row: _Row) -> Result:
        match = row.match
        assert match is not None
        record = match.record.pk if match.record is not None else None
        faults = [*row.taken.faults, Fault("duplicate", "duplicate", self._sentence(match))]
        return Result(
            row.taken.line, "duplicate", self.rtype.title_of(row.record), record, faults, match, row.taken.cells
        )

    def _sentence(self, match: Match) -> object:
        if match.record is not None and match.reasons == ["key"]:
            return filled(_("Is “%(title)s”, which is there already."), {"title": match.record.title})
        if match.score < rule_of(self.rtype).certain:
            if match.record is None:
                return filled(_("Perhaps repeats line %(line)d of this file."), {"line": match.line})
            return filled(_("Is perhaps “%(title)s”, which is there already."), {"title": match.record.title})
        if match.record is None:
            return filled(_("Repeats line %(line)d of this file."), {"line": match.line})
        return filled(_("Is very likely “%(title)s”, which is there already."), {"title": match.record.title})

    def _changes(self, row: _Row) -> dict[str, Any]:
        """What the row adds to the record it repeats."""
        assert row.match is not None
        record, found = row.match.record, {}
        writable = self.scope.writable(self.rtype)
        for name, value in row.taken.values.items():
            kind = self.fields[name]
            if name not in writable or (kind.is_empty(value) and not isinstance(value, bool)):
                continue
            before = self.rtype.value(record, name)
            after = merged(kind, before, value, overwrite=self.options.update == "overwrite")
            if after != before:
                found[name] = after
        return found


def merged(kind: Kind, before: Any, value: Any, *, overwrite: bool) -> Any:
    """What a field holds once a row has added to it: several entries and links are joined, one value is filled in."""
    if isinstance(kind, Links):
        return list(dict.fromkeys([*(before or ()), *value]))
    if isinstance(kind, Entries):
        known = {tuple(e.get(p, "") for p in kind.parts) for e in before or ()}
        return [*(before or ()), *(e for e in value if tuple(e.get(p, "") for p in kind.parts) not in known)][
            : kind.most
        ]
    return value if overwrite or kind.is_empty(before) else before


def rolled_back(importer: Importer, rows: list[Taken]) -> list[Result]:
    """A chunk that is tried out: done, told, taken back; inside a transaction that goes on."""
    since = uuid7()
    with transaction.atomic():
        results = importer.chunk(rows)
        effects.foresee(importer.change_set, since, results)
        transaction.set_rollback(True)
    if importer.branch is not None:
        importer.branch.settle()
    return results
