"""What keeps master data true: fields that are worked out, a rule about a field, and values that are doubted."""

from __future__ import annotations

from typing import Any

from klientel.kernel.actions import run
from klientel.site.demo.workspace import Workspace

OPEN = {"field": "state", "op": "is", "value": "open"}
WORKED_OUT: tuple[dict[str, Any], ...] = (
    {"name": "x_umsatz_kopf", "kind": "formula", "label_de": "Umsatz je Kopf", "label_en": "Turnover per head",
     "formula": "round(amount(turnover) / employees, 0)"},
    {"name": "x_offen", "kind": "roll_up", "label_de": "Offenes Geschäft", "label_en": "Open business",
     "roll_by": "sales.deal.organisation", "roll_what": "sum", "roll_field": "value", "roll_where": OPEN},
)  # fmt: skip
RULE = {"record_type": "contacts.organisation", "field": "x_pruefung",
        "required_when": {"field": "x_rahmenvertrag", "op": "yes"}}  # fmt: skip
#: a wrong check digit, a postcode of another town
WRONG_VAT_ID, OTHER_TOWN = "DE136695970", {"postcode": "80331", "city": "Hamburg"}


def declare(space: Workspace) -> None:
    """Two fields that are worked out, and when the day of the inspection must be filled in."""
    for position, one in enumerate(WORKED_OUT, 10):
        facts = {"record_type": "contacts.organisation", "privacy": "public", "position": position}
        space.make("kernel.customfield", **facts, **one)
    space.make("kernel.fieldrule", **RULE)


def slip(space: Workspace, firms: list[dict[str, Any]]) -> None:
    """Two customers get values with a slip of the finger: they are stored, and doubted."""
    one, other = [firm for firm in firms if "id" in firm and firm.get("addresses")][:2]
    katrin = space.actor("katrin")
    run(katrin, "contacts.organisation.change", one["id"], vat_id=WRONG_VAT_ID)
    run(katrin, "contacts.organisation.change", other["id"], addresses=[other["addresses"][0] | OTHER_TOWN])
