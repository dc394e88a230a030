"""Exact arithmetic of quotes and invoices: positions, discounts, taxes and their sums, as EN 16931 has them."""

from klientel.lib.pricing.adding import add_up, line
from klientel.lib.pricing.amounts import per_cent, rounded, shared, smallest
from klientel.lib.pricing.faults import Fault, Unpriceable, faults
from klientel.lib.pricing.sheet import (
    ALTERNATIVE,
    COUNTED,
    OPTIONAL,
    Allowance,
    Change,
    Line,
    Position,
    Sheet,
    TaxGroup,
    Totals,
)
from klientel.lib.pricing.taxes import CATEGORIES, REASONED, TAXED, Tax, reason

__all__ = [
    "ALTERNATIVE",
    "CATEGORIES",
    "COUNTED",
    "OPTIONAL",
    "REASONED",
    "TAXED",
    "Allowance",
    "Change",
    "Fault",
    "Line",
    "Position",
    "Sheet",
    "Tax",
    "TaxGroup",
    "Totals",
    "Unpriceable",
    "add_up",
    "faults",
    "line",
    "per_cent",
    "reason",
    "rounded",
    "shared",
    "smallest",
]
