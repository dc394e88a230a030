"""The dashboards of sales."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.insights.dashboards import Dashboard, Figure, declare
from klientel.kernel.web.shell import FURTHER, Further
from klientel.sales.queries import insight

declare(
    Dashboard(
        "sales",
        _("Sales insight"),
        "sales.deal",
        (
            Figure(
                "funnel", _("Funnel"), insight.funnel, "bars", half=False,
                note=_("Of the deals begun in this period: how many reached each stage."),
            ),
            Figure("won", _("Won and lost"), insight.won_and_lost, half=False),
            Figure("by-source", _("Win rate by source"), insight.win_rate("source"), "bars"),
            Figure("by-person", _("Win rate by person"), insight.win_rate("owner"), "bars"),
            Figure("by-industry", _("Win rate by industry"), insight.win_rate("organisation.industry"), "bars"),
            Figure("reasons", _("Why deals were lost"), insight.reasons, "bars"),
            Figure("cycle", _("Sales cycle"), insight.cycle, "line"),
            Figure("activity", _("Activity per person"), insight.activity, "stacked"),
        ),
        filters=("pipeline", "owner.team", "owner"),
    )
)  # fmt: skip

FURTHER.append(Further(_("Sales"), _("Dashboards"), "dashboards", "chart-column", "sales.deal"))
