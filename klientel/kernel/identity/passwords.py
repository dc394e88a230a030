"""A rule for new passwords that Django does not have."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from klientel.kernel.identity.models import User

LONGEST = 256


class StorableValidator:
    """Refuses what cannot be typed again or would only cost hashing time."""

    def validate(self, password: str, _user: User | None = None) -> None:
        """Raise ``ValidationError`` for control signs and for more than 256 signs."""
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in password):
            raise ValidationError(_("A password cannot hold control signs."), code="password_control_signs")
        if len(password) > LONGEST:
            raise ValidationError(_("A password has at most 256 signs."), code="password_too_long")

    def get_help_text(self) -> str:
        """The rule in words."""
        return gettext("At most 256 signs, no control signs.")
