"""A real IMAP server with mailboxes for the bench: collections of others where they are, and mails of our own."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from bench import machine
from klientel.channels.tests import certificates
from klientel.channels.tests.dovecot import PASSWORD, Dovecot
from klientel.lib.tests.given import given_files

CORPORA = ("mail_flanker/messages", "mail_mime_parser_php/emails", "mail_sisimai_bounces/maildir", "mail_stalwart/eml")
TEXTS = "mail_codealltag_s/emails"
PEOPLE, FIRMS = 1000, 200
HOUSE = "vertrieb@hansewerk.de"


@contextmanager
def serving() -> Iterator[Dovecot]:
    """Dovecot on loopback with TLS; this process and its children trust it and may reach it."""
    folder = Path(tempfile.mkdtemp(prefix="klientel-bench-ca-"))
    folder.chmod(0o755)
    os.environ |= {
        "SSL_CERT_FILE": str(certificates.lay_out(folder) / "ca.pem"), "KLIENTEL_EGRESS_ALLOW": "*=127.0.0.1",
    }  # fmt: skip
    server = Dovecot(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def killed(server: Dovecot) -> None:
    """The server with every process of it, at once; and started again on its ports."""
    assert server.process is not None
    for pid in machine.family(server.process.pid):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()
    server.start()


def letters(n: int, *, own: bool = False) -> list[bytes]:
    """So many mails: of three, one from the collections; the others say German texts, and two of five are answers.

    ``own``: none of the collections, all different, so that each has to become a mail.
    """
    chance = random.Random(11)
    texts = [p.read_bytes() for p in given_files(TEXTS)] or [b"Guten Tag,\n\nbitte rufen Sie mich an.\n"]
    others = [] if own else [p.read_bytes() for p in given_files(*CORPORA) if p.suffix in (".eml", ".txt", "")]
    return [
        others[k // 3 % len(others)] + b"\n" if others and k % 3 == 0 else _letter(k, texts[k % len(texts)], chance)
        for k in range(n)
    ]


def _letter(n: int, text: bytes, chance: random.Random) -> bytes:
    who = chance.randrange(PEOPLE)
    answers = f"<g{chance.randrange(n)}@kunde.example>" if n and chance.random() < 0.4 else ""
    head = [
        f"From: Kunde {who} <kunde{who}@firma{who % FIRMS}.example>", f"To: {HOUSE}",
        f"Subject: {'AW: ' if answers else ''}Vorgang {n}", f"Message-ID: <g{n}@kunde.example>",
        *([f"In-Reply-To: {answers}"] if answers else []), f"Date: Mon, 02 Nov 2026 10:{n % 60:02}:00 +0100",
        "Content-Type: text/plain; charset=utf-8",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text


def lay(server: Dovecot, user: str, mails: Sequence[bytes]) -> None:
    """Into the mailbox of a user, and looked at once, so that the server knows them all before anybody measures."""
    look(server, user)
    box = server.folder / "mail" / user
    owner = box.stat()
    for n, raw in enumerate(mails):
        path = box / "new" / f"17000{n:05}.M{n}.bench"
        path.write_bytes(raw)
        shutil.chown(path, owner.st_uid, owner.st_gid)
    look(server, user)


def look(server: Dovecot, user: str) -> None:
    """Open a mailbox as another program would: the server lists what is new."""
    client = server.client(user)
    client.select("INBOX")
    client.uid("FETCH", "1:*", "(RFC822.SIZE)")
    client.logout()


def account(server: Dovecot, user: str, *, fetching: bool) -> tuple[UUID, UUID]:
    """An account and its folder, in the tenant one is inside."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run

    actor = system_actor("Bench")
    made = run(
        actor, "channels.account.create", name="Vertrieb", address=HOUSE, host="127.0.0.1", port=25, login=user,
        imap_host="127.0.0.1", imap_port=server.port, fetching=fetching,
    ).record  # fmt: skip
    run(actor, "channels.account.set_password", made.id, password=PASSWORD)
    folder = run(actor, "channels.folder.create", account=made.id, name="INBOX", level="all").record
    return made.id, folder.id


def people() -> None:
    """Who is known: seven of ten that write, with their firms."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many

    actor = system_actor("Bench")
    named = [Item(params={"name": f"Firma {n}"}) for n in range(FIRMS)]
    firms = [o.record.pk for o in run_many(actor, "contacts.organisation.create", named)]
    rows = (
        Item(params={
            "first_name": "Kunde", "last_name": f"Nummer {n}", "organisation": firms[n % FIRMS],
            "emails": [{"value": f"kunde{n}@firma{n % FIRMS}.example", "purpose": "work", "state": "ok"}],
        })
        for n in range(PEOPLE * 7 // 10)
    )  # fmt: skip
    list(run_many(actor, "contacts.person.create", rows))
