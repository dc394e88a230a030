"""The outbox against a bare SMTP client: the same bytes, the same number of connections, the same server, in turns.

All of Klientel's sending runs as it does for a customer: consumers wake the worker, the worker claims, asks the gate,
builds, hands over and writes down each step. Its time runs from the moment at which the account is let go until every
row is settled and every mail says what became of it; *settled* until every row is. The bare client hands over what was
built before its time runs; *writing* is the same client that builds each letter by the standard library as it goes.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.db import OperationalError
from django.utils import timezone

from bench import consumers, kills, machine, place
from klientel.site.setup import ROOT

TEXT = "Guten Tag Frau Kundin {n},\n\nvielen Dank für Ihre Anfrage vom Montag. " + "Das Angebot liegt bereit. " * 30


@dataclass
class Sink:
    """The server of one run, in a process of its own."""

    folder: Path
    port: int = field(default_factory=place.free_port)
    process: Any = None

    def start(self) -> None:
        """Serve, and wait until it does."""
        command = [sys.executable, "-m", "bench.sink", str(self.port), str(self.folder / "taken")]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()

    def taken(self) -> list[str]:
        """The Message-IDs, as often as they came."""
        path = self.folder / "taken"
        return path.read_text().split() if path.exists() else []


@contextmanager
def sinking(folder: Path) -> Iterator[Sink]:
    """A server that notes into this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "taken").unlink(missing_ok=True)
    sink = Sink(folder)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@dataclass(frozen=True)
class Sender:
    """A workspace with an account that may send as fast as it can."""

    tenant: UUID
    account: UUID


def sender(port: int, connections: int) -> Sender:
    """The account stands still until somebody resumes it."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.tenancy import writing
    from klientel.kernel.testing import make_tenant

    tenant = make_tenant(f"sending-{int(time.time() * 1000)}").pk
    with working_in(tenant), writing():
        account = run(
            system_actor(), "channels.account.create", name="Bench", address="bench@hansewerk.de", host="127.0.0.1",
            port=port, security="none", per_second=10_000, per_domain=100_000, per_day=10_000_000,
            connections=connections,
        ).record  # fmt: skip
        run(system_actor(), "channels.account.pause", account.pk)
    return Sender(tenant, account.pk)


def write(owner: Sender, count: int) -> None:
    """So many personal letters, each to a person of its own, into the outbox."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.events.surroundings import working_in

    mark = time.time_ns()
    with working_in(owner.tenant):
        actor = system_actor()
        people = run_many(actor, "contacts.person.create", (
            Item(params={"last_name": f"Kundin {n}", "emails": [f"kundin-{mark}-{n}@firma{n % 997}.example"]})
            for n in range(count)))  # fmt: skip
        ids = [one.record.pk for one in people]
        letters = run_many(actor, "contacts.person.send_mail", (
            Item(one, {"subject": f"Ihre Anfrage {n}", "text": TEXT.format(n=n), "account": owner.account})
            for n, one in enumerate(ids)))  # fmt: skip
        refused = [one.refused for one in letters if one.refused is not None]
        if refused:
            raise SystemExit(f"{len(refused)} letters were refused: {refused[0]}")


def release(owner: Sender) -> None:
    """Let the account go."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.tenancy import writing

    with working_in(owner.tenant), writing():
        run(system_actor(), "channels.account.resume", owner.account)


def hold(owner: Sender) -> None:
    """Stop the account."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.tenancy import writing

    with working_in(owner.tenant), writing():
        run(system_actor(), "channels.account.pause", owner.account)


def bytes_of(owner: Sender, count: int) -> list[tuple[str, bytes]]:
    """Recipients and messages as our outbox will write them, for the bare client; under Message-IDs of their own."""
    from klientel.channels.models import Account, Mail
    from klientel.channels.queries.mime import message
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.tenancy import writing
    from klientel.lib.ids import uuid7

    with working_in(owner.tenant), writing():
        account = Account.objects.get(pk=owner.account)
        waiting = Mail.objects.filter(state="waiting")[:count]
        return [(mail.to, message(mail, account, uuid7())) for mail in waiting]


def states(owner: Sender) -> dict[str, int]:
    """How many rows of the outbox stand in which state."""
    rows = _asked("SELECT state, count(*) FROM channels_delivery WHERE tenant_id = %s GROUP BY 1", owner.tenant)
    return {str(state): int(n) for state, n in rows}


def told(owner: Sender) -> dict[str, int]:
    """How many mails say what."""
    rows = _asked("SELECT state, count(*) FROM channels_mail WHERE tenant_id = %s GROUP BY 1", owner.tenant)
    return {str(state): int(n) for state, n in rows}


def rows(owner: Sender) -> list[Any]:
    """Each row of the outbox and its state."""
    return _asked("SELECT id, state FROM channels_delivery WHERE tenant_id = %s", owner.tenant)


def _asked(question: str, *facts: Any) -> list[Any]:
    """As superuser, over one connection as long as it holds: the database may have been away."""
    try:
        return list(place.watcher().execute(question, facts).fetchall())
    except psycopg.OperationalError as error:
        place.watcher.cache_clear()
        raise OperationalError(str(error)) from error


