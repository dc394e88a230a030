"""Trying an import out: every row for real, taken back, and what it would do kept in the staging table.

One chunk is one transaction: the rows are carried out inside a savepoint that is rolled back, then their outcomes are
stored with how far the file is read. Killed at any moment, it goes on behind the last committed chunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from klientel.kernel import writing
from klientel.kernel.errors import kept
from klientel.kernel.tenancy import current
from klientel.kernel.transfer import effects, running
from klientel.kernel.transfer.ahead import ahead
from klientel.kernel.transfer.calm import calm
from klientel.kernel.transfer.importing import CHUNK, Importer, Result, rolled_back
from klientel.kernel.transfer.models import ImportRun, StagedRow, State
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.taking import Taken
from klientel.kernel.twins.rules import rule_of
from klientel.lib import clock
from klientel.lib.tables import Row

_REMOVED_AT_ONCE = 5000
CHOICES = ("update", "create", "skip")


def stage(run_id: UUID, *, tell: Callable[[ImportRun], None] | None = None, chunk: int = CHUNK) -> ImportRun:
    """Try the import out from where that stands to the end of the file; called twice it does nothing."""
    with transaction.atomic():
        run = running.locked(run_id)
        ready = running.begun(run, lambda: _trying(run)) if run.state == State.CHECKING else None
    if ready is None:
        return run
    prepared, importer = ready
    importer.resolver.made.update(run.preview.get("made", {}))
    with (
        calm(),
        running.surroundings(run.language),
        closing(ahead(prepared.rows(run.cursor), chunk)) as pieces,
    ):
        for some in pieces:
            if running.stopped_for_room(run):
                return run
            with running.chunk_of_its_own():
                run = _do(run, importer, some)
            if tell is not None:
                tell(run)
            if run.state != State.CHECKING:
                return run
    with transaction.atomic():
        return _finish(run_id)


def _trying(run: ImportRun) -> tuple[running.Prepared, Importer]:
    prepared = running.prepare(run, running.actor_of_run(run))
    return prepared, prepared.trial(run)


def begin(run_id: UUID) -> ImportRun:
    """From the start: what an earlier trial left in the staging table goes."""
    with transaction.atomic(), writing.door():
        run = running.locked(run_id)
        if run.state not in (State.UPLOADED, State.CHECKED):
            return run
        run.state, run.staged, run.started_at = State.CHECKING, False, clock.now()
        run.cursor = run.rows_done = 0
        run.counts, run.preview = {}, {}
        run.save()
    clear(run_id)
    return run


def clear(run_id: UUID) -> None:
    """Remove the staged rows of an import, a handful at a time."""
    while True:
        with transaction.atomic(), writing.door(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM kernel_stagedrow WHERE id IN (SELECT id FROM kernel_stagedrow WHERE tenant_id = %s"
                f" AND run = %s LIMIT {_REMOVED_AT_ONCE})",
                [current(), run_id],
            )
            if cursor.rowcount < _REMOVED_AT_ONCE:
                return


def _do(run: ImportRun, importer: Importer, some: list[Taken]) -> ImportRun:
    now = running.locked(run.pk)
    if now.state != State.CHECKING:
        return now
    some = [t for t in some if t.line > now.cursor]
    if not some:
        return now
    results = rolled_back(importer, some)
    counts = Counter(now.counts)
    counts.update(running.count(results))
    now.counts, now.cursor, now.rows_done = dict(counts), some[-1].line, now.rows_done + len(some)
    follows = Counter(now.preview.get("follows", {})) + effects.count(results)
    now.preview = {"made": dict(importer.resolver.made), "follows": dict(follows)}
    with writing.door():
        StagedRow.objects.bulk_create([staged(now, r, importer) for r in results], batch_size=500)
        now.save(update_fields=["counts", "cursor", "rows_done", "preview"])
    return now


def _finish(run_id: UUID) -> ImportRun:
    run = running.locked(run_id)
    if run.state == State.CHECKING:
        run.state, run.staged, run.rows_total = State.CHECKED, True, run.rows_done
        with writing.door():
            run.save(update_fields=["state", "staged", "rows_total"])
    return run


def staged(run: ImportRun, result: Result, importer: Importer) -> StagedRow:
    """The outcome of a row that was tried out, as it is kept."""
    taken = result.taken or Taken(result.line, result.cells)
    plain = {n: importer.fields[n].plain(v) for n, v in taken.values.items()}
    new = result.state == "new"
    match = result.match
    return StagedRow(
        tenant_id=run.tenant_id,
        run=run.pk,
        line=result.line,
        state=result.state,
        title=result.title,
        record=result.record,
        made=new,
        values=plain,
        links=taken.links,
        related=taken.related,
        changes=result.changes,
        faults=[plain_fault(f) for f in result.faults],
        match=_match(match) if match is not None else {},
        cells=taken.cells,
        keys=_keys(importer, taken.record) if new else [],
        follows=result.follows,
    )


def _keys(importer: Importer, record: Any) -> list[str]:
    """Those by which later rows may mean the same."""
    return [*record.match_keys, *importer.keyed.texts(record)]


def plain_fault(fault: Any) -> dict[str, Any]:
    """What is said of a row, as it is kept: its sentence in every language."""
    return {name: getattr(fault, name) for name in ("state", "code", "field", "column", "value")} | {
        "message": kept(fault.message)
    }


def _match(match: Any) -> dict[str, Any]:
    title = match.record.title if match.record is not None else ""
    return {"score": round(match.score, 3), "reasons": list(match.reasons), "line": match.line, "title": title}


# -- choices and corrections --------------------------------------------------------------------------------------


def again(run: ImportRun, rows: Iterable[StagedRow], *, choice: str = "", cells: list[str] | None = None) -> None:
    """Try these rows out once more, after a choice or with corrected cells; inside a transaction that locks the run."""
    todo = sorted(rows, key=lambda r: r.line)
    if not todo:
        return
    with running.surroundings(run.language):
        prepared = running.prepare(run, running.actor_of_run(run))
        for decision in dict.fromkeys(choice or r.decision for r in todo):
            some = [r for r in todo if (choice or r.decision) == decision]
            options = _chosen(prepared, decision) if decision else prepared.options
            _again(run, prepared, options, some, decision, cells)


def _chosen(prepared: running.Prepared, decision: str) -> Options:
    """Whoever chooses to complete or leave out takes what is only likely for what is there."""
    options = replace(prepared.options, on_duplicate=decision)
    return options if decision == "create" else replace(options, threshold=rule_of(prepared.rtype).propose)


def _again(
    run: ImportRun,
    prepared: running.Prepared,
    options: Options,
    rows: list[StagedRow],
    decision: str,
    cells: list[str] | None,
) -> None:
    with writing.door():
        StagedRow.objects.filter(pk__in=[r.pk for r in rows]).update(record=None, keys=[])  # they meet not themselves
    importer = prepared.trial(run, options, before=rows[-1].line)
    taken = [prepared.taker.take(Row(r.line, cells if cells is not None else r.cells)) for r in rows]
    results = rolled_back(importer, taken)
    fresh = [staged(run, result, importer) for result in results]
    for row, new in zip(rows, fresh, strict=True):
        new.pk, new.decision = row.pk, decision
        new.corrected = row.corrected or cells is not None
    counts = Counter(run.counts)
    counts.subtract(running.count(rows))
    counts.update(running.count(results))
    run.counts = dict(+counts)
    follows = Counter(run.preview.get("follows", {})) + effects.count(results)
    run.preview = run.preview | {"follows": dict(follows - effects.count(rows))}
    with writing.door():
        names = [f.name for f in StagedRow._meta.concrete_fields if f.name not in ("id", "tenant_id", "run", "line")]
        StagedRow.objects.bulk_update(fresh, names, batch_size=200)
        run.save(update_fields=["counts", "preview"])
