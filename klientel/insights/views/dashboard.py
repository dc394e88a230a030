"""The page of a dashboard, the same for all of them, and each of its figures as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from klientel.insights import charts
from klientel.insights.dashboards import PERIODS, STEPS, Asked, Figure, asked, choices, dashboard, dashboards
from klientel.insights.figures import as_csv
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import page
from klientel.lib.files import clean_name


@page
def first(request: Any) -> HttpResponse:
    """The first dashboard that one may see."""
    found = dashboards(request.scope)
    if not found:
        raise Missing("missing", _("There is no such dashboard, or you may not see it."))
    return HttpResponseRedirect(reverse("dashboard", args=[found[0].key]))


@page
def show(request: Any, key: str) -> HttpResponse:
    """All figures of a dashboard."""
    board = dashboard(request.scope, key)
    asking = asked(request.scope, board, request.GET)
    context = {
        "board": board,
        "boards": dashboards(request.scope),
        "asked": asking,
        "periods": PERIODS,
        "steps": STEPS if board.steps else (),
        "filters": choices(asking, board),
        "figures": [_told(asking, one) for one in board.figures],
        "csv": lambda figure: f"{reverse('figure_csv', args=[board.key, figure])}?{urlencoded(asking.chosen)}",
        "width_of": charts.width_of,
    }
    return render(request, "insights/dashboard.html", context)


def _told(asking: Asked, figure: Figure) -> dict[str, Any]:
    """One figure; one that asks for a field that is hidden from this actor is left out with a word."""
    try:
        table = figure.draw(asking)
    except Refused as no:
        return {"figure": figure, "refused": no}
    return {
        "figure": figure,
        "table": table,
        "chart": charts.drawn(figure.form, table, str(figure.title), half=figure.half),
    }


@page
def file(request: Any, key: str, figure: str) -> HttpResponse:
    """The table of a figure as CSV."""
    board = dashboard(request.scope, key)
    found = next((f for f in board.figures if f.key == figure), None)
    if found is None:
        raise Missing("missing", _("There is no such dashboard, or you may not see it."))
    table = found.draw(asked(request.scope, board, request.GET))
    response = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    name = clean_name(f"{found.title}.csv")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Cache-Control"] = "private, no-store"
    return response
