"""``klientel token``: keys for programs that use the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click

from klientel.site.cli.database import serving
from klientel.site.cli.failure import Failure


@click.group()
def command() -> None:
    """Keys for programs that use the API."""


@command.command()
@click.argument("email")
@click.option("--tenant", default="", help="Short name of the tenant (not needed where there is only one).")
@click.option("--name", default="klientel token create", help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=["write"],
    show_default=True,
    help="read, write or contacts.person.create …",
)
@click.option("--days", type=click.IntRange(1, 730), default=90, show_default=True, help="How long it is valid.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def create(email: str, tenant: str, name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Create a token that acts as the member with this login; its text is shown once."""
    with serving():
        from klientel.kernel.access import memberships, system_actor
        from klientel.kernel.actions import noting
        from klientel.kernel.identity import accounts, tokens
        from klientel.kernel.tenancy import inside, writing
        from klientel.site.tenants import find_tenant

        place, user = find_tenant(tenant), accounts.find(email)
        members = {tenant_id: member for tenant_id, member, _ in memberships(user.pk)} if user else {}
        if user is None or place.pk not in members:
            raise Failure(f"{email} is not a member of {place.name}.")
        with inside(place.pk), writing():
            token, text = tokens.create(
                tenant_id=place.pk,
                member_id=members[place.pk],
                user=user,
                name=name,
                scopes=scopes,
                expires_at=datetime.now(UTC) + timedelta(days=days),
            )
            noting.token_noted(system_actor(), "token_made", token)
    facts = {"id": str(token.pk), "token": text, "tenant": place.slug, "expires_at": token.expires_at.isoformat()}
    click.echo(json.dumps(facts) if as_json else text)
