"""``klientel import``: a table of contacts (or anything else) from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from klientel.site.cli.database import serving
from klientel.site.cli.failure import Failure
from klientel.site.cli.output import refuse_unwritable, write_whole

if TYPE_CHECKING:
    from klientel.kernel.records import RecordType
    from klientel.kernel.transfer.assistant import Progress
    from klientel.kernel.transfer.models import ImportRun
    from klientel.kernel.transfer.preview import Report

_SHOWN = 50


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False), required=False)
@click.option("--type", "record_type", default="", help="What the rows are: person, organisation, task …")
@click.option(
    "--continue", "stopped", type=click.UUID, metavar="IMPORT", help="Go on with an import that was stopped; no FILE."
)
@click.option(
    "--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="Where a column leads (FIELD empty: nowhere)."
)
@click.option("--tenant", default="", help="Short name of the tenant (not needed where there is only one).")
@click.option("--on-duplicate", type=click.Choice(["skip", "create", "update"]), default="skip", show_default=True)
@click.option(
    "--update",
    type=click.Choice(["fill", "overwrite"]),
    default="fill",
    show_default=True,
    help="With --on-duplicate update: fill empty fields only, or the file wins.",
)
@click.option("--strict", is_flag=True, help="Refuse a row with any wrong value, instead of leaving the value out.")
@click.option("--sheet", default="", help="The sheet of a workbook (default: the first with data).")
@click.option("--key", "keys", multiple=True, metavar="FIELD", help="A field that says which record a row means.")
@click.option("--mute", is_flag=True, help="Automation does not react to what the import does.")
@click.option("--dry-run", is_flag=True, help="Tell what would become of each row; no record is written.")
@click.option(
    "--report", "report_file", type=click.Path(dir_okay=False), help="With --dry-run: write every row's outcome here."
)
@click.option("--show-mapping", is_flag=True, help="Print the columns and where they lead, and end.")
@click.option(
    "--errors", "error_file", type=click.Path(dir_okay=False), help="Write refused rows with reasons to this CSV."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    file: str | None,
    record_type: str,
    stopped: UUID | None,
    pairs: tuple[str, ...],
    tenant: str,
    dry_run: bool,
    show_mapping: bool,
    report_file: str | None,
    error_file: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Import FILE (CSV, XLSX, XLS, ODS or vCard). Columns are recognised by their names and values."""
    if report_file and not dry_run:
        raise click.UsageError("--report is for --dry-run.")
    if stopped is None and not (file and record_type):
        raise click.UsageError("Please give a FILE and its --type, or --continue.")
    for written in filter(None, (report_file, error_file)):
        refuse_unwritable(written)
    with serving():
        from klientel.kernel.access import system_actor
        from klientel.kernel.events.surroundings import working_in
        from klientel.kernel.transfer import assistant
        from klientel.site.tenants import find_tenant

        with working_in(find_tenant(tenant).pk):
            if stopped is not None:
                _tell_result(*_imported(assistant.get(system_actor(), stopped), as_json), error_file, as_json)
                return
            rtype = find_type(record_type)
            run = assistant.start(system_actor(), rtype, file, options=options)
            run = assistant.choose(run, run.mapping | _mapping(pairs))
            if show_mapping:
                _show_mapping(run, as_json)
            elif dry_run:
                _tell_report(run, _checked(run, as_json), report_file, as_json)
            else:
                _tell_result(*_imported(run, as_json), error_file, as_json)


def find_type(word: str) -> RecordType:
    """The record type that a word means: "person", "persons", "contacts.person" or its label."""
    from django.db import transaction

    from klientel.kernel.records import all_types

    with transaction.atomic():
        types = all_types()
    wanted = word.strip().lower()
    for rtype in types:
        known = (
            rtype.key,
            rtype.slug,
            rtype.key.rpartition(".")[2],
            str(rtype.label).lower(),
            str(rtype.plural).lower(),
        )
        if wanted in known:
            return rtype
    names = ", ".join(t.key.rpartition(".")[2] for t in types if not t.system)
    raise Failure(f"There is no kind of record called “{word}”. There are: {names}.")


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        column, equals, path = pair.rpartition("=")
        if not equals:
            raise click.UsageError(f"--map {pair}: please write COLUMN=FIELD.")
        found[column.strip()] = path.strip()
    return found


