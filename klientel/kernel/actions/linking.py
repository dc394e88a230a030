"""New links are checked before they are written: each leads to a record that is there and that the actor may see.

A link to a record that became part of another one leads to that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions.draft import Draft
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Links
from klientel.kernel.records import aliases, type_of


def check_links(scope: ActorScope, drafts: list[Draft]) -> dict[int, Refused]:
    """Refusals, by item, of links to what is not there or not visible: one statement per target type.

    What is linked is held, as foreign keys hold it: a merge of it waits until the link is there and moves it.
    """
    new = {d.record.id for d in drafts if d.new}
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for draft in drafts:
        for _field, to, record_id in draft.links:
            if record_id not in new:
                wanted[to].add(record_id)
    if not wanted:
        return {}
    seen = {i: gone for to, ids in wanted.items() for i, gone in _existing(scope, to, ids).items()}
    found = new | {i for i, gone in seen.items() if not gone}
    doubtful = {i for ids in wanted.values() for i in ids} - found
    if doubtful:
        found |= seen.keys() | _led_on(scope, drafts, doubtful)
    refusals: dict[int, Refused] = {}
    for draft in drafts:
        for name, _to, record_id in draft.links:
            if record_id not in found:
                refusals[draft.item] = Refused(
                    "not_a_record", _("There is no such record, or you may not see it."), name
                )
    return refusals


def _existing(scope: ActorScope, to: str, ids: set[UUID]) -> dict[UUID, bool]:
    if to == "kernel.user":
        return dict.fromkeys(ids, False)  # set by the kernel itself only
    if to != "*":
        return reading.seen_ids(scope, type_of(to), ids, hold=True)
    by_type: dict[str, list[UUID]] = defaultdict(list)
    for record_id, key in reading.types_of(ids).items():
        by_type[key].append(record_id)

    def held(key: str, some: list[UUID]) -> Iterable[tuple[UUID, bool]]:
        return reading.seen_ids(scope, type_of(key), some, hold=True).items()

    return {i: g for key, some in by_type.items() for i, g in held(key, some)}


def _led_on(scope: ActorScope, drafts: list[Draft], ids: set[UUID]) -> set[UUID]:
    """Let links to old ids lead to what these stand for, as far as the actor may see it; those records."""
    now, targets = aliases.survivors(ids), set[UUID]()
    while now:
        held = _existing(scope, "*", set(now.values()))
        targets = {t for t, gone in held.items() if not gone}
        before, now = now, aliases.survivors(ids)  # one of them may have become part of another while it was waited for
        if now == before:
            break
    if not targets:
        return set()
    for draft in drafts:
        for name in dict.fromkeys(field for field, _to, i in draft.links if now.get(i) in targets):
            kind, value = draft.rtype.fields[name], draft.rtype.value(draft.record, name)
            led = (
                list(dict.fromkeys(now.get(v, v) for v in value)) if isinstance(kind, Links) else now.get(value, value)
            )
            draft.rtype.put(draft.record, name, led)
            draft.changes[name] = [draft.changes[name][0], kind.plain(led)]
        draft.links = [(f, to, now[i] if now.get(i) in targets else i) for f, to, i in draft.links]
    return targets