def written(n: int) -> bytes:
    """One personal letter as a program without Klientel writes it."""
    one = EmailMessage()
    one["Message-ID"] = f"<{time.time_ns()}.{n}@bare.test>"
    one["Date"], one["From"], one["To"] = format_datetime(timezone.now()), "bench@hansewerk.de", f"k{n}@firma.example"
    one["Subject"] = f"Ihre Anfrage {n}"
    one.set_content(TEXT.format(n=n), cte="base64")
    return one.as_bytes(policy=SMTP)


def bare(port: int, messages: Sequence[tuple[str, Callable[[], bytes]]], connections: int) -> float:
    """Seconds that ``smtplib`` takes with so many connections, each in a thread."""

    def work(share: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.test") as line:
            line.ehlo()
            for to, made in share:
                content = made()
                line.mail("bench@hansewerk.de")
                line.rcpt(to)
                code, _reply = line.data(content)
                if code != 250:
                    raise SystemExit("The server refused a message.")

    shares = [messages[n::connections] for n in range(connections)]
    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    begun = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return time.perf_counter() - begun


def measure(messages: int = 10_000, connections: int = 8, rounds: int = 2) -> dict[str, Any]:
    """Messages per second of both, and what one message costs in CPU; with a database that answers."""
    folder, size = Path(os.environ["KLIENTEL_HOME"]) / "sending", messages // rounds
    found: dict[str, Any] = {
        "messages": size * rounds,
        "connections": connections,
        "load": round(os.getloadavg()[0], 2),
    }
    seconds, cpu = Counter[str](), Counter[str]()
    with sinking(folder) as sink, place.up("worker", "consumers", KLIENTEL_EGRESS_ALLOW="*=127.0.0.1") as up:
        owner = sender(sink.port, connections)
        for _n in range(rounds):
            hold(owner) if _n else None
            write(owner, size)
            consumers.caught_up()  # what follows from writing them belongs to that
            _their_turns(sink, owner, size, connections, seconds, cpu)
            before = _used(up.pid, sink)
            settled, all_told = _ours(owner, size * (_n + 1))
            seconds += Counter({"settled": settled, "ours": all_told})
            for name, value in _used(up.pid, sink).items():
                cpu[name] += value - before[name]
        counted = sink.taken()
    if len(counted) != 3 * size * rounds or len(set(counted)) != len(counted):
        raise SystemExit(f"The server took {len(counted)}, {len(set(counted))} of them different.")
    per = {name: round(value / (size * rounds) * 1000, 2) for name, value in cpu.items()}
    rates = {name: round(size * rounds / value) for name, value in seconds.items()}
    return found | {
        "bare_per_second": rates["bare"], "ours_per_second": rates["ours"],
        "share": round(seconds["bare"] / seconds["ours"], 2), "bar": "at least 0.5",
        "settled_per_second": rates["settled"], "share_settled": round(seconds["bare"] / seconds["settled"], 2),
        "writing_per_second": rates["writing"], "share_of_writing": round(seconds["writing"] / seconds["ours"], 2),
        "cpu_ms_per_message": per,
        "states": states(owner), "load_at_the_end": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def _their_turns(
    sink: Sink, owner: Sender, size: int, connections: int, seconds: Counter[str], cpu: Counter[str]
) -> None:
    """The bare client with our bytes, and with letters that it writes itself."""
    plain = [(to, partial(bytes, content)) for to, content in bytes_of(owner, size)]
    personal = [(to, partial(written, n)) for n, (to, _content) in enumerate(plain)]
    for name, letters in (("bare", plain), ("writing", personal)):
        used, taker = machine.cpu(os.getpid()), machine.cpu(sink.process.pid)
        seconds[name] += bare(sink.port, letters, connections)
        cpu[name] += machine.cpu(os.getpid()) - used
        cpu[f"server of {name}"] += machine.cpu(sink.process.pid) - taker


def _used(up: int, sink: Sink) -> dict[str, float]:
    database = place.postmaster_now()
    return {
        **{name: sum(machine.cpu(one) for one in machine.family(up) if kills._name(one) == f"klientel-{name}"[:15])
           for name in ("worker", "consumers")},
        "database": sum(machine.cpu(one) for one in machine.family(database)) + machine.ended(database),
        "server": machine.cpu(sink.process.pid),
    }  # fmt: skip


def _ours(owner: Sender, wanted: int) -> tuple[float, float]:
    """Seconds until every row is settled, and until every mail says so."""
    begun = time.perf_counter()
    release(owner)
    while states(owner).get("accepted", 0) < wanted:
        time.sleep(0.1)
        if time.perf_counter() - begun > 600:
            raise SystemExit(f"Ten minutes, and still {states(owner)}.")
    settled = time.perf_counter() - begun
    while told(owner).get("accepted", 0) < wanted:
        time.sleep(0.05)
    return settled, time.perf_counter() - begun
