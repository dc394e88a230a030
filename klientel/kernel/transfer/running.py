"""Running an import that is stored: opening its file, chunk after chunk, each committed with how far it got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import LANGUAGES, Missing, Refused, kept
from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Kind, at_home_in
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.statements import tell_planner
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.transfer import saying, storage, telling
from klientel.kernel.transfer.ahead import ahead
from klientel.kernel.transfer.branch import LAST, Branch
from klientel.kernel.transfer.calm import calm
from klientel.kernel.transfer.importing import CHUNK, Importer, Result
from klientel.kernel.transfer.models import ImportRow, ImportRun, StagedRow, State
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.taking import Taken, Taker
from klientel.kernel.twins.jobs import start as search_twins
from klientel.lib import clock
from klientel.lib.sentences import Unreadable
from klientel.lib.tables import Table, open_table

Made = TypeVar("Made")
_SAMPLE = 200
_ANALYZED = 500  # rows after which the planner is told for the first time
_LONGEST_CELL = 2000  # of a row that is kept with its outcome


@contextmanager
def surroundings(language: str = "") -> Iterator[None]:
    """The tenant's time zone, country and currency, and the reader's language; in a transaction or before one."""
    tenant = Tenant.objects.get(pk=current())
    at_home_in(tenant.country, tenant.currency)
    with timezone.override(tenant.time_zone), translation.override(language or tenant.language):
        yield


def actor_of_run(run: ImportRun) -> Actor:
    """On whose rights an import runs: the member's as they are now."""
    return actor_of(run.member) if run.member else system_actor(run.actor_name or "Klientel")


def open_file(run: ImportRun) -> Table:
    """The stored file as a table; :class:`Refused` where it is none or is gone."""
    options = Options.of(run.options)
    path = storage.path_of(run.tenant_id, run.file) if run.file else None
    if path is None or not path.exists():
        raise Missing("file_gone", _("The file of this import is no longer there."))
    try:
        sheet = options.sheet or None
        return open_table(path, run.name, sheet=sheet, header=options.header, encoding=run.encoding)
    except Unreadable as no:
        raise saying.refusal(no) from None


@dataclass
class Prepared:
    """All that is needed to read a file's rows into values."""

    actor: Actor
    scope: ActorScope
    rtype: RecordType
    table: Table
    taker: Taker
    options: Options

    def rows(self, after: int = 0) -> Iterator[Taken]:
        """The rows behind a line, as values."""
        for row in self.taker.rows(self.table):
            if row.line > after:
                yield self.taker.take(row)

    def importer(self, change_set: UUID) -> Importer:
        """What turns the rows into records."""
        return Importer(self.actor, self.rtype, self.taker.fields, self.options, change_set)

    def trial(self, run: ImportRun, options: Options | None = None, *, before: int = LAST) -> Importer:
        """What tries the rows out; only rows before a line are taken to be there."""
        fields, chosen = self.taker.fields, options or self.options
        branch = Branch(run.pk, self.rtype, fields, before=before)
        return Importer(self.actor, self.rtype, fields, chosen, run.change_set, branch=branch)


def writable_fields(actor: Actor, rtype: RecordType) -> dict[str, Kind]:
    """The fields that the actor of an import may set, by name."""
    return dict(ActorScope(actor).writable(rtype))


def prepare(run: ImportRun, actor: Actor) -> Prepared:
    """Open the file and read its mapping; inside a transaction, because a tenant's own fields are looked up."""
    rtype, scope, options = type_of(run.record_type), ActorScope(actor), Options.of(run.options)
    table = open_file(run)
    taker = Taker(
        rtype,
        scope.writable(rtype),
        table.columns,
        run.mapping,
        options,
        sample=table.sample(_SAMPLE),
        decimal=table.decimal,
    )
    return Prepared(actor, scope, rtype, table, taker, options)


def carry_out(run_id: UUID, *, tell: Callable[[ImportRun], None] | None = None, chunk: int = CHUNK) -> ImportRun:
    """Run the import from where it stands to its end. After a crash it goes on; called twice it does nothing.

    Everything a row needs (record, outcome, cursor) is committed in one transaction, so a kill leaves no half chunk.
    """
    with transaction.atomic():
        run = _begin(run_id)
        ready = begun(run, lambda: _importing(run)) if run.state == State.RUNNING else None
    if ready is None:
        return run
    prepared, importer = ready
    fresh = 0
    with calm(), surroundings(run.language), closing(ahead(prepared.rows(run.cursor), chunk)) as pieces:
        for some in pieces:
            if stopped_for_room(run):
                return run
            with chunk_of_its_own():
                run = _do(run, importer, some)
            fresh += len(some)
            if fresh >= _ANALYZED:
                tell_planner(t.table for t in (prepared.rtype, *map(type_of, importer.made)))
                fresh = -15 * run.rows_done
            if tell is not None:
                tell(run)
            if run.state != State.RUNNING:
                return run
    with transaction.atomic():
        return _finish(run_id)


