"""Undoing the change set of merges: each is taken back as a whole, by the same rules as on the page."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel.actions.running import run
from klientel.kernel.errors import Refused
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.merge.models import Alias, Merge

EVERYTHING = {"*": "before"}


def take_back(
    actor: Actor, some: list[Event], choices: dict[UUID, str], change_set: UUID
) -> tuple[int, list[tuple[Event, Refused]]]:
    """Unmerge what these events of one change set tell of, as far as it still stands.

    ``choices`` says for a survivor whether values that changed since go back too (``restore``). Gives how many records
    stand on their own again, and what was refused, with its event.
    """
    told = {e.record_id: e for e in some}
    merges = list(Merge.objects.filter(change_set=some[0].change_set, survivor__in=list(told)).order_by("-at", "-pk"))
    standing: dict[UUID, list[UUID]] = {}
    for old in Alias.objects.filter(merge_id__in=[m.pk for m in merges]).order_by("pk"):
        standing.setdefault(old.merge_id, []).append(old.old_id)
    apart, refused = 0, []
    for merge in merges:
        losers = standing.get(merge.pk, [])
        restore = EVERYTHING if choices.get(merge.survivor) == "restore" else {}
        try:
            run(
                actor, f"{merge.record_type}.unmerge", merge.survivor, change_set=change_set, records=losers,
                restore=restore,
            )  # fmt: skip
        except Refused as no:
            refused.append((told[merge.survivor], no))
        else:
            apart += len(losers)
    return apart, refused
