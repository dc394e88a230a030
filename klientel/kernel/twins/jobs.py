"""The search for twins in the worker: a while at a time, so that tenants take turns, and at most half a core."""

from __future__ import annotations

import os
import time

from django.db import connection

from klientel.kernel import tenancy
from klientel.kernel.errors import Missing
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.twins.models import TwinSearch, types_with_twins
from klientel.kernel.twins.rules import fingerprint
from klientel.kernel.twins.searching import Searcher, begin

TURN = 20.0  # seconds after which another tenant may have its turn
BUSY = 0.6  # load of the machine from which others work too


@job(queue="long")
def search_twins(*, record_type: str) -> None:
    """Go on with the search of a record type; hands on to a job of its own when its turn is over."""
    try:
        searcher = Searcher(type_of(record_type))
    except Missing:
        return
    if turn(searcher):
        with tenancy.writing():
            defer(search_twins, tenant=current(), record_type=record_type, once=f"twins:{record_type}")


def turn(searcher: Searcher) -> bool:
    """Search for a while; whether there is more to do.

    Where others want the machine, it rests a little longer than it worked: below half a core, database included.
    """
    end, more = time.monotonic() + TURN, True
    while more and time.monotonic() < end:
        begun = time.monotonic()
        more = searcher.step()
        breathe()
        if os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
            time.sleep((time.monotonic() - begun) * 1.1)
    return more


def start(record_type: str, *, full: bool = False) -> TwinSearch:
    """Have the worker search; in the caller's transaction."""
    search = begin(type_of(record_type), full=full)
    defer(search_twins, tenant=current(), record_type=record_type, once=f"twins:{record_type}")
    return search


@sweep("twins.search")
def search_what_changed() -> None:
    """Once an hour: look at what changed since; the first time at everything; a search that stands still goes on."""
    known = {s.record_type: s for s in TwinSearch.objects.all()}
    for rtype in types_with_twins():
        search = known.get(rtype.key)
        if search is not None and (search.phase or search.fingerprint != fingerprint(rtype)):
            start(rtype.key)
            continue
        with connection.cursor() as cursor:
            since = search.since if search is not None else None
            cursor.execute(
                f"SELECT 1 FROM {rtype.table} t WHERE t.tenant_id = %s AND t.archived_at IS NULL"
                " AND (%s::timestamptz IS NULL OR t.changed_at > %s::timestamptz + interval '15 minutes') LIMIT 1",
                [current(), since, since],
            )
            if cursor.fetchone() is not None:
                start(rtype.key)
