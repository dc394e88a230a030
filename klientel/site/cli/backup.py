"""``klientel backup``: everything in one file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from klientel.site.cli.database import serving


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace the file where there is one.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(file: Path, force: bool, as_json: bool) -> None:
    """Write database, files and ledger into FILE (.tar.gz). Keys are not in it: keep secrets.json apart."""
    from klientel.site.cli.progress import bars

    with serving(any_version=True), bars(quiet=as_json) as progress:
        from klientel.site.backups.making import backup

        made = backup(file.absolute(), progress, replace=force)
    size, rows = file.stat().st_size, sum(made.tables.values())
    facts = {
        "file": str(file),
        "size": size,
        "tenants": made.tenants,
        "tables": len(made.tables),
        "rows": rows,
        "files": sum(1 for place in made.files if place.startswith("files/")),
        "missing": made.missing,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(f"{file}: {size / 2**20:.1f} MB, {rows} rows in {len(made.tables)} tables, {facts['files']} files.")
    if made.missing:
        click.echo(f"klientel: {len(made.missing)} files are missing, the first is {made.missing[0]}.", err=True)
        sys.exit(1)
