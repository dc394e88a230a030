"""What follows a sign-in or a change of its protection. Connected by the kernel's app when it is ready."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.usersessions.models import UserSession
from django.contrib.auth import signals as auth
from django.contrib.auth import update_session_auth_hash
from django.dispatch import receiver
from django.http import HttpRequest

from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User

log = logging.getLogger("klientel.security")


@receiver([mfa.authenticator_added, mfa.authenticator_removed, mfa.authenticator_reset])
def end_other_sessions(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """A changed second factor ends every other session, as a changed password does."""
    keep_only_this_session(request, user)
    _note("second factor changed", user)


def keep_only_this_session(request: HttpRequest, user: User) -> None:
    """End all sessions of this login but the one that asks."""
    accounts.end_sessions(user)
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    update_session_auth_hash(request, user)
    UserSession.objects.create_from_request(request)


@receiver(auth.user_logged_in)
def note_sign_in(user: User, **_kwargs: Any) -> None:
    """Who signed in, by id: the log holds no address."""
    _note("signed in", user)


@receiver(auth.user_login_failed)
def note_failure(**_kwargs: Any) -> None:
    """That somebody failed; neither the address tried nor the password is kept."""
    log.warning("sign-in failed")


@receiver([account.password_changed, account.password_reset, account.password_set])
def note_password(user: User, **_kwargs: Any) -> None:
    """Who has a new password."""
    _note("password changed", user)


@receiver(mfa.authentication_failed)
def note_second_factor_failure(user: User, **_kwargs: Any) -> None:
    """Who failed at the second step: the password was right."""
    log.warning("second factor failed", extra={"user": str(user.pk)})


def _note(what: str, user: User) -> None:
    log.info(what, extra={"user": str(user.pk)})
