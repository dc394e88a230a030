"""``klientel restore``: a backup comes back, in quarantine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from klientel.site.cli.database import serving


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Give up what the database and the files folder hold now.")
@click.option("--other-key", is_flag=True, help="Also when the backup was made with another field key.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(file: Path, replace: bool, other_key: bool, as_json: bool) -> None:
    """Bring back FILE. Nothing is touched unless FILE is whole; nothing is sent until `klientel release`."""
    from klientel.site.cli.progress import bars

    with serving(any_version=True), bars(quiet=as_json) as progress:
        from klientel.site.backups.restoring import restore

        done = restore(file.absolute(), progress, replace=replace, other_key=other_key)
    made, rows = done.manifest, sum(done.manifest.tables.values())
    facts = {
        "created_at": made.created_at,
        "tenants": made.tenants,
        "rows": rows,
        "epoch": done.epoch,
        "erased_again": done.erased_again,
        "warnings": done.warnings,
        "quarantined": True,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"Restored the backup of {made.created_at}: {rows} rows, {made.tenants} tenants.")
    if done.erased_again:
        click.echo(f"{done.erased_again} records that were erased or deleted for good since were removed again.")
    for warning in done.warnings:
        click.echo(warning, err=True)
    click.echo("No mail, webhook or synchronisation leaves until you run `klientel release`.")
