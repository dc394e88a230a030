"""``klientel export``: records as CSV, workbook, vCard or JSON lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from klientel.site.cli.database import serving
from klientel.site.cli.failure import Failure
from klientel.site.cli.output import refuse_unwritable, write_whole

_ENDINGS = {".csv": "csv", ".xlsx": "xlsx", ".vcf": "vcf", ".vcard": "vcf", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--type", "record_type", required=True, help="Which records: person, organisation, task …")
@click.option(
    "--format", "chosen", type=click.Choice(["csv", "xlsx", "vcf", "jsonl"]), help="Default: by the file's name."
)
@click.option("--column", "columns", multiple=True, help="A field (repeatable; default: all), such as emails.work.")
@click.option("--where", "condition", default="", help="A condition as JSON.")
@click.option("--tenant", default="", help="Short name of the tenant (not needed where there is only one).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    file: str,
    record_type: str,
    chosen: str | None,
    columns: tuple[str, ...],
    condition: str,
    tenant: str,
    as_json: bool,
) -> None:
    """Write records to FILE (- for the standard output)."""
    form = chosen or _format_of(file)
    if file != "-":
        refuse_unwritable(file)
    with serving():
        from klientel.kernel.access import ActorScope, system_actor
        from klientel.kernel.events.surroundings import working_in
        from klientel.kernel.transfer.exporting import stream
        from klientel.site.cli.import_ import find_type
        from klientel.site.tenants import find_tenant

        with working_in(find_tenant(tenant).pk):
            rtype = find_type(record_type)
            pieces = stream(ActorScope(system_actor()), rtype, _where(condition), columns or None, form)
            size = _write(file, pieces)
    if file != "-":
        click.echo(
            json.dumps({"file": file, "format": form, "bytes": size}) if as_json else f"Wrote {file}: {size:,} bytes."
        )


def _format_of(file: str) -> str:
    ending = Path(file).suffix.lower()
    if ending and ending not in _ENDINGS:
        raise click.UsageError(f"{ending} is no format; there are {' '.join(_ENDINGS)}, or say --format.")
    return _ENDINGS.get(ending, "csv")


def _where(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        raise Failure("The condition is no JSON.") from None


def _write(file: str, pieces: Any) -> int:
    if file == "-":
        return sum(sys.stdout.buffer.write(piece) for piece in pieces)
    return write_whole(file, pieces)
