"""Forms of one's own login. They only read; every rule stands in ``identity``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from klientel.kernel.identity import tokens
from klientel.kernel.identity.models import DENSITIES, LANGUAGES, THEMES


class ProfileForm(forms.Form):
    """Name and how the interface looks."""

    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES)
    density = forms.ChoiceField(label=_("Row height"), choices=DENSITIES)
    single_keys = forms.BooleanField(
        label=_("Shortcuts of one key"),
        required=False,
        help_text=_("J and K move through lists, / opens the search. Switch off if they get in your way."),
    )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"),
        max_length=tokens.NAME_LENGTH,
        help_text=_("For example “Website form”."),
    )
    scope = forms.ChoiceField(label=_("Allowed to"), choices=tokens.SCOPES)
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = self.fields["days"]
        assert isinstance(days, forms.ChoiceField)
        days.choices = [(n, ngettext("%d day", "%d days", n) % n) for n in tokens.LIFETIMES_DAYS]

    def values(self) -> dict[str, Any]:
        """Name, scopes and end, as ``tokens.create`` takes them."""
        clean = self.cleaned_data
        end = timezone.now() + timedelta(days=clean["days"])
        return {"name": clean["name"], "scopes": [clean["scope"]], "expires_at": end}


class WelcomeForm(forms.Form):
    """The first name and password of an invited person."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )
    again = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        clean = super().clean() or {}
        if clean.get("password") and clean.get("again") and clean["password"] != clean["again"]:
            self.add_error("again", gettext("The two passwords differ."))
        return clean
