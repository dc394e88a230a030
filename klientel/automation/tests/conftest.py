"""Workflows made quickly, and the loop that hands them events and time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from klientel.automation.actions.running import work_on_due
from klientel.automation.jobs import timing
from klientel.automation.models import Entry, Run
from klientel.kernel import writing
from klientel.kernel.actions import run
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import Event, read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.sql import Sql
from klientel.kernel.web.tests.conftest import actor, client, desk, narrow

__all__ = ["actor", "client", "desk", "narrow"]
LEAD = "sales.lead"


def step(action: str, of: str = "", **params: Any) -> dict[str, Any]:
    return {"do": "action", "action": action, **({"of": of} if of else {}), "params": params}


def task(subject: str = "Call {{title}}", **params: Any) -> dict[str, Any]:
    return step("work.task.create", subject=subject, concerns=[{"of": "id"}], **params)


def workflow(actor: Actor, steps: list[Any], *, name: str = "Flow", anyway: bool = False, **facts: Any) -> Any:
    """An active workflow: on new leads unless told otherwise."""
    definition = {"on": LEAD, "trigger": {"when": "made"}, "steps": steps, **facts}
    made = run(actor, "automation.workflow.create", name=name, definition=definition).record
    return run(actor, "automation.workflow.activate", made.pk, anyway=anyway).record


def changed(*fields: Any, **facts: Any) -> dict[str, Any]:
    some = [f if isinstance(f, dict) else {"field": f} for f in fields]
    return {"trigger": {"when": "changed", "fields": some}, **facts}


def lead(actor: Actor, **values: Any) -> Any:
    return run(actor, f"{LEAD}.create", **{"name": "A press", **values}).record


def _handed(event: Event) -> Event:
    """As consumers are handed it: personal values are only named."""
    event.changes = {name: sides for name, sides in event.changes.items() if name not in event.private}
    return event


class Played:
    """All events so far are read once, what is due is done; as the consumers' process does."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant, self.read = tenant, set[UUID]()

    def __call__(self, turns: int = 5) -> None:
        for _n in range(turns):
            with working_in(self.tenant):
                new = [_handed(e) for e in read(Sql("TRUE")) if e.id not in self.read]
                self.read |= {e.id for e in new}
                if new:
                    digest(get("automation"), new)
                timing.work()
                while work_on_due():  # a turn takes so many seconds; on a busy machine some is left for the next
                    pass
            if not new:
                return

    def again(self) -> None:
        """Every event is handed out once more."""
        with working_in(self.tenant):
            digest(get("automation"), read(Sql("TRUE")))
            timing.work()

    def later(self, **time: int) -> None:
        """The time of everything that waits has come so much nearer."""
        span = dt.timedelta(**time)
        with writing.door(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE automation_run SET due_at = due_at - %s, deadline = deadline - %s, since = since - %s",
                [span, span, span],
            )
            cursor.execute("UPDATE automation_version SET next_at = next_at - %s, seen_until = seen_until - %s", [
                span, span
            ])  # fmt: skip
        self()


@pytest.fixture
def play(tenant: Any) -> Callable[..., None]:
    return Played(tenant.pk)


def runs(workflow: Any = None) -> list[Run]:
    found = Run.objects.order_by("id")
    return list(found.filter(workflow=workflow.pk) if workflow is not None else found)


def entries(run: Run) -> list[Entry]:
    return list(Entry.objects.filter(run=run.pk).order_by("n"))
