"""Reads what was fetched, in a process of its own, and lays it where it belongs; what cannot be read is set apart.

A piece of messages is claimed, read, and settled in one transaction with the mails that it becomes, while the next
piece is being read. A kill at any moment leaves messages waiting; what was claimed before is read alone, and set apart
after some times, so that no mail stops the others.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

from klientel.channels.jobs import arriving
from klientel.channels.models import Account, Folder
from klientel.channels.queries import landing, mailboxes
from klientel.channels.queries.mailboxes import Outcome
from klientel.channels.queries.surroundings import letter
from klientel.kernel.files import keeping
from klientel.kernel.jobs import breathe, defer, job
from klientel.kernel.tenancy import alone, current, writing
from klientel.lib.mails.apart import Reader

PIECE, WEIGHT = 200, 8 * 2**20  # messages and bytes that are read and settled together
TRIES = 5
TURN = 20.0  # seconds after which a job makes room for other accounts

Told = list[dict[str, Any]]


@job(tries=3)
def read_mail(*, account: UUID) -> None:
    """Read everything of an account that waits."""
    with Reader() as reader, ThreadPoolExecutor(1, "reading") as beside:
        more = _Reading(account, reader, beside).work(time.monotonic() + TURN)
    if more:
        with writing():
            defer(read_mail, tenant=current(), account=account, once=str(account))


class _Reading:
    """One turn: a piece is settled while the next one is read beside."""

    def __init__(self, account: UUID, reader: Reader, beside: ThreadPoolExecutor) -> None:
        self.account, self.reader, self.beside = account, reader, beside
        self.claimed: set[UUID] = set()  # and not settled

    def work(self, until: float) -> bool:
        """Until nothing waits, or the turn is over: then there is more."""
        try:
            coming = self._next()
            while coming is not None:
                rows, read = coming
                coming = self._next() if time.monotonic() < until else None
                self._settle(rows, read.result())
                breathe()
            return time.monotonic() >= until
        finally:
            if self.claimed:
                with writing():
                    mailboxes.release(list(self.claimed))

    def _next(self) -> tuple[list[Any], Future[Told]] | None:
        """Claim a piece and begin to read it."""
        with writing():
            rows = mailboxes.claim(self.account, PIECE, WEIGHT)
        if not rows:
            return None
        self.claimed |= {row.pk for row in rows}
        paths = [keeping.path_of(row.tenant_id, row.place) if row.place else None for row in rows]
        return rows, self.beside.submit(_read, self.reader, rows, paths)

    def _settle(self, rows: list[Any], told: Told) -> None:
        with writing():
            alone("mail")  # answers find what they answer, and nothing comes twice
            account = Account.objects.filter(pk=self.account).first()
            waiting = mailboxes.held([row.pk for row in rows])
            pairs = [(row, one) for row, one in zip(rows, told, strict=True) if row.pk in waiting]
            mailboxes.settle(_settled(pairs, account) if account is not None else {})
        self.claimed -= {row.pk for row in rows}


def _read(reader: Reader, rows: Sequence[Any], paths: Sequence[Path | None]) -> Told:
    """What messages say, or why nobody knows; touches no database."""
    found: dict[int, dict[str, Any]] = {}
    todo: dict[int, bytes] = {}
    for n, (row, path) in enumerate(zip(rows, paths, strict=True)):
        raw = path.read_bytes() if path is not None and path.is_file() else b""
        if row.tries > TRIES:
            found[n] = {"code": "mail.damaged"}
        elif hashlib.sha256(raw).hexdigest() != row.digest:
            found[n] = {"code": "mail.not_stored"}
        else:
            todo[n] = raw
    found |= dict(zip(todo, reader.read_all(list(todo.values())), strict=True))
    return [found[n] for n in range(len(rows))]


def _settled(pairs: list[tuple[Any, dict[str, Any]]], account: Any) -> dict[UUID, Outcome]:
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
