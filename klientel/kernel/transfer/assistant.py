"""The import assistant: upload, mapping, dry run, progress, result, error file. What pages, API and command line call.

Every function is called inside the tenant; those that read or write open their own transaction where none is open.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused, filled
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current
from klientel.kernel.transfer import committing, preview, running, storage
from klientel.kernel.transfer import mapping as mappings
from klientel.kernel.transfer.meanings import Meanings, meanings
from klientel.kernel.transfer.models import ImportRow, ImportRun, State
from klientel.kernel.transfer.options import POLICIES, UPDATES, Options
from klientel.kernel.transfer.targets import Target, further, preset_of, targets
from klientel.lib import clock
from klientel.lib.files import clean_name
from klientel.lib.sentences import Unreadable
from klientel.lib.tables.writing import csv_chunks

_SAMPLES = 5
_PAGE = 500


@dataclass(frozen=True)
class Column:
    """A column of the file: its first values that are not empty, and where it leads (a path or "")."""

    name: str
    samples: list[str]
    target: str


@dataclass(frozen=True)
class Description:
    """The file as the page of the mapping shows it."""

    columns: list[Column]
    targets: list[Target]  # what can be chosen, in groups (``target.group``)
    kind: str
    encoding: str
    delimiter: str
    sheets: tuple[str, ...]
    sheet: str
    options: Options
    meanings: list[Meanings] = field(default_factory=list)  # words of the file that mean records of ours
    policies: tuple[tuple[str, Any], ...] = POLICIES
    updates: tuple[tuple[str, Any], ...] = UPDATES


@dataclass(frozen=True)
class Progress:
    """How far an import is; ``share`` from 0 to 1, ``None`` where the number of rows is not known."""

    state: str
    done: int
    total: int | None
    counts: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0

    @property
    def share(self) -> float | None:
        """How much of the file is done."""
        if self.state == State.DONE:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (State.DONE, State.FAILED, State.CANCELLED, State.CONFLICTS)


def start(actor: Actor, rtype: RecordType | str, upload: Any, *, name: str = "", options: Any = None) -> ImportRun:
    """Store an uploaded file and guess its mapping. ``upload``: Django's uploaded file, a path, an open binary file.

    :class:`Refused` at ``file`` with one clear sentence where it is no table, :class:`Forbidden` without the right
    to create.
    """
    rtype = type_of(rtype)
    with transaction.atomic(), running.surroundings(get_language() or actor.language):
        scope = ActorScope(actor)
        if not scope.may(rtype, "create"):
            raise Forbidden("forbidden", _("You may not create this."))
        key, size = storage.keep(current(), upload)
        run = ImportRun(
            tenant_id=current(),
            record_type=rtype.key,
            file=key,
            size=size,
            member=actor.member,
            actor_name=actor.name[:200],
            created_at=clock.now(),
            name=clean_name(name or getattr(upload, "name", "") or upload),
            language=get_language() or actor.language,
            options=_first_options(scope, rtype, actor, options).plain(),
        )
        try:
            table = running.open_file(run)
            run.mapping = mappings.guessed(scope, rtype, table)
        except (Refused, Unreadable):
            storage.drop(current(), key)
            raise
        run.kind, run.encoding, run.delimiter, run.sheet = table.kind, table.encoding, table.delimiter, table.sheet
        with writing.door():
            run.save(force_insert=True)
    return run


def _first_options(scope: ActorScope, rtype: RecordType, actor: Actor, given: Any) -> Options:
    """Whoever may only create what is their own gets the records, unless the options say otherwise.

    Rows of a type with numbers of their own (`Preset.keys`) bring what is known up to date.
    """
    options = Options.of(given)
    keys = preset_of(rtype).keys
    if keys and not given and scope.writable(rtype).keys() >= set(keys):
        options = Options(keys=keys, on_duplicate="update", update="overwrite")
    grants = scope.grants(rtype, "create")
    if options.owner is None and actor.member and grants and all(g.where for g in grants):
        return Options.of(options.plain() | {"owner": actor.member})
    return options


def get(actor: Actor, run_id: UUID) -> ImportRun:
    """An import that this actor may see: their own, or any with the right to everything; else :class:`Missing`."""
    with transaction.atomic():
        run: ImportRun | None = ImportRun.objects.filter(pk=run_id).first()
    if run is None or not _may_see(actor, run):
        raise Missing("no_such_import", _("There is no such import."))
    return run


def _may_see(actor: Actor, run: ImportRun) -> bool:
    everything = any(g.record == "*" and g.verb == "*" for g in actor.grants)
    return everything or (run.member is not None and run.member == actor.member)


def recent(actor: Actor, limit: int = 20) -> list[ImportRun]:
    """The newest imports that this actor may see."""
    with transaction.atomic():
        found = ImportRun.objects.order_by("-created_at", "-pk")
        if not any(g.record == "*" and g.verb == "*" for g in actor.grants):
            found = found.filter(member=actor.member)
        return list(found[:limit])


def describe(run: ImportRun) -> Description:
    """Columns with samples and their (guessed or chosen) targets, all that can be chosen, and facts of the file."""
    with transaction.atomic(), running.surroundings(run.language):
        scope, rtype = ActorScope(running.actor_of_run(run)), type_of(run.record_type)
        table, known = running.open_file(run), targets(scope, rtype)
        rows = table.sample(_PAGE)
        columns = []
        for position, name in enumerate(table.columns):
            values = dict.fromkeys(" ".join(row[position].split())[:80] for row in rows if row[position].strip())
            columns.append(Column(name, list(values)[:_SAMPLES], run.mapping.get(name, "")))
        offered = list(known.values())
        fields = scope.writable(rtype)
        offered += [further(p, fields, known) for p in dict.fromkeys(run.mapping.values()) if p not in known]
        return Description(
            columns,
            offered,
            table.kind,
            table.encoding,
            table.delimiter,
            table.sheets,
            table.sheet,
            Options.of(run.options),
            meanings(scope, rtype, table, run.mapping, Options.of(run.options)),
        )


def choose(run: ImportRun, mapping: Mapping[str, str] | None = None, options: Any = None) -> ImportRun:
    """Keep a mapping and options; :class:`Refused` at ``mapping`` or the option where something does not fit.

    ``options`` names only what differs from before. Another sheet (or header) is
    another table: its mapping is guessed anew.
    """
    with transaction.atomic(), running.surroundings(run.language):
        run = _open_to_change(run)
        scope, rtype = ActorScope(running.actor_of_run(run)), type_of(run.record_type)
        before = Options.of(run.options)
        given = options.plain() if isinstance(options, Options) else dict(options or {})
        chosen = Options.of(before.plain() | given)
        if unknown := [k for k in chosen.keys if k not in scope.writable(rtype)]:
            raise Refused(
                "no_such_field", filled(_("“%(path)s” is no field that can be imported."), {"path": unknown[0]}), "keys"
            )
        run.options = chosen.plain()
        table = running.open_file(run)
        if (chosen.sheet, chosen.header) != (before.sheet, before.header):
            run.mapping, run.sheet, mapping = mappings.guessed(scope, rtype, table), table.sheet, None
        if mapping is not None:
            run.mapping = mappings.checked(scope, rtype, table.columns, mapping, chosen.keys)
        run.state, run.staged = State.UPLOADED, False
        with writing.door():
            run.save(update_fields=["mapping", "options", "sheet", "state", "staged"])
    return run


def _open_to_change(run: ImportRun) -> ImportRun:
    now: ImportRun = ImportRun.objects.select_for_update().get(pk=run.pk)
    if now.state not in (State.UPLOADED, State.CHECKED):
        raise Conflict("started_already", _("This import has started already."))
    return now


def check(
    run: ImportRun,
    mapping: Mapping[str, str] | None = None,
    options: Any = None,
    *,
    tell: Callable[[int], None] | None = None,
    shown: int = 200,
) -> preview.Report:
    """The dry run: every row, as the import would do it, into staging. Keeps mapping and options."""
    return preview.check(choose(run, mapping, options), tell=tell, shown=shown)


def count_rows(run: ImportRun) -> int:
    """How many rows the file has; kept, so that progress knows the end."""
    with transaction.atomic():
        table = running.open_file(run)
    total = sum(1 for _row in table.rows())
    with transaction.atomic(), writing.door():
        ImportRun.objects.filter(pk=run.pk).update(rows_total=total)
    return total


def commit(run: ImportRun, *, tell: Callable[[ImportRun], None] | None = None) -> ImportRun:
    """Carry the import out, here and now, to its end. Pages defer ``transfer.jobs.run_import`` instead.

    One that was tried out does what was shown; one that was not reads its file now.
    """
    with transaction.atomic():
        run = ImportRun.objects.get(pk=run.pk)
    if run.staged:
        return committing.commit(run.pk, tell=tell)
    with transaction.atomic(), running.surroundings(run.language):
        scope, keys = ActorScope(running.actor_of_run(run)), Options.of(run.options).keys
        mappings.checked(scope, type_of(run.record_type), running.open_file(run).columns, run.mapping, keys)
    return running.carry_out(run.pk, tell=tell)


def cancel(run: ImportRun) -> ImportRun:
    """Stop after the chunk that runs now; what was imported stays and can be undone by its change set."""
    with transaction.atomic(), writing.door():
        now: ImportRun = ImportRun.objects.select_for_update().get(pk=run.pk)
        if now.state == State.CHECKING:
            now.state = State.UPLOADED
            now.save(update_fields=["state"])
        elif now.state not in (State.DONE, State.FAILED):
            now.state, now.finished_at = State.CANCELLED, timezone.now()
            now.save(update_fields=["state", "finished_at"])
    return now


def progress(run: ImportRun) -> Progress:
    """How far it is, read afresh: cheap enough to ask every second."""
    with transaction.atomic():
        now = ImportRun.objects.get(pk=run.pk)
    made = {k.removeprefix("made:"): n for k, n in now.counts.items() if k.startswith("made:")}
    counts = {k: n for k, n in now.counts.items() if not k.startswith("made:")}
    ends = now.finished_at or timezone.now()
    seconds = (ends - now.started_at).total_seconds() if now.started_at else 0.0
    return Progress(now.state, now.rows_done, now.rows_total, counts, made, now.why, seconds)


def outcomes(run: ImportRun, *, after: int = 0, limit: int = 100, state: str = "") -> list[ImportRow]:
    """Rows that were not simply taken over, by line, ``after`` a line; each with its ``message``."""
    with transaction.atomic():
        found = ImportRow.objects.filter(run=run.pk, line__gt=after)
        if state:
            found = found.filter(state=state)
        return list(found.order_by("line", "pk")[:limit])


def error_file(run: ImportRun, *, states: tuple[str, ...] = ("error",)) -> Iterator[bytes]:
    """The rows that were refused, as CSV with their line and reason; corrected, it can be imported again as it is."""
    with transaction.atomic(), running.surroundings(run.language):
        columns = running.open_file(run).columns
    width = len(columns)
    rows = itertools.chain(_rejected(run, width, states), _waiting(run, width, states))
    return csv_chunks([*columns, mappings.LINE, mappings.PROBLEM], rows)


def _reason(column: str, message: str) -> str:
    return f"{column}: {message}" if column else message


def _waiting(run: ImportRun, width: int, states: tuple[str, ...]) -> Iterator[list[str]]:
    """Rows that were only tried out."""
    for state in states:
        after = 0
        while some := preview.rows(run, state=state, after=after, limit=_PAGE):
            for row in some:
                reasons = " ".join(_reason(fault["column"], fault["message"]) for fault in row.told)
                yield [*row.cells[:width], *[""] * (width - len(row.cells)), str(row.line), reasons]
            after = some[-1].line


def _rejected(run: ImportRun, width: int, states: tuple[str, ...]) -> Iterator[list[str]]:
    line = 0
    while True:
        with transaction.atomic():
            lines = list(
                ImportRow.objects.filter(run=run.pk, line__gt=line, state__in=states)
                .order_by("line")
                .values_list("line", flat=True)
                .distinct()[:_PAGE]
            )
            faults = list(ImportRow.objects.filter(run=run.pk, line__in=lines).order_by("line", "pk"))
        if not lines:
            return
        for line in lines:
            own = [f for f in faults if f.line == line]
            cells: list[str] = next((f.cells for f in own if f.cells), [])
            reasons = " ".join(_reason(f.details.get("column", ""), f.message) for f in own)
            yield [*cells[:width], *[""] * (width - len(cells)), str(line), reasons]
