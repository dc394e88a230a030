"""A quote as the XML that is attached to its PDF: what stands on the paper and nothing else."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from klientel.lib import pricing, quotations
from klientel.lib.einvoices import Party
from klientel.sales.models import Quote, QuoteForm, quoting, telling
from klientel.sales.models.positions import ALTERNATIVE, OPTIONAL, SECTION, replaceable
from klientel.sales.queries.recipient import Recipient


def quotation(quote: Quote, form: QuoteForm, to: Recipient) -> bytes:
    """The XML, see `lib.quotations`; words of ours in the language of the quote."""
    language = quote.language or "de"
    positions = quote.positions or []
    totals, places = quoting.added_up(quote, positions)
    with translation.override(language):
        share = _("Discount of %(n)s %%") % {"n": telling.figure(quote.discount, language)} if quote.discount else ""
        made = quotations.Quotation(
            number=quote.number, subject=quote.name, date=quote.date or quote.created_at.date(),
            valid_until=quote.valid_until, language=language,
            seller=Party(form.company or form.name, vat_id=form.vat_id or ""),
            seller_lines=tuple(line.strip() for line in (form.sender or "").splitlines() if line.strip()),
            buyer=_buyer(to), buyer_contact=to.name, discount=share,
            offers=tuple(_offers(positions, totals, places, quote)), totals=totals,
        )  # fmt: skip
    return quotations.written(made)


def _buyer(to: Recipient) -> Party:
    at = to.address
    return Party(
        to.firm.name if to.firm else to.name, street=at.get("street", ""), postcode=at.get("postcode", ""),
        city=at.get("city", ""), country=at.get("country", ""),
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
