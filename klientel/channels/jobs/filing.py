"""Lays what was sent into the sent folder of the mailbox, so that other mail programs show it too."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from klientel.channels.egress import open_box
from klientel.channels.models import Account, Folder
from klientel.channels.queries import accounts
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.jobs import defer, job
from klientel.kernel.tenancy import current, writing
from klientel.lib.mails.headers import message_id


def file_away(account: UUID, message: bytes) -> None:
    """Have the bytes of a mail that was handed over laid into the sent folder. Not done, nothing is lost."""
    try:
        kept = keeping.keep(current(), [message], "mail.eml")
    except Refused:
        return
    with writing():
        defer(append, tenant=current(), account=account, place=kept.place)


@job(outward=True, tries=6)
def append(*, account: UUID, place: str) -> None:
    """Lay it there, unless it is there already; the bytes go afterwards, at the latest when orphans are swept."""
    path = keeping.path_of(current(), place)
    with writing():
        found = Account.objects.filter(pk=account, archived_at=None, fetching=True).first()
        folder = Folder.objects.filter(account=account, direction="out", archived_at=None).order_by("pk").first()
    if found is not None and folder is not None and path.is_file():
        message = path.read_bytes()
        box = open_box(accounts.mailbox_of(found, *accounts.signing_in(found)))
        try:
            box.open(folder.name)
            if not box.uids(f'HEADER Message-ID "<{message_id(message)}>"'):
                box.append(folder.name, message, timezone.now())
        finally:
            box.close()
    keeping.drop(current(), place)
