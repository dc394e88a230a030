"""What cannot be added up, said at the field where it stands."""

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal

from klientel.lib.pricing.amounts import HUNDRED, ZERO
from klientel.lib.pricing.sheet import ALTERNATIVE, COUNTED, OPTIONAL, Change, Position, Sheet
from klientel.lib.pricing.taxes import CATEGORIES, REASONED, REASONS, TAXED, Tax
from klientel.lib.sentences import SENTENCES


@dataclasses.dataclass(frozen=True)
class Fault:
    """One refusal: a code of `SENTENCES`, the field, and the place of the position (None: the sheet as a whole)."""

    code: str
    field: str
    place: int | None = None
    details: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in English; the storeys above translate it by its code."""
        return SENTENCES[self.code].format(**self.details)


class Unpriceable(ValueError):
    """A sheet that cannot be added up; carries all faults at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


def faults(sheet: Sheet) -> tuple[Fault, ...]:
    """Everything that is wrong with the input; empty where it can be added up."""
    found = [fault for place, one in enumerate(sheet.positions) for fault in _of_position(sheet, one, place)]
    if sheet.discount is not None:
        found += _of_change(sheet, sheet.discount, None, "discount")
    for allowance in sheet.allowances:
        found += [*_of_change(sheet, allowance.change, None, "allowances"), *_of_tax(allowance.tax, None)]
    return tuple(found)


def _of_position(sheet: Sheet, position: Position, place: int) -> Iterator[Fault]:
    if not (position.quantity.is_finite() and position.unit_price.is_finite()):
        yield Fault("price.no_number", "quantity" if not position.quantity.is_finite() else "unit_price", place)
        return
    if position.quantity < 0 and not sheet.corrective:
        yield Fault("price.negative_quantity", "quantity", place)
    if position.unit_price < 0:
        yield Fault("price.negative_price", "unit_price", place)
    if position.per <= 0:
        yield Fault("price.per", "per", place)
    if position.currency and position.currency != sheet.currency:
        details = {"found": position.currency, "expected": sheet.currency}
        yield Fault("price.currency", "unit_price", place, details)
    if position.role not in (COUNTED, OPTIONAL, ALTERNATIVE):
        yield Fault("price.role", "role", place)
    for change in position.changes:
        yield from _of_change(sheet, change, place, "discount")
    yield from _of_tax(position.tax, place)


def _of_change(sheet: Sheet, change: Change, place: int | None, name: str) -> Iterator[Fault]:
    given = [value for value in (change.percent, change.amount) if value is not None]
    if len(given) != 1:
        yield Fault("price.discount_twice", name, place)
    elif not given[0].is_finite():
        yield Fault("price.no_number", name, place)
    elif given[0] < 0 and not sheet.corrective:
        yield Fault("price.negative_discount", name, place)
    elif change.percent is not None and change.percent > HUNDRED and not change.surcharge:
        yield Fault("price.discount_over_100", name, place, {"percent": _bare(change.percent)})


def _of_tax(tax: Tax, place: int | None) -> Iterator[Fault]:
    if tax.category not in CATEGORIES:
        yield Fault("tax.category", "tax", place)
    elif not (tax.rate.is_finite() and ZERO <= tax.rate <= HUNDRED):
        yield Fault("tax.rate", "tax", place)
    elif tax.category == "S" and not tax.rate:
        yield Fault("tax.standard_zero", "tax", place)
    elif tax.rate and tax.category not in TAXED:
        yield Fault("tax.rate_where_none", "tax", place)
    elif tax.category in REASONED and tax.category not in REASONS and not tax.reason.strip():
        yield Fault("tax.reason", "tax", place)


def _bare(value: Decimal) -> str:
    return f"{value.normalize():f}"
