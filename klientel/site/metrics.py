"""What is counted while Klientel runs, for Prometheus: requests by route (never by address), jobs, lag.

Every process of this machine counts into files of its own in one folder, so that one scrape sees them all.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from klientel.site.machine import alive

FOLDER = Path(settings.KLIENTEL_HOME) / "metrics"


def _prepare() -> None:
    """Say where the files are, and remove those of processes that are gone."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)
    for path in FOLDER.glob("*.db"):
        found = re.search(r"_(\d+)\.db$", path.name)
        if found and not alive(int(found[1])):
            path.unlink(missing_ok=True)


_prepare()  # before the import that reads the variable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess  # noqa: E402
from prometheus_client.core import GaugeMetricFamily  # noqa: E402

log = logging.getLogger("klientel.requests")

SLOW = 1.0  # seconds after which a request is worth a line in the log
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

requests = Counter("klientel_requests_total", "Requests answered.", ("route", "method", "status"))
seconds = Histogram("klientel_request_seconds", "Time to the answer.", ("route",), buckets=BUCKETS)


class Measured:
    """Counts and times every request; slow and failed ones are logged, without address, query or person."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        begun = time.perf_counter()
        response = self.get_response(request)
        took = time.perf_counter() - begun
        match = request.resolver_match
        route = "/" + match.route if match else "none"
        method = request.method if request.method in ("GET", "POST", "PUT", "PATCH", "DELETE") else "other"
        requests.labels(route, method, response.status_code).inc()
        seconds.labels(route).observe(took)
        if took > SLOW or response.status_code >= 500:
            facts = {"route": route, "method": method, "status": response.status_code, "ms": round(took * 1000)}
            log.warning("request failed" if response.status_code >= 500 else "slow request", extra=facts)
        return response


class FromDatabase:
    """What the database knows, asked at each scrape."""

    def collect(self) -> Iterable[Any]:
        """Jobs by queue and state, wake rows, lag, parked events, and this process's connections."""
        from klientel.kernel.events import consuming  # noqa: PLC0415 - the registry is filled when Django is ready

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT queue_name, status::text, count(*) FROM procrastinate_jobs"
                " WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2"
            )
            yield _gauge("klientel_jobs", "Jobs by queue and state.", ("queue", "state"), cursor.fetchall())
            cursor.execute("SELECT queue, count(*) FROM kernel_wake WHERE due_at <= now() GROUP BY 1")
            yield _gauge("klientel_wakes", "Tenants' work that waits, by queue.", ("queue",), cursor.fetchall())
        yield _gauge("klientel_consumer_lag_seconds", "Age of the oldest event not read.", (), [(consuming.lag(),)])
        yield _gauge("klientel_parked_events", "Events that no consumer could digest.", (), [(consuming.parked(),)])
        yield _gauge("klientel_database_pool", "Connections of the process asked.", ("what",), _pool())


def _gauge(name: str, help_text: str, labels: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Any:
    made = GaugeMetricFamily(name, help_text, labels=labels)
    for *values, number in rows:
        made.add_metric([str(value) for value in values], float(number))
    return made


def _pool() -> list[tuple[str, int]]:
    pool: Any = getattr(connection, "pool", None) if connection.settings_dict["OPTIONS"].get("pool") else None
    if pool is None:
        return []
    facts = pool.get_stats()
    return [(name, facts.get(name, 0)) for name in ("pool_size", "pool_available", "requests_waiting")]


def page() -> HttpResponse:
    """Everything, as Prometheus reads it."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(FromDatabase())
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")
