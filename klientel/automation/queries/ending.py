"""What ends runs before their time: an event of another app after which a kind of step must not be done any more.

So an objection to advertising ends the runs about that person that still have advertising ahead; what runs without any
goes on (`trust`: a running automation stops, and says why).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.automation.models import Run, Version, shape
from klientel.automation.models.run import State
from klientel.automation.queries.values import ITSELF
from klientel.kernel import writing
from klientel.kernel.errors import Missing
from klientel.kernel.events import Event
from klientel.kernel.kinds import Link
from klientel.kernel.records import type_of
from klientel.lib import clock


@dataclass(frozen=True)
class Ending:
    """Which steps must not be done after an event; ``code`` stands in the run, ``reason`` says it in words."""

    forbids: Callable[[dict[str, Any]], bool]
    code: str
    reason: Any


_endings: dict[str, Ending] = {}


def ends_by(event: str, forbids: Callable[[dict[str, Any]], bool], code: str, reason: Any) -> None:
    """Declare that this event ends the runs about its record that still have such a step ahead."""
    _endings[event] = Ending(forbids, code, reason)


def reason_of(code: str) -> str:
    """Why a run ended, in the active language; empty for what no event ended."""
    return next((str(one.reason) for one in _endings.values() if one.code == code), "")


def end_runs(events: list[Event]) -> None:
    """End what these events end. Rows of runs that somebody works on are waited for: their step is the last one."""
    for event in events:
        ending = _endings.get(event.kind)
        if ending is None:
            continue
        for version in Version.objects.all():
            steps = [(p, s) for p, s in shape.walk(version.definition) if ending.forbids(s)]
            for path in {str(s.get("of") or ITSELF) for _place, s in steps}:
                last = max(p[0] for p, s in steps if str(s.get("of") or ITSELF) == path)
                _end(version.pk, _records(version.definition, path, event), last, ending.code)


def _records(definition: shape.Definition, path: str, event: Event) -> list[UUID]:
    """The records of a workflow whose path leads to the record of the event."""
    try:
        rtype = type_of(definition["on"])
    except Missing:
        return []
    if path == ITSELF:
        return [event.record_id] if rtype.key == event.record_type else []
    kind = rtype.fields.get(path)
    if not isinstance(kind, Link) or kind.custom or kind.to != event.record_type:
        return []  # further away: the step itself is refused when its turn comes
    return list(rtype.model.objects.filter(**{path: event.record_id}).values_list("pk", flat=True))


def _end(version: UUID, records: list[UUID], last: int, code: str) -> None:
    waiting = (State.OPEN, State.HELD, State.ATTENTION)
    found = Run.objects.filter(version=version, record__in=records, state__in=waiting).select_for_update()
    ahead = [run.pk for run in found if run.place and run.place[0] <= last]
    facts = {"state": State.LAPSED, "trouble": code, "waits": "", "wait_record": None, "ended_at": clock.now()}
    with writing.door():
        Run.objects.filter(pk__in=ahead).update(**facts)


__all__ = ["end_runs", "ends_by", "reason_of"]
