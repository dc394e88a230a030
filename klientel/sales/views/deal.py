"""What the page of a deal tells: its path, the checklist, the buying centre, competitors and products."""

from __future__ import annotations

from typing import Any

from klientel.kernel.records import type_of
from klientel.kernel.web.panels import panel
from klientel.sales.queries import buying, staying

KEY = "sales.deal"


@panel(KEY)
def told(request: Any, deal: Any) -> dict[str, Any]:
    """Everything beside the facts of a deal, under the rights of who looks."""
    scope = request.scope
    rtype, seen = type_of(KEY), scope.visible(type_of(KEY))
    stays, path = staying.way(scope, deal)
    stakeholder = type_of(buying.STAKEHOLDER)
    asked = scope.visible(stakeholder)
    return {
        "instead": (buying.STAKEHOLDER,),
        "stays": stays[::-1],
        "path": path,
        "ticks": "ticks" in seen,
        "centre": buying.centre(scope, deal),
        "may_add": scope.may(stakeholder, "create") and deal.archived_at is None,
        "roles": asked["role"].options() if "role" in asked else [],
        "attitudes": asked["attitude"].options() if "attitude" in asked else [],
        "competitors": buying.competitors(scope, deal),
        "lines": deal.told if deal.positions and {"positions", "value"} <= seen.keys() else None,
        "lines_seen": "positions" in seen,
        "by_hand": deal.value_by_hand and "value_by_hand" in seen,
        "may_quote": scope.may(type_of("sales.quote"), "create"),
        "computed": {n: rtype.value(deal, n) for n in ("idle", "rotting", "rots_at") if n in seen},
    }
