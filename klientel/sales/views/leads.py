"""The inboxes of leads: for each team what waits, with the list behind every number."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from klientel.kernel.access.reading import names
from klientel.kernel.records import type_of
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.answers import page
from klientel.kernel.web.views.lists import seen_type
from klientel.sales.queries.leads import LEAD, STEPLESS, facet_in, waiting


@page
def inboxes(request: Any) -> HttpResponse:
    """One line for each team that has open leads, one's own teams first."""
    rtype, scope = seen_type(request, type_of(LEAD).slug), request.scope
    facets, found = waiting(scope)
    known = names(scope, [team for team in found if team], "kernel.team")
    at = place("list", rtype.slug)
    lines = [
        {
            "title": known[team].title if team in known else "",
            "mine": team in scope.teams,
            "cells": [
                (n, facet, f"{at}?{urlencoded({'where': json.dumps(facet_in(facet, team))})}")
                for n, facet in zip(counts, facets, strict=True)
            ],
        }
        for team, counts in found.items()
        if team is None or team in known
    ]
    lines.sort(key=lambda line: (not line["mine"], not line["title"], line["title"]))
    return render(request, "sales/inboxes.html", {"rtype": rtype, "facets": facets, "lines": lines})


@page
def stepless(request: Any) -> HttpResponse:
    """The work list of all open leads on which nothing is planned."""
    rtype = seen_type(request, type_of(LEAD).slug)
    return HttpResponseRedirect(f"{place('list', rtype.slug)}?{urlencoded({'where': json.dumps(STEPLESS)})}")
