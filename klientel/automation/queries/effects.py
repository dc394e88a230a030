"""Which workflows can set each other off: what their steps write, against what their triggers watch.

Told before activation, from the definitions and from what actions declare that they write (``Action.writes``); one
that does not say writes anything. It says *can*: whether values ever meet is not worked out, except where both sides
name one. What Klientel does by itself afterwards (routing, scores) is not followed: the guard stops such a circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from klientel.automation.models import shape
from klientel.automation.queries.checking import target_of
from klientel.automation.queries.triggers import Rule
from klientel.automation.queries.values import ITSELF
from klientel.kernel import actions
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Action
from klientel.kernel.actions.declaring import ANY, BOTH, CHANGED, NEW
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of

#: fields that basic actions set
SETS = {"assign": "owner", "tag": "tags", "untag": "tags", "archive": "archived_at"}
NOTHING = ""  # no field, only that it was done


@dataclass(frozen=True)
class Write:
    """Something that a step writes: an event of a kind on a type, new or not; ``field`` with ``value`` where known."""

    on: str
    kind: str
    new: bool
    field: str = ANY
    value: Any = None
    known: bool = False  # ``value`` is what is written


def writes(definition: shape.Definition, scope: ActorScope) -> list[Write]:
    """What the steps of a workflow write, as far as they say so."""
    found: list[Write] = []
    for _place, step in shape.walk(definition):
        if step["do"] != "action":
            continue
        try:
            found += _of_action(definition, step, scope)
        except Refused:
            continue
    return found


def _of_action(definition: shape.Definition, step: dict[str, Any], scope: ActorScope) -> list[Write]:
    action = actions.get(str(step.get("action") or ""))
    on = type_of(action.on).key
    if not action.new and target_of(scope, type_of(definition["on"]), str(step.get("of") or ITSELF)) is None:
        return []
    if action.basic and action.verb == "change":
        return _set(action, on, step.get("params") or {})
    if action.basic and action.verb in SETS:
        return _set(action, on, {SETS[action.verb]: ...})
    if action.writes is None:
        return [Write(on, action.key, action.new)]
    return [Write(on, action.key, action.new, NOTHING), *_set(action, on, action.writes)]


def _set(action: Action, on: str, values: dict[str, Any]) -> list[Write]:
    """The fields of the record that are set, those that follow from them, and records of other types."""
    rtype, found = type_of(on), list[Write]()
    for name, value in values.items():
        if "." in name:
            found += [Write(name, action.key, new) for new in (True, False) if value in ((CHANGED, NEW)[new], BOTH)]
            continue
        known = value is not ... and not isinstance(value, dict | list) and "{{" not in str(value)
        found.append(Write(on, action.key, False, name, value, known))
        if rtype.derive is not None:
            after = (ANY,) if rtype.derives is None else rtype.derives.get(name, ())
            found += [Write(on, action.key, False, one) for one in after]
    return found


def sets_off(written: Write, definition: shape.Definition) -> bool:
    """Whether what is written can start a workflow of this definition."""
    trigger = definition["trigger"]
    if definition["on"] != written.on:
        return False
    if trigger["when"] == "made":
        return written.new
    if trigger["when"] == "event":
        return bool(trigger.get("event") == written.kind)
    if trigger["when"] != "changed" or written.new or written.field == NOTHING:
        return False
    watched = trigger.get("fields") or []
    if not watched or written.field == ANY:
        return True
    return any(
        one["field"] == written.field and not ("to" in one and written.known and one["to"] != written.value)
        for one in watched
    )


def circles(rule: Rule, others: list[Rule], scope: ActorScope) -> list[list[Rule]]:
    """Ways on which this workflow can set itself off, each as the workflows that follow one another; shortest first."""
    some = [rule, *(o for o in others if o.workflow != rule.workflow)]
    written = {one.workflow: writes(one.definition, scope) for one in some}
    ways, found, known = [[rule]], [], {rule.workflow}
    while ways:
        way = ways.pop(0)
        for other in some:
            if not any(sets_off(w, other.definition) for w in written[way[-1].workflow]):
                continue
            if other.workflow == rule.workflow:
                found.append(way)
            elif other.workflow not in known:
                known.add(other.workflow)
                ways.append([*way, other])
    return found
