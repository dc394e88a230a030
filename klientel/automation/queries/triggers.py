"""Which workflows an event may start: the active ones, laid out so that an event meets only those that watch for it.

Laid out once, until another version is active; how many workflows there are then hardly matters to an event.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterator
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
MOST_KNOWN = 5000  # kinds of events
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


@dataclass(frozen=True)
class Watching:
    """What an event of some kind may start: versions whatever its values, and rules that name values."""

    any: frozenset[UUID]
    exact: tuple[Rule, ...]


@dataclass
class Index:
    """Rules by what they watch for. Events of one type and kind with the same changed fields are looked up once."""

    rules: dict[UUID, Rule] = field(default_factory=dict)  # by version
    _made: dict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _kinds: dict[tuple[str, str], list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _fields: dict[tuple[str, str], list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _anything: dict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[Hashable, Watching] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        """Lay out one more."""
        self.rules[rule.version] = rule
        trigger = rule.definition["trigger"]
        if rule.when == "made":
            self._made[rule.on].append(rule)
        elif rule.when == "event":
            self._kinds[rule.on, str(trigger.get("event"))].append(rule)
        elif rule.when == "changed":
            for name in {str(one.get("field")) for one in rule.watched}:
                self._fields[rule.on, name].append(rule)
            if not rule.watched:
                self._anything[rule.on].append(rule)

    def watching(self, event: Event) -> Watching:
        """What watches for such an event."""
        new = bool(event.parameters.get("new"))
        key = (event.record_type, event.kind, new, tuple(event.changes), event.private)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = {r.version: r for r in self._may_start(event, new=new)}
            known = self._known[key] = Watching(
                frozenset(v for v, r in found.items() if not r.exact), tuple(r for r in found.values() if r.exact)
            )
        return known

    def _may_start(self, event: Event, *, new: bool) -> Iterator[Rule]:
        if new:
            yield from self._made.get(event.record_type, ())
        yield from self._kinds.get((event.record_type, event.kind), ())
        if not new and (event.changes or event.private):
            for name in (*event.changes, *event.private):
                yield from self._fields.get((event.record_type, name), ())
            yield from self._anything.get(event.record_type, ())


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


def wanted(rules: Index, some: list[Event]) -> list[tuple[Event, frozenset[UUID]]]:
    """The events that may start something, with the versions that they may start: conditions are asked later."""
    found = [(event, watching) for event in some if (watching := rules.watching(event)).any or watching.exact]
    closed = [(e, e.private - e.changes.keys()) for e, w in found if w.exact and e.private]
    unread = {e.id for e, names in closed for r in rules.watching(e).exact if names & {o.get("field") for o in r.exact}}
    whole = {e.id: e for e in events.read(Sql("e.id = ANY(%s)", (list(unread),)))} if unread else {}
    told = []
    for event, watching in found:
        versions = watching.any
        if watching.exact:
            read = whole.get(event.id, event)
            versions |= {r.version for r in watching.exact if any(_fits(one, read) for one in r.watched)}
        if versions:
            told.append((event, versions))
    return told


def _fits(one: dict[str, Any], event: Event) -> bool:
    name = one.get("field")
    if name not in event.changes:
        return name in event.private and "from" not in one and "to" not in one
    old, new = event.changes[name]
    return ("from" not in one or old == one["from"]) and ("to" not in one or new == one["to"])
