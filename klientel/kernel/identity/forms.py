"""The second step of a sign-in, where allauth's own form needs two more rules."""

from __future__ import annotations

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from klientel.kernel.identity.adapters import second_factor_of


class SecondFactorForm(forms.AuthenticateForm):  # type: ignore[misc]
    """Code of the app or a recovery code, at sign-in."""

    def clean_code(self) -> str:
        """Opens the seed as the owner's; a code counts once, as long as the tolerance lets it live."""
        with second_factor_of(self.user.pk):
            code: str = super().clean_code()
        count_once(self.authenticator, code)
        return code


class SecondFactorAgainForm(forms.ReauthenticateForm):  # type: ignore[misc]
    """The same, before something delicate."""

    def clean_code(self) -> str:
        """As :meth:`SecondFactorForm.clean_code`."""
        code: str = super().clean_code()
        count_once(self.authenticator, code)
        return code


def count_once(authenticator: Authenticator, code: str) -> None:
    """Refuse a second use of a one-time code (ASVS 6.5.1); allauth forgets it too early."""
    if authenticator.type != Authenticator.Type.TOTP:
        return
    life = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    digits = "".join(filter(str.isdigit, code))
    if not cache.add(f"klientel.totp.used:{authenticator.user_id}:{digits}", 1, timeout=life):
        raise get_adapter().validation_error("incorrect_code")
