"""Visitors send forms while the web server, the database and the other processes are killed with ``kill -9`` at random.

All of Klientel runs as it does for a customer. Every visitor draws the page, does its work and sends; where no answer
came, half of them send the same page once more, as people do. Afterwards each sending that was answered is there
exactly once, and each that was not is there as a whole or not at all: response, person, lead and consent.
``python -m bench --part form-kills``; ``--messages`` says how many sendings.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from typing import Any
from uuid import UUID

from bench import kills, place
from bench.bulk import worker

SENT = 400
AT_ONCE = 4  # visitors
VICTIMS = ("web", "database", "web", "worker", "web", "consumers", "database")
CALM = (3.0, 7.0)  # seconds between two strikes
FORM = "application/x-www-form-urlencoded"
UP = 40.0  # seconds until the page has to be drawn again


def measure(sent: int = SENT) -> dict[str, Any]:
    """In a home of its own, as the other faults."""
    port = place.free_port()
    ports = {"KLIENTEL_HOME": str(place.home(2000) / "form-kills"), "KLIENTEL_PORT": str(port)}
    ports |= {"KLIENTEL_LIVE_PORT": str(port + 1)}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"{sent} forms while processes are killed")
    return worker("bench.form_kills", str(sent), **ports)


def published(tenant: UUID) -> tuple[str, str]:
    """A form that makes person, lead and consent of each sending: where it is sent to, and what people agree to."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.tenancy import inside, reading, writing
    from klientel.kernel.tenancy.models import Tenant

    with inside(tenant):
        with reading():
            workspace = Tenant.objects.get(pk=tenant).slug
        with writing():
            us = system_actor()
            purpose = run(us, "channels.purpose.create", name="Post").record
            facts = {"name": "Ja", "purpose": purpose.id, "channel": "post", "text": "Ja, gern."}
            text = run(us, "channels.wording.create", **facts).record
            parts = [{"role": "field", "field": f"person.{name}"} for name in ("first_name", "last_name", "emails")]
            parts += [{"role": "field", "field": path} for path in ("organisation.name", "lead.message")]
            parts.append({"role": "consent", "wording": str(text.id)})
            made = run(us, "channels.form.create", name="Kills", path="kills", language="de", parts=parts).record
            run(us, "channels.form.publish", made.id)
    return f"/page/{workspace}/kills", str(text.id)


async def visit(path: str, text: str, n: int, found: dict[str, Counter[str]]) -> None:
    """One visitor: draws the page until it is drawn, sends, and perhaps once more; ``found`` by their name."""
    from bench import live

    body = await _drawn(path, n)
    name = f"Kill{n:05d}"
    body = body.replace(b"person.last_name=Sommer", f"person.last_name={name}x".encode())
    body += f"&{text}=1".encode()
    told = found[name] = Counter()
    for attempt in range(2):
        try:
            status, _answer = await asyncio.wait_for(
                live.ask(path, body=body, kind=FORM, source=f"127.0.{n // 40}.1"), 30
            )
        except (OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
            status = 0
        told["answered" if status == 303 else f"status {status}"] += 1
        if status == 303 or attempt or n % 2:
            return
        await asyncio.sleep(3)


async def _drawn(path: str, n: int) -> bytes:
    from bench import form

    end = time.monotonic() + UP
    while True:
        try:
            return await form._filled_in(path, n)
        except (SystemExit, OSError, ValueError, IndexError, asyncio.IncompleteReadError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.3)


async def struck(up: int, struck_so_far: Counter[str]) -> None:
    """One process after another, for as long as there are visitors."""
    chance, n = random.Random(11), 0
    while True:
        await asyncio.sleep(chance.uniform(*CALM))
        who = VICTIMS[n % len(VICTIMS)]
        try:
            os.kill(kills.victim(up, who, chance), signal.SIGKILL)
        except (IndexError, ProcessLookupError, OSError):
            continue  # it starts at this moment; the next one
        struck_so_far[who] += 1
        n += 1


async def visitors(at: tuple[str, str], sent: int, up: int) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """All of them, some at once."""
    found: dict[str, Counter[str]] = {}
    strikes, gate = Counter[str](), asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> None:
        async with gate:
            await visit(*at, n, found)

    striking = asyncio.create_task(struck(up, strikes))
    await asyncio.gather(*(one(n) for n in range(sent)))
    striking.cancel()
    return found, strikes


def looked_at(tenant: UUID, found: dict[str, Counter[str]]) -> dict[str, int]:
    """What is there of each sending; stops where one that was answered is not there once, or one is there in part."""
    from klientel.kernel.tenancy import inside

    with inside(tenant):
        rows = kills.ask(
            "SELECT left(p.last_name, 9), count(DISTINCT p.id), count(DISTINCT r.id), count(DISTINCT l.id),"
            " count(DISTINCT c.id) FROM contacts_person p"
            " LEFT JOIN channels_response r ON r.person = p.id LEFT JOIN sales_lead l ON l.person = p.id"
            " LEFT JOIN channels_consent c ON c.person = p.id GROUP BY 1"
        )
        loose = kills.ask("SELECT (SELECT count(*) FROM channels_response WHERE person IS NULL),"
                          " (SELECT count(*) FROM sales_lead WHERE person IS NULL)")  # fmt: skip
    kills.expect("responses and leads without a person", loose, [(0, 0)])
    there = {row[0]: row[1:] for row in rows}
    for name, counts in there.items():
        kills.expect(f"person, response, lead, consent of {name}", counts, (1, 1, 1, 1))
    answered = {name for name, told in found.items() if told["answered"]}
    kills.expect("answered, and not there", sorted(answered - there.keys()), [])
    return {
        "sent": len(found), "answered": len(answered), "there": len(there),
        "unanswered, there as a whole": len(there.keys() - answered),
        "unanswered, not there": len(found.keys() - there.keys()),
        "sent again": sum(told.total() > 1 for told in found.values()), "twice or in part": 0,
    }  # fmt: skip


def main() -> None:
    """Start Klientel, let visitors in, strike, stop, look."""
    import django

    with place.up() as up:
        django.setup()
        owner = kills.tenant("form")
        found, strikes = asyncio.run(visitors(published(owner.id), int(sys.argv[1]), up.pid))
        kills.firmly(lambda: None)
        print(json.dumps(looked_at(owner.id, found) | {"killed": dict(strikes)}))


if __name__ == "__main__":
    main()
