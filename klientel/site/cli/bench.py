"""``klientel bench``: the figures of this machine, as ratios within one run."""

from __future__ import annotations

import subprocess
import sys

import click

from klientel.site.cli.failure import Failure
from klientel.site.setup import ROOT

PARTS = ("pages", "matching", "duplicates", "bulk", "undo", "past", "merge", "consumers", "idle", "kills")


@click.command()
@click.option("--persons", type=click.IntRange(1000, 10_000_000), default=100_000, show_default=True)
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this part; several times.")
@click.option("--against", type=int, default=0, help="Compare with the kept figures of so many persons.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=8, show_default=True, help="Turns of each side.")
@click.option("--size", type=click.IntRange(1, 1000), default=25, show_default=True, help="Requests in a turn.")
@click.option("--only", default="", help="Only questions whose key begins so.")
@click.option("--profile", default="", help="Show where the time of this question goes, and end.")
def command(
    persons: int, parts: tuple[str, ...], against: int, rounds: int, size: int, only: str, profile: str
) -> None:
    """Load many persons into a home folder of its own (kept) and measure Klientel against bare views."""
    if not (ROOT / "bench" / "__main__.py").exists():
        raise Failure("The bench is part of the source tree; it is not installed here.")
    words = [f"--persons={persons}", f"--rounds={rounds}", f"--size={size}", *(f"--part={part}" for part in parts)]
    words += [f"--against={against}"] if against else []
    words += [f"--only={only}"] if only else []
    words += [f"--profile={profile}"] if profile else []
    done = subprocess.run([sys.executable, "-m", "bench", *words], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)
