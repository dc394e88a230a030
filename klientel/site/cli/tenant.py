"""``klientel tenant``: the companies that use this installation."""

from __future__ import annotations

import json

import click

from klientel.site.cli.database import serving


@click.group()
def command() -> None:
    """Companies that use this installation."""


@command.command()
@click.argument("name")
@click.option("--slug", default="", help="Short name (default: made from the name).")
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True)
@click.option("--time-zone", default="Europe/Berlin", show_default=True)
@click.option("--currency", default="EUR", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def create(name: str, slug: str, language: str, time_zone: str, currency: str, as_json: bool) -> None:
    """Create a tenant with the roles that every tenant begins with."""
    with serving():
        from klientel.site.tenants import create_tenant

        made = create_tenant(name, slug=slug, language=language, time_zone=time_zone, currency=currency)
    facts = {"id": str(made.pk), "name": made.name, "slug": made.slug}
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else f"Created {made.name} ({made.slug}).")


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def list_(as_json: bool) -> None:
    """List the tenants."""
    with serving():
        from klientel.kernel.tenancy.models import Tenant

        facts = [{"id": str(one.pk), "name": one.name, "slug": one.slug} for one in Tenant.objects.order_by("slug")]
    click.echo(
        json.dumps(facts, ensure_ascii=False) if as_json else "\n".join(f"{f['slug']}  {f['name']}" for f in facts)
    )
