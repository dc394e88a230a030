"""``kill -9`` of worker, consumers, database and mail server at random moments while many messages are sent.

Klientel's worker, consumers and database run as they do for a customer; the server is a real one in a process of its
own (:mod:`bench.sink`), dead for some seconds after each blow. Afterwards every message is accounted for, none was
taken twice, and what is called accepted was taken.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import kills, place, sending
from bench.bulk import worker

PATIENCE = 1800.0  # seconds for everything; what a server that died had refused for now waits for five minutes
VICTIMS = ("worker", "database", "server", "worker", "consumers")
FINAL = {"accepted", "rejected", "unclear", "withheld"}


def measure(messages: int, connections: int) -> dict[str, Any]:
    """In a home of its own."""
    port = place.free_port()
    more = {
        "KLIENTEL_HOME": str(Path(os.environ["KLIENTEL_HOME"]) / "sending-kills"), "KLIENTEL_PORT": str(port),
        "KLIENTEL_LIVE_PORT": str(port + 1), "KLIENTEL_EGRESS_ALLOW": "*=127.0.0.1",
    }  # fmt: skip
    place.klientel("migrate", "--quiet", **more)
    place.say(f"{messages} messages; worker, database, mail server and consumers are killed in turns")
    return worker("bench.sending_kills", str(messages), str(connections), **more)


def run(messages: int, connections: int, up: int) -> dict[str, Any]:
    """Write, send under fire, count."""
    folder = Path(os.environ["KLIENTEL_HOME"]) / f"sink-{int(time.time())}"
    seed = int(time.time())
    chance, struck = random.Random(seed), Counter[str]()
    with sending.sinking(folder) as sink:
        owner = sending.sender(sink.port, connections)
        sending.write(owner, messages)
        place.say(f"{messages} messages wait")
        sending.release(owner)
        begun, before = time.monotonic(), 0
        while (rest := _open(owner)) and time.monotonic() - begun < PATIENCE:
            if rest.get("waiting", 0) + rest.get("claimed", 0) > 0:
                who = VICTIMS[sum(struck.values()) % len(VICTIMS)]
                _strike(up, who, chance, sink)
                struck[who] += 1
            now = messages - sum(rest.values())
            place.say(f"{now} settled (+{now - before}); still open: {rest}")
            before = now
            time.sleep(chance.uniform(2.0, 12.0))
        seconds, taken = time.monotonic() - begun, Counter(sink.taken())
    return _judged(owner, messages, taken, struck, connections) | {"seconds": round(seconds), "seed": seed}


def _open(owner: sending.Sender) -> dict[str, int]:
    found: dict[str, int] = kills.firmly(lambda: sending.states(owner))
    return {state: n for state, n in found.items() if state not in FINAL}


def _strike(up: int, who: str, chance: random.Random, sink: sending.Sink) -> None:
    if who == "server":
        sink.stop()
        time.sleep(chance.uniform(0.5, 3.0))
        sink.start()
        return
    try:
        os.kill(kills.victim(up, who, chance), signal.SIGKILL)
    except (IndexError, OSError):  # it is just being started again
        return


def _judged(
    owner: sending.Sender, messages: int, taken: Counter[str], struck: Counter[str], connections: int
) -> dict[str, Any]:
    states = kills.firmly(lambda: sending.states(owner))
    rows = kills.firmly(lambda: sending.rows(owner))
    arrived = {one.strip("<").partition(".")[0] for one in taken}
    accepted = {str(row) for row, state in rows if state == "accepted"}
    end = time.monotonic() + 120
    while sending.told(owner) != states and time.monotonic() < end:
        time.sleep(0.5)
    kills.expect("accounted for", sum(n for state, n in states.items() if state in FINAL), messages)
    kills.expect("taken twice", [one for one, n in taken.items() if n > 1], [])
    kills.expect("accepted and never taken", accepted - arrived, set())
    kills.expect("what the mails say", sending.told(owner), states)
    most = (struck["worker"] + struck["server"]) * connections
    kills.expect("no more unclear than were on the wire", states.get("unclear", 0) <= most, True)
    return {
        "messages": messages, "connections": connections, "killed": dict(struck), "states": states,
        "taken by the server": sum(taken.values()), "taken twice": 0, "unclear at most": most,
    }  # fmt: skip


def main() -> None:
    """Start Klientel, run, stop it."""
    import django

    with place.up("worker", "consumers") as up:
        django.setup()
        print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), up.pid)))


if __name__ == "__main__":
    main()
