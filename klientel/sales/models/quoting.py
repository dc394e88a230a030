"""What follows when a quote is written: its number, its dates and texts, the rates of its lines and its sums."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, phrased, together
from klientel.kernel.identity.models import LANGUAGES
from klientel.kernel.kinds import today
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import alone, current
from klientel.lib import pricing
from klientel.lib.numbers import format_percent
from klientel.sales.models.currency import money
from klientel.sales.models.naming import check_products
from klientel.sales.models.positions import ALTERNATIVE, COUNTED, OPTIONAL, SECTION, refused, replaceable
from klientel.sales.models.quoteform import PATTERN, QuoteForm, number
from klientel.sales.models.taxing import tax_of

DRAFT, AWAITING, APPROVED, SENT = "draft", "awaiting", "approved", "sent"
ACCEPTED, DECLINED, EXPIRED, SUPERSEDED = "accepted", "declined", "expired", "superseded"
STATES = (
    (DRAFT, _("draft")),
    (AWAITING, _("awaiting approval")),
    (APPROVED, _("approved")),
    (SENT, _("sent")),
    (ACCEPTED, _("accepted")),
    (DECLINED, _("declined")),
    (EXPIRED, _("expired")),
    (SUPERSEDED, _("superseded")),
)
TONES = {
    AWAITING: "warn", APPROVED: "info", SENT: "accent", ACCEPTED: "ok", DECLINED: "bad", EXPIRED: "", SUPERSEDED: "",
}  # fmt: skip
#: what a quote says; nothing of it changes once it has left the draft
CONTENT = frozenset(
    ("name", "deal", "organisation", "person", "form", "language", "currency", "date", "valid_until", "salutation",
     "introduction", "terms", "positions", "discount")
)  # fmt: skip
_PRICED = frozenset(("positions", "discount", "currency", "form"))
#: by field: what follows from it (`About.derives`)
DERIVES = dict.fromkeys(_PRICED, ("positions", "discount_given", "net", "tax", "gross"))
_SENTENCES = {
    "price.no_number": gettext_noop("Please enter a number."),
    "price.negative_quantity": gettext_noop("A quantity cannot be negative."),
    "price.negative_price": gettext_noop("A price cannot be negative: give a discount instead."),
    "price.currency": gettext_noop("The price is in {found}, the quote in {expected}: one quote has one currency."),
    "price.negative_discount": gettext_noop("A discount cannot be negative."),
    "price.discount_over_100": gettext_noop("A discount of {percent} is more than the whole price."),
    "price.discount_over_sum": gettext_noop("The discount is more than the amount it is taken from."),
    "tax.standard_zero": gettext_noop("The rate of this tax is not set: please set it in the quote form."),
    "tax.reason": gettext_noop("Please say in the quote form why no tax is due."),
}
_PARTS = {"unit_price": "price", "quantity": "quantity", "discount": "discount", "tax": "tax"}


def _share(text: object) -> str:
    return format_percent(Decimal(str(text)), get_language() or "en")


#: a share of a hundred in the language of who reads it
spoken_share = lazy(_share, str)


def has_ended(quote: Any) -> bool:
    """Whether its validity has ended, whatever became of it."""
    return quote.valid_until is not None and bool(quote.valid_until < today())


def check(quote: Any) -> None:
    """What must hold for a quote as a whole."""
    if quote.date and quote.valid_until and quote.valid_until < quote.date:
        raise Refused("ends_before_it_begins", _("The end lies before the beginning."), "valid_until")


def derive(step: Any, draft: Any) -> None:
    """Bring a written quote in line with its lines; refused where it is frozen or cannot be added up."""
    quote, changes = draft.record, draft.changes
    was = DRAFT if draft.new else (changes["state"][0] if "state" in changes else quote.state)
    touched = CONTENT & set(changes)
    if was != DRAFT and touched:
        raise Refused("frozen", _("Only a draft can be changed. Please make a new version."), min(touched))
    if draft.new:
        _begin(step, quote)
    check(quote)
    if not draft.new and "currency" in touched and quote.positions and "positions" not in touched:
        raise Refused("currency_fixed", _("The lines have prices in another currency already."), "currency")
    if not (draft.new and quote.replaces):  # a new version says what the one before it said
        check_products(step, draft)
    if draft.new or touched & _PRICED:
        _add_up(step, quote)
    if draft.new and quote.replaces is None:  # last: a quote that is refused must not take a number
        _give_number(step, quote, form_of(step, quote))


def form_of(step: Any, quote: Any) -> QuoteForm:
    """The form of a quote; without one the usual settings."""
    found: QuoteForm = step.once(("sales.quoteform", quote.form), lambda: QuoteForm.of(quote))
    return found


def first_form(step: Any) -> QuoteForm | None:
    """The first form of the tenant, asked for once in a chunk; nothing where there is none yet."""
    found: QuoteForm | None = step.once("sales.first_form", QuoteForm.first)
    return found


def _begin(step: Any, quote: Any) -> None:
    if quote.form is None:
        first = first_form(step)
        if first is not None:
            step.stamp(quote, form=first.pk)
    form = form_of(step, quote)
    facts: dict[str, Any] = {"date": quote.date or today(), "currency": quote.currency or currency_of_tenant()}
    facts["language"] = quote.language or _language_of(step, quote.person)
    in_english = facts["language"] == "en"
    facts["valid_until"] = quote.valid_until or facts["date"] + dt.timedelta(days=form.valid_days or 30)
    facts["introduction"] = quote.introduction or (form.introduction_en if in_english else form.introduction)
    facts["terms"] = quote.terms or (form.terms_en if in_english else form.terms)
    step.stamp(quote, **{name: value for name, value in facts.items() if value})


def _language_of(step: Any, person: Any) -> str:
    """The language of whoever gets a quote, where quotes can be in it and somebody may see it; else German."""
    rtype = type_of("contacts.person")
    if person is None or "language" not in step.scope.visible(rtype):
        return "de"
    rows = rtype.model.objects.filter(pk=person).values_list("language", flat=True)
    found = step.once(("sales.speaks", person), rows.first)
    return found if found in dict(LANGUAGES) else "de"


def _give_number(step: Any, quote: Any, form: QuoteForm) -> None:
    """The next number of the form: without gaps, as the transaction that takes one keeps all others waiting.

    A lock of the transaction (PostgreSQL, 13.3.5) and the largest number given so far, quotes in the trash included.
    """
    pattern = form.number_pattern or PATTERN
    year = quote.date.year if "{year}" in pattern else 0
    given = step.once(("sales.numbers", quote.form, year), lambda: [_last(quote, year)])
    given[0] = max(given[0] + 1, form.first_number or 1)
    step.stamp(quote, number=number(pattern, year, given[0]), year=year, sequence=given[0])


def _last(quote: Any, year: int) -> int:
    # In SQL of its own: to read the records would write the quote that is being made.
    alone("sales.quote.number")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(sequence) FROM sales_quote WHERE tenant_id = %s AND form IS NOT DISTINCT FROM %s AND year = %s",
            [current(), quote.form, year],
        )
        return int(cursor.fetchone()[0] or 0)


def sheet_of(quote: Any, *, positions: list[dict[str, Any]] | None = None) -> tuple[pricing.Sheet, list[int]]:
    """What a quote adds up, and of each position the line it stands on (sections are no positions)."""
    found, places, section = [], [], ""
    for place, one in enumerate(quote.positions if positions is None else positions):
        if one.get("role") == SECTION:
            section = str(place)
            continue
        found.append(_position(one, section))
        places.append(place)
    share = quote.discount
    off = pricing.Change(percent=share) if share else None
    return pricing.Sheet(quote.currency or currency_of_tenant(), tuple(found), discount=off), places


def _position(one: dict[str, Any], section: str) -> pricing.Position:
    off = one.get("discount")
    in_amount = one.get("discount_in") == "amount"
    change = pricing.Change(amount=Decimal(off)) if off and in_amount else pricing.Change(percent=Decimal(off or 0))
    return pricing.Position(
        Decimal(one.get("quantity") or 0), Decimal(one.get("price") or 0),
        tax_of(one.get("tax", "standard"), one.get("rate"), one.get("reason", "")),
        changes=(change,) if off else (), role=one.get("role", COUNTED), section=section,
        currency=one.get("currency", ""),
    )  # fmt: skip


def with_rates(positions: list[dict[str, Any]], form: QuoteForm) -> list[dict[str, Any]]:
    """The lines with the rates that the form says now, and why those without tax are exempt."""
    rates = {"standard": form.standard_rate, "reduced": form.reduced_rate}
    return [_with_rate(one, rates, form.exempt_reason or "") for one in positions]


def _with_rate(one: dict[str, Any], rates: dict[str, Any], reason: str) -> dict[str, Any]:
    if one.get("role") == SECTION:
        return one
    rate = rates.get(one.get("tax", "standard")) or 0
    made = {name: value for name, value in one.items() if name not in ("rate", "reason")}
    made["rate"] = format(Decimal(str(rate)).normalize(), "f")
    return made | ({"reason": reason} if one.get("tax") == "exempt" and reason else {})


def added_up(quote: Any, positions: list[dict[str, Any]]) -> tuple[pricing.Totals, list[int]]:
    """The sums of a quote with these lines; refused with every fault at the line where it stands."""
    sheet, places = sheet_of(quote, positions=positions)
    try:
        return pricing.add_up(sheet), places
    except pricing.Unpriceable as no:
        raise together([_refusal(fault, places) for fault in no.faults]) from None


def _refusal(fault: pricing.Fault, places: list[int]) -> Refused:
    details = {name: spoken_share(part) if name == "percent" else part for name, part in fault.details.items()}
    text = phrased(_SENTENCES[fault.code], details) if fault.code in _SENTENCES else fault.message
    if fault.place is None:
        return Refused(fault.code, text, "discount")
    return refused("positions", places[fault.place], _PARTS.get(fault.field, fault.field), fault.code, text)


def _add_up(step: Any, quote: Any) -> None:
    positions = with_rates(quote.positions or [], form_of(step, quote))
    totals, _places = added_up(quote, positions)
    sums = {name: as_money(totals, name) for name in ("net", "tax", "gross")}
    step.stamp(quote, positions=positions, discount_given=highest_discount(totals), **sums)


def highest_discount(totals: pricing.Totals) -> Decimal:
    """The highest discount in per cent: of any line, or of all that count together. This is what approval looks at.

    Options and alternatives are lines too: the customer can choose them without anybody looking once more.
    """
    shares = [one.discount * 100 / one.full for one in totals.lines if one.full]
    full = sum((one.full for one in totals.lines if one.counts), Decimal(0))
    if full:
        shares.append((full - totals.net) * 100 / full)
    return pricing.rounded(max([*shares, Decimal(0)]), Decimal("0.01"))


def agreed_positions(positions: list[dict[str, Any]], chosen: Collection[int]) -> list[dict[str, Any]]:
    """The lines as the customer wants them: what was chosen counts, an alternative instead of the line it replaces."""
    roles = dict.fromkeys(left_out(positions, chosen), ALTERNATIVE) | dict.fromkeys(chosen, COUNTED)
    return [one | {"role": roles[place]} if place in roles else one for place, one in enumerate(positions)]


def left_out(positions: list[dict[str, Any]], chosen: Collection[int]) -> list[int]:
    """The places of the lines that a chosen alternative takes the place of."""
    instead = replaceable(positions)
    return sorted({instead[place] for place in chosen if place in instead})


def agreed(quote: Any, options: Collection[int], alternatives: Collection[int] = ()) -> pricing.Totals:
    """What a quote comes to with these lines; refused where one of them cannot be chosen."""
    positions, instead = quote.positions or [], replaceable(quote.positions or [])
    if not all(0 <= n < len(positions) and positions[n].get("role") == OPTIONAL for n in options):
        raise Refused("no_option", _("Only the optional lines of this quote can be chosen."), "chosen")
    if not all(n in instead for n in alternatives):
        raise Refused("no_alternative", _("This is no alternative to a line of this quote."), "alternatives")
    if len({instead[n] for n in alternatives}) < len(set(alternatives)):
        raise Refused("two_alternatives", _("Please choose one of the alternatives to a line."), "alternatives")
    return added_up(quote, agreed_positions(positions, {*options, *alternatives}))[0]


def as_money(totals: pricing.Totals, name: str) -> dict[str, str]:
    """One of the sums (``net``, ``tax``, ``gross``) as a value of money."""
    return money(getattr(totals, name), totals.currency)


def next_revision(quote: Any) -> int:
    """The version that follows all there are of a number."""
    rows = apps.get_model("sales", "Quote").objects.filter(form=quote.form, year=quote.year, sequence=quote.sequence)
    return int(rows.order_by("-revision").values_list("revision", flat=True).first() or 1) + 1
