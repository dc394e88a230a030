"""What an e-invoice says, whichever syntax it says it in. BT and BG are terms of EN 16931-1."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from klientel.lib.einvoices.terms import NOTHING, Group
from klientel.lib.pricing import Allowance, Position, Sheet
from klientel.lib.pricing.amounts import ZERO

#: UNTDID 1001: what is a credit note rather than an invoice (BT-3)
CREDIT_NOTES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7)."""

    name: str = ""
    vat_id: str = ""
    tax_number: str = ""
    identifier: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    register: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line (BG-25); `net` is what the line says it comes to (BT-131), `position` what that follows from."""

    name: str
    text: str
    article: str
    unit: str
    net: Decimal
    position: Position


@dataclass(frozen=True, slots=True)
class Stated:
    """What the invoice itself says: sums by the names of `pricing.Totals`, and taxable and tax by group.

    `third_party` is what others are paid through this invoice (an extension of XRechnung).
    """

    sums: dict[str, Decimal]
    taxes: dict[tuple[str, Decimal], tuple[Decimal, Decimal]]
    third_party: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An e-invoice. `syntax` is "CII" or "UBL", `profile` the customisation it names (BT-24), `terms` all it says."""

    syntax: str
    profile: str
    number: str
    date: dt.date
    type_code: str
    currency: str
    seller: Party
    buyer: Party
    stated: Stated
    due: dt.date | None = None
    buyer_reference: str = ""
    order_reference: str = ""
    contract_reference: str = ""
    preceding: str = ""
    paid: Decimal = ZERO
    rounding: Decimal = ZERO
    items: tuple[Item, ...] = ()
    allowances: tuple[Allowance, ...] = field(default=())
    terms: Group = NOTHING

    @property
    def is_credit_note(self) -> bool:
        """Whether it gives money back by its type, not by its sign."""
        return self.type_code in CREDIT_NOTES

    @property
    def sheet(self) -> Sheet | None:
        """What its sums follow from; None for profiles without lines."""
        if not self.items:
            return None
        return Sheet(
            self.currency, tuple(one.position for one in self.items), allowances=self.allowances, corrective=True,
            paid=self.paid, rounding=self.rounding,
        )  # fmt: skip