@contextmanager
def chunk_of_its_own() -> Iterator[None]:
    """The transaction of one chunk, whose commit does not wait for the disk.

    After a power cut the database stands as a moment before, with the cursor of that moment, and the import goes on
    from there. Nobody outside was told of what is lost: whoever reacts to a chunk commits, and that waits for both.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        yield


def stopped_for_room(run: ImportRun) -> bool:
    """Whether the disk is so full that the import ends here, with a sentence, before the database does."""
    if keeping.spare() >= 0:
        return False
    with transaction.atomic():
        now = locked(run.pk)
        if now.state == run.state:
            begun(now, _no_room)
    run.state = now.state
    return True


def _no_room() -> None:
    raise Refused(
        "no_room",
        _(
            "The server has hardly any room left, so this stopped. What was imported so far stays;"
            " the same file can be imported again and goes on with what is missing."
        ),
    )


def _importing(run: ImportRun) -> tuple[Prepared, Importer]:
    prepared = prepare(run, actor_of_run(run))
    return prepared, prepared.importer(run.change_set)


def begun(run: ImportRun, make: Callable[[], Made]) -> Made | None:
    """What ``make`` makes; where it refuses, nothing, and the import has failed: why is kept in every language."""
    why: dict[str, str] = {}
    for language in (run.language, *LANGUAGES):
        with surroundings(language):
            try:
                return make()
            except Refused as no:
                why[language] = str(no.message)
    fail(run, {language: why[language] for language in LANGUAGES})
    return None


def locked(run_id: UUID) -> ImportRun:
    """The import, so that nobody else works on it until the transaction ends."""
    found: ImportRun | None = ImportRun.objects.select_for_update().filter(pk=run_id).first()
    if found is None:
        raise Missing("no_such_import", _("There is no such import."))
    return found


def _begin(run_id: UUID) -> ImportRun:
    run = locked(run_id)
    if run.state in (State.UPLOADED, State.CHECKED):
        run.state, run.started_at = State.RUNNING, clock.now()
        with writing.door():
            run.save(update_fields=["state", "started_at"])
    return run


def _do(run: ImportRun, importer: Importer, some: list[Taken]) -> ImportRun:
    """One chunk, if nobody else did it in the meantime and the import is not cancelled."""
    now = locked(run.pk)
    if now.state != State.RUNNING:
        return now
    if now.cursor != run.cursor:
        some = [t for t in some if t.line > now.cursor]
        if not some:
            return now
    before = importer.made
    results = importer.chunk(some)
    counts = Counter(now.counts)
    counts.update(count(results))
    counts.update({f"made:{k}": n - before.get(k, 0) for k, n in importer.made.items() if n > before.get(k, 0)})
    now.counts, now.cursor, now.rows_done = dict(counts), some[-1].line, now.rows_done + len(some)
    with writing.door():
        keep(now, results)
        now.save(update_fields=["counts", "cursor", "rows_done"])
    return now


def count(results: Iterable[Result | StagedRow]) -> Counter[str]:
    """How many rows became what."""
    found: Counter[str] = Counter()
    for one in results:
        found[one.state] += 1
        if one.state in ("new", "updated", "unchanged"):
            found.update(one.remarks & {"warning", "likely"})
    return found


def keep(run: ImportRun, results: list[Result]) -> None:
    """Store the outcomes that are more than plain successes."""
    rows = [
        ImportRow(
            tenant_id=run.tenant_id,
            run=run.pk,
            line=r.line,
            state=fault.state,
            field=fault.field,
            code=fault.code,
            record=r.record,
            cells=[c[:_LONGEST_CELL] for c in r.cells] if n == 0 else [],
            details=_details(r, fault),
        )
        for r in results
        if r.told
        for n, fault in enumerate(r.faults)
    ]
    if rows:
        ImportRow.objects.bulk_create(rows, batch_size=1000)


def _details(result: Result, fault: Any) -> dict[str, Any]:
    found = {"message": kept(fault.message), "title": result.title}
    if fault.column:
        found |= {"column": fault.column, "value": fault.value}
    if result.match is not None:
        found |= {"score": result.match.score, "reasons": result.match.reasons, "line": result.match.line}
    return found


def _finish(run_id: UUID) -> ImportRun:
    run = locked(run_id)
    if run.state == State.RUNNING:
        run.state, run.finished_at, run.rows_total = State.DONE, clock.now(), run.rows_done
        with writing.door():
            run.save(update_fields=["state", "finished_at", "rows_total"])
        telling.tell(run)
        look_for_twins(run)
    return run


def look_for_twins(run: ImportRun) -> None:
    """What came in and is only likely to be there already goes to the work list of duplicates, and not in an hour."""
    if type_of(run.record_type).matching is not None and (run.counts.get("new") or run.counts.get("updated")):
        search_twins(run.record_type)


def fail(run: ImportRun, why: dict[str, str]) -> None:
    """It cannot go on: say why, in one sentence of each language."""
    run.state, run.reason, run.finished_at = State.FAILED, orjson.dumps(why).decode(), clock.now()
    with writing.door():
        run.save(update_fields=["state", "reason", "finished_at"])
    telling.tell(run)
