"""Fetches mail: one job for each account, a turn at a time. Bytes are stored before anything reads them.

What was fetched and how far are committed together, so that a kill at any moment repeats a batch at most, and the
UNIQUE of account, folder, UIDVALIDITY and UID keeps one row of each message.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from klientel.channels.egress import Blocked, Box, Failure, Message, Place, open_box
from klientel.channels.jobs import listening
from klientel.channels.jobs.reading import read_mail
from klientel.channels.models import Position
from klientel.channels.queries import accounts, mailboxes
from klientel.channels.queries.mailboxes import Kept
from klientel.kernel.errors import Refused
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.files import keeping
from klientel.kernel.identity.sealing import Unreadable
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import staying
from klientel.kernel.tenancy import current, writing
from klientel.lib.mails.headers import message_id

BATCH, WEIGHT = 200, 8 * 2**20  # messages and bytes that are fetched and committed together
TURN = 20.0  # seconds after which a job makes room for other accounts
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


@on_wake(mailboxes.QUEUE)
def look() -> None:
    """Give each account whose mailbox is due a job; wake up again for the next one."""
    due, following = mailboxes.take_due()
    for account in due:
        defer(fetch, tenant=current(), account=account, once=str(account))
    if following is not None:
        wake(current(), mailboxes.QUEUE, max(following, timezone.now()))


@sweep("mailboxes")
def keep_looking() -> None:
    """Should a wake row have been lost, mail is fetched all the same; what was being read is read again."""
    wake(current(), mailboxes.QUEUE)


@job(outward=True, tries=2)
def fetch(*, account: UUID) -> None:
    """Look into one mailbox and keep what is new."""
    with writing():
        found, folders = mailboxes.mailbox(account)
    if found is None:
        return
    trouble = ""
    try:
        more = _Fetching(found).work(folders)
    except (Blocked, Unreadable) as no:
        trouble = str(getattr(no, "message", no))
    except Failure as failure:
        trouble = mailboxes.sentence(failure)
    except Refused as no:  # the store takes nothing at present
        trouble = str(no.message)
    with writing():
        if trouble:
            wake(current(), mailboxes.QUEUE, mailboxes.went_wrong(account, trouble))
        elif more:
            mailboxes.due_now(account)
        else:
            mailboxes.went_well(account)
        defer(read_mail, tenant=current(), account=account, once=str(account))


@listening.ears.on_news
def look_now(account: UUID) -> None:
    """The server told of news: fetch it."""
    with writing():
        defer(fetch, tenant=current(), account=account, once=str(account))


class _Fetching:
    """One turn through the folders of an account, over one connection."""

    def __init__(self, account: Any) -> None:
        self.account, self.until = account, time.monotonic() + TURN

    def work(self, folders: list[tuple[Any, Any]]) -> bool:
        """Every folder; whether there is more when the turn is over.

        The first folder of received mail comes last: it stays open, and the server tells of news in it.
        """
        place, box = self._opened()
        more = trouble = False
        try:
            listened = next((one for one in folders if one[0].direction == "in"), None)
            for one in [*(other for other in folders if other is not listened), *([listened] if listened else ())]:
                ended, trouble = self._one(box, *one)
                more = more or ended
        except BaseException:
            box.close()
            raise
        if staying.is_set() and listened and not more and not trouble:
            listening.ears.keep(self.account.pk, place, box)
        else:
            box.close()
        return more

    def _opened(self, *, withdrawn: bool = False) -> tuple[Place, Box]:
        """The connection that was left open, else a new one; with a new token where the one we have was withdrawn."""
        place = accounts.mailbox_of(self.account, *accounts.signing_in(self.account))
        try:
            return place, listening.ears.taken(self.account.pk, place) or open_box(place)
        except Failure as failure:
            if withdrawn or failure.stage != "login" or not place.token:
                raise
        accounts.forget_access(self.account.pk)
        return self._opened(withdrawn=True)

    def _one(self, box: Box, folder: Any, position: Any) -> tuple[bool, bool]:
        """Whether there is more in a folder, and whether it failed: that keeps no other from being read."""
        more, trouble = False, ""
        try:
            more = self._folder(box, folder, position)
        except Failure as failure:
            if failure.stage != "folder":
                raise
            trouble = mailboxes.sentence(failure)
        if trouble != position.trouble:
            _note(folder, trouble=trouble)
        return more, bool(trouble)

    def _folder(self, box: Box, folder: Any, position: Any) -> bool:
        standing = box.open(folder.name)
        same = standing.uidvalidity == position.uidvalidity
        after = position.last_uid if same else 0
        if standing.total and (not same or standing.uidnext > after + 1 or not standing.uidnext):
            found = box.uids(f"UID {after + 1}:*{_since(folder)}")
            if self._take(box, folder, standing.uidvalidity, [uid for uid in found if uid > after]):
                return True
        return self._compare(box, folder, standing)

    def _take(self, box: Box, folder: Any, uidvalidity: int, uids: list[int], *, move: bool = True) -> bool:
        """Fetch and keep in batches; whether the turn ended before everything was here."""
        sizes: dict[int, int] = {}
        for start in range(0, len(uids), BATCH * 10):
            sizes |= box.sizes(uids[start : start + BATCH * 10])
        for batch in _batches(uids, sizes):
            breathe()
            if time.monotonic() > self.until:
                return True
            found = self._kept(box, folder, batch, sizes)
            with writing():
                mailboxes.store(folder, uidvalidity, found, batch[-1] if move else 0)
                defer(read_mail, tenant=current(), account=self.account.pk, once=str(self.account.pk))
        return False

    def _kept(self, box: Box, folder: Any, batch: list[int], sizes: dict[int, int]) -> list[Kept]:
        """Bytes into the store; of what is too large, its header only."""
        large = {uid for uid in batch if sizes.get(uid, 0) > keeping.most()}
        found = box.fetch([uid for uid in batch if uid not in large], headers_only=folder.level == "subject")
        heads = kept(box.fetch(sorted(large), headers_only=True))
        return [
            *kept(found),
            *(replace(one, size=sizes[one.uid], state="quarantined", reason="too_large") for one in heads),
        ]

    def _compare(self, box: Box, folder: Any, standing: Any) -> bool:
        """Whether everything that is on the server is here; what is missing is fetched, whatever the reason."""
        with writing():
            here = mailboxes.alive(folder)
            position = Position.objects.get(folder_id=folder.pk)
        if here + position.older == standing.total and not position.missing and position.compared_at:
            _note(folder, total=standing.total, compared_at=timezone.now())
            return False
        everything = set(box.uids("ALL"))
        wanted = set(box.uids(_since(folder).strip())) if folder.since else everything
        with writing():
            known = mailboxes.known_uids(folder, standing.uidvalidity)
        ended = self._take(box, folder, standing.uidvalidity, sorted(wanted - known), move=False)
        with writing():
            known = mailboxes.known_uids(folder, standing.uidvalidity)
            mailboxes.note_gone(folder, standing.uidvalidity, everything)
        _note(
            folder, total=len(everything), older=len(everything - wanted - known), missing=len(wanted - known),
            compared_at=timezone.now(),
        )  # fmt: skip
        return ended


def _note(folder: Any, **facts: Any) -> None:
    with writing():
        mailboxes.note(folder.pk, **facts)


def _since(folder: Any) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    day = folder.since
    return f" SINCE {day.day}-{months[day.month - 1]}-{day.year}" if day else ""


def _batches(uids: list[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    batch: list[int] = []
    weight = 0
    for uid in uids:
        if batch and (len(batch) == BATCH or weight + sizes.get(uid, 0) > WEIGHT):
            yield batch
            batch, weight = [], 0
        batch.append(uid)
        weight += min(sizes.get(uid, 0), WEIGHT)
    if batch:
        yield batch


def kept(found: Sequence[Message]) -> list[Kept]:
    """What is written down of messages, whose bytes then lie in the store."""
    places = keeping.keep_all(current(), [one.raw for one in found])
    return [_described(one, place) for one, place in zip(found, places, strict=True)]


def _described(one: Message, place: str) -> Kept:
    head = _END_OF_HEADERS.split(one.raw[: 256 * 1024], maxsplit=1)[0]
    key = mailboxes.key_of(message_id(head))
    return Kept(one.uid, one.received, len(one.raw), place, hashlib.sha256(one.raw).hexdigest(), key)
