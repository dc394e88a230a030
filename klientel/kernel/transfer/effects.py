"""What else an import would set off, told before it is carried out: events, what reacts to them, consent.

While rows are tried out, their events stand in the database until they are taken back: that is when engines above are
asked what each row would set off (:func:`follows`). It is kept with the row and added up with the import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from klientel.kernel import events
from klientel.kernel.actions.declaring import get
from klientel.kernel.events import Event
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.transfer.models import ImportRun
from klientel.kernel.transfer.options import Options


@dataclass(frozen=True)
class Teller:
    """An engine that reacts to events, under a ``key`` of its own.

    ``foresees`` says, inside the transaction that is taken back, what events of a chunk would set off: record -> short
    texts without a comma. ``phrases`` puts such texts into words. ``general`` are sentences about an import as such, by
    its kinds of events and how many there are.
    """

    key: str
    foresees: Callable[[list[Event]], dict[UUID, set[str]]]
    phrases: Callable[[Collection[str]], dict[str, str]]
    general: Callable[[dict[str, int]], list[str]] = lambda _kinds: []


_tellers: dict[str, Teller] = {}


def follows(teller: Teller) -> None:
    """Declare who tells what would follow from an import."""
    _tellers[teller.key] = teller


def foresee(change_set: UUID, since: UUID, results: Iterable[Any]) -> None:
    """Note with each result what its row would set off; ``since`` is an id from before the chunk."""
    found: dict[UUID, set[str]] = {}
    some = events.read(Sql("e.change_set = %s AND e.id > %s", (change_set, since)))
    for teller in _tellers.values():
        for record, whats in teller.foresees(some).items():
            found.setdefault(record, set()).update(f"{teller.key}:{what}" for what in whats)
    for result in results:
        if result.state in ("new", "updated"):
            result.follows = sorted(found.pop(result.record, ()))


def count(rows: Iterable[Any]) -> Counter[str]:
    """How many rows would set off what."""
    return Counter(one for row in rows for one in row.follows)


def phrases(found: Iterable[str]) -> dict[str, str]:
    """What would be set off, in words."""
    by_key: dict[str, set[str]] = {}
    for one in found:
        key, _colon, what = one.partition(":")
        by_key.setdefault(key, set()).add(what)
    return {
        f"{key}:{what}": phrase
        for key, whats in by_key.items() if key in _tellers
        for what, phrase in _tellers[key].phrases(whats).items()
    }  # fmt: skip


def events_of(run: ImportRun) -> dict[str, int]:
    """The events that carrying the import out would write: kind -> how many."""
    found = {f"{run.record_type}.create": run.counts.get("new", 0)}
    found[f"{run.record_type}.change"] = run.counts.get("updated", 0)
    for key, n in run.preview.get("made", {}).items():
        found[f"{key}.create"] = found.get(f"{key}.create", 0) + n
    return {kind: n for kind, n in found.items() if n}


def told(run: ImportRun) -> list[str]:
    """What would follow, as sentences; no automation follows from what is muted."""
    kinds, counts = events_of(run), run.preview.get("follows", {})
    lines = [
        _("%(n)d × %(type)s: %(what)s")
        % {"n": n, "type": type_of(kind.rpartition(".")[0]).label, "what": str(get(kind).label)}
        for kind, n in kinds.items()
    ]
    if Options.of(run.options).mute:
        lines.append(_("Automation is muted: nothing reacts to these events."))
    said = sorted(phrases(counts).items(), key=itemgetter(1))
    lines += [_("%(n)d × %(what)s") % {"n": counts[one], "what": phrase} for one, phrase in said]
    return [*lines, *(line for teller in _tellers.values() for line in teller.general(kinds))]
