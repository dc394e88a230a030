"""What whoever watches over Klientel is told."""

from __future__ import annotations

import threading
from dataclasses import replace
from threading import Event

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from klientel.kernel.events import consuming
from klientel.kernel.tenancy import reconcile
from klientel.site import health, metrics


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    for check in health.CHECKS.values():
        if isinstance(check, health.Remembered):
            monkeypatch.setattr(check, "_until", 0.0)
    yield
    for check in health.CHECKS.values():
        if isinstance(check, health.Remembered):
            check._until = 0.0


def test_alive_asks_nobody(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})  # a load balancer asks by address
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert "no-store" in answer["Cache-Control"]


def test_ready(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json()
    assert set(answer.json()["checks"]) == set(health.CHECKS)


@pytest.mark.parametrize(
    ("target", "name", "found", "check"),
    [
        (reconcile, "missing", lambda _: ["x"], "policies"),
        (consuming, "lag", lambda: 1e6, "consumers"),
        (health, "_wanted_migrations", lambda: {("kernel", "9999_next")}, "migrations"),
    ],
)
def test_not_ready(client: Client, db: None, monkeypatch, target, name, found, check) -> None:
    monkeypatch.setattr(target, name, found)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [n for n, c in answer.json()["checks"].items() if not c["ok"]] == [check]


def test_a_check_that_breaks_is_a_fault_without_details(client: Client, db: None, monkeypatch) -> None:
    monkeypatch.setattr(consuming, "lag", lambda: 1 / 0)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["consumers"] == {"ok": False, "error": "ZeroDivisionError"}


def test_without_a_database_the_others_are_not_asked(client: Client, monkeypatch) -> None:
    def down():
        raise ConnectionError

    monkeypatch.setitem(health.CHECKS, "database", down)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert list(answer.json()["checks"]) == ["database"]


def test_a_database_that_says_nothing_is_not_waited_for(client: Client, monkeypatch) -> None:
    comes_back, before = Event(), set(threading.enumerate())

    def frozen():
        comes_back.wait()
        return {"ok": True}

    monkeypatch.setitem(health.CHECKS, "database", health.Waited(frozen, 0.05))
    for _ in range(3):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (
            503,
            {"database": {"ok": False, "error": "TimeoutError"}},
        )
    assert len([one for one in set(threading.enumerate()) - before if one.name == "klientel-asking"]) == 1
    comes_back.set()


def test_figures_count_routes_and_never_addresses(client: Client, db: None) -> None:
    client.get("/accounts/login/?next=/persons/kim-muster")
    text = client.get("/metrics").content.decode()
    assert "klientel_requests_total{" in text
    assert "klientel_consumer_lag_seconds 0.0" in text
    assert "klientel_parked_events 0.0" in text
    assert "muster" not in text


def test_figures_are_for_this_machine_or_the_token(client: Client, db: None, settings) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404

    settings.SETUP = replace(settings.SETUP, metrics_token="open sesame")
    for token, status in (("open sesame", 200), ("open", 404), ("", 404)):
        got = client.get("/metrics", REMOTE_ADDR="10.0.0.7", headers={"authorization": f"Bearer {token}"})
        assert got.status_code == status


def test_slow_and_failed_requests_are_logged_by_route(caplog, monkeypatch) -> None:

    caplog.set_level("WARNING", "klientel.requests")
    monkeypatch.setattr(metrics.log, "propagate", True)
    monkeypatch.setattr(metrics.logging.getLogger("klientel"), "propagate", True)
    request = RequestFactory().get("/persons/kim?mail=kim@example.org")
    request.resolver_match = None
    metrics.Measured(lambda _: HttpResponse(status=500))(request)
    line = next(r for r in caplog.records if r.name == "klientel.requests")
    assert (line.getMessage(), line.status) == ("request failed", 500)
    assert "kim" not in str(vars(line).get("route"))


def test_the_checks_leave_no_transaction_open(client: Client, transactional_db: None) -> None:
    client.get("/readyz")
    assert not connection.in_atomic_block
