"""What else an import would set off, told before it is carried out: events, what reacts to them, consent.

Engines above say what they would do with ``@follows``: automation which workflows would begin and for how many
records, consent which addresses would stay barred. Until they exist, the events themselves are told.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from klientel.kernel.actions.declaring import get
from klientel.kernel.records import type_of
from klientel.kernel.transfer.models import ImportRun
from klientel.kernel.transfer.options import Options

#: event kind -> how many, for an import; sentences
Telling = Callable[[ImportRun, dict[str, int]], list[str]]
_tellers: list[Telling] = []


def follows(teller: Telling) -> Telling:
    """Declare who tells what would follow from an import; called in a reading transaction, once per page."""
    _tellers.append(teller)
    return teller


def events_of(run: ImportRun) -> dict[str, int]:
    """The events that carrying the import out would write: kind -> how many."""
    found = {f"{run.record_type}.create": run.counts.get("new", 0)}
    found[f"{run.record_type}.change"] = run.counts.get("updated", 0)
    for key, n in run.preview.get("made", {}).items():
        found[f"{key}.create"] = found.get(f"{key}.create", 0) + n
    return {kind: n for kind, n in found.items() if n}


def told(run: ImportRun) -> list[str]:
    """What would follow, as sentences; nothing follows from what is muted but the events themselves."""
    kinds = events_of(run)
    lines = [
        _("%(n)d × %(type)s: %(what)s")
        % {"n": n, "type": type_of(kind.rpartition(".")[0]).label, "what": str(get(kind).label)}
        for kind, n in kinds.items()
    ]
    if Options.of(run.options).mute:
        return [*lines, _("Automation is muted: nothing reacts to these events.")]
    return [*lines, *(line for teller in _tellers for line in teller(run, kinds))]
