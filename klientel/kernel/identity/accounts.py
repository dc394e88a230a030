"""Logins: make one, change it, close it. A login belongs to nobody's tenant and grants nothing."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, together
from klientel.kernel.identity.models import DENSITIES, LANGUAGES, THEMES, User, folded, new_stamp

_CHOICES: dict[str, list[tuple[str, Any]]] = {"language": LANGUAGES, "theme": THEMES, "density": DENSITIES}
NAME_LENGTH = 200
EMAIL_LENGTH = 254


def find(email: str) -> User | None:
    """The login of this address, in whatever case it is written."""
    return User.objects.filter(email=folded(email)).first()


def create(email: str, *, name: str, password: str | None = None, **preferences: Any) -> User:
    """A new login whose address counts as proven (an invitation reached it, or an administrator vouches).

    Without a password nobody can sign in until it is set by the reset mail. Raises ``Refused`` with all that is wrong.
    """
    user = User(email=folded(email), name=name.strip())
    refusals = [*_wrong_address(user.email), *_wrong_name(user.name), *_wrong_preferences(preferences)]
    if password is not None:
        refusals += wrong_password(password, user)
    if refusals:
        raise together(refusals)
    for field, value in preferences.items():
        setattr(user, field, value)
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    _insert(user)
    return user


def _insert(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as error:
        raise Refused("email_taken", _("There is already a login with this address."), "email") from error


def set_preferences(user: User, *, name: str, **preferences: Any) -> None:
    """Name, language, theme, density and single-key shortcuts of one's own login."""
    refusals = [*_wrong_name(name.strip()), *_wrong_preferences(preferences)]
    if refusals:
        raise together(refusals)
    user.name = name.strip()
    for field, value in preferences.items():
        setattr(user, field, value)
    user.save(update_fields=["name", *preferences])


def set_password(user: User, password: str) -> None:
    """A new password; every session of this login ends."""
    refusals = wrong_password(password, user)
    if refusals:
        raise together(refusals)
    user.set_password(password)
    user.save(update_fields=["password"])


def end_sessions(user: User) -> None:
    """Sign this login out everywhere, at once and in every process."""
    user.stamp = new_stamp()
    user.save(update_fields=["stamp"])


def deactivate(user: User) -> None:
    """Close a login: no sign-in, no session, and its API tokens stay dead even if it is opened again."""
    user.is_active = False
    user.stamp = new_stamp()
    user.tokens_from = timezone.now()
    user.save(update_fields=["is_active", "stamp", "tokens_from"])


def reactivate(user: User) -> None:
    """Let a closed login sign in again, with the password it had."""
    user.is_active = True
    user.tokens_from = timezone.now()
    user.save(update_fields=["is_active", "tokens_from"])


def wrong_password(password: str, user: User, field: str = "password") -> list[Refused]:
    """What is wrong with a new password, in sentences; nothing where it will do."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [Refused("password_weak", " ".join(error.messages), field)]
    return []


def _wrong_address(email: str) -> list[Refused]:
    try:
        validate_email(email)
    except ValidationError:
        return [Refused("email_invalid", _("This is not an e-mail address."), "email")]
    if len(email) > EMAIL_LENGTH:
        return [Refused("email_too_long", _("This address is too long."), "email")]
    return []


def _wrong_name(name: str) -> list[Refused]:
    if not name:
        return [Refused("name_missing", _("Please give a name."), "name")]
    if len(name) > NAME_LENGTH or "\x00" in name:
        return [Refused("name_invalid", _("This name is too long or holds signs that cannot be stored."), "name")]
    return []


def _wrong_preferences(preferences: dict[str, Any]) -> list[Refused]:
    refusals = []
    for field, value in preferences.items():
        known = [key for key, _label in _CHOICES[field]] if field in _CHOICES else [True, False]
        if field not in (*_CHOICES, "single_keys"):
            raise TypeError(f"A login has no preference {field!r}")
        if value not in known:
            refusals.append(Refused("choice_unknown", _("Please choose one of the offered values."), field))
    return refusals
