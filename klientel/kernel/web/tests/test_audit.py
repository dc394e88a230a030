"""What happened in the workspace, for those who answer for it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from klientel.kernel import events
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run, workspace
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing import make
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db
AT = "/settings/audit"


def workspace_events() -> list[events.Event]:
    return events.read(Sql("e.record_type = 'kernel.workspace'"))


def test_settings_of_the_workspace_change_with_an_event(tenant: Tenant, client: Client, actor: Actor) -> None:
    form = {"name": "Hansewerk neu", "language": "de", "time_zone": "Europe/Vienna", "currency": "CHF"}
    sent = form | {"_field": list(form)}
    assert client.post("/settings/workspace", sent).status_code == 302
    [event] = workspace_events()
    assert event.changes == {
        "name": ["Hansewerk", "Hansewerk neu"],
        "time_zone": ["Europe/Berlin", "Europe/Vienna"],
        "currency": ["EUR", "CHF"],
    }
    assert event.actor == actor.ref
    assert client.post("/settings/workspace", sent).status_code == 302
    assert len(workspace_events()) == 1
    page = client.get(AT).content.decode()
    assert "Settings of the workspace" in page
    assert "Europe/Vienna" in page


def test_wrong_settings_change_nothing(tenant: Tenant, anna: Actor, boris: Actor) -> None:
    for values in ({"name": "X", "time_zone": "Mars/Base"}, {"name": ""}, {"slug": "other"}):
        with pytest.raises(Refused):
            workspace.change(ActorScope(anna), values)
    with pytest.raises(Forbidden):
        workspace.change(ActorScope(boris), {"name": "Mine"})
    tenant.refresh_from_db()
    assert (tenant.name, tenant.time_zone) == ("Hansewerk", "Europe/Berlin")
    assert workspace_events() == []


def test_the_list_is_narrowed_and_paged(client: Client, actor: Actor, anna: Actor) -> None:
    for n in range(60):
        run(actor, "contacts.organisation.create", name=f"Firma {n}")
    make(anna, "contacts.person", first_name="Pia", last_name="Privat")
    run(actor, "kernel.role.create", name="Neue Rolle", grants=[])
    first = client.get(f"{AT}?part=records").content.decode()
    assert first.count("<li>") >= 50
    assert "Neue Rolle" not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Firma 5<" in client.get(older).content.decode()
    assert "Neue Rolle" in client.get(f"{AT}?part=access").content.decode()
    theirs = client.get(f"{AT}?who={anna.ref}").content.decode()
    assert "Pia Privat" in theirs
    assert "Firma 1<" not in theirs
    today = dt.datetime.now(dt.UTC).date()
    past = today - dt.timedelta(days=9)
    assert "Firma 59" in client.get(f"{AT}?from={past}&until={today + dt.timedelta(days=1)}").content.decode()
    assert "Nothing matches" in client.get(f"{AT}?until={past}").content.decode()
    assert client.get(f"{AT}?from=31.31.2026").status_code == 422
    assert client.get(f"{AT}?before=x").status_code == 422


def test_only_who_manages_roles_sees_it(tenant: Tenant, narrow: tuple[Client, Actor]) -> None:
    assert narrow[0].get(AT).status_code == 403
    browser, _vera = at_browser(tenant, "Vera", [{"record": "*", "verb": "view"}])
    assert browser.get(AT).status_code == 403


def test_it_tells_nothing_of_another_tenant(client: Client, actor: Actor, cleo: Actor) -> None:
    with inside(cleo.tenant):
        run(cleo, "contacts.organisation.create", name="Elbtal Geheim")
    assert "Geheim" not in client.get(AT).content.decode()
