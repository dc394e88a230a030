"""Why a run began and what it did: conditions with what they met, steps with what they changed, for one reader.

Nothing of it is stored as values: what a field said at that instant is read from the past, what a step changed from
its events, and both only as far as the reader may see them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.automation.models import Entry, Run, Version, Workflow, shape
from klientel.automation.models.run import State
from klientel.automation.queries import ending, saying
from klientel.automation.queries.answers import scope_of
from klientel.automation.queries.filling import replies
from klientel.automation.queries.starting import leaves
from klientel.automation.queries.values import Seen
from klientel.kernel import events
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Name, get, names
from klientel.kernel.errors import Missing, Refused, mine, read_out
from klientel.kernel.events import Event
from klientel.kernel.history import past
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.web import timeline

REQUEST = "automation.request"
OUTWARD = ("channels.mail", "channels.webhookcall")  # what becomes of them is known later
#: why the guard stopped a run, why it lapsed, and what went wrong, by code
REASONS = {
    "own_path": lambda: _("This workflow led to itself, so it was stopped."),
    "too_deep": lambda: _("More than ten workflows had set each other off, so it was stopped."),
    "too_often": lambda: _("It had run very often on this record within ten minutes, so it was stopped."),
    "switched_off": lambda: _("The workflow was switched off."),
    "record_gone": lambda: _("The record is gone."),
    "by_hand": lambda: _("Somebody ended it."),
    "failed": lambda: _("Something unexpected went wrong."),
}


@dataclass(frozen=True)
class Check:
    """One part of the condition: what it asks, what it met, and whether it held."""

    asked: str
    met: str
    held: bool


@dataclass
class Step:
    """One step that was done, with what it changed."""

    text: str
    icon: str
    at: dt.datetime
    note: str = ""
    told: list[Any] = field(default_factory=list)


@dataclass
class Explained:
    """A run for one reader."""

    run: Run
    workflow: Any
    version: Any
    record: Name | None
    trigger: str
    cause: list[Any]
    checks: list[Check]
    steps: list[Step]
    waits: str
    reason: str
    chain: list[str]
    coming: list[saying.Said]


def explained(scope: ActorScope, run_id: UUID) -> Explained:
    """The run, or :class:`Missing` for whoever sees neither its record nor workflows at all."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise Missing("missing", gettext_lazy("There is no such record, or you may not see it."))
    rtype = type_of(run.record_type)
    record = names(scope, [run.record], run.record_type).get(run.record)
    if record is None and not scope.may(type_of("automation.workflow"), "view"):
        raise Missing("missing", gettext_lazy("There is no such record, or you may not see it."))
    version = Version.objects.get(pk=run.version)
    flow = Workflow.objects.get(pk=run.workflow)
    definition = version.definition
    some = list(Entry.objects.filter(run=run.pk).order_by("n"))
    cause = timeline.told(scope, None, events.read(Sql("e.id = %s", (run.event,)))) if run.event else []
    return Explained(
        run, flow, version, record, saying.trigger(definition, scope), cause,
        _checks(scope, rtype, run, definition, record), _steps(scope, rtype, definition, some),
        _waits(run), reason(run), _chain(run), _coming(scope, definition, run),
    )  # fmt: skip


def reason(run: Run) -> str:
    """Why it ended or stands still, in words."""
    known = REASONS.get(run.trouble)
    return known() if known is not None else ending.reason_of(run.trouble) or read_out(run.message)


def _waits(run: Run) -> str:
    if run.state != State.OPEN:
        return ""
    return {"time": _("Waits until"), "await": _("Waits, at most until"), "ask": _("Waits for an answer, at most until")
            }.get(run.waits, _("Goes on"))  # fmt: skip


def _chain(run: Run) -> list[str]:
    """The workflows that led here, by name."""
    known = dict(Workflow.objects.filter(pk__in=run.path).values_list("pk", "name"))
    return [known.get(UUID(p), "…") for p in run.path]


def _checks(
    scope: ActorScope, rtype: RecordType, run: Run, definition: shape.Definition, record: Name | None
) -> list[Check]:
    parts = leaves(definition["where"]) if definition.get("where") else []
    then = None
    if record is not None and parts:
        try:
            then = Seen(scope, rtype, past.record(scope, rtype, run.record, run.started_at).record)
        except Refused:
            then = None
    return [
        Check(saying.condition(rtype, part, scope), _met(then, part), held)
        for part, held in zip(parts, run.checks, strict=False)
    ]


