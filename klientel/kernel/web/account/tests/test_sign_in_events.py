"""What changes sign-in is seen by the tenant, and one's own address is changed by its owner alone."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client

from klientel.kernel import events
from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside, reading
from klientel.kernel.web.account.tests.conftest import (
    EMAIL,
    PASSWORD,
    confirm,
    is_signed_in,
    make_membership,
    set_up_app,
    sign_in,
)

pytestmark = pytest.mark.django_db
NEW = "nele@example.net"


def noted(tenant: UUID) -> list[Any]:
    """What the tenant was told about sign-ins, oldest first; nothing of it is secret."""
    with inside(tenant), reading():
        found = events.read(Sql("e.kind = %s", ("kernel.member.note_sign_in",)))
    assert all(not e.changes and set(e.parameters) == {"what"} for e in found)
    return [e.parameters["what"] for e in sorted(found, key=lambda e: e.id)]


def ask(client: Client, email: str = NEW) -> str:
    """Ask for another address; the link that was sent to it."""
    assert client.post("/account/email", {"email": email}).status_code == 302
    assert mail.outbox[-1].to == [email]
    found = re.search(r"http://testserver(/account/email/confirm/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


@pytest.mark.django_db(transaction=True)
def test_app_codes_and_password_are_told_to_every_tenant_of_the_login(
    client: Client, user: User, tenant: UUID, member: UUID, elsewhere: UUID
) -> None:
    make_membership(elsewhere, user)
    sign_in(client)
    set_up_app(client)
    assert client.post("/account/security/codes/new", {}).status_code == 302
    changed = {"oldpassword": PASSWORD, "password1": "Wolken ueber Husum 12", "password2": "Wolken ueber Husum 12"}
    assert client.post("/account/password/change", changed).status_code == 302
    assert client.post("/account/security/app/remove", {}).status_code == 302
    told = client.get("/settings/audit").content.decode()
    assert "Anmeldung geändert" in told and "Passwort geändert" in told
    assert "/do/note_sign_in" not in client.get(f"/members/{member}").content.decode()
    assert noted(tenant) == noted(elsewhere) == ["app_on", "codes", "codes", "password", "app_off"]


def test_nobody_but_the_system_can_note_such_a_change(tenant: UUID, member: UUID) -> None:
    with inside(tenant), pytest.raises(Forbidden):
        run(actor_of(member), "kernel.member.note_sign_in", member, what="password")
    assert noted(tenant) == []


def test_an_administrator_ends_all_sessions_of_a_member_and_the_audit_says_so(
    client: Client, user: User, tenant: UUID, member: UUID
) -> None:
    sign_in(client)
    assert is_signed_in(client)
    with inside(tenant):
        run(system_actor(), "kernel.member.end_sessions", member)
        with reading():
            assert len(events.read(Sql("e.kind = %s", ("kernel.member.end_sessions",)))) == 1
    assert not is_signed_in(client)


def test_a_new_address_counts_when_its_link_was_opened_and_the_old_one_is_told(
    client: Client, user: User, tenant: UUID, member: UUID
) -> None:
    sign_in(client)
    confirm(client)
    link = ask(client)
    user.refresh_from_db()
    assert user.email == EMAIL and sign_in(Client()).status_code == 302  # nothing has changed yet
    page = client.get(link)
    assert page.status_code == 200 and NEW in page.content.decode()
    user.refresh_from_db()
    assert user.email == EMAIL  # looking at it confirms nothing
    assert client.post(link).status_code == 302
    user.refresh_from_db()
    assert user.email == NEW and mail.outbox[-1].to == [EMAIL] and NEW in str(mail.outbox[-1].body)
    assert sign_in(Client()).status_code == 422 and sign_in(Client(), email=NEW).status_code == 302
    assert noted(tenant) == ["email"]
    assert "no longer" in client.get(link).content.decode() or "nicht mehr" in client.get(link).content.decode()


def test_it_needs_the_password_once_more(client: Client, user: User) -> None:
    sign_in(client)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0.0}]
    session.save()
    before = len(mail.outbox)
    answer = client.post("/account/email", {"email": NEW})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/confirm")
    assert len(mail.outbox) == before


def test_a_link_sent_before_confirms_no_other_address_and_a_withdrawn_one_none(client: Client, user: User) -> None:
    sign_in(client)
    confirm(client)
    first = ask(client)
    second = ask(client, "other@example.net")
    assert client.post(first).status_code == 404
    assert client.post("/account/email", {"withdraw": "1"}).status_code == 302
    assert client.post(second).status_code == 404
    user.refresh_from_db()
    assert user.email == EMAIL


def test_an_address_of_another_login_is_not_told_and_not_taken(client: Client, user: User) -> None:
    accounts.create("boris@example.org", name="Boris", password=PASSWORD)
    sign_in(client)
    confirm(client)
    link = ask(client, "boris@example.org")
    client.post(link)
    user.refresh_from_db()
    assert user.email == EMAIL
