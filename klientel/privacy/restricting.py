"""Restriction (Art. 18 GDPR): the record stays, but nobody finds it except those who look after data protection."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.actions import storing
from klientel.kernel.errors import Conflict, Refused
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import RecordType
from klientel.lib.ids import uuid7
from klientel.privacy.subject import for_privacy, subject

GROUNDS = (
    ("contested", _("accuracy is contested")),
    ("unlawful", _("processing is unlawful, but erasure is not wanted")),
    ("claims", _("needed for legal claims")),
    ("objection", _("objection is being examined")),
)


def restrict(actor: Actor, rtype: RecordType, record_id: UUID, ground: str) -> None:
    """Hide the person from lists, search, exports, automations and everybody without the right."""
    if ground not in dict(GROUNDS):
        raise Refused("not_a_choice", _("Please choose one of the given values."), "ground")
    with for_privacy(actor.tenant):
        record = subject(actor, rtype, record_id)
        if record.restricted:
            raise Conflict("restricted_already", _("This person is restricted already."))
        set_restricted(rtype, record.id, True)
        note(actor, "privacy.restricted", rtype, record.id, {"ground": ground})


def lift(actor: Actor, rtype: RecordType, record_id: UUID, told_on: dt.date) -> None:
    """End the restriction; the person has to be told before (Art. 18(3))."""
    if told_on is None or told_on > today():
        raise Refused("tell_first", _("Please tell the person first, and give the day on which you did."), "told_on")
    with for_privacy(actor.tenant):
        record = subject(actor, rtype, record_id)
        if not record.restricted:
            raise Conflict("not_restricted", _("This person is not restricted."))
        set_restricted(rtype, record.id, False)
        note(actor, "privacy.lifted", rtype, record.id, {"told_on": told_on.isoformat()})


def set_restricted(rtype: RecordType, record_id: UUID, restricted: bool) -> None:
    """Set the mark that the database's own policy reads, and take the search rows out or back in."""
    with writing.door():
        rtype.model.objects.filter(pk=record_id).update(restricted=restricted)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE kernel_search s SET alive = NOT %s AND t.archived_at IS NULL FROM {rtype.table} t"
            " WHERE s.record_id = t.id AND t.id = %s",
            [restricted, record_id],
        )


def note(actor: Actor, kind: str, rtype: RecordType, record_id: UUID, parameters: dict[str, Any]) -> None:
    """Remember what was done, without a personal value."""
    made = Event(
        kind=kind,
        record_type=rtype.key,
        record_id=record_id,
        actor=actor.ref,
        actor_name=actor.name,
        change_set=uuid7(),
        parameters=parameters,
    )
    storing.write_events([made])


__all__ = ["GROUNDS", "lift", "note", "restrict", "set_restricted"]
