"""The branch an import is, for pages, API and command line: its rows by outcome, corrections, choices, the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.records import type_of
from klientel.kernel.transfer import mapping as mappings
from klientel.kernel.transfer import running, staging
from klientel.kernel.transfer.models import ImportRun, StagedRow, State
from klientel.kernel.transfer.options import POLICIES, Options
from klientel.lib.tables.writing import csv_chunks

KINDS = ("new", "updated", "unchanged", "duplicate", "error", "conflict", "likely", "warning")
_PAGE = 500
_MATCHED = ("new", "updated", "unchanged", "duplicate", "conflict")


@dataclass(frozen=True)
class Report:
    """What an import would do: counts by state, records made on the way (type -> how many), the first rows."""

    counts: dict[str, int]
    made: dict[str, int]
    rows: list[StagedRow]
    total: int


def begin(run: ImportRun) -> ImportRun:
    """Make the import ready to be tried out (`staging.stage` does it); :class:`Refused` where the mapping is wrong."""
    with transaction.atomic(), running.surroundings(run.language):
        scope, rtype = ActorScope(running.actor_of_run(run)), type_of(run.record_type)
        keys = Options.of(run.options).keys
        mappings.checked(scope, rtype, running.open_file(run).columns, run.mapping, keys)
        if not scope.may(rtype, "create"):
            raise Refused("forbidden", _("You may not create this."))
    return staging.begin(run.pk)


def check(run: ImportRun, *, tell: Callable[[int], None] | None = None, shown: int = 200) -> Report:
    """Try every row out, here and now; nothing of it stays but the staged rows."""
    begin(run)
    run = staging.stage(run.pk, tell=(lambda now: tell(now.rows_done)) if tell else None)
    if run.state == State.FAILED:
        raise Refused("not_checked", run.why)
    return report(run, shown)


def report(run: ImportRun, shown: int = 200) -> Report:
    """What trying it out told."""
    return Report(run.counts, run.preview.get("made", {}), rows(run, limit=shown), run.rows_total or 0)


def rows(run: ImportRun, *, state: str = "", after: int = 0, limit: int = 100) -> list[StagedRow]:
    """Rows that are not carried out yet, by line, ``after`` a line; ``state`` one of :data:`KINDS`, or all."""
    with transaction.atomic():
        found = StagedRow.objects.filter(run=run.pk, line__gt=after, done=False)
        if state in ("likely", "warning"):
            said = found.filter(faults__contains=[{"state": state}])
            found = said.filter(state__in=("new", "updated", "unchanged"))
        elif state:
            found = found.filter(state=state)
        return list(found.order_by("line")[:limit])


def every_row(run: ImportRun) -> Iterator[StagedRow]:
    """All of them, a page at a time."""
    after = 0
    while some := rows(run, after=after, limit=_PAGE):
        yield from some
        after = some[-1].line


def told_rows(run: ImportRun, *, limit: int) -> list[StagedRow]:
    """The first rows of which there is something to say."""
    with transaction.atomic():
        return list(StagedRow.objects.filter(run=run.pk, done=False).exclude(faults=[]).order_by("line")[:limit])


def report_file(run: ImportRun) -> Iterator[bytes]:
    """Every row with its outcome, what it would change and why, as CSV."""
    head = ["line", "outcome", "title", "record", "like", "score", "changes", "remarks"]
    return csv_chunks(head, map(_reported, every_row(run)))


def _reported(row: StagedRow) -> list[str]:
    changes = "; ".join(f"{name}: {_text(old)} → {_text(new)}" for name, (old, new) in row.changes.items())
    like = row.match.get("title") or (f"line {row.match['line']}" if row.match.get("line") else "")
    remarks = " ".join(f["message"] for f in row.told)
    record = str(row.record) if row.record and not row.made else ""
    score = str(row.match.get("score", ""))
    return [str(row.line), row.state, row.title, record, like, score, changes, remarks]


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def row(run: ImportRun, line: int) -> StagedRow:
    """One staged row, or :class:`Missing`."""
    with transaction.atomic():
        found: StagedRow | None = StagedRow.objects.filter(run=run.pk, line=line, done=False).first()
    if found is None:
        raise Missing("no_such_row", _("There is no such row, or it was imported already."))
    return found


def _open(run: ImportRun) -> ImportRun:
    now = running.locked(run.pk)
    if now.state not in (State.CHECKED, State.CONFLICTS) or not now.staged:
        raise Conflict("not_open", _("The rows of this import cannot be changed now."))
    return now


def correct(run: ImportRun, line: int, cells: Mapping[int, str]) -> StagedRow:
    """Put other texts into cells of a row (by the number of the column, from 0) and try it out again."""
    with transaction.atomic():
        now = _open(run)
        old = StagedRow.objects.select_for_update().filter(run=run.pk, line=line, done=False).first()
        if old is None:
            raise Missing("no_such_row", _("There is no such row, or it was imported already."))
        with running.surroundings(now.language):
            width = len(running.open_file(now).columns)
        texts = [*old.cells[:width], *[""] * (width - len(old.cells))]
        for position, text in cells.items():
            if 0 <= position < width:
                texts[position] = text.replace("\x00", "")
        staging.again(now, [old], cells=texts, choice=old.decision)
    return row(run, line)


def decide(run: ImportRun, choice: str, lines: Sequence[int]) -> None:
    """For rows that repeat a record: complete it ("update"), "create" all the same, or "skip"."""
    checked_choice(choice)
    with transaction.atomic():
        now = _open(run)
        some = StagedRow.objects.select_for_update().filter(run=run.pk, line__in=list(lines), done=False)
        staging.again(now, [r for r in some if r.match], choice=choice)


def decide_all(run: ImportRun, choice: str, *, tell: Callable[[int], None] | None = None) -> None:
    """The same choice for every row that repeats a record, a chunk at a time; may be called again after a crash."""
    checked_choice(choice)
    after = 0
    while True:
        with transaction.atomic():
            now = _open(run)
            found = StagedRow.objects.select_for_update().filter(run=run.pk, line__gt=after, done=False)
            known = found.filter(state__in=_MATCHED).exclude(match={}).exclude(faults__contains=[{"state": "likely"}])
            some = list(known.order_by("line")[:_PAGE])
            if not some:
                return
            staging.again(now, [r for r in some if r.decision != choice], choice=choice)
        after = some[-1].line
        if tell is not None:
            tell(after)


def checked_choice(choice: str) -> None:
    """:class:`Refused` where there is no such choice."""
    if choice not in dict(POLICIES):
        raise Refused("invalid", _("Please choose one of the given values."), "choice")
