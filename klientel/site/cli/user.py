"""``klientel user``: people who sign in."""

from __future__ import annotations

import json
import sys

import click

from klientel.site.cli.database import serving


@click.group()
def command() -> None:
    """People who sign in."""


@command.command()
@click.argument("email")
@click.option("--tenant", default="", help="Short name of the tenant (not needed where there is only one).")
@click.option("--name", default="", help="Name of the person.")
@click.option("--role", default="administration", show_default=True, help="Name of a role of the tenant.")
@click.option("--language", type=click.Choice(["de", "en"]), help="Language (default: the tenant's).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made up.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def create(
    email: str, tenant: str, name: str, role: str, language: str | None, password_stdin: bool, as_json: bool
) -> None:
    """Create a login, or let an existing one join a tenant."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    with serving():
        from klientel.site.tenants import add_user, find_tenant

        place = find_tenant(tenant)
        made = add_user(place, email, name=name, role=role, password=password, language=language or "")
    facts = {"email": made.user.email, "tenant": place.slug, "member": made.member_id, "password": made.password}
    facts = {key: value for key, value in facts.items() if value}
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"{made.user.email} is a member of {place.name}.")
    if made.password:
        click.echo(f"Password: {made.password}")
