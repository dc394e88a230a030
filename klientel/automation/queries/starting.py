"""Runs begin here, each once: by an event, a day, an instant or a hand; the guard stops those that go in circles."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.automation.models import Run
from klientel.automation.models.run import State
from klientel.automation.queries.acting import acting
from klientel.automation.queries.chains import NONE, Chain, chains
from klientel.automation.queries.triggers import Rule
from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.conditions import matching
from klientel.kernel.errors import Refused
from klientel.kernel.events import Event
from klientel.kernel.events.consuming import wake
from klientel.kernel.records import type_of
from klientel.kernel.sql import inserting
from klientel.kernel.tenancy import alone, current
from klientel.lib import clock
from klientel.lib.ids import uuid7, uuid7_at

QUEUE = "automation"
MOST_DEEP = 10  # runs behind one another
MOST_OFTEN, WINDOW = 30, dt.timedelta(minutes=10)  # runs of one workflow on one record

_COLUMNS = ("id", "tenant_id", "workflow", "version", "key", "record_type", "record", "event", "depth", "path", "state",
            "trouble", "checks", "due_at", "started_at", "ended_at")  # fmt: skip
_REST: dict[str, Any] = {"waits": "''", "place": "'[0]'", "counts": "'{}'", "steps": "0", "tries": "0", "message": "''"}
_BEFORE = """
SELECT workflow, record, count(*) FILTER (WHERE id >= %s AND state <> 'stopped'),
    count(*) FILTER (WHERE state IN ('open', 'held')), count(*) FILTER (WHERE state <> 'stopped')
