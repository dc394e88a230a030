"""What is not right in an invoice, kept by code so that it is told in the language of who reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Json
from klientel.lib.numbers import format_decimal, format_percent
from klientel.sales.models import findingterms

SENTENCES = {
    "net_and_tax": gettext_noop("Net and tax come to {ours}, the total says {stated}."),
    "line": gettext_noop("Line {line}: quantity and price come to {ours}, the invoice says {stated}."),
    "lines_net": gettext_noop("The lines come to {ours}, their sum says {stated}."),
    "allowances": gettext_noop("The discounts come to {ours}, their sum says {stated}."),
    "charges": gettext_noop("The charges come to {ours}, their sum says {stated}."),
    "net": gettext_noop("Net comes to {ours}, the invoice says {stated}."),
    "tax": gettext_noop("The tax comes to {ours}, the invoice says {stated}."),
    "tax_of_rate": gettext_noop("The tax of {rate} comes to {ours}, the invoice says {stated}."),
    "gross": gettext_noop("The total comes to {ours}, the invoice says {stated}."),
    "due": gettext_noop("The amount due comes to {ours}, the invoice says {stated}."),
    "not_checked": gettext_noop("This profile has no lines, so its sums could not be checked."),
    "unpriceable": gettext_noop("The lines cannot be worked out anew, so the sums could not be checked."),
    "more_lines": gettext_noop("Only the first {n} of {all} lines are kept here; the document has all of them."),
}


class Findings(Json):
    """``[{"code": …, "ours": "12.50", "stated": "12.51", …}, {"code": …, "rule": "BR-09", "term": "BT-40"}, …]``"""

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def take(self, value: Any) -> Any:
        taken = super().take(value)
        if not all(isinstance(one, dict) for one in taken):
            raise self.refuse("wrong_shape", _("This value has the wrong shape."))
        return taken

    def show(self, value: Any) -> str:
        return "\n".join(sentences(value))


def sentences(value: Any) -> list[str]:
    """The findings as sentences in the active language."""
    language = get_language() or "en"
    return [
        findingterms.sentence(one)
        if "rule" in one
        else say(SENTENCES[one["code"]]).format(**{name: _shown(name, part, language) for name, part in one.items()})
        for one in value or ()
        if one.get("code") in (findingterms.SENTENCES if "rule" in one else SENTENCES)
    ]


def _shown(name: str, part: Any, language: str) -> Any:
    if name == "rate":
        return format_percent(Decimal(part), language)
    return format_decimal(Decimal(part), language, places=2) if name in ("ours", "stated") else part
