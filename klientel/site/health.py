"""``/healthz``: this process answers. ``/readyz``: it can serve. ``/metrics``: what it counted, for this machine."""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from klientel.kernel.events import consuming
from klientel.kernel.tenancy import reconcile
from klientel.site import metrics, roles

log = logging.getLogger("klientel.health")

LONGEST_LAG = 300.0
LONGEST_WAIT = 2.0  # seconds for the database: who watches over us has given up after a few more
Found = dict[str, Any]


@dataclass
class Remembered:
    """A check that costs more than a moment: its answer is kept, a good one for longer."""

    fn: Callable[[], Found]
    good_for: float
    bad_for: float = 5.0
    _until: float = 0.0
    _found: Found = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Found:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = self.fn()
                self._until = time.monotonic() + (self.good_for if self._found["ok"] else self.bad_for)
            return self._found


@dataclass
class Waited:
    """A check that is waited for so long: a pool tries again and again, and a server that froze never says a word.

    It is under way once at most, in a thread that nobody waits for when the process ends.
    """

    fn: Callable[[], Found]
    longest: float
    _asked: Future[Found] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Found:
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._ask, args=[self._asked], name="klientel-asking", daemon=True).start()
            asked = self._asked
        return asked.result(self.longest)

    def _ask(self, asked: Future[Found]) -> None:
        try:
            asked.set_result(self.fn())
        except Exception as error:
            log.debug("check failed", exc_info=error)
            asked.set_exception(error)
        finally:
            connection.close()


def database() -> Found:
    """It answers."""
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True, "ms": round((time.perf_counter() - begun) * 1000, 1)}


def migrations() -> Found:
    """Every migration of this version has been applied; a database that is further on is no fault."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    lacking = sorted(f"{app}.{name}" for app, name in _wanted_migrations() - applied)
    return {"ok": not lacking, "missing": lacking[:10]}


def _wanted_migrations() -> set[tuple[str, str]]:
    """By the names of the files, so that none has to be imported."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        if importlib.util.find_spec(f"{app.name}.migrations") is not None:
            files = (Path(app.path) / "migrations").glob("[0-9]*.py")
            found |= {(app.label, file.stem) for file in files}
    return found


def leakproof() -> Found:
    """Row-level security leaves the indexes usable. On a server of one's own that needs its superuser: only said."""
    with connection.cursor() as cursor:
        cursor.execute(roles.OPERATOR_FUNCTIONS, {"families": list(roles.FAMILIES), "functions": list(roles.FUNCTIONS)})
        lacking = sum(not marked for _oid, _name, marked in cursor.fetchall())
    return {"ok": not lacking or settings.SERVER is None, "missing": lacking}


def policies() -> Found:
    """Row-level security and composite keys stand as declared."""
    lacking = reconcile.missing(connection)
    return {"ok": not lacking, "missing": len(lacking)}


def partitions() -> Found:
    """There is a table for next month's events."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('kernel_event_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM'))"
            " IS NOT NULL"
        )
        return {"ok": bool(cursor.fetchone()[0])}


def consumers() -> Found:
    """Events are read in time. Parked ones are reported, they stop nothing."""
    lag = consuming.lag()
    return {"ok": lag < LONGEST_LAG, "lag": round(lag, 2), "parked": consuming.parked()}


CHECKS: dict[str, Callable[[], Found]] = {
    "database": Waited(database, LONGEST_WAIT),
    "migrations": Remembered(migrations, 60),
    "leakproof": Remembered(leakproof, 60),
    "policies": Remembered(policies, 300),
    "partitions": Remembered(partitions, 300),
    "consumers": Remembered(consumers, 1, 1),
}


@never_cache
@require_GET
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: asks nobody."""
    return JsonResponse({"ok": True})


@never_cache
@require_GET
def readyz(_request: HttpRequest) -> HttpResponse:
    """Able to serve: 200, or 503 and what is wrong."""
    found: dict[str, Found] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except Exception as error:
            log.warning("check failed", exc_info=error, extra={"task": name})
            found[name] = {"ok": False, "error": type(error).__name__}
        if name == "database" and not found[name]["ok"]:
            break  # the others would each wait for it
    ready = len(found) == len(CHECKS) and all(one["ok"] for one in found.values())
    return JsonResponse({"ok": ready, "checks": found}, status=200 if ready else 503)


@never_cache
@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """For this machine, or with the token; for everybody else there is no such page."""
    if not (_from_here(request) or _has_token(request)):
        return HttpResponse(status=404)
    return metrics.page()


def _from_here(request: HttpRequest) -> bool:
    """Asked on this machine itself: a proxy on it adds who asked."""
    if any(name in request.META for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    token = settings.SETUP.metrics_token
    given = request.META.get("HTTP_AUTHORIZATION", "")
    return bool(token) and constant_time_compare(given, f"Bearer {token}")


PAGES = {"/healthz": healthz, "/readyz": readyz, "/metrics": figures}


class Early:
    """Answers these before anything else looks at the request: whoever watches asks by the machine's own address."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        view = PAGES.get(request.path_info)
        return view(request) if view else self.get_response(request)
