"""What is added up: positions in sections, discounts, allowances, taxes."""

from dataclasses import dataclass
from decimal import Decimal

from klientel.lib.pricing.amounts import ZERO
from klientel.lib.pricing.taxes import Tax

COUNTED, OPTIONAL, ALTERNATIVE = "counted", "optional", "alternative"


@dataclass(frozen=True, slots=True)
class Change:
    """A discount, or with `surcharge` a charge: per cent of a base (its own where `base` is given), or an amount."""

    percent: Decimal | None = None
    amount: Decimal | None = None
    base: Decimal | None = None
    surcharge: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """One line: quantity times unit price (for `per` units, BT-149), less discounts.

    `role` says whether it counts; optional and alternative positions are priced but stand in no sum. `section` is any
    key. `currency` only where it is known to be another than the sheet's, which is then refused.
    """

    quantity: Decimal
    unit_price: Decimal
    tax: Tax
    changes: tuple[Change, ...] = ()
    role: str = COUNTED
    section: str = ""
    per: Decimal = Decimal(1)
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A discount or charge of the whole document that belongs to one tax group (BG-20, BG-21)."""

    change: Change
    tax: Tax


@dataclass(frozen=True, slots=True)
class Sheet:
    """A quote or an invoice.

    `discount` is one for the whole sheet, whatever its rates; it is spread over the tax groups. `corrective` permits
    negative quantities and amounts (an invoice that takes another back, type 384). `paid` is BT-113, `rounding` BT-114.
    """

    currency: str
    positions: tuple[Position, ...]
    discount: Change | None = None
    allowances: tuple[Allowance, ...] = ()
    corrective: bool = False
    paid: Decimal = ZERO
    rounding: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Line:
    """What one position comes to: before discounts, the discounts (negative for charges), net; whether it counts."""

    full: Decimal
    discount: Decimal
    net: Decimal
    counts: bool


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """One row of the tax breakdown (BG-23): what is taxed, at what rate, how much."""

    tax: Tax
    taxable: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Every sum of a sheet, in its currency. `sections` in order of appearance; `taxes` by falling rate, then category.

    `lines_net` BT-106, `allowances` BT-107, `charges` BT-108, `net` BT-109, `tax` BT-110, `gross` BT-112, `due` BT-115.
    """

    currency: str
    lines: tuple[Line, ...]
    sections: dict[str, Decimal]
    taxes: tuple[TaxGroup, ...]
    lines_net: Decimal
    allowances: Decimal
    charges: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    due: Decimal
