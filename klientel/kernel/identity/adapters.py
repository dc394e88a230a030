"""Where allauth asks the project: closed sign-up, local redirects, sealed second factors, mails in plain text."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from typing import Any
from uuid import UUID

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]

from klientel.kernel.identity import sealing
from klientel.kernel.tenancy import quarantine

log = logging.getLogger("klientel.security")

_owner: ContextVar[UUID | None] = ContextVar("second_factor_owner", default=None)


@contextmanager
def second_factor_of(user_id: UUID) -> Iterator[None]:
    """Open sealed second factors as this user's while nobody is signed in yet (the second step of a sign-in)."""
    token = _owner.set(user_id)
    try:
        yield
    finally:
        _owner.reset(token)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in rules of the house."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many attempts. Please wait a few minutes and try again."),
        "incorrect_code": _("This code is not right. Codes change every 30 seconds and count once."),
        "incorrect_password": _("This password is not right."),
        "enter_current_password": _("Please type your present password."),
        "rate_limited": _("Too many attempts. Please wait a few minutes and try again."),
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Nobody signs up: members are invited."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """``next`` leads to a page of this installation, given as a path; never to a host, not even an allowed one."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_ajax(self, _request: HttpRequest) -> bool:
        """Pages only: allauth's JSON answers are not offered."""
        return False

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor proves themselves by it: a known password must not be enough to take it away."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [each for each in methods if each["id"] == "mfa_reauthenticate"] or methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A restored system sends nothing until it is released."""
        if quarantine.active():
            log.warning("mail withheld: quarantine")
            return
        super().send_mail(template_prefix, email, context)

    def format_email_subject(self, subject: str) -> str:
        """No prefix with a host name."""
        return subject


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: sealed at rest and bound to their owner."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Codes change every 30 seconds and count once."),
        "unverified_email": _("Please have your e-mail address confirmed first."),
    }

    def encrypt(self, text: str) -> str:
        """Seal a seed for its owner."""
        return sealing.seal(text, _binding())

    def decrypt(self, encrypted_text: str) -> str:
        """Open a seed; one copied from another login does not open."""
        return sealing.unseal(encrypted_text, _binding())

    def build_totp_svg(self, url: str) -> str:
        """The QR code with a white ground of its own, so that a dark page does not swallow it."""
        image = qrcode.make(url, image_factory=SvgPathFillImage, border=3)
        buffer = BytesIO()
        image.save(buffer)
        return buffer.getvalue().decode()


def _binding() -> str:
    owner: Any = _owner.get() or context.request.user.pk
    if owner is None:
        raise sealing.Unreadable("Nobody is there whose second factor this could be")
    return f"second factor of {owner}"
