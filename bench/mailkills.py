"""``kill -9`` of worker, database and IMAP server at random moments while 5,000 mails are fetched and read.

All of Klientel runs as it does for a customer, and nobody helps it. At the end every message is here once and became
one mail, the completeness says so; then the server gives the mailbox another UIDVALIDITY, and the same is asked again.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from typing import Any
from uuid import UUID

from bench import kills, mail, mailserver, place
from klientel.channels.tests.dovecot import Dovecot

MAILS, FEWEST = 5000, 12  # messages; kills, at least
VICTIMS = ("worker", "database", "imap")
USER = "kills"


def measure() -> dict[str, Any]:
    """In a home of its own, so that no other figures stand on what was killed."""
    return mail.at_home("mail-kills", "bench.mailkills")


def run(up: int, server: Dovecot) -> dict[str, Any]:
    """Both rounds."""
    from klientel.kernel.tenancy import inside

    mailserver.lay(server, USER, mailserver.letters(MAILS, own=True))
    tenant, seed = kills.tenant("mail").id, int(time.time())
    chance = random.Random(seed)
    with inside(tenant):
        mailserver.people()
        account, folder = mailserver.account(server, USER, fetching=False)
        first = _round(up, server, account, chance, "fetching")
        look(account, folder)
        server.rebuild(USER)
        mailserver.look(server, USER)
        second = _round(up, server, account, chance, "another UIDVALIDITY")
        look(account, folder)
    killed = Counter(first["killed"]) + Counter(second["killed"])
    return {
        "mails": MAILS, "killed": dict(killed), "seconds": first["seconds"], "mails after all": MAILS,
        "seconds with another UIDVALIDITY": second["seconds"], "lost": 0, "twice": 0, "seed": seed,
    }  # fmt: skip


def _round(up: int, server: Dovecot, account: UUID, chance: random.Random, name: str) -> dict[str, Any]:
    begun, killed = time.monotonic(), list[str]()
    mail.begin(account)
    while not (len(killed) >= FEWEST // 2 and _done(server, account)):
        if time.monotonic() - begun > kills.PATIENCE:
            raise SystemExit(f"{mail.states(account)} after {kills.PATIENCE} seconds")
        if len(killed) >= FEWEST * 2 or (len(killed) >= FEWEST // 2 and chance.random() < 0.5):
            time.sleep(1)
            continue
        time.sleep(chance.uniform(0.3, 2.5))
        who = VICTIMS[len(killed) % len(VICTIMS)]
        if who == "imap":
            mailserver.killed(server)
        else:
            os.kill(kills.victim(up, who, chance), signal.SIGKILL)
        killed.append(who)
        place.say(f"{name}: {who} killed, {kills.firmly(lambda: mail.states(account))}")
    return {"killed": killed, "seconds": round(time.monotonic() - begun)}


def _done(server: Dovecot, account: UUID) -> bool:
    """Whether everything lies here under the UIDVALIDITY that the server gives, read and compared."""
    listed = (server.folder / "mail" / USER / "dovecot-uidlist").read_text()
    now = int(listed.split(" V", 1)[1].split()[0])
    [(here,)] = kills.ask(
        "SELECT count(*) FROM channels_fetched WHERE account_id = %s AND state <> 'waiting' AND uidvalidity = %s"
        " AND NOT gone", account, now,
    )  # fmt: skip
    return bool(here == MAILS and _complete(account))


def _complete(account: UUID) -> bool:
    from django.db import transaction

    from klientel.channels.models import Account
    from klientel.channels.queries import completeness

    def asked() -> bool:
        with transaction.atomic():
            return completeness.standings([Account.objects.get(pk=account)])[0].complete

    return kills.firmly(asked)


def look(account: UUID, folder: UUID) -> None:
    """Every message once, one mail of each, in its conversation, nothing missing."""
    ask, expect = kills.ask, kills.expect
    expect("states", mail.states(account), {"mail": MAILS})
    expect("uids", ask("SELECT count(DISTINCT (uidvalidity, uid)), count(DISTINCT mail_id), count(DISTINCT digest)"
                       " FROM channels_fetched WHERE account_id = %s", account), [(MAILS, MAILS, MAILS)])  # fmt: skip
    expect("mails", ask("SELECT count(*), count(DISTINCT message_ref) FROM channels_mail"), [(MAILS, MAILS)])
    expect("events", ask("SELECT count(*), count(DISTINCT record_id) FROM kernel_event"
                         " WHERE kind = 'channels.mail.receive'"), [(MAILS, MAILS)])  # fmt: skip
    expect("bodies", ask("SELECT count(*), count(DISTINCT mail_id) FROM channels_body"), [(MAILS, MAILS)])
    expect("position", ask("SELECT total, missing FROM channels_position WHERE folder_id = %s", folder), [(MAILS, 0)])
    [(apart,)] = ask(
        "SELECT count(*) FROM channels_mail m JOIN channels_body b ON b.tenant_id = m.tenant_id AND b.mail_id = m.id"
        " JOIN channels_mail o ON o.tenant_id = m.tenant_id AND o.message_ref = b.references"
        " WHERE o.thread <> m.thread AND m.id > o.id"
    )
    expect("answers outside the conversation of what they answer", apart, 0)


if __name__ == "__main__":
    mail.started(run)
