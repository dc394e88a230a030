"""The dashboards of sales."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.insights.dashboards import Dashboard, Figure, declare
from klientel.kernel.web.shell import FURTHER, Further
from klientel.sales.queries import changed, forecast, insight, origins, products

FILTERS = ("pipeline", "owner.team", "owner")

declare(
    Dashboard(
        "forecast",
        _("Forecast"),
        "sales.deal",
        (
            Figure(
                "months",
                _("Won, expected and targets"),
                forecast.by_time,
                "stacked",
                half=False,
                open=True,
                note=_("Each open deal counts with its probability in the month of its expected close."),
            ),
            Figure("people", _("By person"), forecast.by("owner"), "table", half=False),
            Figure("teams", _("By team"), forecast.by("owner.team"), "table", half=False),
            Figure("pipelines", _("By pipeline"), forecast.by("pipeline"), "table", half=False),
            Figure(
                "changed",
                _("What changed since"),
                changed.since,
                "table",
                half=False,
                note=_("Open amounts of this period: every deal that moved. Without a day: since Monday."),
            ),
            Figure(
                "accuracy",
                _("How right the forecast was"),
                forecast.accuracy,
                half=False,
                note=_("What was expected in the first week of a month, beside what was won in it."),
            ),
        ),
        icon="trending-up",
        filters=FILTERS,
        period="ahead",
        steps=True,
        further=(("since", _("Changed since")),),
    )
)
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
            Figure("by-product", _("Win rate by product"), products.win_rate, "bars"),
            Figure("reasons", _("Why deals were lost"), insight.reasons, "bars"),
            Figure("cycle", _("Sales cycle"), insight.cycle, "line"),
            Figure("activity", _("Activity per person"), insight.activity, "stacked"),
        ),
        filters=FILTERS,
        steps=True,
    )
)  # fmt: skip

declare(
    Dashboard(
        "origins",
        _("Where customers come from"),
        "sales.lead",
        (
            Figure(
                "sources", _("By source (last touch)"), origins.origins("source"), "table", half=False,
                note=_("Leads that came in, deals that were begun and deals that were won in this period."),
            ),
            Figure("campaigns", _("By campaign"), origins.origins("campaign"), "table", half=False),
            Figure(
                "first", _("By first touch"), origins.origins("person.source"), "table", half=False,
                note=_("The source by which the person came to us first."),
            ),
        ),
        icon="waypoints",
        filters=("owner.team", "owner"),
    )
)  # fmt: skip

FURTHER.append(Further(_("Sales"), _("Dashboards"), "dashboards", "chart-column", "sales.deal"))
