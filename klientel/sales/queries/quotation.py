"""A quote as the XML that is attached to its PDF: what stands on the paper and nothing else."""

from __future__ import annotations

import re
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.lib import pricing, quotations
from klientel.lib.countries import COUNTRIES
from klientel.lib.einvoices import Party
from klientel.sales.models import Quote, QuoteForm, quoting, telling
from klientel.sales.models.positions import ALTERNATIVE, OPTIONAL, SECTION, passes_tax_on, replaceable
from klientel.sales.queries.recipient import Recipient

_PLACE = re.compile(r"(?:[A-Z]{1,3}[- ])?(\d{4,5})\s+(\S.*)")  # "20457 Hamburg", "A-1010 Wien"


def quotation(quote: Quote, form: QuoteForm, to: Recipient) -> bytes:
    """The XML, see `lib.quotations`; words of ours in the language of the quote."""
    language = quote.language or "de"
    positions = quote.positions or []
    totals, places = quoting.added_up(quote, positions)
    with translation.override(language):
        share = _("Discount of %(n)s") % {"n": telling.percent(quote.discount, language)} if quote.discount else ""
        made = quotations.Quotation(
            number=quote.number, subject=quote.name, date=quote.date or quote.created_at.date(),
            valid_until=quote.valid_until, language=language,
            seller=_seller(form, totals), seller_lines=_lines(form),
            buyer=_buyer(to, positions), buyer_contact=to.name, discount=share,
            offers=tuple(_offers(positions, totals, places, quote)), totals=totals,
        )  # fmt: skip
    return quotations.written(made)


def _seller(form: QuoteForm, totals: pricing.Totals) -> Party:
    """Who offers. What is not taxable at all bears no VAT ID (BR-O-02): there the tax number says who it is (BT-29)."""
    untaxed = any(one.tax.category == "O" for one in totals.taxes)
    street, place = _split(form)
    return Party(
        form.company or form.name, vat_id="" if untaxed else form.vat_id or "", tax_number=form.tax_number or "",
        identifier=(form.tax_number or "") if untaxed else "", register=form.register or "", street=street,
        postcode=place[0], city=place[1], country=country_of(form),
    )  # fmt: skip


def country_of(form: QuoteForm) -> str:
    """The country of whoever offers: as the form says, else by the VAT ID (Greece: EL), else the tenant's."""
    begins = (form.vat_id or "").strip()[:2].upper().replace("EL", "GR")
    if form.country or begins in COUNTRIES:
        return str(form.country or begins)
    return Tenant.objects.get(pk=current()).country


def _split(form: QuoteForm) -> tuple[str, tuple[str, str]]:
    """Street, postcode and town of the address as it stands on the letterhead; empty where it is written otherwise."""
    lines = (form.sender or "").splitlines()
    for n, line in enumerate(lines):
        if found := _PLACE.fullmatch(line.strip()):
            return lines[n - 1].strip() if n else "", (found[1], found[2])
    return "", ("", "")


def _lines(form: QuoteForm) -> tuple[str, ...]:
    """The rest of that address."""
    street, place = _split(form)
    lines = (line.strip() for line in (form.sender or "").splitlines())
    return tuple(line for line in lines if line and line != street and not (place[1] and _PLACE.fullmatch(line)))


def _buyer(to: Recipient, positions: list[dict[str, Any]]) -> Party:
    """Who it is for; the VAT ID where the tax passes to them (BR-AE-02, BR-IC-02), as it stands on the paper."""
    at = to.address
    return Party(
        to.firm.name if to.firm else to.name, vat_id=to.vat_id if passes_tax_on(positions) else "",
        street=at.get("street", ""), postcode=at.get("postcode", ""), city=at.get("city", ""),
        country=at.get("country", ""),
    )  # fmt: skip


def _offers(positions: list[dict[str, Any]], totals: pricing.Totals, places: list[int], quote: Quote) -> Any:
    marks = {OPTIONAL: str(_("optional")), ALTERNATIVE: str(_("alternative"))}
    sheet, _places = quoting.sheet_of(quote)
    numbers = {place: str(n) for n, place in enumerate(places, 1)}
    instead, section = replaceable(positions), ""
    of = {place: (sheet.positions[n], totals.lines[n]) for n, place in enumerate(places)}
    for place, one in enumerate(positions):
        if one.get("role") == SECTION:
            section = one.get("name", "")
            continue
        position, line = of[place]
        yield quotations.Offer(
            place=numbers[place], name=one.get("name", ""), text=one.get("text", ""), article=one.get("number", ""),
            unit=one.get("unit", ""), position=position, line=line, section=section,
            mark=marks.get(position.role, ""), instead_of=numbers.get(instead.get(place, -1), ""),
        )  # fmt: skip
