"""Reads what was fetched, in a process of its own, and lays it where it belongs; what cannot be read is set apart.

A piece of messages is claimed, read, and settled in one transaction with the mails that it becomes, while the next
piece is being read. A kill at any moment leaves messages waiting; what was claimed before is read alone, and set apart
after some times, so that no mail stops the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from klientel.channels.jobs import arriving, handing
from klientel.channels.models import Account, Folder
from klientel.channels.queries import landing, mailboxes
from klientel.channels.queries.mailboxes import Claimed, Outcome
from klientel.channels.queries.surroundings import letter
from klientel.kernel.files import keeping
from klientel.kernel.jobs import breathe, defer, job
from klientel.kernel.jobs.turn import Turn
from klientel.kernel.tenancy import alone, current, writing
from klientel.kernel.transfer.calm import calm
from klientel.lib.mails.apart import Reader

PIECE, WEIGHT = 200, 8 * 2**20  # messages and bytes that are read and settled together
TRIES = 5

Told = list[dict[str, Any]]
Pairs = Sequence[tuple[Claimed, Path | bytes | None]]  # messages with their bytes, or where these lie

_spare: list[Reader] = []  # of jobs that made room and come back, or made ready for one that is about to


def make_ready() -> None:
    """Much mail is about to be read: have a reader begin to start."""
    if not _spare:
        one = Reader()
        one.begin()
        _spare.append(one)


@job(tries=3)
def read_mail(*, account: UUID) -> None:
    """Read everything of an account that waits. Where this process does so already, that job goes on with it: two would
    only wait for each other."""
    if not handing.begin(account):
        return
    reader, more = _spare.pop() if _spare else Reader(), False
    try:
        with ThreadPoolExecutor(1, "reading") as beside:
            more = _Reading(account, reader, beside).work(Turn(account))
    finally:
        _spare.append(reader) if more else reader.close()
        asked_again, left = handing.end(account)
        if left:
            with writing():
                mailboxes.release([row.pk for row, _raw in left])
    if more or asked_again or left:
        with writing():
            defer(read_mail, tenant=current(), account=account, once=str(account))


class _Reading:
    """One turn: a piece is settled while the next one is read beside."""

    def __init__(self, account: UUID, reader: Reader, beside: ThreadPoolExecutor) -> None:
        self.account, self.reader, self.beside = account, reader, beside
        self.claimed: set[UUID] = set()  # and not settled
        self.emptied = False  # nothing waited in the database when it was asked last

    def work(self, turn: Turn) -> bool:
        """Until nothing waits, or the turn is over: then there is more."""
        try:
            ended, coming = False, self._next()
            with calm() if coming is not None and len(coming[0]) >= PIECE else nullcontext():
                while coming is not None:
                    rows, read = coming
                    ended = turn.over()
                    coming = None if ended else self._next()
                    self._settle(rows, read.result())
                    breathe()
                    coming = coming or (None if ended else self._next())
            return ended
        finally:
            if self.claimed:
                with writing():
                    mailboxes.release(list(self.claimed))

    def _next(self) -> tuple[list[Claimed], Future[Told]] | None:
        """A piece that begins to be read: what waits in the database, then what is handed over as it comes."""
        emptied = self.emptied
        pairs = (None if emptied else self._claim()) or handing.taken(self.account)
        pairs = self._claim() if emptied and not pairs else pairs
        if not pairs:
            return None
        self.claimed |= {row.pk for row, _raw in pairs}
        return [row for row, _raw in pairs], self.beside.submit(_read, self.reader, pairs)

    def _claim(self) -> Pairs:
        with writing():
            rows = mailboxes.claim(self.account, PIECE, WEIGHT)
        self.emptied = not rows
        return [(row, keeping.path_of(row.tenant_id, row.place) if row.place else None) for row in rows]

    def _settle(self, rows: list[Claimed], told: Told) -> None:
        with writing():
            alone("mail")  # answers find what they answer, and nothing comes twice
            account = Account.objects.filter(pk=self.account).first()
            waiting = mailboxes.held([row.pk for row in rows])
            pairs = [(row, one) for row, one in zip(rows, told, strict=True) if row.pk in waiting]
            mailboxes.settle(_settled(pairs, account) if account is not None else {})
        self.claimed -= {row.pk for row in rows}


def _read(reader: Reader, pairs: Pairs) -> Told:
    """What messages say, or why nobody knows; touches no database. Of each its bytes, or where they lie."""
    found: dict[int, dict[str, Any]] = {}
    todo: dict[int, bytes] = {}
    for n, (row, given) in enumerate(pairs):
        stored = given.read_bytes() if isinstance(given, Path) and given.is_file() else b""
        raw = given if isinstance(given, bytes) else stored
        if row.tries > TRIES:
            found[n] = {"code": "mail.damaged"}
        elif raw is stored and hashlib.sha256(raw).hexdigest() != row.digest:
            found[n] = {"code": "mail.not_stored"}
        else:
            todo[n] = raw
    found |= dict(zip(todo, reader.read_all(list(todo.values())), strict=True))
    return [found[n] for n in range(len(pairs))]


def _settled(pairs: list[tuple[Claimed, dict[str, Any]]], account: Any) -> dict[UUID, Outcome]:
    """Messages become mails, or are set apart with the reason."""
    folders = {f.pk: f for f in Folder.objects.filter(account=account.pk)}
    own = landing.own_addresses()
    outcomes: dict[UUID, Outcome] = {}
    letters = []
    for row, told in pairs:
        if "code" in told or row.folder_id not in folders:
            code = str(told.get("code", "mail.damaged"))
            outcomes[row.pk] = ("quarantined", None, code.removeprefix("mail."))
        else:
            letters.append(letter(row, told, account, folders[row.folder_id], own))
    return outcomes | (arriving.arrive(letters, account, own) if letters else {})
