"""The page on which a workflow is built: what starts it, its condition, and its steps, one below the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from klientel.automation.models import shape
from klientel.automation.queries import checking, editing, offering, saying
from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Forbidden, Refused, read_out
from klientel.kernel.kinds import Kind
from klientel.kernel.records import type_of
from klientel.kernel.web import builder
from klientel.kernel.web.addresses import place as address
from klientel.kernel.web.answers import act, say_done, version_of

KEY = "automation.workflow"
#: the kinds of steps that can be added, with their names
KINDS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("action", lambda: _("Do something")),
    ("notify", lambda: _("Notify somebody")),
    ("wait", lambda: _("Wait some time")),
    ("until", lambda: _("Wait until a day")),
    ("await", lambda: _("Wait for something")),
    ("branch", lambda: _("Branch")),
    ("ask", lambda: _("Ask somebody")),
    ("repeat", lambda: _("Repeat")),
)
FRESH = {"trigger": {"when": "made"}, "steps": []}


def workflow_of(request: Any, record_id: UUID, *, to_change: bool = True) -> Any:
    """A workflow that one may see, and change where that is wanted."""
    rtype = type_of(KEY)
    found = get(request.scope, rtype, record_id)
    if to_change and not request.scope.may(rtype, "change"):
        raise Forbidden("forbidden", _("You may not change this."))
    return found


def definition_of(request: Any, workflow: Any) -> shape.Definition:
    """What stands in it; of a new one the beginning of something."""
    if workflow.definition:
        return dict(workflow.definition)
    types = offering.types(request.scope)
    first = next((key for key, _l in types if key == "sales.lead"), types[0][0] if types else "")
    return {"on": first, **FRESH}


def save(request: Any, workflow_id: UUID, definition: shape.Definition, **more: Any) -> None:
    """Store the definition, unless somebody else has stored another one since the page was opened."""
    actions.run(
        request.actor, f"{KEY}.change", workflow_id, scope=request.scope,
        version=version_of(request), definition=definition, **more,
    )  # fmt: skip


@act
def flow(request: Any, record_id: UUID) -> HttpResponse:
    """The whole flow; a POST adds, moves or removes a step, or does something with the workflow."""
    with tenancy.reading():
        workflow = workflow_of(request, record_id)
        definition = definition_of(request, workflow)
    refused = None
    if request.method == "POST":
        try:
            return _pressed(request, workflow, definition)
        except Refused as no:
            refused = no
    with tenancy.reading():
        return _page(request, workflow, definition, refused)


def _pressed(request: Any, workflow: Any, definition: shape.Definition) -> HttpResponse:
    op, _space, rest = request.POST.get("op", "").partition(" ")
    if op in ("activate", "pause", "resume", "switch_off"):
        params: dict[str, Any] = {"anyway": True} if op == "activate" and request.POST.get("anyway") else {}
        actions.run(request.actor, f"{KEY}.{op}", workflow.pk, scope=request.scope, **params)
        say_done(request, _("Done."))
        return HttpResponseRedirect(address("workflow_flow", workflow.pk))
    at, _space, does = rest.partition(" ")
    place = shape.read_place(at)
    if op == "add":
        save(request, workflow.pk, editing.added(definition, place, does))
        return HttpResponseRedirect(address("workflow_step", workflow.pk, at))
    if op == "remove":
        save(request, workflow.pk, editing.removed(definition, place))
    elif op in ("up", "down"):
        save(request, workflow.pk, editing.moved(definition, place, 1 if op == "down" else -1))
        at = shape.spelled([*place[:-1], max(0, place[-1] + (1 if op == "down" else -1))])
    else:
        raise Refused("bad_step", _("This step is not understood."))
    return HttpResponseRedirect(f"{address('workflow_flow', workflow.pk)}#s-{at}")


def _page(request: Any, workflow: Any, definition: shape.Definition, refused: Refused | None) -> HttpResponse:
    scope = request.scope
    problems = checking.refusals(definition, scope) if workflow.definition else []
    errors = {str(no.field): str(no.message) for no in reversed(problems)}
    circle = refused if refused is not None and refused.code == "in_circles" else None
    rtype = type_of(definition["on"])
    context = {
        "workflow": workflow,
        "trouble": read_out(workflow.trouble),
        "rtype": type_of(KEY),
        "trigger": saying.trigger(definition, scope),
        "where": saying.condition(rtype, definition.get("where"), scope),
        "again": dict(agains())[definition.get("again", "always")],
        "called": bool(definition["trigger"]["when"] == "call"),
        "state": type_of(KEY).fields["state"].show(workflow.state),
        "steps": saying.steps(definition, scope, errors),
        "errors": errors,
        "problems": problems,
        "circle": circle,
        "refused": None if circle else refused,
        "kinds": [(key, name(), saying.ICONS[key]) for key, name in KINDS],
        "live": workflow.number is not None and workflow.state != "draft",
    }
    return render(request, "automation/flow.html", context, status=refused.status if refused else 200)


def agains() -> list[tuple[str, str]]:
    """How often it starts for the same record."""
    return [
        ("always", _("each time")),
        ("one", _("not while it runs for the same record")),
        ("once", _("only once for each record")),
    ]


def whens() -> list[tuple[str, str]]:
    """What can start it."""
    return [
        ("made", _("a record is made")),
        ("changed", _("a field changes")),
        ("event", _("something happens to it")),
        ("date", _("a day in one of its fields comes")),
        ("schedule", _("the calendar says so")),
        ("hand", _("somebody starts it by hand")),
        ("call", _("another system calls it")),
    ]


@act
def beginning(request: Any, record_id: UUID) -> HttpResponse:
    """What starts it, and for which records: drawn again where another type or trigger was chosen, else saved."""
    with tenancy.reading():
        workflow = workflow_of(request, record_id)
        definition = definition_of(request, workflow)
        if request.method != "POST":
            return _beginning(request, workflow, definition, None)
        before = definition["on"], definition["trigger"]["when"]
        definition = _typed(request, definition)
        rtype, again = type_of(definition["on"]), (definition["on"], definition["trigger"]["when"]) != before
        taken = None if definition["on"] != before[0] else builder.sent(request.scope, rtype, request.POST)
        if taken is not None:
            definition["where"] = taken.json
        if (again and not request.POST.get("save")) or (taken is not None and (taken.pressed or taken.refused)):
            return _beginning(request, workflow, definition, taken)
    save(request, record_id, definition, name=request.POST.get("name", workflow.name))
    return HttpResponseRedirect(address("workflow_flow", record_id))


def _typed(request: Any, definition: shape.Definition) -> shape.Definition:
    sent = request.POST
    on, when = type_of(sent.get("on", "")).key, sent.get("when", "")
    trigger: dict[str, Any] = {"when": when}
    if when == "changed":
        rtype, some = type_of(on), []
        had = {one["field"]: one for one in definition["trigger"].get("fields") or []}
        for name in dict.fromkeys(n for n in sent.getlist("field") if n in request.scope.visible(rtype)):
            one: dict[str, Any] = {"field": name}
            for side in ("from", "to"):
                if text := sent.get(f"{side}:{name}", "").strip():
                    one[side] = _moved(rtype.fields[name], text, had.get(name, {}).get(side))
            some.append(one)
        trigger["fields"] = some
    elif when == "event":
        trigger["event"] = sent.get("event", "")
    elif when == "date":
        trigger |= {"field": sent.get("day", ""), "days": days_sent(sent), "at": sent.get("at", "") or "08:00"}
    elif when == "schedule":
        trigger |= {"rule": sent.get("rule", "").strip(), "at": sent.get("at", "") or "08:00"}
    made = definition | {"on": on, "trigger": trigger, "again": sent.get("again", "always")}
    if on != definition["on"]:
        made["where"] = None
    return made


def _moved(kind: Kind, text: str, had: Any) -> Any:
    """The plain value of an option; what stood there stays as it was."""
    return had if had is not None and offering.spelled(had) == text else kind.plain(kind.accept(text))


def days_sent(sent: Any) -> int:
    """Days before (negative) or after, from a number and a direction."""
    number = whole(sent.get("days", ""))
    return -number if sent.get("side") == "before" else number


def whole(text: str) -> int:
    """A whole number; nothing sensible is 0, which the check refuses at its place."""
    return int(text) if text.strip().isascii() and text.strip().isdigit() and len(text) < 7 else 0


def _beginning(request: Any, workflow: Any, definition: shape.Definition, taken: builder.Sent | None) -> HttpResponse:
    scope, rtype = request.scope, type_of(definition["on"])
    part = taken.part if taken is not None else builder.of(scope, rtype, definition.get("where") or None)
    trigger = definition["trigger"]
    context = {
        "workflow": workflow, "rtype": type_of(KEY), "on": rtype, "definition": definition, "trigger": trigger,
        "types": offering.types(scope), "whens": whens(), "agains": agains(), "part": part,
        "fields": offering.fields(scope, rtype), "days": offering.fields(scope, rtype, "date", "date_time"),
        "events": offering.happenings(rtype),
        "watched": {one["field"]: one for one in trigger.get("fields") or []},
        "choices": offering.values(scope, rtype, trigger.get("fields") or []) if trigger["when"] == "changed" else {},
        "spelled": offering.spelled,
        "name": request.POST.get("name", workflow.name),
        "version": request.POST.get("version") or workflow.version,
        "refused": taken.refused if taken is not None and not taken.pressed else None,
    }  # fmt: skip
    status = 422 if context["refused"] else 200
    return render(request, "automation/beginning.html", context, status=status)
