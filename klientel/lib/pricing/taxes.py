"""Value added tax of a position: a category of EN 16931 (UNTDID 5305), a rate, and the reason where nothing is due."""

from dataclasses import dataclass
from decimal import Decimal

from klientel.lib.pricing.amounts import ZERO

CATEGORIES = {
    "S": "standard or reduced rate",
    "Z": "zero rate",
    "E": "exempt",
    "AE": "reverse charge",
    "K": "supply within the European Union",
    "G": "export outside the European Union",
    "O": "not subject to tax",
    "L": "Canary Islands (IGIC)",
    "M": "Ceuta and Melilla (IPSI)",
}
"""UNTDID 5305 as EN 16931 allows it (BT-118, BT-151)."""

TAXED = frozenset({"S", "L", "M"})
"""Categories under which a tax can be due; all others have the rate 0 (BR-Z-05, BR-E-05, BR-AE-05, BR-IC-05, …)."""

REASONED = frozenset({"E", "AE", "K", "G", "O"})
"""Categories that must say why no tax is due (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10)."""

REASONS = {
    "AE": {
        "de": "Steuerschuldnerschaft des Leistungsempfängers (§ 13b UStG)",
        "en": "Reverse charge: the customer owes the tax (Art. 196 Directive 2006/112/EC)",
    },
    "K": {
        "de": "Steuerfreie innergemeinschaftliche Lieferung (§ 4 Nr. 1 Buchst. b, § 6a UStG)",
        "en": "Intra-Community supply, exempt (Art. 138 Directive 2006/112/EC)",
    },
    "G": {
        "de": "Steuerfreie Ausfuhrlieferung (§ 4 Nr. 1 Buchst. a, § 6 UStG)",
        "en": "Export, exempt (Art. 146 Directive 2006/112/EC)",
    },
    "O": {"de": "Nicht steuerbar", "en": "Not subject to VAT"},
}
"""What stands on paper where a tenant gives no reason of its own; an exemption (E) always needs one of its own."""


@dataclass(frozen=True, slots=True)
class Tax:
    """One group of the tax breakdown: category and rate in per cent; `reason` only where nothing is due."""

    category: str = "S"
    rate: Decimal = ZERO
    reason: str = ""

    @property
    def group(self) -> tuple[str, Decimal]:
        """What amounts are summed by: BR-S-08 sums per category and rate, not per reason."""
        return self.category, self.rate


def reason(tax: Tax, language: str) -> str:
    """Why nothing is due, for the paper: the position's own words, else the law's; empty where a tax is due."""
    return "" if tax.category not in REASONED else tax.reason or REASONS.get(tax.category, {}).get(language, "")
