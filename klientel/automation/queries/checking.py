"""Whether a workflow can run: asked when it is activated, under the eyes of whoever activates it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import questions, shape
from klientel.automation.queries import answers
from klientel.automation.queries.days import read_rule
from klientel.automation.queries.filling import askable
from klientel.automation.queries.values import HOURS, ITSELF, paths_in
from klientel.kernel import actions, conditions
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Forbidden, Missing, Refused, filled
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of

#: what the app of an action asks of its settings, beyond what kinds say; by the key of the action
_asked_too: dict[str, Callable[[ActorScope, dict[str, Any]], None]] = {}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]\Z")


def asks_too(action: str, check: Callable[[ActorScope, dict[str, Any]], None]) -> None:
    """Declare what else must hold for what a step gives to an action: ``check`` gets it and raises :class:`Refused`."""
    _asked_too[action] = check


def refusals(definition: shape.Definition, scope: ActorScope) -> list[Refused]:
    """All that keeps it from running, each with its place as field; none where it can."""
    found: list[Refused] = []

    def tried(at: str, check: Callable[[], None]) -> None:
        try:
            check()
        except Refused as no:
            found.append(type(no)(no.code, no.message, at))

    try:
        shape.check(definition)
        rtype = type_of(definition["on"])
        if not scope.may(rtype, "view"):
            raise Missing("no_such_type", _("There is no such kind of record."))
    except Refused as no:
        return [no]
    tried("trigger", lambda: _trigger(scope, rtype, definition["trigger"]))
    if definition.get("where"):
        tried("where", lambda: conditions.check(rtype, definition["where"], scope))
    if not definition["steps"]:
        found.append(Refused("no_steps", _("Please add a step."), "steps"))
    with_answers = _with_answers(definition, scope)
    for place, step in shape.walk(definition):
        at = f"steps.{shape.spelled(place)}"
        for check in _step(with_answers, rtype, step):
            tried(at, check)
    return found


def _with_answers(definition: shape.Definition, scope: ActorScope) -> ActorScope:
    """As steps are worked on; without answers where one of the questions is not understood, which is told there."""
    try:
        for _place, step in shape.walk(definition):
            questions.check(step.get("questions") or [])
    except Refused:
        return scope
    return answers.scope_of(scope, definition)


def _trigger(scope: ActorScope, rtype: RecordType, trigger: dict[str, Any]) -> None:
    visible = scope.visible(rtype)
    if trigger["when"] == "changed":
        for one in trigger.get("fields") or []:
            _watched(visible, one)
    elif trigger["when"] == "event":
        if not any(a.key == trigger.get("event") for a in actions.happenings_on(rtype)):
            raise Refused("no_such_event", _("Please choose what happens."))
    elif trigger["when"] == "date":
        _dated(visible.get(str(trigger.get("field"))))
        _number(trigger.get("days", 0), -shape.LONGEST)
        _time(trigger)
    elif trigger["when"] == "schedule":
        read_rule(trigger)
        _time(trigger)


def _watched(visible: dict[str, Kind], one: dict[str, Any]) -> None:
    """A field that changes, from and to values that it can have."""
    if one["field"] not in visible:
        raise Refused("no_such_field", _("There is no such field."))
    for side in ("from", "to"):
        if one.get(side) not in (None, "", []):
            visible[one["field"]].accept(one[side])


def _dated(kind: Kind | None) -> None:
    if kind is None or kind.key not in ("date", "date_time") or kind.computed:
        raise Refused("no_such_field", _("Please choose a field that holds a day."))


def _time(where: dict[str, Any]) -> None:
    if where.get("at") and not _CLOCK.match(str(where["at"])):
        raise Refused("bad_time", _("Please write a time such as 08:30."))


def _number(value: Any, least: int, most: int = shape.LONGEST) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused("bad_number", _("Please enter a whole number."))


def _step(scope: ActorScope, rtype: RecordType, step: dict[str, Any]) -> Iterator[Callable[[], None]]:
    """What has to hold for a step."""
    does = step["do"]
    if does == "action":
        yield lambda: _action(scope, rtype, step)
    if does in ("notify", "ask"):
        yield lambda: _who(scope, rtype, str(step.get("who") or ""))
        yield lambda: _text(scope, rtype, step.get("text" if does == "notify" else "question"))
    if does == "ask":
        yield lambda: _asked(scope, rtype, step)
    if does in ("wait", "await", "ask"):
        yield lambda: _span(step)
    if does == "until":
        yield lambda: _dated(kind_at(scope, rtype, str(step.get("field") or "")))
        yield lambda: _number(step.get("days", 0), -shape.LONGEST)
        yield lambda: _time(step)
    if does == "repeat":
        yield lambda: _number(step.get("most"), 1, 100)
        yield lambda: _waits(step)
    if does == "branch" and not step.get("where"):
        yield _nothing_asked
    if step.get("where"):
        yield lambda: conditions.check(rtype, step["where"], scope)
    if does == "await" and not step.get("where") and not step.get("event"):
        yield _nothing_awaited


def _asked(scope: ActorScope, rtype: RecordType, step: dict[str, Any]) -> None:
    fields, needed = step.get("fields") or [], step.get("needed") or []
    if not isinstance(fields, list) or not isinstance(needed, list) or any(n not in fields for n in needed):
        raise Refused("bad_form", _("This is not a list of fields."))
    known = askable(scope, rtype)
    if any(n not in known for n in fields):
        raise Refused("no_such_field", _("There is no such field."))
    questions.check(step.get("questions") or [])


def _nothing_awaited() -> None:
    raise Refused("waits_for_nothing", _("Please choose what it waits for."))


def _nothing_asked() -> None:
    raise Refused("no_condition", _("Please say the condition that decides which way it goes."))


def _span(step: dict[str, Any]) -> None:
    if step.get("unit") not in shape.UNITS:
        raise Refused("bad_unit", _("Please choose minutes, hours, days or weeks."))
    _number(step.get("n"), 1)
    if HOURS[step["unit"]].total_seconds() * step["n"] > shape.LONGEST * 86_400:
        raise Refused("too_long", _("Nobody waits as long as that."))


def _waits(step: dict[str, Any]) -> None:
    """A part that is repeated waits in each turn: else it would be done many times in one moment."""
    if not any(inner["do"] in ("wait", "await", "ask") for inner in step.get("steps") or []):
        raise Refused("endless", _("What is repeated has to wait in each turn. Please add a step that waits."))


def _text(scope: ActorScope, rtype: RecordType, text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise Refused("no_text", _("Please write what it should say."))
    _paths(scope, rtype, text)


def _who(scope: ActorScope, rtype: RecordType, who: str) -> None:
    if who == "me":
        return
    if who.startswith("member:"):
        try:
            UUID(who.removeprefix("member:"))
        except ValueError:
            raise Refused("nobody", _("Please choose who.")) from None
        return
    kind = kind_at(scope, rtype, who)
    if not isinstance(kind, Link | Links) or kind.to != "kernel.member":
        raise Refused("nobody", _("Please choose who."))


def _action(scope: ActorScope, rtype: RecordType, step: dict[str, Any]) -> None:
    """The action exists, is offered, may be done by whoever activates it, and gets what it needs."""
    if not step.get("action"):
        raise Refused("no_action", _("Please choose what it should do."))
    action = actions.get(str(step.get("action") or ""))
    on = type_of(action.on)
    if action.only or action.on_archived or action.also:
        raise Forbidden("not_by_workflow", _("A workflow cannot do this."))
    if not scope.may(on, action.needs):
        raise Forbidden("forbidden", _("You may not do this, so a workflow may not do it for you."))
    if not action.new:
        target = target_of(scope, rtype, str(step.get("of") or ITSELF))
        if target is None or target.key != on.key:
            raise Refused("wrong_record", _("This cannot be done with the record that was chosen."))
    given, kinds = step.get("params") or {}, action.params_of(on)
    open_to = scope.writable(on) if action.basic and action.verb in ("create", "change") else kinds
    for name, value in given.items():
        if name not in kinds:
            raise Refused("unknown_field", _("There is no such field."))
        if name not in open_to:
            raise Forbidden("read_only", _("You may not change this field."))
        _paths(scope, rtype, value)
        _constant(kinds[name], value)
    missing = [k for n, k in kinds.items() if k.required and given.get(n) in (None, "", []) and action.verb != "change"]
    if missing:
        raise Refused("required", filled(_("Please fill in: %(name)s."), {"name": missing[0].verbose_name}))
    if action.key in _asked_too:
        _asked_too[action.key](scope, given)


def _constant(kind: Kind, value: Any) -> None:
    """What is written down as it is has to be a value of its field."""
    if isinstance(value, dict) and set(value) == {"in", "unit"}:
        if kind.key not in ("date", "date_time"):
            raise Refused("bad_value", _("Only a day can be counted from now on."))
        _number(value["in"], -shape.LONGEST)
        if value["unit"] not in shape.UNITS:
            raise Refused("bad_unit", _("Please choose minutes, hours, days or weeks."))
        return
    read = isinstance(value, dict) and (set(value) == {"of"} or value == {"me": True})
    listed = isinstance(value, list) and any(isinstance(v, dict) for v in value)
    if not read and not listed and not (isinstance(value, str) and "{{" in value):
        kind.accept(value)


def _paths(scope: ActorScope, rtype: RecordType, value: Any) -> None:
    for path in paths_in(value):
        if path != ITSELF and kind_at(scope, rtype, path) is None and target_of(scope, rtype, path) is None:
            raise Refused("no_placeholder", filled(_("There is no field “%(name)s”."), {"name": path[:60]}))


def kind_at(scope: ActorScope, rtype: RecordType, path: str) -> Kind | None:
    """The kind of the field at the end of a path of single links; none where there is no such field."""
    *steps, last = path.split(".")
    for name in steps:
        kind = scope.visible(rtype).get(name)
        if not isinstance(kind, Link) or kind.to == "*":
            return None
        rtype = type_of(kind.to)
    return scope.visible(rtype).get(last)


def target_of(scope: ActorScope, rtype: RecordType, path: str) -> RecordType | None:
    """The type of the record that a path leads to."""
    if path == ITSELF:
        return rtype
    kind = kind_at(scope, rtype, path.removesuffix(f".{ITSELF}"))
    return type_of(kind.to) if isinstance(kind, Link) and kind.to != "*" else None
