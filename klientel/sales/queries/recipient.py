"""Who a quote is for, as far as somebody may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from klientel.kernel.access.reading import get
from klientel.kernel.errors import Missing
from klientel.kernel.records import type_of
from klientel.sales.models import Quote

FIRM = "contacts.organisation"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Person and organisation of a quote; None for what there is not or may not be seen."""

    person: Any
    firm: Any
    vat_id: str = ""

    @property
    def address(self) -> dict[str, str]:
        """The first address of the organisation, else of the person; empty where neither has one."""
        source = self.firm if self.firm is not None and self.firm.addresses else self.person
        found: dict[str, str] = next(iter(source.addresses), {}) if source is not None else {}
        return found

    @property
    def name(self) -> str:
        """The person with title, as an envelope names them."""
        one = self.person
        return " ".join(filter(None, (one.academic_title, one.first_name, one.last_name))) if one else ""


def recipient(scope: Any, quote: Quote) -> Recipient:
    """Person and organisation of a quote under the rights of a scope; at most two statements."""
    firm = _seen(scope, FIRM, quote.organisation)
    number = firm.vat_id if firm is not None and "vat_id" in scope.visible(type_of(FIRM)) else ""
    return Recipient(_seen(scope, "contacts.person", quote.person), firm, number or "")


def _seen(scope: Any, key: str, record_id: Any) -> Any:
    try:
        return get(scope, type_of(key), record_id) if record_id else None
    except Missing:
        return None
