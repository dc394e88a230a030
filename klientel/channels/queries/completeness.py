"""Whether everything that is on the server is here: counts for each folder, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.channels.models import Fetched, Folder, Mailbox, Position
from klientel.channels.queries.mailboxes import folders_of
from klientel.kernel import writing
from klientel.kernel.tenancy import current

SHOWN = 20  # messages that were set apart, of each account

_COUNTS = """
SELECT folder_id, CASE WHEN gone THEN 'gone' ELSE state END, count(*) FROM channels_fetched
WHERE tenant_id = %s AND account_id = ANY(%s) GROUP BY 1, 2
"""


@dataclass
class FolderCount:
    """A folder with what is on the server and what became of it here."""

    folder: Any
    position: Any
    states: dict[str, int] = field(default_factory=dict)

    @property
    def here(self) -> int:
        """How many of the messages on the server are here."""
        return sum(n for state, n in self.states.items() if state != "gone")

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: compared with the server, all read, none set apart."""
        found = self.position
        if self.folder.level == "nothing":
            return True
        if found is None or found.compared_at is None or found.trouble or found.missing:
            return False
        open_ = self.states.get("waiting", 0) + self.states.get("quarantined", 0)
        return bool(not open_ and self.here + found.older >= found.total)


@dataclass
class Standing:
    """An account's mailbox: how fetching goes, its folders, what was set apart."""

    account: Any
    mailbox: Any
    folders: list[FolderCount]
    apart: list[Any]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing in any folder and fetching works."""
        works = self.mailbox is not None and not self.mailbox.trouble and self.mailbox.fetched_at is not None
        return works and bool(self.folders) and all(one.complete for one in self.folders)


def standings(accounts: Sequence[Any]) -> list[Standing]:
    """How these accounts stand; a fixed number of statements for any number of them."""
    ids = [one.pk for one in accounts]
    boxes = {m.account_id: m for m in Mailbox.objects.filter(account_id__in=ids)}
    folders = folders_of(accounts)
    positions = {p.folder_id: p for p in Position.objects.filter(folder_id__in=[f.pk for f in folders])}
    states: dict[UUID, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [current(), ids])
        for folder, state, n in cursor.fetchall():
            states.setdefault(folder, {})[state] = n
    apart = Fetched.objects.filter(account_id__in=ids, state="quarantined").order_by("-pk")[: SHOWN * len(ids)]
    apart_of: dict[UUID, list[Any]] = {}
    for row in apart:
        apart_of.setdefault(row.account_id, []).append(row)
    return [
        Standing(
            one,
            boxes.get(one.pk),
            [FolderCount(f, positions.get(f.pk), states.get(f.pk, {})) for f in folders if f.account == one.pk],
            apart_of.get(one.pk, [])[:SHOWN],
        )
        for one in accounts
    ]


def compare_anew(account: UUID) -> None:
    """Have every folder of an account compared with the server, message by message, the next time it is fetched."""
    folders = Folder.objects.filter(account=account).values("pk")
    with writing.door():
        Position.objects.filter(folder_id__in=folders).update(compared_at=None)
