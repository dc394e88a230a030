"""``klientel demo``: everything up, with a tenant full of lively data to look around in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from klientel.site import processes
from klientel.site.cli.failure import Failure
from klientel.site.cli.up import call, up


@click.command()
@click.option("--data-only", is_flag=True, help="Make the data, print the logins and end.")
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="Load a folder of a CRM's or a shop's files instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print the logins as JSON (with --data-only).")
def command(data_only: bool, as_json: bool, data: Path | None) -> None:
    """Start with a demo tenant; the first time it is filled, later starts keep what is there.

    With --data: load a folder into a workspace of its own, say what was made, and end.
    """
    if data is not None:
        _load(data, as_json=as_json)
    elif data_only:
        _data(as_json=as_json)
    else:
        up(processes.roles(), prepare=_prepare)


def _data(*, as_json: bool) -> None:
    from klientel.site.cli.database import serving

    with serving():
        from klientel.site.demo import create

        logins = create(progress=not as_json)
    if as_json:
        click.echo(json.dumps(logins))
    else:
        click.echo("\n".join(_lines(logins)))


def _load(path: Path, *, as_json: bool) -> None:
    from klientel.site.cli.database import serving

    call("migrate", "--quiet")
    with serving():
        from klientel.site.demo import UnknownSet, bring

        try:
            found = bring(path)
        except UnknownSet as no:
            raise Failure(str(no)) from None
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"Workspace {found['workspace']}:")
    click.echo("\n".join(f"  {key}: {n}" for key, n in found["made"].items()))
    click.echo("\n".join(_lines(found["logins"])))


def _prepare() -> list[str]:
    """The data is made in a process of its own, whose memory goes with it."""
    command = [sys.executable, "-m", "klientel.site.cli", "demo", "--data-only", "--json"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return _lines(json.loads(done.stdout.strip().splitlines()[-1]))


def _lines(logins: list[dict[str, str]]) -> list[str]:
    return [f"  {one['email']}  {one['password']}  {one.get('about', '')}".rstrip() for one in logins]
