"""The usual pipeline: stages with their probabilities, and reasons for closing. A tenant changes them as it likes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

NAME = _("New business")
# fmt: off
STAGES: tuple[dict[str, Any], ...] = (
    {"name": _("Qualified"), "probability": 10, "rots_after": 21, "checklist": (_("Budget is known"),)},
    {
        "name": _("Needs clarified"), "probability": 30, "rots_after": 21,
        "checklist": (_("Decision maker is known"), _("Needs are written down")),
    },
    {"name": _("Quote sent"), "probability": 60, "category": "best", "rots_after": 14, "requires": ["value"]},
    {
        "name": _("Negotiation"), "probability": 80, "category": "committed", "rots_after": 14,
        "requires": ["value", "expected_close"],
    },
    {"name": _("Won"), "probability": 100, "outcome": "won"},
    {"name": _("Lost"), "probability": 0, "outcome": "lost"},
)
# fmt: on
REASONS = (
    ("won", _("Best offer")),
    ("won", _("Existing relationship")),
    ("won", _("Recommendation")),
    ("lost", _("Price")),
    ("lost", _("Competitor")),
    ("lost", _("No budget")),
    ("lost", _("No decision")),
    ("lost", _("Not a fit")),
    ("unfit", _("No need")),
    ("unfit", _("Not reachable")),
    ("unfit", _("Not our customer")),
    ("unfit", _("Spam")),
)
