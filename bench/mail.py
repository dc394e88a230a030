"""Incoming mail: how fast, against a client that only fetches; how much memory; what hostile mail costs.

All of Klientel runs as it does for a customer. The other side is the least client there is: it asks for one message
after the other over the same kind of connection (TLS, the same server and mailbox) and forgets it; said beside it are
one that puts each into a file of its own for good, and one that asks for 200 at once and forgets them, which is what
the connection gives when nobody has to keep anything.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import django

from bench import kills, machine, mailserver, place
from bench.bulk import worker
from klientel.channels.tests.dovecot import Dovecot

PATIENCE = 900.0
SIZES = (1000, 5000)
LOOKS = 5  # looks at the mails for each at the memory
HOSTILE = {
    "header_too_large": b"From: a@b.example\r\nTo: " + b", ".join(b"k%d@kunde.example" % n for n in range(40_000))
    + b"\r\nSubject: Viele\r\n\r\nText\r\n",
    "too_deep": b"From: a@b.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(1600)),
}  # fmt: skip


def measure() -> dict[str, Any]:
    """In a home of its own."""
    return at_home("mail", "bench.mail")


def at_home(name: str, module: str) -> dict[str, Any]:
    """What a module measures in a home of its own, with ports of its own."""
    port = place.free_port()
    ports = {"KLIENTEL_HOME": str(place.home(SIZES[-1]) / name), "KLIENTEL_PORT": str(port)}
    ports |= {"KLIENTEL_LIVE_PORT": str(port + 1)}
    place.klientel("migrate", "--quiet", **ports)
    return worker(module, **ports)


def bare(server: Dovecot, user: str) -> dict[str, list[float]]:
    """Messages in a second of clients that only fetch, each twice."""
    with tempfile.TemporaryDirectory(dir=place.home(SIZES[-1])) as folder:
        return {
            "one after the other": [_fetched(server, user, 1) for _n in range(2)],
            "one after the other, a file each": [_fetched(server, user, 1, Path(folder) / str(n)) for n in range(2)],
            "200 at once": [_fetched(server, user, 200) for _n in range(2)],
        }


def _fetched(server: Dovecot, user: str, piece: int, folder: Path | None = None) -> float:
    client = server.client(user)
    client.select("INBOX", readonly=True)
    uids = client.uid("SEARCH", "ALL")[1][0].split()
    if folder is not None:
        folder.mkdir()
        uids = uids[:1000]  # the disk is slow, and it only says so
    begun = time.perf_counter()
    for start in range(0, len(uids), piece):
        some = client.uid("FETCH", b",".join(uids[start : start + piece]).decode(), "(BODY.PEEK[])")[1]
        if folder is not None:
            with (folder / str(start)).open("xb") as file:
                file.write(some[0][1])
                file.flush()
                os.fsync(file.fileno())
    rate = len(uids) / (time.perf_counter() - begun)
    client.logout()
    return rate


# -- ours ------------------------------------------------------------------------------------------------------------


def run(up: int, server: Dovecot) -> dict[str, Any]:
    """Mailboxes of each size, one after the other, between two turns of the bare clients; then what is hostile."""
    from klientel.kernel.tenancy import inside

    for n in SIZES:
        mailserver.lay(server, f"rate{n}", mailserver.letters(n))
    tenant, turns = kills.tenant("mail").id, [bare(server, f"rate{SIZES[-1]}")]
    found: dict[str, Any] = {}
    with inside(tenant):
        mailserver.people()
        for n in SIZES:
            found |= _taken_in(up, server, n)
        turns.append(bare(server, f"rate{SIZES[-1]}"))
        found |= _told(server) | _hostile(server)
    rates = {name: round(median(rate for turn in turns for rate in turn[name])) for name in turns[0]}
    ours = found.pop("ours_per_second")
    return {
        f"{SIZES[-1]} mails kept, read, threaded, per second": ours,
        **{f"bare, {name}, per second": rate for name, rate in rates.items()},
        "share of the bare fetch (at least 0.33)": round(ours / rates["one after the other"], 2),
        **found,
    }


def _taken_in(up: int, server: Dovecot, n: int) -> dict[str, Any]:
    account, _folder = mailserver.account(server, f"rate{n}", fetching=False)
    pids = [pid for pid in machine.family(up) if kills._name(pid) == "klientel-worker"]
    cpu, most = _cpu(up), 0.0
    begun = time.perf_counter()
    begin(account)
    looks = count()
    while not done(account, n):
        if next(looks) % LOOKS == 0:  # it takes milliseconds of both cores
            most = max(most, sum(machine.memory(p, "Rss:") for pid in pids for p in machine.family(pid)))
        if time.perf_counter() - begun > PATIENCE:
            raise SystemExit(f"{states(account)} after {PATIENCE} seconds")
        time.sleep(0.1)
    seconds = time.perf_counter() - begun
    spent = (_cpu(up) - cpu) / n * 1000
    place.say(f"{n} mails in {seconds:.1f} s, {states(account)}")
    return {
        "ours_per_second": round(n / seconds), f"most memory of worker and readers with {n} mails, MB": round(most),
        f"CPU per mail with {n}, all processes and database, ms": round(spent, 2),
        f"became of {n}": json.dumps(states(account)), f"load with {n}": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _cpu(up: int) -> float:
    every = {*machine.family(up), *machine.family(place.postmaster_now())}
    return sum(machine.cpu_with_ended(pid) for pid in every)


def begin(account: UUID) -> None:
    """Have a mailbox fetched from now on."""
    from django.db import transaction

    from klientel.channels.queries import mailboxes
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run as act

    with transaction.atomic():
        act(system_actor("Bench"), "channels.account.change", account, fetching=True)
        mailboxes.due_now(account)


def done(account: UUID, n: int) -> bool:
    """Whether so many messages of an account are here and none waits; asked often, so it counts only when none does."""
    waits = "SELECT EXISTS (SELECT FROM channels_fetched WHERE account_id = %s AND state = 'waiting')"
    return not kills.ask(waits, account)[0][0] and sum(states(account).values()) >= n


def states(account: UUID) -> dict[str, int]:
    """What became of the messages of an account so far."""
    return dict(kills.ask("SELECT state, count(*) FROM channels_fetched WHERE account_id = %s GROUP BY 1", account))


def _told(server: Dovecot) -> dict[str, Any]:
    """New mails in a mailbox that nobody asks to be fetched: the server tells of them; then once more while another
    mailbox of the same house is fetched for the first time."""
    account, _folder = mailserver.account(server, "told", fetching=False)
    mailserver.lay(server, "told", [])
    begin(account)
    while not kills.ask("SELECT 1 FROM channels_mailbox WHERE account_id = %s AND fetched_at IS NOT NULL", account):
        time.sleep(0.1)
    time.sleep(1)
    news = mailserver.letters(14, own=True)
    alone = _waits(server, account, news[:9])
    big, _folder = mailserver.account(server, f"rate{SIZES[-1]}", fetching=False)
    begin(big)
    beside = _waits(server, account, news[9:])
    share = sum(n for state, n in states(big).items() if state != "waiting") / SIZES[-1]
    while states(big).get("waiting") or sum(states(big).values()) < SIZES[-1]:
        time.sleep(0.5)
    return {
        "new mail in the inbox after, s (middle, longest)": alone,
        "the same while another mailbox is fetched": f"{beside}; by then {share:.0%} of that were read",
    }


def _waits(server: Dovecot, account: UUID, news: list[bytes]) -> str:
    before, waits = states(account).get("mail", 0), []
    for n, raw in enumerate(news, 1):
        begun = time.perf_counter()
        server.put("told", raw)
        while states(account).get("mail", 0) < before + n:
            time.sleep(0.02)
        waits.append(time.perf_counter() - begun)
        time.sleep(0.5 if n < len(news) else 0)
    return f"{median(waits):.2f}, {max(waits):.2f}"


def _hostile(server: Dovecot) -> dict[str, Any]:
    """Each alone, with a harmless one behind it."""
    account, _folder = mailserver.account(server, "hostile", fetching=False)
    mailserver.lay(server, "hostile", [])
    begin(account)
    found = {}
    for n, (reason, raw) in enumerate(HOSTILE.items()):
        server.put("hostile", raw, mailserver.letters(n + 1, own=True)[-1])
        begun = time.perf_counter()
        begin(account)
        while sum(states(account).values()) < 2 * n + 2 or states(account).get("waiting"):
            time.sleep(0.05)
        [(count,)] = kills.ask(
            "SELECT count(*) FROM channels_fetched WHERE account_id = %s AND state = 'quarantined' AND reason = %s",
            account, reason,
        )  # fmt: skip
        kills.expect(reason, count, 1)
        found[f"set apart as {reason}, the next one read, s"] = round(time.perf_counter() - begun, 2)
    return found


def started(work: Callable[[int, Dovecot], dict[str, Any]]) -> None:
    """A mail server and Klientel with all its processes; print what ``work(pid, server)`` comes to."""
    with mailserver.serving() as server, place.up() as up:
        django.setup()
        print(json.dumps(work(up.pid, server)))


if __name__ == "__main__":
    started(run)
