"""A quote as PDF: the letterhead of its form, the language of its recipient, archivable (PDF/A-3b), tagged, and with
the quote for machines attached to it (decision 0034)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.dates import format_date
from django.utils import translation
from django.utils.translation import gettext as _

from klientel.kernel.errors import Missing
from klientel.kernel.files.opening import open_file, thumbnail
from klientel.kernel.files.papers import drawn
from klientel.lib import quotations
from klientel.lib.countries import country_name
from klientel.lib.salutation import letter_salutation
from klientel.sales.models import Quote, QuoteForm, lettering, telling
from klientel.sales.models.positions import ALTERNATIVE, OPTIONAL, SECTION, passes_tax_on, replaceable
from klientel.sales.queries.quotation import quotation
from klientel.sales.queries.recipient import Recipient, recipient

TEMPLATE = Path(__file__).parents[1] / "templates" / "sales" / "quote.typ"
LOGO = "logo.png"
_LOCALES = {"de": "de_DE", "en": "en_GB"}


def paper(scope: Any, quote: Quote) -> bytes:
    """The PDF of a quote; the same bytes as long as neither the quote nor its form changes.

    Recipient, logo and fonts stand on it as far as the scope may see them; the usual font comes with the program.
    """
    form = QuoteForm.of(quote)
    to, (look, files) = recipient(scope, quote), letterhead(scope, form)
    content = said(scope, quote, form, to) | look | {"machine": quotations.FILE}
    return drawn(content, files | {quotations.FILE: quotation(quote, form, to)}, TEMPLATE)


def letterhead(scope: Any, form: QuoteForm) -> tuple[dict[str, Any], dict[str, bytes]]:
    """How a form's papers look: what the template is told of logo and fonts, and the files that these are in."""
    logo, (families, files) = logo_of(scope, form), lettering.fonts_of(scope, form)
    return {"logo": LOGO if logo else "", "fonts": families}, files | ({LOGO: logo} if logo else {})


def said(scope: Any, quote: Quote, form: QuoteForm, to: Recipient | None = None) -> dict[str, Any]:
    """All that stands on the paper, as texts in the quote's language; ``to`` where it is known already."""
    language = quote.language or "de"
    day = quote.date or quote.created_at.date()
    told = telling.told(quote, quote.positions or [], language)
    to = to or recipient(scope, quote)
    company, sender = form.company or form.name, _lines(form.sender)
    with translation.override(language):
        return {
            "title": f"{_('Quote')} {quote.number}",
            "heading": quote.name,
            "language": language,
            "region": _LOCALES.get(language, "de_DE")[3:],
            "day": [day.year, day.month, day.day],
            "number": quote.number,
            "company": company,
            "sender": sender,
            "sender_line": " · ".join(filter(None, (company, *sender[:2]))),
            "footer": _lines(form.footer) or [company],
            "address": _address(to, language),
            "facts": _facts(quote, to, language),
            "salutation": f"{quote.salutation or greeting(to.person, language)},",
            "introduction": _paragraphs(quote.introduction),
            "terms": _paragraphs(quote.terms),
            "lines": _numbered(told["lines"], replaceable(quote.positions or [])),
            "sums": told["sums"],
            "reasons": told["reasons"],
            "machine": "",
            "fonts": [lettering.USUAL],
            "words": {
                "machine": _("This quote for machines (UBL 2.1)"),
                "page": _("Page"), "place": _("No."), "name": _("Item"), "quantity": _("Quantity"),
                "price": _("Price"), "net": _("Net"), "terms": _("Terms"),
            },
        }  # fmt: skip


def _facts(quote: Quote, to: Recipient, language: str) -> list[list[str]]:
    def day(value: Any) -> str:
        return format_date(value, "long", locale=_LOCALES.get(language, "de_DE")) if value else ""

    facts = [
        (_("Quote number"), quote.number),
        (_("Date"), day(quote.date)),
        (_("Valid until"), day(quote.valid_until)),
        (_("Your VAT ID"), to.vat_id if passes_tax_on(quote.positions or []) else ""),
    ]
    return [[label, value] for label, value in facts if value]


def _address(to: Recipient, language: str) -> list[str]:
    """Firm, person, street, place; the country in capitals where it is another (DIN 5008, UPU S42)."""
    at = to.address
    place = " ".join(filter(None, (at.get("postcode"), at.get("city"))))
    lines = [to.firm.name if to.firm else "", to.name, at.get("street", ""), place]
    if at.get("country", "DE") != "DE":
        lines.append((country_name(at["country"], language)).upper())
    return [one for one in lines if one]


def greeting(person: Any, language: str) -> str:
    """How a letter in this language begins, whatever else its recipient speaks."""
    if person is None:
        return _("Dear Sir or Madam")
    return letter_salutation(
        salutation=person.salutation, title=person.academic_title, first_name=person.first_name,
        last_name=person.last_name, language=language,
        country=next((one["country"] for one in person.addresses if one.get("country")), ""),
    )  # fmt: skip


def _numbered(lines: list[dict[str, Any]], instead: dict[int, int]) -> list[dict[str, Any]]:
    """Lines with their number on paper (sections have none), quantity with unit, and how they count."""
    marks = {OPTIONAL: str(_("optional")), ALTERNATIVE: str(_("alternative"))}
    made: list[dict[str, Any]] = []
    number = 0
    for place, one in enumerate(lines):
        if one["role"] != SECTION:
            number += 1
            amount, mark = " ".join(filter(None, (one["quantity"], one["unit"]))), marks.get(one["role"], "")
            if place in instead:
                mark = _("alternative to no. %(n)s") % {"n": made[instead[place]]["place"]}
            one = one | {"place": str(number), "mark": mark, "quantity": amount}
        made.append(one)
    return made


def logo_of(scope: Any, form: QuoteForm) -> bytes | None:
    """The logo made small and drawn anew, so that no damaged or hostile picture reaches the paper."""
    if form.logo is None:
        return None
    try:
        return thumbnail(open_file(scope, form.logo), 900)
    except Missing:
        return None


def _paragraphs(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").replace("\r\n", "\n").split("\n\n") if one.strip()]


def _lines(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").splitlines() if one.strip()]
