"""Which workflows can set each other off: what their steps write, against what their triggers watch.

Told before activation, from the definitions alone. It says *can*: whether values ever meet is not worked out, except
where both sides name one.
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
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of

#: fields that basic actions set
SETS = {"assign": "owner", "tag": "tags", "untag": "tags", "archive": "archived_at"}
ANY = "*"


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
    given = step.get("params") or {}
    if action.basic and action.verb == "change":
        return [
            Write(on, action.key, action.new, n, v, not isinstance(v, dict | list) and "{{" not in str(v))
            for n, v in given.items()
        ]
    if action.basic and action.verb in SETS:
        return [Write(on, action.key, False, SETS[action.verb])]
    return [Write(on, action.key, action.new)]


def sets_off(written: Write, definition: shape.Definition) -> bool:
    """Whether what is written can start a workflow of this definition."""
    trigger = definition["trigger"]
    if definition["on"] != written.on:
        return False
    if trigger["when"] == "made":
        return written.new
    if trigger["when"] == "event":
        return bool(trigger.get("event") == written.kind)
    if trigger["when"] != "changed" or written.new:
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
