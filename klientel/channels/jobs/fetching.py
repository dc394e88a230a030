"""Fetches mail: one job for each account, a turn at a time. Bytes are stored before anything reads them.

What was fetched and how far are committed together, so that a kill at any moment repeats a batch at most, and the
UNIQUE of account, folder, UIDVALIDITY and UID keeps one row of each message.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import replace
from threading import Thread
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection
from django.utils import timezone

from klientel.channels.egress import Blocked, Box, Failure, Message, Place, open_box
from klientel.channels.jobs import handing, listening, reading
from klientel.channels.jobs.reading import read_mail
from klientel.channels.models import Position
from klientel.channels.models.saying import said
from klientel.channels.queries import accounts, mailboxes
from klientel.channels.queries.mailboxes import Kept
from klientel.kernel.errors import Refused
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.files import keeping
from klientel.kernel.identity.sealing import Unreadable
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import staying
from klientel.kernel.jobs.turn import Turn
from klientel.kernel.tenancy import current, writing
from klientel.kernel.transfer.calm import calm

log = logging.getLogger("klientel.mail")

MANY = 500  # messages from which a fetch counts as filling tables
BATCH, WEIGHT = 200, 8 * 2**20  # messages and bytes that are fetched and committed together; of many, twice as many


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
        trouble = said(no)
    except Failure as failure:
        trouble = said(mailboxes.sentence(failure))
    except Refused as no:  # the store takes nothing at present
        trouble = said(no)
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
        self.account, self.turn = account, Turn(account.pk)

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
            others = [folder.name for folder, _position in folders if folder is not listened[0]]
            listening.ears.keep(self.account.pk, place, box, others)
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
            trouble = said(mailboxes.sentence(failure))
        if trouble != position.trouble:
            _note(folder, trouble=trouble)
        return more, bool(trouble)

    def _folder(self, box: Box, folder: Any, position: Any) -> bool:
        standing = box.open(folder.name)
        same = standing.uidvalidity == position.uidvalidity
        after = position.last_uid if same else 0
        if standing.total and (not same or standing.uidnext > after + 1 or not standing.uidnext):
            found = box.uids(f"UID {after + 1}:*{_since(folder)}")
            if self._take(box, folder, standing.uidvalidity, [uid for uid in found if uid > after], first=not after):
                return True
        return self._compare(box, folder, standing)

    def _take(
        self, box: Box, folder: Any, uidvalidity: int, uids: list[int], *, move: bool = True, first: bool = False
    ) -> bool:
        """Fetch and keep in batches; whether the turn ended before everything was here."""
        many = len(uids) >= MANY
        if first and many:
            reading.make_ready()
        with calm() if many else nullcontext():
            for n, (batch, sizes) in enumerate(_batches(box, uids, 2 * BATCH if many else BATCH)):
                breathe()
                if first and many and n == 1:
                    Thread(target=copy_context().run, args=(_tell_planner,), daemon=True).start()
                if n and self.turn.over():
                    return True
                found = self._kept(box, folder, batch, sizes)
                self._store(folder, uidvalidity, found, batch[-1] if move else 0)
        return False

    def _store(self, folder: Any, uidvalidity: int, found: list[Kept], last: int) -> None:
        """Write a batch down; whoever reads the account in this process is handed it, else somebody is asked to."""
        account = self.account.pk
        leased = handing.has_room(account, self.turn.over)
        with writing():
            pairs = mailboxes.store(folder, uidvalidity, found, last, leased=leased)
            if not leased:
                defer(read_mail, tenant=current(), account=account, once=str(account))
        if pairs and not handing.give(account, pairs):
            with writing():
                mailboxes.release([row.pk for row, _raw in pairs])

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


def _batches(box: Box, uids: list[int], most: int) -> Iterator[tuple[list[int], dict[int, int]]]:
    """What is fetched together, with the size of each."""
    for start in range(0, len(uids), 6 * BATCH):
        some = uids[start : start + 6 * BATCH]
        sizes = box.sizes(some)
        batch: list[int] = []
        weight = 0
        for uid in some:
            if batch and (len(batch) == most or weight + sizes.get(uid, 0) > WEIGHT):
                yield batch, sizes
                batch, weight = [], 0
            batch.append(uid)
            weight += min(sizes.get(uid, 0), WEIGHT)
        yield batch, sizes


def _tell_planner() -> None:
    """Beside the fetch: it may take half a second, and mail goes on coming."""
    try:
        mailboxes.begin_many()
    except DatabaseError as error:  # it finds out later
        log.warning("the planner was not told of much mail", exc_info=error)
    finally:
        connection.close()


def kept(found: Sequence[Message]) -> list[Kept]:
    """What is written down of messages, whose bytes then lie in the store."""
    places = keeping.keep_all(current(), [one.raw for one in found])
    return [_described(one, place) for one, place in zip(found, places, strict=True)]


def _described(one: Message, place: str) -> Kept:
    return Kept(one.uid, one.received, len(one.raw), place, hashlib.sha256(one.raw).hexdigest(), raw=one.raw)
