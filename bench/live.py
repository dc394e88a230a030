"""How long after somebody moved a card 50 others see it: their streams tell them, and each fetches the card.

All processes of ``klientel up`` run; the viewers are 50 members with a session and a stream of their own, as 50 open
boards are. Two times are taken from the moment at which the move is sent: until the hint, and until the new card.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from bench import board, data, idle, machine, pages, place
from klientel.site.setup import ROOT

VIEWERS, MOVES, PAUSE = 50, 30, 1.5
GATHERED = 0.06  # seconds in which the script of the board gathers hints
LIMIT_MS = 500


@dataclass
class Seen:
    """What the viewers noted: by the version of the card, the moments of hints and cards."""

    hints: dict[int, list[float]] = field(default_factory=dict)
    cards: dict[int, list[float]] = field(default_factory=dict)


def measure(persons: int) -> dict[str, Any]:
    """Median and 95th percentile in milliseconds, of hints and of cards."""
    folder = place.home(persons)
    facts = place.facts(folder) or data.fill(folder, persons)
    board.fill(facts)
    facts = pages.prepare(facts)
    sessions, deal, stages = _viewers(UUID(facts["tenant"]), folder)
    place.say("all processes begin")
    with up() as process:
        return asyncio.run(_watch(facts, sessions, (deal, stages), process.pid))


def _viewers(tenant: UUID, folder: Path) -> tuple[list[str], str, list[str]]:
    """Sessions of as many members as there are viewers; the deal that is moved, and where to."""
    from django.contrib.sessions.backends.db import SessionStore

    from klientel.kernel.access.models import Role
    from klientel.kernel.tenancy import inside, reading
    from klientel.sales.models import Deal, Stage

    place.say(f"{VIEWERS} viewers")
    stamp = int(time.time())
    with inside(tenant):
        with reading():
            role = Role.objects.order_by("id").values_list("pk", flat=True)[0]
            stages = [str(pk) for pk in Stage.objects.filter(outcome="open").values_list("pk", flat=True)]
            deal = str(Deal.objects.filter(archived_at=None).order_by("id").values_list("pk", flat=True)[0])
        kept = folder / "viewers.json"
        made = orjson.loads(kept.read_bytes()) if kept.exists() else []
        if not all(SessionStore().exists(key) for key in made) or len(made) != VIEWERS:
            made = [signed_in(tenant, role, f"viewer{n}-{stamp}")[1] for n in range(VIEWERS)]
            kept.write_bytes(orjson.dumps(made))  # 50 passwords are hashed once
    return made, deal, stages


def signed_in(tenant: UUID, role: UUID, name: str) -> tuple[UUID, str]:
    """A new member of the tenant that we are in, and the key of a session of theirs."""
    from allauth.usersessions.models import UserSession
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from klientel.kernel.identity import accounts
    from klientel.kernel.tenancy import writing
    from klientel.kernel.web.account.joining import add_member

    user = accounts.create(f"{name}@bench.example", name=name, password=f"Korb voll {uuid4().hex}")
    with writing():
        member = add_member(tenant, user, roles=[role])
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session.save()
    UserSession.objects.create(user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="bench")
    return member, str(session.session_key)


@contextmanager
def up() -> Iterator[subprocess.Popen[bytes]]:
    """All processes, on the ports of this bench."""
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "klientel.site.settings"}
    process = subprocess.Popen([sys.executable, "-m", "klientel.site.cli", "up"], cwd=ROOT, env=environ,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        idle.answering(f"http://127.0.0.1:{environ['KLIENTEL_PORT']}/account/login", process)
        time.sleep(6)  # consumers look at every tenant first
        yield process
    finally:
        process.terminate()
        process.wait(40)


async def _watch(facts: dict[str, Any], sessions: list[str], moved: tuple[str, list[str]], pid: int) -> dict[str, Any]:
    seen, sent, (deal, stages) = Seen(), dict[int, float](), moved
    viewers = [asyncio.create_task(_viewer(key, deal, seen)) for key in sessions]
    await asyncio.sleep(8)
    token, before = facts["token_wide"], _spent(pid)
    place.say(f"{VIEWERS} streams are open, {MOVES} moves")
    for n in range(-1, MOVES):  # the first one is not counted: it may lead to where the card lies already
        body = orjson.dumps({"stage": stages[n % len(stages)]})
        begun = time.perf_counter()
        status, answer = await ask(f"/api/v1/deals/{deal}/actions/move", body=body, bearer=token)
        if status != 200:
            raise SystemExit(f"The move was refused: {status} {answer[:300]!r}")
        if n >= 0:
            sent[orjson.loads(answer)["record"]["version"]] = begun
        await asyncio.sleep(PAUSE * random.uniform(0.8, 1.2))
    await asyncio.sleep(3)
    spent = (_spent(pid) - before) / MOVES
    for task in viewers:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return {"viewers": VIEWERS, "moves": len(sent), "limit_ms": LIMIT_MS, "load": round(os.getloadavg()[0], 1),
            "cpu_ms_a_move": round(spent * 1000),
            "hint": _figures(seen.hints, sent), "card": _figures(seen.cards, sent)}  # fmt: skip


def _spent(pid: int) -> float:
    """Seconds of CPU of all our processes and of the database: of a move, and of what 50 viewers then ask."""
    return sum(machine.cpu_with_ended(one) for top in (pid, place.postmaster()) for one in machine.family(top))


def _figures(noted: dict[int, list[float]], sent: dict[int, float]) -> dict[str, float]:
    waits = sorted((at - sent[version]) * 1000 for version in sent for at in noted.get(version, ()))
    cut = statistics.quantiles(waits, n=20) if len(waits) > 1 else [0.0] * 19
    return {"p50_ms": round(statistics.median(waits or [0])), "p95_ms": round(cut[18]), "seen": len(waits),
            "expected": len(sent) * VIEWERS}  # fmt: skip


async def _viewer(session: str, deal: str, seen: Seen) -> None:
    """One open board: its stream, and the card after each hint."""
    reader, writer = await stream(session)
    try:
        while line := await reader.readline():
            if line.startswith(b"data: ") and deal.encode() in line:
                at, version = time.perf_counter(), int(orjson.loads(line[6:])["version"])
                seen.hints.setdefault(version, []).append(at)
                await asyncio.sleep(GATHERED)
                _status, body = await ask(f"/deals/board/changed?ids={deal}", session=session)
                now = orjson.loads(body)["cards"][deal]
                if now and f'data-version="{version}"' in now["html"]:
                    seen.cards.setdefault(version, []).append(time.perf_counter())
    finally:
        writer.close()


async def stream(session: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The stream of hints of an open browser."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["KLIENTEL_LIVE_PORT"]))
    writer.write(_head("GET", "/live", os.environ["KLIENTEL_LIVE_PORT"], f"Cookie: session={session}"))
    return reader, writer


async def ask(
    path: str,
    *,
    body: bytes = b"",
    bearer: str = "",
    session: str = "",
    kind: str = "application/json",
    source: str = "127.0.0.1",
) -> tuple[int, bytes]:
    """One request on a connection of its own, from one of this computer's addresses: status and body."""
    port = int(os.environ["KLIENTEL_PORT"])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    more = [f"Authorization: Bearer {bearer}"] if bearer else []
    more += [f"Cookie: session={session}"] if session else []
    more += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    writer.write(_head("POST" if body else "GET", path, os.environ["KLIENTEL_PORT"], *more, "Connection: close") + body)
    try:
        answer = await reader.read()
    finally:
        writer.close()
    head, _blank, rest = answer.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        rest = _joined(rest)
    return int(head.split(b" ", 2)[1]), rest


def _joined(chunks: bytes) -> bytes:
    whole = b""
    while chunks:
        size, _end, chunks = chunks.partition(b"\r\n")
        n = int(size or b"0", 16)
        whole, chunks = whole + chunks[:n], chunks[n + 2 :]
    return whole


def _head(method: str, path: str, port: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *lines, "", ""]).encode()
