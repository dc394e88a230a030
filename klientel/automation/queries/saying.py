"""Workflows in words, in the active language, under the rights of who reads: what starts them, what each step does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from klientel.automation.models import shape
from klientel.automation.queries.answers import scope_of
from klientel.automation.queries.checking import kind_at
from klientel.automation.queries.days import read_rule
from klientel.automation.queries.values import ITSELF, replaced
from klientel.kernel import actions
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import names
from klientel.kernel.conditions import say
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import dumps
from klientel.lib import recurrence

ICONS = {"action": "zap", "notify": "bell", "wait": "hourglass", "until": "calendar-clock", "await": "hourglass",
         "branch": "split", "ask": "message-circle-question-mark", "repeat": "repeat"}  # fmt: skip


@dataclass
class Said:
    """A step in words, with those inside it: ``parts`` are (list, heading, steps)."""

    place: str
    does: str
    icon: str
    text: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    parts: list[tuple[str, str, list[Said]]] = field(default_factory=list)
    error: str = ""


def steps(definition: shape.Definition, scope: ActorScope, errors: dict[str, str] | None = None) -> list[Said]:
    """All steps, as they follow one another."""
    try:
        rtype = type_of(definition["on"])
    except Refused:
        return []
    return _list(definition.get("steps") or [], [], rtype, scope_of(scope, definition), errors or {})


def _list(
    some: list[dict[str, Any]], before: shape.Place, rtype: RecordType, scope: ActorScope, errors: dict[str, str]
) -> list[Said]:
    made = []
    for n, step in enumerate(some):
        place = [*before, n]
        at = shape.spelled(place)
        one = Said(at, step["do"], ICONS[step["do"]], text_of(step, rtype, scope), lines_of(step, rtype, scope),
                   error=errors.get(f"steps.{at}", ""))  # fmt: skip
        for name, heading in parts_of(step):
            one.parts.append((name, heading, _list(step.get(name) or [], [*place, name], rtype, scope, errors)))
        made.append(one)
    return made


def parts_of(step: dict[str, Any]) -> list[tuple[str, str]]:
    """The lists of steps inside a step, each with its heading."""
    match step["do"]:
        case "branch":
            return [("then", _("Yes")), ("else", _("No"))]
        case "ask":
            return [("then", _("Answer: yes")), ("else", _("Answer: no, or none in time"))]
        case "await":
            return [("then", _("It came")), ("late", _("It did not come in time"))]
        case "repeat":
            return [("steps", _("Each time"))]
    return []


def condition(rtype: RecordType, where: Any, scope: ActorScope) -> str:
    """A condition as far as who reads may know it."""
    if not where:
        return _("always")
    try:
        return say(rtype, where, scope, titles(where, scope))
    except Refused:
        return _("a condition on what you may not see")


def titles(where: Any, scope: ActorScope) -> dict[UUID, str]:
    """Names of the records that a condition names."""
    found = {UUID(t) for t in _ids(where)}
    return {i: n.title for i, n in names(scope, found).items()} if found else {}


def _ids(json: Any) -> list[str]:
    if isinstance(json, dict):
        return [i for v in json.values() for i in _ids(v)]
    if isinstance(json, list):
        return [i for v in json for i in _ids(v)]
    return [json] if isinstance(json, str) and len(json) == 36 and json.count("-") == 4 else []


def label(rtype: RecordType, path: str, scope: ActorScope) -> str:
    """A field, or a path of fields, by name."""
    if path in (ITSELF, "title", ""):
        return _("this record")
    some, steps_ = [], path.split(".")
    for n, _name in enumerate(steps_):
        kind = kind_at(scope, rtype, ".".join(steps_[: n + 1]))
        some.append(str(kind.verbose_name) if kind is not None else _("(hidden)"))
    return " › ".join(some)


def span(n: Any, unit: Any) -> str:
    """Some time: “2 hours”."""
    n = int(n or 0)
    match unit:
        case "minutes":
            return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
        case "hours":
            return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}
        case "weeks":
            return ngettext("%(n)d week", "%(n)d weeks", n) % {"n": n}
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}


def around(rtype: RecordType, of: dict[str, Any], scope: ActorScope) -> str:
    """A day before or after the one in a field."""
    days, what = int(of.get("days") or 0), label(rtype, str(of.get("field") or ""), scope)
    if days < 0:
        return _("%(span)s before “%(field)s”") % {"span": span(-days, "days"), "field": what}
    if days > 0:
        return _("%(span)s after “%(field)s”") % {"span": span(days, "days"), "field": what}
    return _("on the day “%(field)s”") % {"field": what}


def trigger(definition: shape.Definition, scope: ActorScope) -> str:
    """What starts it, as one sentence."""
    try:
        rtype = type_of(definition["on"])
    except Refused:
        return _("a condition on what you may not see")
    what, one = str(rtype.label), definition["trigger"]
    match one["when"]:
        case "made":
            return _("When a record is made: %(what)s") % {"what": what}
        case "changed":
            return _("When a record changes: %(what)s, %(fields)s") % {
                "what": what,
                "fields": _changes(rtype, one, scope),
            }
        case "event":
            return _("When this happens: %(what)s, %(event)s") % {"what": what, "event": event(str(one.get("event")))}
        case "date":
            return f"{what}: {around(rtype, one, scope)}, {one.get('at') or '08:00'}"
        case "schedule":
            try:
                often = recurrence.say(read_rule(one), get_language() or "en")
            except Refused:
                often = str(one.get("rule"))
            return _("%(often)s at %(at)s: %(what)s") % {
                "often": often, "at": one.get("at") or "08:00", "what": rtype.plural
            }  # fmt: skip
    if one["when"] == "call":
        return _("When another system calls it: %(what)s") % {"what": what}
    return _("When somebody starts it by hand: %(what)s") % {"what": what}


def event(key: str) -> str:
    """What people call what happens."""
    try:
        return str(actions.get(key).label)
    except Refused:
        return key


def _changes(rtype: RecordType, one: dict[str, Any], scope: ActorScope) -> str:
    told = []
    for each in one.get("fields") or []:
        kind = scope.visible(rtype).get(str(each.get("field")))
        if kind is None:
            told.append(_("(hidden)"))
            continue
        text = _("“%(field)s”") % {"field": kind.verbose_name}
        if "from" in each:
            text += " " + _("from %(value)s") % {"value": value(kind, each["from"], rtype, scope)}
        if "to" in each:
            text += " " + _("to %(value)s") % {"value": value(kind, each["to"], rtype, scope)}
        told.append(text)
    return _(" or ").join(told) or _("any field")


def value(kind: Kind, given: Any, rtype: RecordType, scope: ActorScope) -> str:
    """A parameter or value in words: written down, taken from the record, or counted from now on."""
    match given:
        case {"of": str(path)}:
            return f"[{label(rtype, path, scope)}]"
        case {"in": 0, "unit": str(unit)}:
            return _("at once") if unit in ("minutes", "hours") else _("today")
        case {"in": int(n), "unit": str(unit)}:
            return _("in %(span)s") % {"span": span(n, unit)}
        case {"me": True}:
            return _("whoever activated it")
        case list(some) if any(isinstance(v, dict) for v in some):
            return ", ".join(value(kind, v, rtype, scope) for v in some)
        case None | "":
            return _("nothing")
    if isinstance(given, str) and "{{" in given:
        return written(given, rtype, scope)
    try:
        accepted = kind.accept(given)
        if isinstance(kind, Link | Links):
            ids = accepted if isinstance(accepted, list) else [accepted]
            known = names(scope, ids, kind.to)
            return ", ".join(known[i].title if i in known else _("(hidden)") for i in ids)
        return kind.show(accepted)
    except Refused:
        return given if isinstance(given, str) else dumps(given)


def written(text: str, rtype: RecordType, scope: ActorScope) -> str:
    """A text as people read it before it is filled: each placeholder by the name of its field."""
    return replaced(text, lambda p: f"[{_('name of the record') if p == 'title' else label(rtype, p, scope)}]")


def who(step: dict[str, Any], rtype: RecordType, scope: ActorScope) -> str:
    """Whom a step means."""
    given = str(step.get("who") or "")
    if given == "me":
        return _("whoever activated it")
    if given.startswith("member:") and (found := _ids(given.removeprefix("member:"))):
        known = names(scope, [UUID(found[0])], "kernel.member")
        return next((n.title for n in known.values()), _("somebody"))
    return label(rtype, given, scope)


def text_of(step: dict[str, Any], rtype: RecordType, scope: ActorScope) -> str:
    """What a step does, as one sentence."""
    if unset := _unset(step):
        return unset
    match step["do"]:
        case "action":
            return _action(step, rtype, scope)
        case "notify":
            return _("Notify: %(who)s") % {"who": who(step, rtype, scope)}
        case "wait":
            return _("Wait %(span)s") % {"span": span(step.get("n"), step.get("unit"))}
        case "until":
            return _("Wait until %(when)s") % {"when": around(rtype, step, scope)}
        case "await":
            what = [condition(rtype, step["where"], scope)] if step.get("where") else []
            what += [_("“%(field)s”") % {"field": event(str(step["event"]))}] if step.get("event") else []
            longest = span(step.get("n"), step.get("unit"))
            return _("Wait for: %(what)s, at most %(span)s") % {"what": _(" and ").join(what), "span": longest}
        case "branch":
            return _("If %(condition)s?") % {"condition": condition(rtype, step.get("where"), scope)}
        case "ask":
            return _("Ask: %(who)s") % {"who": who(step, rtype, scope)}
    times = int(step.get("most") or 0)
    told = ngettext("Repeat at most %(n)d time", "Repeat at most %(n)d times", times) % {"n": times}
    if step.get("where"):
        told += _(", as long as %(condition)s") % {"condition": condition(rtype, step["where"], scope)}
    return told


def _unset(step: dict[str, Any]) -> str:
    """What a step is called as long as nobody has said what it is to do."""
    match step:
        case {"do": "action"} if not step.get("action"):
            return _("Do something")
        case {"do": "branch"} if not step.get("where"):
            return _("Branch")
        case {"do": "until"} if not step.get("field"):
            return _("Wait until a day")
        case {"do": "await"} if not step.get("where") and not step.get("event"):
            return _("Wait for something")
    return ""


def _action(step: dict[str, Any], rtype: RecordType, scope: ActorScope) -> str:
    try:
        action = actions.get(str(step.get("action") or ""))
        on = type_of(action.on)
    except Refused:
        return _("An action that is gone")
    made = f"{action.label}: {on.label}"
    if not action.new and (path := step.get("of") or ITSELF) != ITSELF:
        made += f" ({label(rtype, path, scope)})"
    return made


def _asked(name: str, step: dict[str, Any], rtype: RecordType, scope: ActorScope) -> str:
    return _needed(label(rtype, name, scope), needed=name in (step.get("needed") or []))


def _needed(what: str, *, needed: bool) -> str:
    return _("%(field)s (needed)") % {"field": what} if needed else what


def lines_of(step: dict[str, Any], rtype: RecordType, scope: ActorScope) -> list[tuple[str, str]]:
    """What a step is given, line by line."""
    if step["do"] == "notify":
        return [("", written(str(step.get("text") or ""), rtype, scope))]
    if step["do"] == "ask":
        asked = [_asked(n, step, rtype, scope) for n in step.get("fields") or []]
        asked += [_needed(str(q["label"]), needed=bool(q.get("needed"))) for q in step.get("questions") or []]
        form = [(_("to fill in"), ", ".join(asked))] if asked else []
        question = written(str(step.get("question") or ""), rtype, scope)
        return [("", question), *form, (_("at most"), span(step.get("n"), step.get("unit")))]
    if step["do"] != "action":
        return []
    try:
        action = actions.get(str(step.get("action") or ""))
        on = type_of(action.on)
    except Refused:
        return []
    kinds = action.params_of(on)
    return [
        (str(kinds[n].verbose_name or n), value(kinds[n], v, rtype, scope))
        for n, v in (step.get("params") or {}).items() if n in kinds
    ]  # fmt: skip
