"""How a tenant's quotes look and are made: letterhead, texts, numbers, taxes, and who approves discounts."""

from __future__ import annotations

import decimal
import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Country, Decimal, File, Link, LongText, Text, Whole, YesNo
from klientel.kernel.records.record import Record
from klientel.sales.models import lettering

PATTERN = "AN-{year}-{n:05}"
_PLACE = re.compile(r"\{(year|n(?::0([1-9]))?)\}")


def number(pattern: str, year: int, n: int) -> str:
    """A number by its pattern: ``AN-{year}-{n:05}`` in 2026 makes AN-2026-00012 of 12."""
    return _PLACE.sub(
        lambda found: str(year) if found[1] == "year" else str(n).zfill(int(found[2] or 1)), pattern or PATTERN
    )


class Pattern(Text):
    """A pattern that numbers are made by."""

    def take(self, value: Any) -> str:
        text = super().take(value)
        rest = _PLACE.sub("", text)
        if text and ("{" in rest or "}" in rest or not re.search(r"\{n[:}]", text)):
            raise self.refuse("pattern", _("A pattern needs {n} or {n:05} for the number and may hold {year}."))
        return text

    def sample(self, n: int) -> str:
        return f"Q{n}-{PATTERN}"


def _in_order(form: Any) -> None:
    for name in ("standard_rate", "reduced_rate", "approval_above"):
        value = getattr(form, name)
        if value is not None and not 0 <= value <= 100:
            raise Refused("out_of_range", _("Per cent lie between 0 and 100."), name)


class QuoteForm(Record):
    """The form of a tenant's quotes; its numbers are its own. A tenant with several brands has several."""

    name = Text(_("name"), required=True, max_length=80)
    number_pattern = Pattern(_("pattern of numbers"), max_length=60, default=PATTERN)
    first_number = Whole(_("first number"), least=1, most=99_999_999, default=1)
    valid_days = Whole(_("valid for days"), least=1, most=3650, default=30)
    standard_rate = Decimal(_("standard rate in %"), decimal_places=2, default=decimal.Decimal(19))
    reduced_rate = Decimal(_("reduced rate in %"), decimal_places=2, default=decimal.Decimal(7))
    exempt_reason = Text(_("why sales are exempt"), max_length=300, help_text=_("Such as § 19 UStG"))
    approval_above = Decimal(_("discount needs approval above %"), decimal_places=2)
    approver = Link("kernel.member", _("approves discounts"), reverse=_("approves quotes"))
    deputy = Link("kernel.member", _("deputy"), reverse=_("approves quotes as deputy"))
    approval_days = Whole(_("remind whoever approves after days"), least=1, most=365, default=1)
    remind_days = Whole(_("remind the owner so many days before a quote ends"), least=1, most=365, default=3)
    mail_template = Link("channels.template", _("e-mail template"), reverse=_("quote forms"))
    mail_template_en = Link("channels.template", _("e-mail template in English"), reverse=_("quote forms in English"))
    keeps_ip = YesNo(
        _("keep the whole IP address of whoever accepts"),
        help_text=_("Otherwise it is shortened: alone it proves nothing, and it is personal."),
    )
    company = Text(_("company"), max_length=200)
    sender = LongText(_("address"), max_length=500, help_text=_("As it stands on the letterhead, line by line"))
    vat_id = Text(_("VAT ID"), max_length=20, help_text=_("By it Klientel tells own invoices from those of suppliers"))
    country = Country(_("country"), help_text=_("Empty: that of the VAT ID"))
    tax_number = Text(_("tax number"), max_length=40, help_text=_("For whoever has no VAT ID"))
    register = Text(_("register number"), max_length=80, help_text=_("Such as HRB 118900"))
    footer = LongText(_("foot of the page"), max_length=1000, help_text=_("Bank, register and tax numbers"))
    logo = File(_("logo"))
    font = File(_("font"), help_text=_("TTF or OTF whose licence permits to embed it. Empty: Libertinus Serif."))
    font_bold = File(_("bold font"), help_text=_("The bold cut of the same family."))
    introduction = LongText(_("introduction"), max_length=4000)
    introduction_en = LongText(_("introduction in English"), max_length=4000)
    terms = LongText(_("terms"), max_length=8000)
    terms_en = LongText(_("terms in English"), max_length=8000)

    class Meta(Record.Meta):
        app_label = "sales"

    @classmethod
    def of(cls, quote: Any) -> QuoteForm:
        """The form of a quote; without one the usual settings."""
        return cls.objects.filter(pk=quote.form).first() or cls()

    @classmethod
    def first(cls) -> QuoteForm | None:
        """The form of what names none: the oldest there is."""
        found: QuoteForm | None = cls.objects.filter(archived_at=None).order_by("id").first()
        return found

    class About:
        label, plural, slug, icon = _("quote form"), _("quote forms"), "quote-forms", "file-cog"
        note = _("Letterhead, terms, approval and validity of quotes")
        title = "name"
        columns = ("name", "number_pattern", "valid_days", "approval_above", "approver")
        sections = (
            (_("Quote form"), ("name", "number_pattern", "first_number", "valid_days")),
            (_("Tax"), ("standard_rate", "reduced_rate", "exempt_reason")),
            (_("Approval"), ("approval_above", "approver", "deputy", "approval_days")),
            (_("Sending"), ("mail_template", "mail_template_en", "remind_days", "keeps_ip")),
            (
                _("Letterhead"),
                (
                    "company",
                    "sender",
                    "country",
                    "vat_id",
                    "tax_number",
                    "register",
                    "footer",
                    "logo",
                    "font",
                    "font_bold",
                ),
            ),
            (_("Texts"), ("introduction", "terms", "introduction_en", "terms_en")),
        )
        check = staticmethod(_in_order)
        derive = lettering.derive
        fitting = {"approval_above": "5", "standard_rate": "19", "reduced_rate": "7", "font": None, "font_bold": None}
        system = open = True
        mergeable = False
