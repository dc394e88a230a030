"""What the house does by itself, and timers."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.db import connection

from klientel.kernel import tenancy
from klientel.kernel.actions import run
from klientel.kernel.events import consuming, digesting
from klientel.kernel.events.consumers import get
from klientel.kernel.jobs import timers, upkeep


def one(statement, params=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0] if cursor.description else None


def test_keeps_house(db, tenant, monkeypatch):
    monkeypatch.setattr(upkeep, "_sweeps", {})
    swept = []
    upkeep.sweep("test")(lambda: swept.append(tenancy.current()))
    upkeep.sweep("failing")(lambda: 1 // 0)
    for key, days in (("old", -1), ("new", 1)):
        one("INSERT INTO django_session VALUES (%s, '', now() + make_interval(days => %s))", [key, days])
    one("INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'events', now())", [uuid4()])
    upkeep.keep_house()
    assert swept == [tenant.pk]
    assert one("SELECT array_agg(session_key::text) FROM django_session") == ["new"]
    assert one("SELECT count(*) FROM kernel_wake WHERE tenant_id NOT IN (SELECT id FROM kernel_tenant)") == 0
    assert one("SELECT count(*) FROM kernel_wake WHERE tenant_id = %s", [tenant.pk]) > 0
    month = (dt.datetime.now(dt.UTC).replace(day=1) + dt.timedelta(days=95)).strftime("%Y_%m")
    assert one("SELECT to_regclass(%s) IS NOT NULL", [f"kernel_event_{month}"]) is True


@pytest.fixture
def fired(monkeypatch):
    found = []
    monkeypatch.setattr(timers, "_timers", {})
    timers.timer("t", on="work.task", field="remind_at")(lambda now: found.append(now) or False)
    return found


def test_a_timer_wakes_the_tenant_when_the_instant_has_come(anna, fired):
    soon = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(hours=1)
    done = run(anna, "work.task.create", subject="Anrufen", remind_at=soon.isoformat())
    digesting.digest(get("timers"), done.events)
    assert one("SELECT due_at FROM kernel_wake WHERE queue = 'timers'") == soon
    run(anna, "work.task.change", done.record.id, subject="Schreiben")
    assert one("SELECT count(*) FROM kernel_wake WHERE queue = 'timers'") == 1


def test_a_due_timer_fires_once(anna, fired):
    consuming.wake(anna.tenant, "timers")
    consuming.wake(anna.tenant, "timers", dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    loop = consuming.Loop()
    with tenancy.inside(None):
        loop.once()
        loop.once()
    assert len(fired) == 1
    assert one("SELECT count(*) FROM kernel_wake WHERE queue = 'timers'") == 1


def test_a_released_installation_looks_at_everything_again(db, tenant):
    from klientel.kernel.jobs import quarantine
    from klientel.kernel.tenancy.models import Installation

    Installation.objects.update(quarantined_at=dt.datetime.now(dt.UTC))
    assert quarantine.active()
    assert quarantine.release() is True
    assert not quarantine.active()
    assert one("SELECT count(*) FROM kernel_wake WHERE tenant_id = %s AND queue = 'events'", [tenant.pk]) > 0
    assert quarantine.release() is False
