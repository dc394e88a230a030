"""The shape of what a workflow does, in JSON: a trigger, a condition, and steps that may hold further steps.

``{"on": type, "trigger": {"when": …}, "where": condition, "again": …, "steps": [{"do": …}, …]}``. Here is only said
what may stand where; whether fields, actions and rights exist is checked when a workflow is activated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import questions
from klientel.kernel.errors import Refused

Definition = dict[str, Any]
Place = list[Any]  # numbers of steps and names of lists, in turn: [3, "then", 0]

#: when a workflow starts, with what else stands there
TRIGGERS: dict[str, frozenset[str]] = {
    "made": frozenset(),
    "changed": frozenset({"fields"}),
    "event": frozenset({"event"}),
    "date": frozenset({"field", "days", "at"}),
    "schedule": frozenset({"rule", "at"}),
    "hand": frozenset(),
    "call": frozenset(),
}
#: how often it starts for the same record: each time, not while it runs, only once
AGAIN = ("always", "one", "once")
UNITS = ("minutes", "hours", "days", "weeks")
_TIME = frozenset({"n", "unit"})
#: what a step does, with what else stands there
STEPS: dict[str, frozenset[str]] = {
    "action": frozenset({"action", "of", "params"}),
    "notify": frozenset({"who", "text"}),
    "wait": _TIME,
    "until": frozenset({"field", "days", "at"}),
    "await": _TIME | {"where", "event", "then", "late"},
    "branch": frozenset({"where", "then", "else"}),
    "ask": _TIME | {"who", "question", "fields", "needed", "questions", "then", "else"},
    "repeat": frozenset({"most", "where", "steps"}),
}
#: of which sort settings are, wherever they stand; each may be missing, and a draft may leave it empty
_TEXTS = frozenset({"action", "of", "who", "text", "question", "unit", "field", "at", "event", "rule"})
_NUMBERS = frozenset({"n", "days", "most"})
_LISTED = frozenset({"fields", "needed", "questions"})
#: lists of steps inside a step
LISTS = ("then", "late", "else", "steps")
WAITS = ("wait", "until", "await", "ask")
MOST_STEPS = 100
MOST_DEEP = 6
LONGEST = 366 * 5  # days that a wait may last


def check(definition: Any) -> None:
    """Refuse what is not of this shape, with the place of the step as field (``steps.2.then.0``)."""
    known = {"on", "trigger", "where", "again", "steps"}
    if not isinstance(definition, dict) or not set(definition) <= known or not isinstance(definition.get("on"), str):
        raise Refused("bad_workflow", _("This is not a workflow."), "definition")
    trigger = definition.get("trigger")
    if not isinstance(trigger, dict) or str(trigger.get("when")) not in TRIGGERS:
        raise Refused("bad_trigger", _("Please choose what starts it."), "trigger")
    if not set(trigger) <= TRIGGERS[trigger["when"]] | {"when"}:
        raise Refused("bad_trigger", _("This is not something that starts a workflow."), "trigger")
    if not _sorted(trigger) or not all(_is_change(one) for one in trigger.get("fields") or []):
        raise Refused("bad_trigger", _("This is not something that starts a workflow."), "trigger")
    if not isinstance(definition.get("where") or {}, dict):
        raise Refused("bad_workflow", _("This is not a workflow."), "where")
    if definition.get("again", "always") not in AGAIN:
        raise Refused("bad_again", _("Please choose how often it starts."), "again")
    _steps(definition.get("steps"), "steps", 0)
    if sum(1 for _one in walk(definition)) > MOST_STEPS:
        raise Refused("too_long", _("This workflow has too many steps."), "steps")


def _steps(steps: Any, at: str, depth: int) -> None:
    if not isinstance(steps, list) or depth > MOST_DEEP:
        raise Refused("bad_step", _("These steps are not understood."), at)
    for n, step in enumerate(steps):
        here = f"{at}.{n}"
        if (
            not isinstance(step, dict)
            or str(step.get("do")) not in STEPS
            or not set(step) <= STEPS[step["do"]] | {"do"}
        ):
            raise Refused("bad_step", _("This step is not understood."), here)
        _settings(step, here)
        for name in LISTS:
            if name in step:
                _steps(step[name], f"{here}.{name}", depth + 1)


def _sorted(settings: dict[str, Any]) -> bool:
    """Whether each setting is of its sort."""
    return all(value is None or _fits(name, value) for name, value in settings.items())


def _fits(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if name in _TEXTS:
        return isinstance(value, str)
    return isinstance(value, list) if name in _LISTED else name not in ("params", "where") or isinstance(value, dict)


def _is_change(one: Any) -> bool:
    return isinstance(one, dict) and set(one) <= {"field", "from", "to"} and isinstance(one.get("field"), str)


def _settings(step: dict[str, Any], here: str) -> None:
    """Fields are named and questions have the parts of one; whether they can be asked is said later."""
    named = _sorted(step) and all(isinstance(n, str) for key in ("fields", "needed") for n in step.get(key) or [])
    if not named:
        raise Refused("bad_step", _("This step is not understood."), here)
    if not all(questions.is_one(one) for one in step.get("questions") or []):
        raise Refused("bad_question", _("This is not a list of questions."), here)


def walk(definition: Definition) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every step with its place, those inside others after them."""
    yield from _walk(definition.get("steps") or [], [])


def _walk(steps: list[dict[str, Any]], before: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
    for n, step in enumerate(steps):
        place = [*before, n]
        yield place, step
        for name in LISTS:
            if step.get(name):
                yield from _walk(step[name], [*place, name])


def at(definition: Definition, place: Place) -> dict[str, Any] | None:
    """The step at a place; none behind the last of a list."""
    steps, found = definition.get("steps") or [], None
    for part in place:
        if isinstance(part, int):
            if part >= len(steps):
                return None
            found = steps[part]
        else:
            assert found is not None
            steps = found.get(part) or []
    return found


def list_at(definition: Definition, place: Place) -> list[dict[str, Any]]:
    """The list of steps that a place stands in."""
    if len(place) == 1:
        steps: list[dict[str, Any]] = definition["steps"]
        return steps
    above = at(definition, place[:-2])
    assert above is not None
    inner: list[dict[str, Any]] = above.setdefault(place[-2], [])
    return inner


def after(place: Place) -> Place:
    """The place of the next step in the same list."""
    return [*place[:-1], place[-1] + 1]


def spelled(place: Place) -> str:
    """A place as names of fields and parts of addresses have it: ``2.then.0``."""
    return ".".join(map(str, place))


def read_place(text: str) -> Place:
    """The place that :func:`spelled` wrote; :class:`Refused` for anything else."""
    parts: Place = [int(p) if p.isdigit() else p for p in text.split(".")]
    shaped = all(isinstance(p, int) if n % 2 == 0 else p in LISTS for n, p in enumerate(parts))
    if not shaped or len(parts) % 2 == 0 or len(parts) > 2 * MOST_DEEP + 1:
        raise Refused("no_such_step", _("There is no such step any more."))
    return parts
