"""Invitations: one address, one tenant, a few days, once. The link holds the secret, the table only its digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.identity import accounts, keys
from klientel.kernel.identity.models import Invitation, User, folded
from klientel.kernel.tenancy import inside, quarantine, reading, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.writing import door

LIFETIME = timedelta(days=7)
NAME_LENGTH = 200
Join = Callable[[Invitation, User], None]


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """What the page of an open invitation shows."""

    id: UUID
    tenant_id: UUID
    tenant_name: str
    email: str
    name: str
    language: str
    has_login: bool


def create(
    *,
    tenant_id: UUID,
    email: str,
    invited_by: str,
    name: str = "",
    language: str = "de",
    parameters: dict[str, Any] | None = None,
    lifetime: timedelta = LIFETIME,
) -> tuple[Invitation, str]:
    """A new invitation and its secret text; an older open one for the same address ends.

    ``parameters`` come back when it is accepted (teams, roles, the id of a member that waits for its login).
    """
    try:
        validate_email(folded(email))
    except ValidationError as error:
        raise Refused("email_invalid", _("This is not an e-mail address."), "email") from error
    if len(name) > NAME_LENGTH or "\x00" in name:
        raise Refused("name_invalid", _("This name is too long or holds signs that cannot be stored."), "name")
    now = timezone.now()
    text, key = keys.mint(keys.INVITATION, tenant_id)
    with inside(tenant_id), writing(), door():
        Invitation.objects.filter(email=folded(email), accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            email=folded(email),
            name=name.strip(),
            language=language,
            parameters=parameters or {},
            prefix=key.prefix,
            digest=key.digest,
            invited_by=invited_by,
            created_at=now,
            expires_at=now + lifetime,
        )
    return invitation, text


def renew(tenant_id: UUID, invitation_id: UUID, lifetime: timedelta = LIFETIME) -> tuple[Invitation, str]:
    """The same invitation with a new secret text and its full time; ``Missing`` where it was answered or withdrawn."""
    text, key = keys.mint(keys.INVITATION, tenant_id)
    with inside(tenant_id), writing(), door():
        waiting = Invitation.objects.select_for_update().filter(id=invitation_id, accepted_at=None, withdrawn_at=None)
        found: Invitation | None = waiting.first()
        if found is None:
            raise Missing("invitation_missing", _("There is no such invitation."))
        found.prefix, found.digest, found.expires_at = key.prefix, key.digest, timezone.now() + lifetime
        found.save(update_fields=["prefix", "digest", "expires_at"])
    return found, text


def path(text: str) -> str:
    """Where the link of an invitation leads, below the installation's address."""
    return f"/invitation/{text}"


def send(invitation: Invitation, text: str, base_url: str) -> None:
    """Mail the link, in the language of the invitation; ``Refused`` while the tenant is in quarantine."""
    with inside(invitation.tenant_id):
        if quarantine.active():
            raise Refused("quarantine", _("This restored workspace sends no mail until it is released."))
    tenant = Tenant.objects.get(id=invitation.tenant_id)
    context = {"invitation": invitation, "tenant": tenant, "link": base_url.rstrip("/") + path(text)}
    with translation.override(invitation.language):
        subject = " ".join(render_to_string("account/email/invitation_subject.txt", context).split())
        body = render_to_string("account/email/invitation_message.txt", context)
    send_mail(subject, body, None, [invitation.email])


def facts(text: str) -> InvitationFacts:
    """What an open invitation says; else ``Missing``, ``Conflict`` (used) or ``Refused`` (ended). Changes nothing."""
    key = _key(text)
    with inside(key.tenant_id), reading():
        invitation = _open(key, Invitation.objects.filter(prefix=key.prefix).first())
    return InvitationFacts(
        id=invitation.id,
        tenant_id=invitation.tenant_id,
        tenant_name=Tenant.objects.get(id=invitation.tenant_id).name,
        email=invitation.email,
        name=invitation.name,
        language=invitation.language,
        has_login=accounts.find(invitation.email) is not None,
    )


def accept(text: str, *, join: Join, user: User | None = None, name: str = "", password: str = "") -> User:
    """Take the invitation, as the signed-in ``user`` or as a new login with ``name`` and ``password``.

    ``join(invitation, user)`` makes the membership; it, the login and the end of the invitation are one transaction.
    """
    key = _key(text)
    with inside(key.tenant_id), writing(), door():
        invitation = _open(key, Invitation.objects.select_for_update().filter(prefix=key.prefix).first())
        guest = _known_guest(invitation, user) or _new_guest(invitation, name, password)
        join(invitation, guest)
        invitation.accepted_at = timezone.now()
        invitation.accepted_by = guest
        invitation.save(update_fields=["accepted_at", "accepted_by"])
    return guest


def withdraw(tenant_id: UUID, invitation_id: UUID) -> None:
    """Close an invitation that nobody accepted yet; ``Missing`` where there is none."""
    with inside(tenant_id), writing(), door():
        waiting = Invitation.objects.filter(id=invitation_id, accepted_at=None, withdrawn_at=None)
        if not waiting.update(withdrawn_at=timezone.now()):
            raise Missing("invitation_missing", _("There is no such invitation."))


def _key(text: str) -> keys.Key:
    key = keys.read(keys.INVITATION, text)
    if key is None:
        raise _unknown()
    return key


def _unknown() -> Missing:
    return Missing("invitation_missing", _("This link is not valid. Please check that it was copied completely."))


def _open(key: keys.Key, invitation: Invitation | None) -> Invitation:
    """The invitation, where the key is its own and it can still be accepted."""
    if not keys.same(key, invitation.digest if invitation else None) or invitation is None:
        raise _unknown()
    if invitation.accepted_at is not None:
        raise Conflict("invitation_used", _("This invitation was already accepted. Please sign in."))
    if not invitation.is_open(timezone.now()):
        raise Refused("invitation_expired", _("This invitation has ended. Please ask for a new one."))
    return invitation


def _known_guest(invitation: Invitation, user: User | None) -> User | None:
    """The signed-in guest; nobody where the address has no login yet."""
    if user is not None:
        if user.email != invitation.email or not user.is_active:
            raise Forbidden("invitation_for_other", _("This invitation is for another address. Please sign out first."))
        return user
    if accounts.find(invitation.email) is not None:
        raise Conflict("sign_in_first", _("There is already a login with this address. Please sign in first."))
    return None


def _new_guest(invitation: Invitation, name: str, password: str) -> User:
    return accounts.create(
        invitation.email, name=name or invitation.name, password=password, language=invitation.language
    )
