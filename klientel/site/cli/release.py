"""``klientel release``: a restored installation may reach out again."""

from __future__ import annotations

import click

from klientel.site.cli.database import serving


@click.command()
def command() -> None:
    """End the quarantine that a restore begins: mail, webhooks and synchronisation leave again."""
    with serving():
        from klientel.kernel.jobs import quarantine

        ended = quarantine.release()
    click.echo("Released." if ended else "There is no quarantine.")
