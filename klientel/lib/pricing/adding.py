"""Adding a sheet up as EN 16931 and German invoicing practice do it.

Rounded are: what quantity times price comes to, every discount, and the tax of every group; everything else is a sum
of rounded amounts, so that whoever adds up what is printed finds what is printed.

Sources: EN 16931-1:2017+A1:2019 section 6.4 (business rules BR-CO-10 to BR-CO-17; BR-S-08, BR-Z-08, BR-E-08, BR-AE-08
and so on for the breakdown), Peppol BIS Billing 3.0 rule R120 for the line, § 14 Abs. 4 UStG and Abschnitt 14.5 UStAE
(the tax is worked out from the sum per rate, not line by line).
"""

from collections.abc import Iterable
from decimal import Decimal

from klientel.lib.pricing.amounts import EXACT, ZERO, per_cent, rounded, shared, smallest
from klientel.lib.pricing.faults import Fault, Unpriceable, faults
from klientel.lib.pricing.sheet import COUNTED, Allowance, Change, Line, Position, Sheet, TaxGroup, Totals
from klientel.lib.pricing.taxes import Tax

Group = tuple[str, Decimal]


def add_up(sheet: Sheet) -> Totals:
    """All sums of a sheet. Raises Unpriceable with every fault, each at its field."""
    wrong = faults(sheet)
    if wrong:
        raise Unpriceable(wrong)
    unit = smallest(sheet.currency)
    lines = tuple(line(position, unit) for position in sheet.positions)
    wrong = tuple(
        Fault("price.discount_over_sum", "discount", place)
        for place, one in enumerate(lines)
        if one.full >= 0 and one.net < 0
    )
    if wrong:
        raise Unpriceable(wrong)
    counted = [(position, one) for position, one in zip(sheet.positions, lines, strict=True) if one.counts]
    lines_net = sum((one.net for _position, one in counted), ZERO.quantize(unit))
    off = [*sheet.allowances, *_spread(sheet, counted, lines_net, unit)]
    allowances, charges = _worth(off, unit, surcharge=False), _worth(off, unit, surcharge=True)
    taxes = _breakdown(counted, off, unit)
    net = lines_net - allowances + charges
    tax = sum((group.amount for group in taxes), ZERO.quantize(unit))
    gross = net + tax
    return Totals(
        sheet.currency, lines, _sections(sheet, lines, unit), taxes, lines_net, allowances, charges, net, tax, gross,
        due=gross - sheet.paid + sheet.rounding,
    )  # fmt: skip


def line(position: Position, unit: Decimal) -> Line:
    """What a position comes to: round(quantity x price / per) less discounts plus charges (BT-131, R120).

    A discount in per cent is of the rounded product (BT-136 = BT-137 x BT-138 / 100), several ones of the same product
    and not of each other.
    """
    full = rounded(EXACT.divide(EXACT.multiply(position.quantity, position.unit_price), position.per), unit)
    discount = sum((_signed(change, full, unit) for change in position.changes), ZERO)
    return Line(full, discount, full - discount, position.role == COUNTED)


def _signed(change: Change, base: Decimal, unit: Decimal) -> Decimal:
    value = _value(change, base, unit)
    return -value if change.surcharge else value


def _value(change: Change, base: Decimal, unit: Decimal) -> Decimal:
    if change.percent is not None:
        return per_cent(base if change.base is None else change.base, change.percent, unit)
    assert change.amount is not None  # `faults` has seen that one of both is given
    return rounded(change.amount, unit)


def _spread(sheet: Sheet, counted: list[tuple[Position, Line]], lines_net: Decimal, unit: Decimal) -> list[Allowance]:
    """The sheet's discount as one allowance per tax group (BG-20 names the tax of each), in proportion to its lines.

    So the discount is the same whether it is read at the bottom or summed over the rates, and the tax of each rate is
    of what its lines really cost (Abschnitt 10.3 UStAE). Raises Unpriceable where it is more than the lines come to.
    """
    if sheet.discount is None:
        return []
    amount = _value(sheet.discount, lines_net, unit)
    if not sheet.discount.surcharge and amount > max(lines_net, ZERO):
        raise Unpriceable((Fault("price.discount_over_sum", "discount"),))
    sums = _sums(counted)
    order = sorted(sums, key=_paper_order)
    parts = shared(amount, [sums[group] for group in order], unit)
    taxes = {position.tax.group: position.tax for position, _line in counted}
    return [
        Allowance(Change(amount=part, surcharge=sheet.discount.surcharge), taxes[group])
        for group, part in zip(order, parts, strict=True)
        if part
    ]


def _sums(counted: Iterable[tuple[Position, Line]]) -> dict[Group, Decimal]:
    sums: dict[Group, Decimal] = {}
    for position, one in counted:
        sums[position.tax.group] = sums.get(position.tax.group, ZERO) + one.net
    return sums


def _worth(off: list[Allowance], unit: Decimal, *, surcharge: bool) -> Decimal:
    """The sum of document level allowances (BR-CO-11) or charges (BR-CO-12)."""
    return sum(
        (_value(one.change, ZERO, unit) for one in off if one.change.surcharge == surcharge), ZERO.quantize(unit)
    )


def _breakdown(counted: list[tuple[Position, Line]], off: list[Allowance], unit: Decimal) -> tuple[TaxGroup, ...]:
    """One row per category and rate: lines less allowances plus charges (BR-S-08), the tax of that sum (BR-CO-17)."""
    taxable = _sums(counted)
    named: dict[Group, Tax] = {}
    for tax in (*(position.tax for position, _line in counted), *(one.tax for one in off)):
        if tax.group not in named or (tax.reason and not named[tax.group].reason):
            named[tax.group] = tax
    for one in off:
        taxable[one.tax.group] = taxable.get(one.tax.group, ZERO) - _signed(one.change, ZERO, unit)
    return tuple(
        TaxGroup(named[group], taxable[group], per_cent(taxable[group], group[1], unit))
        for group in sorted(taxable, key=_paper_order)
    )


def _paper_order(group: Group) -> tuple[Decimal, str]:
    return -group[1], group[0]


def _sections(sheet: Sheet, lines: tuple[Line, ...], unit: Decimal) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for position, one in zip(sheet.positions, lines, strict=True):
        sums[position.section] = sums.get(position.section, ZERO.quantize(unit)) + (one.net if one.counts else ZERO)
    return sums
