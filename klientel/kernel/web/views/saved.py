"""Saved views, the columns of a list, and the condition builder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.conditions import check
from klientel.kernel.records import type_of
from klientel.kernel.web import builder
from klientel.kernel.web.answers import act, fragment, id_of, page, say_done, wants_json
from klientel.kernel.web.listing import VIEWS, WAYS, State, parsed, state_of, views_of
from klientel.kernel.web.ordering import moved
from klientel.kernel.web.views.lists import all_columns, seen_type


@require_POST
@act
def save(request: Any, slug: str) -> HttpResponse:
    """Keep a list as a view: a new one, or over the one it came from."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        where = parsed(request.POST["where"]) if request.POST.get("where") else None
        if where:
            check(rtype, where, request.scope)
        columns = [c for c in request.POST.get("columns", "").split(",") if c in request.scope.visible(rtype)]
        team = request.actor.teams[0] if request.actor.teams else None
    shared = request.POST.get("shared", "own")
    values: dict[str, Any] = {
        "name": request.POST.get("name", "").strip(),
        "condition": where or {},
        "columns": columns,
        "sort": request.POST.get("sort", ""),
        "shared": shared,
        "favourite": "favourite" in request.POST,
    }
    values["team"] = str(team) if shared == "team" and team else None
    if view := request.POST.get("view"):
        done = actions.run(request.actor, f"{VIEWS}.change", id_of(view), scope=request.scope, **values)
    else:
        values |= {"record_type": rtype.key, "owner": request.actor.member}
        done = actions.run(request.actor, f"{VIEWS}.create", scope=request.scope, **values)
    say_done(request, _("View saved."), done.change_set if done.events else None)
    return HttpResponseRedirect(f"{reverse('list', args=[slug])}?view={done.record.pk}")


@require_POST
@act
def delete(request: Any, view_id: UUID) -> HttpResponse:
    """Put a view into the recycle bin."""
    done = actions.run(request.actor, f"{VIEWS}.archive", view_id, scope=request.scope)
    say_done(request, _("View deleted."), done.change_set)
    rtype = type_of(done.record.record_type)
    return HttpResponseRedirect(reverse("list", args=[rtype.slug]))


@page
def columns(request: Any, slug: str) -> HttpResponse:
    """The columns of a list to choose from. Ticked ones, in the order in which they were sent, become an address; a
    button may move one of them."""
    rtype = seen_type(request, slug)
    state = state_of(request.scope, rtype, request.GET, views_of(request.scope, rtype))
    if not {"apply", "column"} & request.GET.keys():
        context = {"rtype": rtype, "state": state, "all_columns": all_columns(request.scope, state)}
        answer = render(request, f"records/{'_' if wants_json(request) else ''}columns.html", context)
        patch_vary_headers(answer, ["X-Requested-With"])
        return answer
    ticked = [c for c in request.GET.getlist("column") if c in request.scope.visible(rtype)]
    return HttpResponseRedirect(state.url(columns=",".join(moved(ticked, request.GET.get("move", "")))))


# -- the builder --------------------------------------------------------------------------------------------------


@page
def conditions(request: Any, slug: str) -> HttpResponse:
    """The filter of a list: its parts as a form; what is sent becomes the address of the list."""
    rtype, scope = seen_type(request, slug), request.scope
    state = state_of(scope, rtype, request.GET, views_of(scope, rtype))
    if (way := request.GET.get("as")) in WAYS:
        state = state.looked_at(way, request.GET)
    if request.method != "POST":
        return _conditions(request, state, builder.of(scope, rtype, state.where))
    taken = builder.sent(scope, rtype, request.POST)
    if taken.pressed or taken.refused:
        return _conditions(request, state, taken.part, status=422 if taken.refused and not taken.pressed else 200)
    to = replace(state, where=taken.json).url(after=None, before=None)
    return JsonResponse({"location": to}) if wants_json(request) else HttpResponseRedirect(to)


def _conditions(request: Any, state: State, part: builder.Part, status: int = 200) -> HttpResponse:
    context = {"rtype": state.rtype, "state": state, "part": part, "query": request.META["QUERY_STRING"]}
    template = "records/_conditions.html" if wants_json(request) else "records/conditions.html"
    answer = render(request, template, context, status=status)
    patch_vary_headers(answer, ["X-Requested-With"])
    return answer


@require_POST
@page
def build(request: Any, slug: str) -> HttpResponse:
    """The builder drawn again with what was typed, a part added or taken away: for the script, inside any form."""
    return redrawn(request, request.scope, seen_type(request, slug))


def redrawn(request: Any, scope: Any, rtype: Any) -> HttpResponse:
    """As :func:`build`, under a scope that may know of more fields."""
    prefix = request.POST.get("prefix", "where")
    taken = builder.sent(scope, rtype, request.POST, prefix)
    context = {"part": taken.part, "address": request.get_full_path(), "label": _("Condition")}
    return fragment(request, "records/_builder.html", context)
