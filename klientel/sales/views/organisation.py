"""What the page of an organisation tells of its invoices."""

from __future__ import annotations

from typing import Any

from klientel.kernel.records import type_of
from klientel.kernel.web.panels import panel
from klientel.sales.queries.owed import standing

KEY = "contacts.organisation"


@panel(KEY)
def told(request: Any, organisation: Any) -> dict[str, Any]:
    """Open items and revenue, under the rights of who looks."""
    return {
        "standing": standing(request.scope, organisation.id),
        "may_take": request.scope.may(type_of("sales.invoice"), "create") and organisation.archived_at is None,
    }