def _met(then: Seen | None, part: Any) -> str:
    """What the field said at that instant, as far as the reader may know."""
    if then is None or not isinstance(part, dict) or "field" not in part:
        return ""
    kind, _value = then.value(str(part["field"]))
    return "" if kind is None else then.shown(str(part["field"])) or _("empty")


def _steps(scope: ActorScope, rtype: RecordType, definition: shape.Definition, some: list[Entry]) -> list[Step]:
    ids = [UUID(i) for one in some for i in one.told.get("events") or ()]
    known = {e.id: e for e in events.read(Sql("e.id = ANY(%s)", (ids,)))} if ids else {}
    made, with_answers = [], scope_of(scope, definition)
    for one in some:
        step = shape.at(definition, one.place)
        if step is None:
            continue
        text = saying.text_of(step, rtype, with_answers)
        mine = [known[UUID(i)] for i in one.told.get("events") or () if UUID(i) in known]
        told = timeline.told(scope, None, mine)
        for each in told:
            each.why = ""  # that is what this page says
        note = _note(one, told=bool(told)) or _sent(scope, mine)
        if "answer" in one.told and "record" in one.told:
            said, answered = _answer(scope, UUID(one.told["record"]))
            note, told = said or note, answered
        made.append(Step(text, saying.ICONS[one.does], one.at, note, told))
    return made


def _sent(scope: ActorScope, mine: list[Event]) -> str:
    """What became of what a step sent, as far as the reader may see it."""
    said = []
    for one in mine:
        if one.record_type in OUTWARD:
            try:
                rtype = type_of(one.record_type)
                found = get(scope, rtype, one.record_id)
            except Missing:
                continue
            shown = [
                k.show(v)
                for n in ("state", "reply")
                if (k := scope.visible(rtype).get(n)) and (v := rtype.value(found, n))
            ]
            said.append(": ".join(shown))
    return ", ".join(dict.fromkeys(filter(None, said)))


def _answer(scope: ActorScope, request: UUID) -> tuple[str, list[Any]]:
    """Who answered what, and what they filled in with it, as far as the reader may see it."""
    try:
        found = get(scope, type_of(REQUEST), request)
    except Missing:
        return "", []
    verbs = [f"{REQUEST}.{verb}" for verb in ("approve", "decline")]
    answers = events.read(Sql("e.record_id = %s AND e.kind = ANY(%s)", (request, verbs)))
    sets = [e.change_set for e in answers]
    filled = events.read(Sql("e.change_set = ANY(%s) AND e.record_id = ANY(%s)", (sets, found.concerns)))
    told = timeline.told(scope, None, filled) if filled else []
    who = answers[-1].actor_name if answers else ""
    way = {"approved": _("yes"), "declined": _("no"), "expired": _("not answered in time")}.get(found.state, "")
    lines = [f"{question}: {answer}" for question, answer in replies(scope, found)]
    return " · ".join(filter(None, [way, who, *lines, found.note])), told


def _note(one: Entry, *, told: bool) -> str:
    """How a step went, where its events do not say it."""
    match one.told:
        case {"held": bool(held)}:
            return _("yes") if held else _("no")
        case {"came": bool(came)}:
            return _("It came") if came else _("It did not come in time")
        case {"withheld": why}:
            return _("Not sent: %(why)s") % {"why": mine(why)}
        case {"answer": str(answer)}:
            return {"approved": _("yes"), "declined": _("no"), "expired": _("not answered in time"),
                    "nobody": _("There was nobody to ask.")}[answer]  # fmt: skip
        case {"members": list(members)}:
            return _("told: %(n)d") % {"n": len(members)}
        case {"empty": str()}:
            return _("There was no such record, so nothing was done.")
        case {"empty": True}:
            return _("The field was empty, so it went on at once.")
        case {"waited": True}:
            return _("waited")
        case {"time": int(n)}:
            return _("time %(n)d") % {"n": n}
    return "" if told or one.does != "action" else _("Nothing had to be changed, or you may not see it.")


def _coming(scope: ActorScope, definition: shape.Definition, run: Run) -> list[saying.Said]:
    """The steps of the list it is in that are still to come."""
    if run.state not in (State.OPEN, State.HELD, State.ATTENTION) or not run.place:
        return []
    found = saying.steps(definition, scope)
    for at, part in enumerate(run.place[:-1]):
        if isinstance(part, int):
            found = next((s for n, _h, s in found[part].parts if n == run.place[at + 1]), [])
    return found[run.place[-1] :]


__all__ = ["Explained", "explained", "reason"]
