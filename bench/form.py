"""How long after a visitor sent a form a rep sees it: person, lead, score, assignment, and the notification in an open
browser.

All processes of ``klientel up`` run. Forms are sent at a steady pace, each by a visitor whom nobody knows, with the
small piece of work done. The rep's browser is its stream of hints; the time is taken from sending to the hint that
there is one more notification. Afterwards every lead must have its person, owner and score.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import statistics
import time
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from bench import data, live, pages, place

SENT, PAUSE, LIMIT_MS = 50, 0.7, 1000
WORDS = "Bitte rufen Sie mich an."


def measure(persons: int) -> dict[str, Any]:
    """Median and 95th percentile in milliseconds: until the answer to the visitor, and until the rep's hint."""
    folder = place.home(persons)
    facts = pages.prepare(place.facts(folder) or data.fill(folder, persons))
    tenant = UUID(facts["tenant"])
    with live.up():
        rep, session, path = _settled(tenant)
        found = asyncio.run(_sent(path, session))
    return found | _made(tenant, rep)


def _settled(tenant: UUID) -> tuple[UUID, str, str]:
    """A rep who gets every lead that says so, a rule that gives points, a published form; where it is sent to."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.access.models import Role
    from klientel.kernel.actions import run
    from klientel.kernel.tenancy import inside, reading, writing
    from klientel.kernel.tenancy.models import Tenant

    stamp = f"{time.time():.0f}"
    with inside(tenant):
        with reading():
            role = Role.objects.order_by("id").values_list("pk", flat=True)[0]
            workspace = Tenant.objects.get(pk=tenant).slug
        rep, session = live.signed_in(tenant, role, f"rep-{stamp}")
        with writing():
            us = system_actor()
            mine = {"field": "source", "op": "is", "value": stamp}
            rule = run(us, "sales.leadrule.create", name=stamp, condition=mine, position=1).record
            run(us, "sales.leadshare.create", rule=rule.id, member=rep)
            run(us, "sales.scorerule.create", name=stamp, points=5, condition=mine)
            parts = [{"role": "field", "field": f"person.{name}"} for name in ("first_name", "last_name", "emails")]
            parts += [{"role": "field", "field": path} for path in ("organisation.name", "lead.message")]
            form = run(
                us, "channels.form.create", name=stamp, path=stamp, language="de", parts=parts, source=stamp
            ).record
            run(us, "channels.form.publish", form.id)
    return rep, session, f"/page/{workspace}/{stamp}"


async def _sent(path: str, session: str) -> dict[str, Any]:
    counts: list[float] = []  # when the n-th further notification was hinted at
    watching = asyncio.create_task(_watched(session, counts))
    await asyncio.sleep(4)
    begun, answered = list[float](), list[float]()
    sending = []
    for n in range(SENT):
        body = await _filled_in(path, n)
        sending.append(asyncio.create_task(_send(path, body, begun, answered)))
        await asyncio.sleep(PAUSE)
    await asyncio.gather(*sending)
    await asyncio.sleep(3)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return {
        "sent": SENT, "limit_ms": LIMIT_MS, "load": round(os.getloadavg()[0], 1), "answer": _figures(answered),
        "notified": _figures([at - since for since, at in zip(begun, counts, strict=False)]) | {"seen": len(counts)},
    }  # fmt: skip


def _figures(seconds: list[float]) -> dict[str, int]:
    found = sorted(one * 1000 for one in seconds) or [0.0, 0.0]
    cut = statistics.quantiles(found, n=20)
    return {"p50_ms": round(statistics.median(found)), "p95_ms": round(cut[18]), "most_ms": round(found[-1])}


async def _filled_in(path: str, n: int) -> bytes:
    """The page as a browser fills it in, with the work done."""
    _status, page = await live.ask(path)
    ticket = re.search(rb'name="ticket" value="([^"]*)"', page)
    work = re.search(rb'data-work="([0-9a-f]+):(\d+)"', page)
    if ticket is None or work is None:
        raise SystemExit(f"This is not the form: {page[:300]!r}")
    nonce, bits = work[1].decode(), int(work[2])
    heads = ((m, hashlib.sha256(f"{nonce}:{m}".encode()).digest()[:4]) for m in count())
    worked = next(m for m, head in heads if int.from_bytes(head, "big") >> (32 - bits) == 0)
    return urlencode({
        "ticket": ticket[1].decode(), "worked": worked,
        "person.first_name": "Eva", "person.last_name": f"Sommer{nonce[:9]}",
        "person.emails": f"eva-{nonce}@beispiel.de", "organisation.name": f"{nonce[:7]} Logistik {n}",
        "lead.message": WORDS,
    }).encode()  # fmt: skip


async def _send(path: str, body: bytes, begun: list[float], answered: list[float]) -> None:
    since = time.perf_counter()
    begun.append(since)
    status, answer = await live.ask(path, body=body, kind="application/x-www-form-urlencoded")
    answered.append(time.perf_counter() - since)
    if status != 303:
        raise SystemExit(f"The form was refused: {status} {answer[:300]!r}")


async def _watched(session: str, counts: list[float]) -> None:
    """The rep's open browser."""
    reader, writer = await live.stream(session)
    try:
        known = 0
        while line := await reader.readline():
            if line.startswith(b"data: ") and b"notification" in line:
                told = orjson.loads(line[6:])
                if told.get("type") == "notification" and told["count"] > known:
                    counts += [time.perf_counter()] * (told["count"] - known)
                    known = told["count"]
    finally:
        writer.close()


def _made(tenant: UUID, rep: UUID) -> dict[str, int]:
    """What became of the forms: leads of the rep, those with a person, those with their points."""
    from klientel.kernel.tenancy import inside, reading
    from klientel.sales.models import Lead

    with inside(tenant), reading():
        mine = Lead.objects.filter(owner=rep)
        return {
            "leads": mine.count(),
            "with_person": mine.exclude(person=None).count(),
            "scored": mine.filter(score=5).count(),
        }