FROM automation_run WHERE tenant_id = %s AND record = ANY(%s) AND workflow = ANY(%s) GROUP BY 1, 2
"""


Startable = list[tuple[Event, frozenset[UUID]]]  # events, each with the versions that it may start


@dataclass(frozen=True)
class Wanted:
    """A run to be: which rule, on which record, started by what."""

    rule: Rule
    record: UUID
    key: UUID
    event: UUID | None = None
    chain: Chain = NONE


@dataclass
class Began:
    """What became of those wanted: how many run, how many were stopped, and whose condition or actor is broken."""

    runs: list[UUID] = field(default_factory=list)
    stopped: int = 0
    broken: dict[UUID, Refused] = field(default_factory=dict)  # by workflow


def begin(wanted: list[Wanted]) -> Began:
    """Make runs of those whose conditions their records fulfil now. In the open transaction; wakes the workers."""
    began = Began()
    groups: dict[tuple[str, UUID | None], list[Wanted]] = defaultdict(list)
    for one in wanted:
        groups[one.rule.on, one.rule.member].append(one)
    chosen: list[Wanted] = []
    for some in groups.values():
        held = _held({one.rule.version: one.rule for one in some}, [one.record for one in some], began)
        chosen += [one for one in some if one.rule.version in held.get(one.record, ())]
    return _begin(chosen, began)


def begin_by(some: Startable, rules: dict[UUID, Rule]) -> Began:
    """As :func:`begin`, by events: what one costs hardly depends on how many versions watch for it."""
    began = Began()
    chosen = _met(some, rules, began)
    behind = chains([e for _rule, e in chosen])
    return _begin([Wanted(r, e.record_id, e.id, e.id, behind.get(e.id, NONE)) for r, e in chosen], began)


def would_begin(some: Startable, rules: dict[UUID, Rule]) -> list[tuple[Rule, Event]]:
    """What :func:`begin_by` would begin now; nothing begins."""
    return _met(some, rules, Began())


def _met(some: Startable, rules: dict[UUID, Rule], began: Began) -> list[tuple[Rule, Event]]:
    """The events whose records fulfil a condition, once for each rule; one statement for each type and member."""
    alike: dict[frozenset[UUID], list[Event]] = defaultdict(list)
    for event, versions in some:
        alike[versions].append(event)
    groups: dict[tuple[str, UUID | None], list[tuple[frozenset[UUID], list[Event]]]] = defaultdict(list)
    for versions, events in alike.items():
        split: dict[tuple[str, UUID | None], set[UUID]] = defaultdict(set)
        for version in versions:
            split[rules[version].on, rules[version].member].add(version)
        for key, mine in split.items():
            groups[key].append((frozenset(mine), events))
    chosen: list[tuple[Rule, Event]] = []
    for parts in groups.values():
        asked = {version: rules[version] for versions, _events in parts for version in versions}
        held = _held(asked, [e.record_id for _versions, events in parts for e in events], began)
        chosen += [
            (rules[v], e) for versions, events in parts for e in events for v in versions & held.get(e.record_id, set())
            if (since := rules[v].since) is None or e.at >= since
        ]  # fmt: skip
    return chosen


def _begin(chosen: list[Wanted], began: Began) -> Began:
    """Runs of those whose conditions hold."""
    if chosen:
        _insert(_checked(chosen), began)
    if began.runs:
        wake(current(), QUEUE)
    return began


def leaves(json: Any) -> list[Any]:
    """The comparisons of a condition, in order: what is explained one by one."""
    match json:
        case {"all": list(parts)} | {"any": list(parts)}:
            return [leaf for part in parts for leaf in leaves(part)]
        case {"not": part}:
            return leaves(part)
    return [json]


def _held(rules: dict[UUID, Rule], records: list[UUID], began: Began) -> dict[UUID, set[UUID]]:
    """Of each record the versions whose conditions it fulfils: rules of one type and one member, one statement."""
    first = next(iter(rules.values()))
    try:
        found = matching(_scope(first), type_of(first.on), {v: r.where for v, r in rules.items()}, records)
    except Refused as no:
        began.broken |= {r.workflow: no for r in rules.values()}
        return {}
    began.broken |= {rules[v].workflow: no for v, no in found.broken.items()}
    return found.fulfilled


def _scope(rule: Rule) -> ActorScope:
    return ActorScope(acting(rule.workflow, rule.name, rule.member))


def _checked(chosen: list[Wanted]) -> Iterator[tuple[Wanted, list[bool]]]:
    """Each with which parts of its condition held: what a run is explained by."""
    groups: dict[tuple[str, UUID | None], list[Wanted]] = defaultdict(list)
    for one in chosen:
        groups[one.rule.on, one.rule.member].append(one)
    for some in groups.values():
        rules = {one.rule.version: one.rule for one in some}
        parts = {(v, n): leaf for v, r in rules.items() for n, leaf in enumerate(leaves(r.where))}
        if len(parts) > len({v for v, _n in parts}):  # else each has one part, and it held
            rule = some[0].rule
            held = matching(_scope(rule), type_of(rule.on), parts, [one.record for one in some]).fulfilled
        else:
            held = {one.record: set(parts) for one in some}
        count = {v: sum(1 for w, _n in parts if w == v) for v in rules}
        yield from ((c, [(c.rule.version, n) in held[c.record] for n in range(count[c.rule.version])]) for c in some)


def _insert(chosen: Iterable[tuple[Wanted, list[bool]]], began: Began) -> None:
    now, some = clock.now(), list(chosen)
    if any(one.rule.again != "always" for one, _checks in some):
        alone("automation.again")  # of two that begin at once, the second one sees the first
    before = _before([one for one, _checks in some], now)
    rows: list[tuple[Any, ...]] = []
    for one, checks in some:
        recent, running, ever = before[one.rule.workflow, one.record]
        if (one.rule.again == "once" and ever) or (one.rule.again == "one" and running):
            continue
        stop = _stop(one, recent)
        before[one.rule.workflow, one.record] = (recent + 1, running + (not stop), ever + (not stop))
        state = State.STOPPED if stop else State.OPEN
        path = [str(p) for p in one.chain.path]
        rows.append((
            uuid7(), current(), one.rule.workflow, one.rule.version, one.key, one.rule.on, one.record, one.event,
            one.chain.depth, path, state.value, stop, checks, now, now, now if stop else None,
        ))  # fmt: skip
    if not rows:
        return
    made = inserting(Run._meta.db_table, _COLUMNS, rows, **_REST)
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(f"{made.text} ON CONFLICT DO NOTHING RETURNING id, state", made.params)
        for run, state in cursor.fetchall():
            if state == State.OPEN:
                began.runs.append(run)
            else:
                began.stopped += 1


def _before(some: list[Wanted], now: dt.datetime) -> dict[tuple[UUID, UUID], tuple[int, int, int]]:
    """How often each workflow ran on each record: lately, at this moment, ever."""
    found: dict[tuple[UUID, UUID], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    ids, workflows = list({o.record for o in some}), list({o.rule.workflow for o in some})
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [uuid7_at(now - WINDOW), current(), ids, workflows])
        found.update({(row[0], row[1]): (row[2], row[3], row[4]) for row in cursor.fetchall()})
    return found


def _stop(one: Wanted, recent: int) -> str:
    """Why the guard stops this run before it begins; empty where it may go on."""
    if one.rule.workflow in one.chain.path:
        return "own_path"
    if one.chain.depth > MOST_DEEP:
        return "too_deep"
    return "too_often" if recent >= MOST_OFTEN else ""
