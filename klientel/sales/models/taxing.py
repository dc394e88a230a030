"""The kinds of tax a product or a line of a quote can have, as people choose them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.lib.pricing import Tax

TAXES = (
    ("standard", _("standard rate")),
    ("reduced", _("reduced rate")),
    ("zero", _("zero rate")),
    ("reverse", _("reverse charge")),
    ("eu", _("supply within the EU")),
    ("export", _("export")),
    ("exempt", _("exempt")),
    ("none", _("not taxable")),
)
#: the category of EN 16931 each stands for
CATEGORIES = {
    "standard": "S", "reduced": "S", "zero": "Z", "reverse": "AE", "eu": "K", "export": "G", "exempt": "E", "none": "O",
}  # fmt: skip


def is_mixed(keys: Iterable[str]) -> bool:
    """Whether kinds of tax stand together that one invoice may not have: not taxable beside anything else (EN 16931-1,
    BR-O-11 and BR-O-12)."""
    found = {CATEGORIES.get(key, key) for key in keys}
    return "O" in found and len(found) > 1


def tax_of(key: str, rate: Any, reason: str = "") -> Tax:
    """The tax of a line: what was chosen, its rate in per cent, and why it is exempt."""
    return Tax(CATEGORIES.get(key, key), Decimal(str(rate or 0)), reason)
