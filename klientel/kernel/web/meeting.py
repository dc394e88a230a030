"""Saving what somebody typed into an older version: put together by itself where it can be, else asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Done
from klientel.kernel.errors import Conflict
from klientel.kernel.history.meeting import Meeting, meet
from klientel.kernel.records import RecordType
from klientel.kernel.web import values
from klientel.kernel.web.fields import label_of

TRIES = 3  # somebody else may save between looking and saving


@dataclass
class Saved:
    """What became of it: done, perhaps beside what others did; or a conflict with both values."""

    refused: Conflict
    done: Done | None = None
    met: Meeting | None = None
    into: UUID | None = None  # what it became part of meanwhile

    def said(self) -> str:
        """For the message after it."""
        if self.into is not None and self.done is not None:
            return _("Saved in %(title)s, of which this has become a part.") % {"title": self.done.record.title}
        if self.met is None or not self.met.who:
            return _("Saved.")
        return _("Saved, beside what %(who)s changed meanwhile.") % {"who": ", ".join(self.met.who)}


def save(request: Any, rtype: RecordType, record_id: UUID, version: int | None, params: dict[str, Any]) -> Saved:
    """Change the record; where it is of another version by now, only the fields that this person changed.

    Raises :class:`Refused` for everything but that conflict.
    """
    try:
        done = actions.run(
            request.actor, f"{rtype.key}.change", record_id, version=version, scope=request.scope, **params
        )
        return Saved(Conflict("changed_since", ""), done)
    except Conflict as no:
        if no.code != "changed_since" or version is None:
            raise
        stale = no
    return _beside(request, rtype, record_id, version, params, Saved(stale))


def save_or_lead_on(
    request: Any, rtype: RecordType, record_id: UUID, version: int | None, params: dict[str, Any]
) -> Saved:
    """As :func:`save`; what became part of another record meanwhile is saved there, in the same way."""
    try:
        return save(request, rtype, record_id, version, params)
    except Conflict as no:
        if no.code != "merged" or version is None:
            raise
        merged = Saved(no, into=UUID(no.details["into"]))
    return _beside(request, rtype, record_id, version, params, merged)


def _beside(
    request: Any, rtype: RecordType, record_id: UUID, version: int, params: dict[str, Any], saved: Saved
) -> Saved:
    """Save only the fields that this person changed, unless others changed the same ones."""
    scope, at = request.scope, saved.into or record_id
    for _n in range(TRIES):
        with tenancy.reading():
            saved.met = meet(scope, rtype, record_id, version, params, saved.into)
        if saved.met.clashes:
            break
        try:
            key, met = f"{rtype.key}.change", saved.met
            saved.done = actions.run(request.actor, key, at, version=met.version, scope=scope, **met.mine)
            break
        except Conflict as no:
            if no.code != "changed_since":
                raise
            saved.refused = no
    return saved


def drawn(scope: ActorScope, met: Meeting) -> list[dict[str, Any]]:
    """The clashes with their three values, as people read them."""
    with tenancy.reading():
        known = values.names_in(scope, [(c.kind, (c.original, c.mine, c.theirs)) for c in met.clashes])
        return [
            {
                "name": c.kind.name,
                "label": label_of(c.kind),
                "original": values.shown(c.kind, c.original, known),
                "mine": values.shown(c.kind, c.mine, known),
                "theirs": values.shown(c.kind, c.theirs, known),
            }
            for c in met.clashes
        ]
