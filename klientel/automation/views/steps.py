"""The page of one step: what it does, whom it means, how long it waits, what it gives to an action."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.automation.models import questions, shape
from klientel.automation.queries import answers, checking, editing, offering, saying
from klientel.automation.queries.filling import askable
from klientel.automation.queries.values import ITSELF, TEXTS
from klientel.automation.views.flows import KEY, days_sent, definition_of, save, whole, workflow_of
from klientel.kernel import actions, tenancy
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.web import builder, fields
from klientel.kernel.web.addresses import place as address
from klientel.kernel.web.answers import act
from klientel.kernel.web.views.saved import redrawn

ASKS = ("await", "branch", "repeat")  # steps with a condition
DAYS = ("date", "date_time")
BLANKS = 2  # empty lines for further questions


@act
def step(request: Any, record_id: UUID, at: str) -> HttpResponse:
    """Show a step, draw it again where another action was chosen or a button of its condition pressed, or save it."""
    place = shape.read_place(at)
    with tenancy.reading():
        workflow = workflow_of(request, record_id)
        definition = definition_of(request, workflow)
        found = shape.at(definition, place)
        if found is None:
            raise Refused("no_such_step", _("There is no such step any more."))
        rtype = type_of(definition["on"])
        if request.method != "POST":
            return _page(request, workflow, definition, place, found)
        values, taken = _typed(request, rtype, found, definition)
        changed = found["do"] == "action" and offering.chosen(found) != request.POST.get("doing", "")
        if changed and request.POST.get("as") != request.POST.get("doing", ""):
            values["params"] = offering.proposed(request.scope, rtype, values["action"])
            return _page(request, workflow, definition, place, {"do": found["do"], **values})
        if taken is not None and (taken.pressed or taken.refused):
            return _page(request, workflow, definition, place, {"do": found["do"], **values}, taken)
    save(request, record_id, editing.replaced(definition, place, values))
    return HttpResponseRedirect(f"{address('workflow_flow', record_id)}#s-{at}")


def _typed(
    request: Any, rtype: RecordType, step: dict[str, Any], definition: shape.Definition
) -> tuple[dict[str, Any], builder.Sent | None]:
    """The settings of the step as they were sent, and its condition where it has one."""
    sent, does = request.POST, step["do"]
    made: dict[str, Any] = {}
    if does in ("notify", "ask"):
        made |= {"who": sent.get("who", ""), "text" if does == "notify" else "question": sent.get("text", "").strip()}
    if does == "ask":
        some = [n for n in sent.getlist("fields") if n in askable(request.scope, rtype)]
        made |= {"fields": some, "needed": [n for n in sent.getlist("needed") if n in some]}
        made["questions"] = _questions(sent, definition)
    if does in ("wait", "await", "ask"):
        made |= {"n": whole(sent.get("n", "")), "unit": sent.get("unit", "")}
    if does == "until":
        made |= {"field": sent.get("field", ""), "days": days_sent(sent), "at": sent.get("at", "") or "08:00"}
    if does == "await" and sent.get("event"):
        made["event"] = sent["event"]
    if does == "repeat":
        made["most"] = whole(sent.get("most", ""))
    if does == "action":
        made |= _doing(request)
    taken = builder.sent(answers.scope_of(request.scope, definition), rtype, sent) if does in ASKS else None
    if taken is not None and taken.json:
        made["where"] = taken.json
    return made, taken


def _questions(sent: Any, definition: shape.Definition) -> list[dict[str, Any]]:
    """The questions of its own that were typed; one that lost its text is taken away, a new one gets a name."""
    taken = {one["name"] for one in answers.asked_in(definition)}
    made = []
    for n in range(questions.MOST + BLANKS):
        if not (label := sent.get(f"q{n}-label", "").strip()):
            continue
        name = sent.get(f"q{n}-name", "") or questions.named(label, taken)
        taken.add(name)
        one = {
            "name": name,
            "label": label,
            "sort": sent.get(f"q{n}-sort", ""),
            "needed": bool(sent.get(f"q{n}-needed")),
        }
        if one["sort"] == "choice":
            one["of"] = list(dict.fromkeys(o.strip() for o in sent.get(f"q{n}-of", "").split(",") if o.strip()))
        made.append(one)
    return made


@require_POST
@act
def build(request: Any, record_id: UUID) -> HttpResponse:
    """The builder of a step's condition drawn again, for the script: with the workflow's own answers as fields."""
    with tenancy.reading():
        definition = definition_of(request, workflow_of(request, record_id))
        rtype = type_of(definition["on"])
        return redrawn(request, answers.scope_of(request.scope, definition), rtype)


def _doing(request: Any) -> dict[str, Any]:
    key, _space, of = request.POST.get("doing", "").partition(" ")
    made: dict[str, Any] = {"action": key, **({"of": of} if of and of != ITSELF else {})}
    kinds = _kinds(request.scope, key)
    given = fields.sent(request.POST, kinds)
    made["params"] = {
        name: value for name, kind in kinds.items()
        if (value := _param(request.POST, kind, given.get(name))) is not None
    }  # fmt: skip
    return made


def _kinds(scope: Any, key: str) -> dict[str, Kind]:
    """The parameters that a step can give to an action."""
    try:
        action = actions.get(key)
        on = type_of(action.on)
    except Refused:
        return {}
    found = action.params_of(on)
    if action.basic and action.verb in ("create", "change"):
        open_to = scope.writable(on)
        found = {n: k for n, k in found.items() if n in open_to and not k.computed}
    return {n: k for n, k in found.items() if k.cell != "json" and k.widget not in ("file", "emails", "phones")}


def _param(sent: Any, kind: Kind, given: Any) -> Any:
    """One parameter; nothing where it is left out."""
    source = sent.get(f"src:{kind.name}", "")
    if source.startswith("of:"):
        taken = {"of": source.removeprefix("of:")}
        return [taken] if isinstance(kind, Links) else taken
    if source == "in":
        return {"in": whole(sent.get(f"n:{kind.name}", "")), "unit": sent.get(f"unit:{kind.name}", "days")}
    if source == "me":
        return {"me": True}
    if source != "value" or given in (None, "", []):
        return None
    if isinstance(given, str) and "{{" in given and kind.key in TEXTS:
        return given
    return kind.plain(kind.accept(given))


def _page(
    request: Any, workflow: Any, definition: shape.Definition, place: shape.Place, step: dict[str, Any],
    taken: builder.Sent | None = None,
) -> HttpResponse:  # fmt: skip
    rtype, does, at = type_of(definition["on"]), step["do"], shape.spelled(place)
    scope = answers.scope_of(request.scope, definition)
    part = None
    if does in ASKS:
        part = taken.part if taken is not None else builder.of(scope, rtype, step.get("where") or None)
    refused = taken.refused if taken is not None and not taken.pressed else None
    fresh = step == {"do": does, **editing.BLANK[does]}  # nothing is wrong yet where nobody has begun
    problems = [] if fresh else [no for no in checking.refusals(definition, scope) if no.field == f"steps.{at}"]
    context = {
        "workflow": workflow, "rtype": type_of(KEY), "on": rtype, "step": step, "does": does, "at": at, "part": part,
        "heading": saying.text_of(step, rtype, scope), "refused": refused,
        "problem": problems[0].message if problems and request.method != "POST" else "",
        "people": offering.people(scope, rtype) if does in ("notify", "ask") else [],
        "units": units(), "days": offering.fields(scope, rtype, *DAYS) if does == "until" else [],
        "events": offering.events_about(rtype) if does == "await" else [],
        "doings": offering.doings(scope, rtype) if does == "action" else [],
        "doing": offering.chosen(step) if does == "action" else "",
        "params": _params(scope, rtype, step) if does == "action" else [],
        "questions": [*(step.get("questions") or []), *({} for _n in range(BLANKS))] if does == "ask" else [],
        "sorts": [(key, label) for key, (_kind, label) in questions.SORTS.items()],
        "askable": {n: fields.label_of(k) for n, k in askable(scope, rtype).items()} if does == "ask" else {},
        "placeholders": offering.placeholders(scope, rtype) if does in ("action", "notify", "ask") else [],
        "version": request.POST.get("version") or workflow.version,
    }  # fmt: skip
    return render(request, "automation/step.html", context, status=422 if refused else 200)


def units() -> list[tuple[str, str]]:
    """Units of time."""
    return [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days")), ("weeks", _("weeks"))]


def _params(scope: Any, rtype: RecordType, step: dict[str, Any]) -> list[dict[str, Any]]:
    """Each parameter with its control and from where it can be taken; what is needed or given first."""
    kinds, given = _kinds(scope, str(step.get("action") or "")), step.get("params") or {}
    made = []
    for name, kind in kinds.items():
        value = given.get(name)
        source, control = _source(kind, value)
        [drawn] = fields.fields(scope, [kind], {name: control})
        options = [("value", _("this:"))]
        options += [("in", _("from now on, in"))] if kind.key in DAYS else []
        options += [("me", _("whoever activated it"))] if isinstance(kind, Link) and kind.to == "kernel.member" else []
        options += [(f"of:{path}", label) for path, label in offering.sources(scope, rtype, kind)]
        drawn.required = False
        counted = value if isinstance(value, dict) else {}
        made.append({
            "field": drawn, "required": kind.required, "source": source, "options": options,
            "first": kind.required or name in given, "n": counted.get("in", ""), "unit": counted.get("unit", "days"),
            "dated": kind.key in DAYS,
        })  # fmt: skip
    return sorted(made, key=lambda one: not one["first"])


def _source(kind: Kind, value: Any) -> tuple[str, Any]:
    """From where a parameter is taken now, and what its control holds."""
    first = value[0] if isinstance(value, list) and value else value
    match first:
        case {"of": str(path)}:
            return f"of:{path}", None
        case {"in": _}:
            return "in", None
        case {"me": True}:
            return "me", None
        case None:
            return ("value" if kind.required else ""), None
    if isinstance(value, str) and "{{" in value:
        return "value", value
    try:
        return "value", kind.accept(value)
    except Refused:
        return "value", None
