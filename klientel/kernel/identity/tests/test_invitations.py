from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.utils import timezone

from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.identity import accounts, invitations
from klientel.kernel.identity.models import Invitation, User
from klientel.kernel.identity.tests.conftest import PASSWORD
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.writing import door

pytestmark = pytest.mark.django_db


class Joined:
    """Remembers who joined, or refuses, as the action above would."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse
        self.who: list[tuple[dict[str, Any], str]] = []

    def __call__(self, invitation: Invitation, user: User) -> None:
        if self.refuse:
            raise Refused("too_many_members", "No place left.")
        self.who.append((invitation.parameters, user.email))


def invited(tenant: UUID, email: str = "Gast@Example.org", **given: Any) -> tuple[Invitation, str]:
    return invitations.create(tenant_id=tenant, email=email, invited_by="member:x", **given)


def change(tenant: UUID, invitation: Invitation, **values: Any) -> None:
    with inside(tenant), writing(), door():
        Invitation.objects.filter(pk=invitation.pk).update(**values)


def test_a_new_guest_gets_a_login_and_joins_once(tenant: UUID) -> None:
    _invitation, text = invited(tenant, parameters={"roles": ["a"]}, language="en")
    join = Joined()
    guest = invitations.accept(text, name="Gast", password=PASSWORD, join=join)
    assert (guest.email, guest.name, guest.language) == ("gast@example.org", "Gast", "en")
    assert guest.check_password(PASSWORD)
    assert join.who == [({"roles": ["a"]}, "gast@example.org")]
    with pytest.raises(Conflict) as refused:
        invitations.accept(text, user=guest, join=join)
    assert refused.value.code == "invitation_used"
    assert len(join.who) == 1


def test_a_known_guest_joins_when_signed_in_and_only_then(tenant: UUID, user: User) -> None:
    _invitation, text = invited(tenant, email=user.email.upper())
    join = Joined()
    assert invitations.facts(text).has_login
    with pytest.raises(Conflict) as refused:
        invitations.accept(text, name="Someone", password=PASSWORD, join=join)
    assert refused.value.code == "sign_in_first"
    assert join.who == []
    assert invitations.accept(text, user=user, join=join) == user
    assert User.objects.count() == 1


def test_an_invitation_is_not_for_another_login(tenant: UUID, user: User) -> None:
    _invitation, text = invited(tenant)
    join = Joined()
    with pytest.raises(Forbidden):
        invitations.accept(text, user=user, join=join)
    assert join.who == []
    assert invitations.facts(text).email == "gast@example.org"


def test_a_closed_login_cannot_join(tenant: UUID, user: User) -> None:
    _invitation, text = invited(tenant, email=user.email)
    accounts.deactivate(user)
    with pytest.raises(Forbidden):
        invitations.accept(text, user=user, join=Joined())


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1] + "!", lambda t: t[:-1], lambda t: t.replace("ki_", "kt_"), lambda t: ""]
)
def test_a_changed_link_is_unknown(tenant: UUID, spoil: Any) -> None:
    _invitation, text = invited(tenant)
    with pytest.raises(Missing):
        invitations.accept(spoil(text), name="Gast", password=PASSWORD, join=Joined())
    assert not User.objects.exists()


def test_a_link_does_not_open_another_tenant(tenant: UUID, elsewhere: UUID) -> None:
    _invitation, text = invited(tenant)
    with pytest.raises(Missing):
        invitations.facts(text.replace(tenant.hex, elsewhere.hex))


def test_an_expired_invitation_is_refused_and_nothing_written(tenant: UUID) -> None:
    invitation, text = invited(tenant)
    change(tenant, invitation, expires_at=timezone.now() - timedelta(seconds=1))
    join = Joined()
    with pytest.raises(Refused) as refused:
        invitations.accept(text, name="Gast", password=PASSWORD, join=join)
    assert refused.value.code == "invitation_expired"
    assert (join.who, User.objects.count()) == ([], 0)


def test_a_new_invitation_ends_the_older_one_of_that_address(tenant: UUID, elsewhere: UUID) -> None:
    _first, old = invited(tenant)
    _foreign, kept = invited(elsewhere)
    _second, new = invited(tenant, email="GAST@example.org")
    with pytest.raises(Refused):
        invitations.facts(old)
    assert invitations.facts(new).tenant_name == "Muster GmbH"
    assert invitations.facts(kept).tenant_name == "Anderswo AG"


def test_a_withdrawn_invitation_is_closed(tenant: UUID, elsewhere: UUID) -> None:
    invitation, text = invited(tenant)
    with pytest.raises(Missing):
        invitations.withdraw(elsewhere, invitation.id)
    assert invitations.facts(text).id == invitation.id
    invitations.withdraw(tenant, invitation.id)
    with pytest.raises(Refused):
        invitations.facts(text)


def test_where_joining_fails_nothing_remains_and_the_link_still_works(tenant: UUID) -> None:
    _invitation, text = invited(tenant)
    with pytest.raises(Refused, match="too_many_members"):
        invitations.accept(text, name="Gast", password=PASSWORD, join=Joined(refuse=True))
    assert not User.objects.exists()
    assert not invitations.facts(text).has_login


def test_a_weak_password_is_refused_and_the_link_still_works(tenant: UUID) -> None:
    _invitation, text = invited(tenant)
    with pytest.raises(Refused) as refused:
        invitations.accept(text, name="Gast", password="123", join=Joined())
    assert refused.value.field == "password"
    assert not User.objects.exists()
    assert invitations.facts(text).email == "gast@example.org"


@pytest.mark.parametrize("email", ["", "no address", "a@b\nBcc: c@example.org", "a\x00@example.org"])
def test_nobody_is_invited_to_what_is_no_address(tenant: UUID, email: str) -> None:
    with pytest.raises(Refused):
        invited(tenant, email=email)
    with inside(tenant), writing():
        assert not Invitation.objects.exists()


def test_a_restored_workspace_invites_nobody_by_mail(tenant: UUID) -> None:
    invitation, text = invited(tenant)
    Tenant.objects.filter(id=tenant).update(quarantined_at=timezone.now())
    with pytest.raises(Refused) as refused:
        invitations.send(invitation, text, "https://crm.example.org/")
    assert refused.value.code == "quarantine"
    assert mail.outbox == []


@pytest.mark.parametrize(("language", "word"), [("de", "Klientel"), ("en", "You are invited")])
def test_the_mail_carries_the_link_in_the_guests_language(tenant: UUID, language: str, word: str) -> None:
    invitation, text = invited(tenant, language=language)
    invitations.send(invitation, text, "https://crm.example.org/")
    (sent,) = mail.outbox
    assert sent.to == ["gast@example.org"]
    assert f"https://crm.example.org/invitation/{text}\n" in sent.body
    assert word in sent.body
    assert "Muster GmbH" in sent.subject
