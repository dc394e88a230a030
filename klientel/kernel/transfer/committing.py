"""Carrying out what was shown: the staged rows, chunk after chunk, exactly as their diff says.

A row whose target is no longer as it was when the diff was made is not carried out: it becomes a conflict, with the
diff against what is there now, and waits for somebody's choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access import reading
from klientel.kernel.actions import Item
from klientel.kernel.actions.drafting import fresh
from klientel.kernel.errors import filled
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import type_of
from klientel.kernel.transfer import running, staging, telling
from klientel.kernel.transfer.branch import Branch, stands_in
from klientel.kernel.transfer.calm import calm
from klientel.kernel.transfer.duplicates import Match
from klientel.kernel.transfer.importing import CHUNK, Importer, Result, merged
from klientel.kernel.transfer.models import ImportRun, StagedRow, State
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.taking import Fault, Taken
from klientel.lib import clock

#: rows that stay as they are until somebody chooses or corrects
_WAITING = ("conflict",)


def commit(run_id: UUID, *, tell: Callable[[ImportRun], None] | None = None, chunk: int = CHUNK) -> ImportRun:
    """Carry out what stands in staging, from where that stands to the end; called twice it does nothing."""
    with transaction.atomic():
        run = _begin(run_id)
        carrier = running.begun(run, lambda: Carrier(run)) if run.state == State.RUNNING else None
    if carrier is None:
        return run
    with calm(), running.surroundings(run.language):
        while not running.stopped_for_room(run):
            with running.chunk_of_its_own():
                run, more = _do(run_id, carrier, chunk)
            if tell is not None:
                tell(run)
            if not more:
                break
    if run.state == State.RUNNING:
        with transaction.atomic():
            run = _finish(run_id)
    if run.state == State.DONE:
        staging.clear(run_id)
    return run


def _begin(run_id: UUID) -> ImportRun:
    run = running.locked(run_id)
    if run.state in (State.CHECKED, State.CONFLICTS) and run.staged:
        if run.state == State.CHECKED:
            run.preview = run.preview | {"counts": run.counts}
            run.counts, run.rows_done, run.started_at = {}, 0, clock.now()
        else:
            counts = Counter(run.counts)
            for row in StagedRow.objects.filter(run=run_id, done=False).only("state", "faults").iterator():
                counts.subtract(running.count([row]))
            run.counts = dict(+counts)
        run.state, run.cursor, run.finished_at = State.RUNNING, 0, None
        with writing.door():
            run.save()
    return run


def _do(run_id: UUID, carrier: Carrier, size: int) -> tuple[ImportRun, bool]:
    """One chunk, and whether there may be more."""
    now = running.locked(run_id)
    if now.state != State.RUNNING:
        return now, False
    rows = list(StagedRow.objects.filter(run=run_id, line__gt=now.cursor, done=False).order_by("line")[:size])
    if not rows:
        return now, False
    before = carrier.importer.made
    results = carrier.chunk(rows)
    made = carrier.importer.made
    counts = Counter(now.counts)
    counts.update(running.count(results))
    counts.update({f"made:{k}": n - before.get(k, 0) for k, n in made.items() if n > before.get(k, 0)})
    done = [row.pk for row, result in zip(rows, results, strict=True) if result.state not in _WAITING]
    now.counts, now.cursor, now.rows_done = dict(counts), rows[-1].line, now.rows_done + len(done)
    with writing.door():
        running.keep(now, [r for r in results if r.state not in _WAITING])
        StagedRow.objects.filter(pk__in=done).update(done=True)
        now.save(update_fields=["counts", "cursor", "rows_done"])
    return now, len(rows) == size


def _finish(run_id: UUID) -> ImportRun:
    run = running.locked(run_id)
    if run.state == State.RUNNING:
        waiting = StagedRow.objects.filter(run=run_id, done=False).exists()
        run.state, run.finished_at = (State.CONFLICTS if waiting else State.DONE), clock.now()
        run.staged = waiting
        run.preview = run.preview | {"follows": {}}
        with writing.door():
            run.save(update_fields=["state", "finished_at", "staged"])
        telling.tell(run)
        running.look_for_twins(run)
    return run


class Carrier:
    """Carries staged rows out; made once for an import."""

    def __init__(self, run: ImportRun) -> None:
        actor = running.actor_of_run(run)
        self.run, self.rtype, self.options = run, type_of(run.record_type), Options.of(run.options)
        fields = running.writable_fields(actor, self.rtype)
        self.importer = Importer(actor, self.rtype, fields, self.options, run.change_set)
        self._branch = Branch(run.pk, self.rtype, fields)

    def chunk(self, rows: list[StagedRow]) -> list[Result]:
        """Do these rows; one result for each, in order."""
        takens = {r.line: self._taken(r) for r in rows}
        acting = [takens[r.line] for r in rows if r.state in ("new", "updated")]
        self.importer.resolver.resolve(acting)
        results: dict[int, Result] = {r.line: _resting(r, takens[r.line]) for r in rows}
        for row in rows:
            taken = takens[row.line]
            if row.state in ("new", "updated") and taken.refused:
                results[row.line] = Result(row.line, "error", row.title, None, taken.faults, None, taken.cells)
                row.state = "error"
        results |= self._create([r for r in rows if r.state == "new"], takens)
        waiting = [r for r in rows if r.state == "updated"]
        while waiting:
            now = list({r.record: r for r in reversed(waiting)}.values())[::-1]
            chosen = {r.pk for r in now}
            waiting = [r for r in waiting if r.pk not in chosen]
            results |= self._update(sorted(now, key=lambda r: r.line), takens)
        self.importer.put_beside([(takens[r.line], results[r.line]) for r in rows])
        self.importer.resolver.settle()
        return [results[r.line] for r in rows]

    def _taken(self, row: StagedRow) -> Taken:
        links = {n: t for n, t in row.links.items() if n in self.importer.fields}
        values = self._branch.values_of({n: v for n, v in row.values.items() if n not in links})
        faults = [Fault(**f) for f in row.faults if f["field"] not in links or f["state"] != "warning"]
        taken = Taken(row.line, row.cells, values, links, faults, related=row.related)
        taken.record = fresh(self.rtype, self.importer.fields, values)
        taken.record.id = row.record if row.made else None
        return taken

    # -- new ------------------------------------------------------------------------------------------------------

    def _create(self, rows: list[StagedRow], takens: dict[int, Taken]) -> dict[int, Result]:
        twins = self._appeared(rows, takens)
        results = {r.line: self._conflict(r, takens[r.line], twins[r.line]) for r in rows if r.line in twins}
        todo = [r for r in rows if r.line not in twins]
        items = [Item(params=takens[r.line].values, made=takens[r.line].record) for r in todo]
        for row, outcome in zip(todo, self.importer.run("create", items), strict=True):
            results[row.line] = self.importer.result(takens[row.line], outcome, "new")
        return results

    def _appeared(self, rows: list[StagedRow], takens: dict[int, Taken]) -> dict[int, Match]:
        """Twins that were not there when the rows were tried out; those that this import made itself do not count."""
        if self.options.on_duplicate == "create":
            return {}
        some = [r for r in rows if r.decision != "create"]
        named, decided = self.importer.keyed.find([takens[r.line] for r in some])
        rest = [r for r in some if r.line not in decided]
        found = self.importer.finder.find([(r.line, takens[r.line].record) for r in rest])
        met = {rest[n].line: m for n, m in found.items() if m.certain and m.record is not None}
        met |= {line: m for line, m in named.items() if m.record is not None}
        own = set(
            StagedRow.objects.filter(run=self.run.pk, made=True, record__in=[m.record.pk for m in met.values()])
            .values_list("record", flat=True)
        )  # fmt: skip
        return {line: m for line, m in met.items() if m.record.pk not in own}

    # -- changed --------------------------------------------------------------------------------------------------

    def _update(self, rows: list[StagedRow], takens: dict[int, Taken]) -> dict[int, Result]:
        ids = [r.record for r in rows if r.record is not None]
        seen = reading.visible_ids(self.importer.scope, self.rtype, ids)
        found = {r.pk: r for r in self.rtype.model.objects.filter(pk__in=seen, archived_at=None)}
        results: dict[int, Result] = {}
        todo: list[tuple[StagedRow, dict[str, Any], dict[str, list[Any]]]] = []
        for row in rows:
            record, taken = found.get(row.record), takens[row.line]
            if record is None:
                results[row.line] = self._gone(row, taken)
                continue
            if self._moved(row, record):
                results[row.line] = self._conflict(row, taken, Match(1.0, [], record))
                continue
            change = self._change(row, taken, record)
            told = {n: [self._plain(n, self.rtype.value(record, n)), self._plain(n, v)] for n, v in change.items()}
            if change:
                todo.append((row, change, told))
            else:
                results[row.line] = Result(
                    row.line, "unchanged", record.title, record.pk, taken.faults, None, row.cells
                )
        outcomes = self.importer.run("change", [Item(id=row.record, params=change) for row, change, _told in todo])
        for (row, _change, told), outcome in zip(todo, outcomes, strict=True):
            result = self.importer.result(takens[row.line], outcome, "updated")
            result.changes = told
            results[row.line] = result
        return results

    def _plain(self, name: str, value: Any) -> Any:
        return self.importer.fields[name].plain(value)

    def _moved(self, row: StagedRow, record: Any) -> list[str]:
        """The fields that hold something else by now than the diff showed as their old value."""
        return [
            n
            for n, (old, _new) in row.changes.items()
            if n in self.importer.fields
            and not _holds_stand_in(old)
            and self._plain(n, self.rtype.value(record, n)) != old
        ]

    def _change(self, row: StagedRow, taken: Taken, record: Any) -> dict[str, Any]:
        """The new values as shown; links by what their names mean now."""
        shown = self._branch.values_of({n: new for n, (_old, new) in row.changes.items()})
        change: dict[str, Any] = {}
        for name, value in shown.items():
            kind = self.importer.fields[name]
            if isinstance(kind, Link | Links) and name in taken.links:
                if name not in taken.values:
                    continue
                before = self.rtype.value(record, name)
                value = merged(kind, before, taken.values[name], overwrite=True)
            change[name] = value
        return change

    # -- what cannot be done as shown -----------------------------------------------------------------------------

    def _conflict(self, row: StagedRow, taken: Taken, match: Match) -> Result:
        record = match.record
        if row.made:
            appeared = _("Since this was shown, “%(title)s” has come in, very likely the same.")
            message = filled(appeared, {"title": record.title})
        else:
            fields = tuple(self.importer.fields[n].verbose_name for n in self._moved(row, record))
            message = filled(_("Somebody has changed this since it was shown: %(fields)s."), {"fields": fields})
        fault = staging.plain_fault(Fault("conflict", "changed_since", message))
        changes = {
            n: [self._plain(n, self.rtype.value(record, n)), new]
            for n, (_old, new) in row.changes.items()
            if n in self.importer.fields
        }
        self._keep(row, record.pk, changes, fault, record.title)
        return Result(row.line, "conflict", record.title, record.pk, taken.faults, match, row.cells)

    def _gone(self, row: StagedRow, taken: Taken) -> Result:
        message = _("The record that this row would change is no longer there, or you may no longer see it.")
        fault = staging.plain_fault(Fault("conflict", "gone", message))
        self._keep(row, None, {}, fault, row.title)
        return Result(row.line, "conflict", row.title, None, taken.faults, None, row.cells)

    @staticmethod
    def _keep(row: StagedRow, record: UUID | None, changes: dict[str, Any], fault: dict[str, Any], title: str) -> None:
        row.state, row.record, row.made, row.changes, row.keys = "conflict", record, False, changes, []
        row.follows = []
        known = {} if "likely" in row.remarks else row.match  # what it perhaps repeats is not what is in its way
        row.faults = [fault, *(f for f in row.faults if f["state"] not in ("conflict", "likely"))]
        row.match = {"score": 1.0, "reasons": [], "line": 0, "title": title} | known
        with writing.door():
            row.save()


def _holds_stand_in(value: Any) -> bool:
    return any(map(stands_in, value)) if isinstance(value, list) else stands_in(value)


def _resting(row: StagedRow, taken: Taken) -> Result:
    """A row that does nothing: it is told as it was shown."""
    match = None
    if row.match:
        match = Match(row.match["score"], row.match["reasons"], None, row.match["line"])
    return Result(row.line, row.state, row.title, row.record, taken.faults, match, row.cells)
