"""Which workflows an event may start: the active ones, laid out so that an event meets only those that watch for it.

Laid out once, until another version is active; how many workflows there are then hardly matters to an event.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.automation.models import shape
from klientel.kernel import events
from klientel.kernel.events import Event
from klientel.kernel.sql import Sql, loaded
from klientel.kernel.tenancy import current

MOST_TENANTS = 500
_ACTIVE = """
SELECT v.id, w.runs_as, w.name, w.version FROM automation_version v
JOIN automation_workflow w ON w.tenant_id = v.tenant_id AND w.id = v.workflow
WHERE v.tenant_id = %s AND v.active AND w.state = 'active' AND w.archived_at IS NULL ORDER BY v.id
"""


@dataclass(frozen=True)
class Rule:
    """An active version of a workflow."""

    version: UUID
    workflow: UUID
    name: str
    member: UUID | None  # on whose rights it acts
    definition: shape.Definition = field(hash=False)
    since: dt.datetime | None = None  # when it was activated: what happened before starts nothing

    @property
    def on(self) -> str:
        """The key of the record type that it is for."""
        return str(self.definition["on"])

    @property
    def when(self) -> str:
        """What kind of thing starts it."""
        return str(self.definition["trigger"]["when"])

    @property
    def where(self) -> Any:
        """Its condition, one that all fulfil where there is none."""
        return self.definition.get("where") or {"all": []}

    @property
    def again(self) -> str:
        """How often it starts for the same record."""
        return str(self.definition.get("again", "always"))

    @cached_property
    def watched(self) -> list[dict[str, Any]]:
        """The changes it waits for; none where any will do."""
        return list(self.definition["trigger"].get("fields") or []) if self.when == "changed" else []

    @cached_property
    def exact(self) -> list[dict[str, Any]]:
        """Those of them that name values."""
        return [one for one in self.watched if "from" in one or "to" in one]


@dataclass
class Index:
    """Rules by what they watch for."""

    made: dict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    kinds: dict[tuple[str, str], list[Rule]] = field(default_factory=lambda: defaultdict(list))
    fields: dict[tuple[str, str], list[Rule]] = field(default_factory=lambda: defaultdict(list))
    anything: dict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rule: Rule) -> None:
        """Lay out one more."""
        trigger = rule.definition["trigger"]
        if rule.when == "made":
            self.made[rule.on].append(rule)
        elif rule.when == "event":
            self.kinds[rule.on, str(trigger.get("event"))].append(rule)
        elif rule.when == "changed":
            for name in {str(one.get("field")) for one in rule.watched}:
                self.fields[rule.on, name].append(rule)
            if not rule.watched:
                self.anything[rule.on].append(rule)

    def may_start(self, event: Event) -> Iterator[Rule]:
        """The rules that watch for such an event, whatever the values; each once."""
        new = bool(event.parameters.get("new"))
        found: dict[UUID, Rule] = {}
        if new:
            found |= {r.version: r for r in self.made.get(event.record_type, ())}
        found |= {r.version: r for r in self.kinds.get((event.record_type, event.kind), ())}
        if not new and (event.changes or event.private):
            for name in (*event.changes, *event.private):
                found |= {r.version: r for r in self.fields.get((event.record_type, name), ())}
            found |= {r.version: r for r in self.anything.get(event.record_type, ())}
        yield from found.values()


_laid_out: dict[UUID, tuple[Any, Index]] = {}


def index() -> Index:
    """The active workflows of the current tenant."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE, [current()])
        rows = cursor.fetchall()
    known = _laid_out.get(current())
    if known is not None and known[0] == rows:
        return known[1]
    if len(_laid_out) >= MOST_TENANTS:
        _laid_out.clear()
    made = Index()
    for rule in rules_of([row[0] for row in rows]):
        made.add(rule)
    _laid_out[current()] = (rows, made)
    return made


def rules_of(versions: list[UUID]) -> list[Rule]:
    """Versions of workflows as rules, in no order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.id, v.workflow, w.name, w.runs_as, v.definition, v.made_at FROM automation_version v"
            " JOIN automation_workflow w ON w.tenant_id = v.tenant_id AND w.id = v.workflow"
            " WHERE v.tenant_id = %s AND v.id = ANY(%s)",
            [current(), versions],
        )
        return [Rule(row[0], row[1], row[2], row[3], loaded(row[4]), row[5]) for row in cursor.fetchall()]


def wanted(rules: Index, some: list[Event]) -> list[tuple[Rule, Event]]:
    """Which rules these events start, as far as the events themselves say; the conditions are asked later."""
    found = [(rule, event) for event in some for rule in rules.may_start(event)]
    closed = ((r, e, e.private - e.changes.keys()) for r, e in found if e.private and r.exact)
    unread = {e.id for r, e, names in closed if any(one.get("field") in names for one in r.exact)}
    whole = {e.id: e for e in events.read(Sql("e.id = ANY(%s)", (list(unread),)))} if unread else {}
    return [(rule, event) for rule, event in found if fits(rule, whole.get(event.id, event))]


def fits(rule: Rule, event: Event) -> bool:
    """Whether it happened while the rule was active, with the old and new values that it waits for."""
    if rule.since is not None and event.at < rule.since:
        return False
    return not rule.exact or any(_fits(one, event) for one in rule.watched)


def _fits(one: dict[str, Any], event: Event) -> bool:
    name = one.get("field")
    if name not in event.changes:
        return name in event.private and "from" not in one and "to" not in one
    old, new = event.changes[name]
    return ("from" not in one or old == one["from"]) and ("to" not in one or new == one["to"])
