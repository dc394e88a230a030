"""Warnings: what looks wrong with a value and is stored all the same, until somebody mends or acknowledges it."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Links, Privacy, Text
from klientel.kernel.records.record import Record

#: what can look wrong, with its sentence; ``%(hint)s`` is what was probably meant
CODES = (
    ("mail_domain", _("The domain of this e-mail address looks misspelt.")),
    ("phone_impossible", _("This phone number is not in use in its country.")),
    ("iban", _("This is not a valid IBAN.")),
    ("vat_id", _("This is not a valid VAT ID.")),
    ("vat_unknown", _("The tax authorities say that this VAT ID is not valid.")),
    ("postcode_form", _("This postcode does not have the form of its country.")),
    ("postcode_place", _("This postcode does not lie where the place lies.")),
)


class Warning(Record):  # noqa: A001  the word people use
    """One value of one field of one record looks wrong."""

    about = Links("*", _("about"), required=True, reverse=_("warnings"), on_erase="with")
    field = Text(_("field"), required=True, max_length=80)
    code = Choice(_("what looks wrong"), required=True, of=CODES)
    hint = Text(_("probably meant"), privacy=Privacy.PERSONAL)
    state = Choice(
        _("state"),
        of=(("open", _("open")), ("accepted", _("acknowledged"))),
        tones={"open": "warn", "accepted": ""},
    )

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "about"], name="warning_about", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("warning"), _("warnings"), "warnings", "triangle-alert"
        title = staticmethod(lambda w: str(dict(CODES).get(w.code, w.code)))
        made_of = ("code",)
        columns = ("code", "about", "field", "hint", "state")
        concerns = ("about",)
        sections = ((_("Warning"), ("about", "field", "code", "hint", "state")),)
        system = True
        mergeable = False