def _show_mapping(run: ImportRun, as_json: bool) -> None:
    from klientel.kernel.transfer import assistant

    told = assistant.describe(run)
    if as_json:
        facts = {"columns": {c.name: c.target for c in told.columns}, "targets": [t.path for t in told.targets]}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for column in told.columns:
        click.echo(f"{column.name:<32} {column.target or '-':<28} {'; '.join(column.samples[:2])[:60]}")


def _checked(run: ImportRun, quiet: bool) -> Report:
    from klientel.kernel.transfer import assistant

    total = assistant.count_rows(run)
    with _bar(total, quiet) as bar:
        return assistant.check(run, shown=_SHOWN, tell=lambda done: bar.update(done - bar.pos))


def _imported(run: ImportRun, quiet: bool) -> tuple[ImportRun, Progress]:
    from klientel.kernel.transfer import assistant

    try:
        with _bar(assistant.count_rows(run), quiet) as bar:
            run = assistant.commit(run, tell=lambda now: bar.update(now.rows_done - bar.pos))
    except KeyboardInterrupt:
        done = assistant.progress(run).done
        click.echo(f"Stopped after {done} rows. `klientel import --continue {run.pk}` goes on with the rest.", err=True)
        raise
    return run, assistant.progress(run)


def _bar(total: int, quiet: bool) -> Any:
    stream = click.get_text_stream("stderr")  # type: ignore[operator]
    return click.progressbar(length=total, file=stream, hidden=quiet or not stream.isatty())


def _tell_report(run: ImportRun, report: Report, file: str | None, as_json: bool) -> None:
    from klientel.kernel.transfer import preview

    if file:
        write_whole(file, preview.report_file(run))
    facts = {"dry_run": True, "import": str(run.pk), "rows": report.total, "counts": report.counts, "made": report.made}
    if as_json:
        rows = [
            {"line": r.line, "state": r.state, "title": r.title, "changes": r.changes, "faults": [
                {k: f[k] for k in ("state", "field", "code", "message")} for f in r.told
            ]} for r in preview.every_row(run)
        ]  # fmt: skip
        click.echo(json.dumps(facts | {"outcomes": rows}, ensure_ascii=False))
        return
    shown = 0
    for row in preview.told_rows(run, limit=_SHOWN):
        for fault in row.told:
            click.echo(_line(row.line, fault["state"], fault["column"], fault["message"]))
            shown += 1
    _more(sum(report.counts.get(k, 0) for k in ("error", "duplicate", "likely", "warning")))
    click.echo(f"Nothing was written. {_summary(report.counts)}")


def _tell_result(run: ImportRun, now: Progress, error_file: str | None, as_json: bool) -> None:
    from klientel.kernel.transfer import assistant

    if error_file:
        write_whole(error_file, assistant.error_file(run))
    facts = {
        "import": str(run.pk), "state": now.state, "rows": now.done, "counts": now.counts, "made": now.made,
        "change_set": str(run.change_set), "reason": now.reason,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        rows = assistant.outcomes(run, limit=_SHOWN)
        for row in rows:
            click.echo(_line(row.line, row.state, row.details.get("column", ""), row.message))
        _more(sum(now.counts.get(k, 0) for k in ("error", "duplicate", "likely", "warning")))
        click.echo(_summary(now.counts))
    if now.reason:
        raise Failure(now.reason)


def _line(line: int, state: str, column: str, message: str) -> str:
    return f"line {line:>6}  {state:<9} {f'{column}: ' if column else ''}{message}"


def _more(found: int) -> None:
    if found > _SHOWN:
        click.echo(f"… and {found - _SHOWN} more.")


def _summary(counts: dict[str, int]) -> str:
    words = ("new", "updated", "unchanged", "duplicate", "error", "likely", "warning")
    return ", ".join(f"{counts[w]} {w}" for w in words if counts.get(w)) or "No rows."
