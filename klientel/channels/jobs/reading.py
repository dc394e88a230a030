"""Reads what was fetched, in a process of its own, and lays it where it belongs; what cannot be read is set apart.

A row is claimed, read, and settled in one transaction with the mail that it becomes: a kill at any moment leaves it
waiting; what was tried before is read alone, and set apart after three times, so that no mail stops the others.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from klientel.channels.jobs import arriving
from klientel.channels.models import Account, Folder
from klientel.channels.queries import landing, mailboxes
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.jobs import breathe, defer, job
from klientel.kernel.tenancy import alone, current, writing
from klientel.lib.mails.apart import Reader

PIECE = 25  # read and settled together
TRIES = 3
TURN = 40  # pieces, after which a job makes room for other accounts


@job(tries=3)
def read_mail(*, account: UUID) -> None:
    """Read everything of an account that waits."""
    with Reader() as reader:
        for _n in range(TURN):
            breathe()
            if not _piece(reader, account):
                return
    with writing():
        defer(read_mail, tenant=current(), account=account, once=str(account))


def _piece(reader: Reader, account: UUID) -> bool:
    """Read and settle some; false where nothing waits."""
    with writing():
        rows = mailboxes.claim(account, PIECE)
        found = Account.objects.filter(pk=account).first()
        folders = {f.pk: f for f in Folder.objects.filter(account=account)}
    if not rows or found is None:
        return False
    read = [(row, _read(reader, row)) for row in rows]
    with writing():
        alone("mail")  # answers find what they answer, and nothing comes twice
        waiting = mailboxes.held([row.pk for row in rows])
        own = landing.own_addresses()
        for row, told in read:
            if row.pk in waiting:
                _settle(row, told, found, folders.get(row.folder_id), own)
    return True


def _read(reader: Reader, row: Any) -> dict[str, Any]:
    """What a message says, or why nobody knows."""
    if row.tries > TRIES:
        return {"code": "mail.damaged"}
    path = keeping.path_of(row.tenant_id, row.place) if row.place else None
    raw = path.read_bytes() if path is not None and path.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != row.digest:
        return {"code": "mail.not_stored"}
    return reader.read(raw)


def _settle(row: Any, told: dict[str, Any], account: Any, folder: Any, own: set[str]) -> None:
    """One message becomes a mail, or is set apart with the reason."""
    if "code" in told or folder is None:
        code = str(told.get("code", "mail.damaged"))
        mailboxes.settle(row.pk, "quarantined", code.removeprefix("mail."))
        return
    try:
        state, mail, reason = arriving.arrive(row, told, account, folder, own)
    except Refused as no:
        mailboxes.settle(row.pk, "quarantined", no.code[:60])
        return
    mailboxes.settle(row.pk, state, reason, mail)
