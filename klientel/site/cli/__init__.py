"""The command line ``klientel``: each command in a module of its own, imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")

COMMANDS = {
    "up": "up",
    "demo": "demo",
    "migrate": "migrate",
    "tenant": "tenant",
    "user": "user",
    "token": "token",
    "import": "import_",
    "export": "export",
    "backup": "backup",
    "restore": "restore",
    "release": "release",
    "check": "check",
    "bench": "bench",
    "database-sql": "database_sql",
}
"""Command to the module in this package whose attribute ``command`` is it."""


class Group(click.Group):
    """Finds a command by name without importing the others."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the whole of its first sentence, which click would cut off."""
        every = [(name, self.get_command(ctx, name)) for name in COMMANDS]
        told = [(name, command.get_short_help_str(400)) for name, command in every if command]
        with formatter.section("Commands"):
            formatter.write_dl(told)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found: click.Command = import_module(f"{__name__}.{COMMANDS[name]}").command
        return found


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def klientel() -> None:
    """Klientel: a CRM. Settings are the environment variables KLIENTEL_* (see the README)."""


def main() -> None:
    """Run the command; every expected failure is one line on stderr and a non-zero exit."""
    from klientel.site.cli.failure import one_line  # the first import of the package's own code

    with one_line():
        klientel.main(prog_name="klientel", standalone_mode=False)
    sys.exit(0)
