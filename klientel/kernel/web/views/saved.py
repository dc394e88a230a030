"""Saved views, the columns of a list, and the condition builder."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.conditions import OPERATORS, check
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import reverses, type_of
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.listing import VIEWS, State, chips, kind_at, parsed, state_of, views_of
from klientel.kernel.web.views.lists import seen_type


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
        done = actions.run(request.actor, f"{VIEWS}.change", _id(view), scope=request.scope, **values)
    else:
        values |= {"record_type": rtype.key, "owner": request.actor.member}
        done = actions.run(request.actor, f"{VIEWS}.create", scope=request.scope, **values)
    say_done(request, _("View saved."), done.change_set if done.events else None)
    return HttpResponseRedirect(f"{reverse('list', args=[slug])}?view={done.record.pk}")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Missing("missing", _("There is no such record, or you may not see it.")) from None


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
    """Ticked columns become an address; the order of those that stay is kept."""
    rtype = seen_type(request, slug)
    state = state_of(request.scope, rtype, request.GET, views_of(request.scope, rtype))
    ticked = [c for c in request.GET.getlist("column") if c in request.scope.visible(rtype)]
    order = [c for c in state.columns if c in ticked] + [c for c in ticked if c not in state.columns]
    return HttpResponseRedirect(state.url(columns=",".join(order)))


# -- the builder --------------------------------------------------------------------------------------------------


@page
def schema(request: Any, slug: str) -> HttpResponse:
    """All that the builder of conditions needs to know of a type: fields, comparisons, related records."""
    rtype, scope = seen_type(request, slug), request.scope
    found = [_told(kind, name, "") for name, kind in scope.visible(rtype).items() if kind.operators]
    for name, link in scope.visible(rtype).items():
        if isinstance(link, Link | Links) and link.to not in ("*", "kernel.user", "kernel.file"):
            found += [_told(k, f"{name}.{n}", label_of(link)) for n, k in _beyond(scope, link) if k.operators]
    relations = [
        {
            "name": way.name,
            "label": way.label[:1].upper() + way.label[1:],
            "url": reverse("schema", args=[way.source.slug]),
        }
        for way in reverses(rtype).values()
        if scope.may(way.source, "view") and way.field in scope.visible(way.source) and not way.source.system
    ]
    return JsonResponse(
        {
            "fields": found,
            "relations": relations,
            "words": words(),
            "titles": {"@me": _("me"), "@my_teams": _("my teams")},
        }
    )


def _beyond(scope: Any, link: Link | Links) -> list[tuple[str, Kind]]:
    try:
        target = type_of(link.to)
    except Missing:
        return []
    return list(scope.visible(target).items()) if scope.may(target, "view") else []


def _told(kind: Kind, path: str, group: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "path": path,
        "label": f"{group} › {label_of(kind)}" if group else label_of(kind),
        "group": group,
        "input": kind.widget,
        "ops": [[o, str(OPERATORS[o].label), OPERATORS[o].takes] for o in kind.operators],
    }
    if isinstance(kind, Link | Links):
        made["to"] = reverse("options", args=["any" if kind.to == "*" else kind.to])
        if kind.to == "kernel.member":
            made["options"] = [["@me", _("me")]]
        elif kind.to == "kernel.team":
            made["options"] = [["@my_teams", _("my teams")]]
    elif options := kind.options():
        made["options"] = options
    return made


def words() -> dict[str, str]:
    """What the builder says."""
    return {
        "all": _("All of these"),
        "any": _("At least one of these"),
        "none": _("None of these"),
        "condition": _("Condition"),
        "group": _("Group"),
        "field": _("Field"),
        "comparison": _("Comparison"),
        "value": _("Value"),
        "remove": _("Remove"),
        "related": _("Related records"),
        "times": _("at least this many"),
    }


@page
def conditions(request: Any, slug: str) -> HttpResponse:
    """The filter without scripts: what there is, and one more comparison at a time."""
    rtype, scope = seen_type(request, slug), request.scope
    state = state_of(scope, rtype, request.GET, views_of(scope, rtype))
    kind = kind_at(rtype, request.GET.get("field", "")) if request.GET.get("field") else None
    if kind is not None and kind.name not in scope.visible(rtype):
        kind = None
    if kind is not None and request.GET.get("op"):
        return HttpResponseRedirect(_with(state, kind, request).url())
    context = {
        "rtype": rtype,
        "state": state,
        "chips": chips(scope, state),
        "kind": kind,
        "choices": [(n, label_of(k)) for n, k in scope.visible(rtype).items() if k.operators],
        "operators": [(o, OPERATORS[o].label) for o in kind.operators] if kind else [],
        "drawn": fields.fields(scope, [kind], {}) if kind else [],
    }
    return render(request, "records/conditions.html", context)


def _with(state: State, kind: Kind, request: Any) -> State:
    """The list with one comparison more."""
    op = request.GET["op"]
    operator = OPERATORS.get(op)
    if operator is None:
        raise Refused("bad_operator", _("There is no such comparison."), "op")
    clause: dict[str, Any] = {"field": kind.name, "op": op}
    if operator.takes != "none":
        clause["value"] = _value(kind, operator.takes, request.GET)
    check(state.rtype, clause, request.scope)
    old = (
        state.where["all"]
        if isinstance(state.where, dict) and list(state.where) == ["all"]
        else [state.where]
        if state.where
        else []
    )
    return state.with_where({"all": [*old, clause]})


def _value(kind: Kind, takes: str, query: Any) -> Any:
    value = fields.value_sent(query, kind)
    if takes == "many":
        return value if isinstance(value, list) else [value]
    if takes == "days":
        text = str(query.get(kind.name, ""))
        return int(text) if text.lstrip("-").isdigit() else None
    if takes == "range":
        return [query.get(kind.name), query.get(f"{kind.name}-to")]
    return orjson.loads(orjson.dumps(value[0] if isinstance(value, list) and value else value, default=str))
