"""Whether an e-invoice adds up by the rules of EN 16931, and where it does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from klientel.lib.einvoices.document import EInvoice, Item
from klientel.lib.einvoices.germanrules import german_breaches
from klientel.lib.einvoices.rules import Breach, breaches
from klientel.lib.einvoices.taxrules import tax_breaches
from klientel.lib.pricing import Position, Totals, Unpriceable, add_up

_ORDER = ("lines_net", "allowances", "charges", "net", "tax", "gross", "due")


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that does not follow from the others: a code, what we come to, what is stated."""

    code: str
    ours: Decimal = Decimal(0)
    stated: Decimal = Decimal(0)
    line: int = 0
    rate: Decimal = Decimal(0)


def differences(invoice: EInvoice) -> list[Difference]:
    """Everything that does not add up, lines first. Sums are checked against the lines as they are stated, so that one
    odd line is told once. ``not_checked``: a profile without lines; ``unpriceable``: figures that no sum follows from.
    """
    sheet = invoice.sheet
    if sheet is None:
        return [Difference("not_checked")]
    try:
        lines = add_up(sheet).lines
        pairs = zip(lines, invoice.items, strict=True)
        odd = [
            Difference("line", ours.net, one.net, n) for n, (ours, one) in enumerate(pairs, 1) if ours.net != one.net
        ]
        totals = add_up(replace(sheet, positions=tuple(_as_stated(one) for one in invoice.items)))
    except Unpriceable:
        return [Difference("unpriceable")]
    return [*odd, *_sums(invoice, totals), *_groups(invoice, totals)]


def _as_stated(one: Item) -> Position:
    """The line as one piece at what the invoice says it comes to."""
    return replace(
        one.position, quantity=Decimal(1).copy_sign(one.net), unit_price=abs(one.net), per=Decimal(1), changes=()
    )


def _sums(invoice: EInvoice, totals: Totals) -> Iterator[Difference]:
    for name in _ORDER:
        ours = getattr(totals, name) + (invoice.stated.third_party if name == "due" else 0)
        if ours != invoice.stated.sums[name]:
            yield Difference(name, ours, invoice.stated.sums[name])


def _groups(invoice: EInvoice, totals: Totals) -> Iterator[Difference]:
    ours = {group.tax.group: (group.taxable, group.amount) for group in totals.taxes}
    for group in sorted({*ours, *invoice.stated.taxes}):
        mine, theirs = ours.get(group), invoice.stated.taxes.get(group)
        if mine != theirs:
            zero = (Decimal(0), Decimal(0))
            yield Difference("tax_of_rate", (mine or zero)[1], (theirs or zero)[1], rate=group[1])


#: profiles of Factur-X that are no invoices of EN 16931, as they have no lines
_LESS = ("minimum", "basicwl")


def broken_rules(invoice: EInvoice) -> list[Breach]:
    """The business rules that an invoice does not keep, each once per place; none are asked of less than an invoice."""
    head = invoice.terms
    if any(name in head["BT-24"].lower() for name in _LESS):
        return []
    found = [*breaches(head), *tax_breaches(head), *german_breaches(head)]
    return list(dict.fromkeys(found))
