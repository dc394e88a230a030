"""What a page of a form carries so that a bot has it hard: a signed time, a number used once, a small piece of work.

Nobody else is asked for anything, and nothing is stored with whoever looks at the page.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.db import connection

from klientel.kernel import writing
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

SALT = "klientel.form"
QUICKEST = 2  # seconds in which nobody fills in a form
OLDEST = 24 * 3600
BITS = 14  # of zero at the head of the hash: some 16,000 tries, a second of a phone
TRAP = "website_confirm"  # a field that people do not see
#: how often a network may send in a slice of seconds: with the work done, and without
WITH_WORK, WITHOUT_WORK, CONFIRM = ("worked", 60, 600), ("plain", 15, 600), ("confirm", 30, 600)
MAILS_A_DAY = 3  # confirmations to one address


@dataclass(frozen=True)
class Ticket:
    """What the page of a form was given along: of which form and version, when, and a number used once."""

    form: UUID
    version: int
    nonce: str
    at: int

    @property
    def age(self) -> float:
        """Seconds since the page was drawn."""
        return time.time() - self.at


def issue(form: UUID, version: int) -> tuple[str, Ticket]:
    """The text that a page carries, and what it says."""
    made = Ticket(form, version, secrets.token_hex(16), int(time.time()))
    return signing.dumps([made.form.hex, made.version, made.nonce, made.at], salt=SALT), made


def read(text: str, form: UUID) -> Ticket | None:
    """What a page of this form was given; nothing where it was altered, made up, or of another form."""
    try:
        found = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    made = Ticket(UUID(found[0]), found[1], found[2], found[3])
    return made if made.form == form else None


def worked(ticket: Ticket, answer: str) -> bool:
    """Whether the small piece of work was done: a number that makes the hash begin with zeros (Hashcash)."""
    if not (answer.isascii() and answer.isdigit() and len(answer) <= 12):
        return False
    found = hashlib.sha256(f"{ticket.nonce}:{answer}".encode()).digest()
    return int.from_bytes(found[:4], "big") >> (32 - BITS) == 0


def intake_of(ticket: Ticket | None, form: UUID, network: str, said: str) -> str:
    """By what a sending is known when it comes again: the number of its page, else the same words of the same hour."""
    if ticket is not None:
        return ticket.nonce
    hour = int(time.time() // 3600)
    return hashlib.sha256(f"{form}\n{network}\n{hour}\n{said}".encode()).hexdigest()[:40]


_COUNT = """
INSERT INTO channels_pace AS p (id, tenant_id, what, who, slice, n)
VALUES (%s, %s, %s, %s, to_timestamp(floor(extract(epoch FROM statement_timestamp()) / %s) * %s), 1)
ON CONFLICT (tenant_id, what, who, slice) DO UPDATE SET n = p.n + 1 RETURNING p.n
"""


def may_come(what: tuple[str, int, int], who: str) -> bool:
    """Count one coming of a network, over all processes; whether it came no more often than it may."""
    name, most, seconds = what
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_COUNT, [uuid7(), current(), name, who, seconds, seconds])
        return bool(cursor.fetchone()[0] <= most)


def forget_old() -> None:
    """Slices of yesterday count no more."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM channels_pace WHERE tenant_id = %s AND slice < statement_timestamp() - interval '1 day'",
            [current()],
        )
