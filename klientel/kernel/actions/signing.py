"""What changes how a member signs in stands in the audit of every tenant they belong to, without anything secret.

The login is global and its changes happen outside any tenant: what is told is that it happened, never an address,
a code or a device. Who ends a member's sessions does it by an action of the tenant, which is its own event.
"""

from __future__ import annotations

from typing import Annotated, Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import memberships, system_actor
from klientel.kernel.actions.declaring import action
from klientel.kernel.actions.running import run
from klientel.kernel.actions.step import Step
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.kinds import Choice
from klientel.kernel.tenancy import inside

CHANGES = (
    ("app_on", _("authenticator app switched on")),
    ("app_off", _("authenticator app switched off")),
    ("codes", _("recovery codes made anew")),
    ("password", _("password changed")),
    ("email", _("e-mail address changed")),
)


@action("kernel.member", _("Sign-in changed"), said=_("changed the sign-in"), undoable=False, icon="key-round")
def note_sign_in(step: Step, member: Any, *, what: Annotated[str, Choice(_("what changed"), of=CHANGES)]) -> None:
    """Note that the way this member signs in has changed. Only the system does, when it happens."""
    if step.actor.kind != "system":
        raise Forbidden("system_only", _("This is noted when it happens, by nobody else."))
    step.mark(member)
    step.keep(what=what)


@action(
    "kernel.member",
    _("Sign out everywhere"),
    said=_("signed out everywhere"),
    needs="change",
    undoable=False,
    icon="log-out",
    dangerous=True,
)
def end_sessions(step: Step, member: Any) -> None:
    """End all sessions of this member's login, at once and on every device."""
    login = User.objects.filter(pk=member.user).first() if member.user else None
    step.require(login is not None, "no_login", _("This member has no login."))
    step.mark(member)
    if login is not None:
        accounts.end_sessions(login)


def tell(user: User, what: str) -> None:
    """Put an event into every tenant where the login belongs to an active member."""
    for tenant, member, _name in memberships(user.pk):
        with inside(tenant):
            run(system_actor(), "kernel.member.note_sign_in", member, what=what)


@receiver([account.password_changed, account.password_reset, account.password_set])
def tell_password(user: User, **_kwargs: Any) -> None:
    """The password is another one."""
    tell(user, "password")


@receiver(account.email_changed)
def tell_email(user: User, **_kwargs: Any) -> None:
    """The address to sign in with is another one."""
    tell(user, "email")


@receiver(mfa.authenticator_added)
def tell_added(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """The app is on; the recovery codes that come with it are made anew too."""
    tell(user, "app_on" if authenticator.type == Authenticator.Type.TOTP else "codes")


@receiver(mfa.authenticator_reset)
def tell_reset(user: User, **_kwargs: Any) -> None:
    """The recovery codes were made anew."""
    tell(user, "codes")


@receiver(mfa.authenticator_removed)
def tell_removed(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """The app is off; its recovery codes go with it without a word of their own."""
    if authenticator.type == Authenticator.Type.TOTP:
        tell(user, "app_off")
