"""Restriction (Art. 18 GDPR): the record stays, but nobody finds it except those who look after data protection."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel import events, writing
from klientel.kernel.errors import Conflict, Refused, filled
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Date, today
from klientel.kernel.records import RecordType, aliases
from klientel.kernel.sql import Sql
from klientel.lib.ids import uuid7
from klientel.privacy.subject import for_privacy, subject

RETENTION = "retention"
GROUNDS = (
    ("contested", _("accuracy is contested")),
    ("unlawful", _("processing is unlawful, but erasure is not wanted")),
    ("claims", _("needed for legal claims")),
    ("objection", _("objection is being examined")),
    (RETENTION, _("a legal retention period runs")),
)
#: while one of these lasts the person cannot be erased; for a legal retention its end has to be given
HOLDS = ("claims", RETENTION)


@dataclass(frozen=True)
class Hold:
    """Why a person must be kept, and until when: the last day, none where nobody knows it yet."""

    ground: str
    until: dt.date | None


def hold_on(record: Any) -> Hold | None:
    """What forbids to erase this person today; it ends with its last day, or with the restriction."""
    if not record.restricted:
        return None
    which = Sql("e.record_id = %s AND e.kind = 'privacy.restricted'", (record.pk,))
    found = events.read(which, order="e.id DESC", limit=1)
    given = found[0].parameters if found else {}
    until = dt.date.fromisoformat(given["until"]) if given.get("until") else None
    if given.get("ground") not in HOLDS or (until is not None and until < today()):
        return None
    return Hold(given["ground"], until)


def refuse_while_held(record: Any) -> None:
    """Refuse to erase a person who must be kept."""
    hold = hold_on(record)
    if hold is None:
        return
    why = {"reason": dict(GROUNDS)[hold.ground], "day": hold.until and Date().show(hold.until)}
    if hold.until is None:
        raise Conflict("held", filled(_("This person has to be kept: %(reason)s. End the restriction first."), why))
    raise Conflict("held", filled(_("This person has to be kept until %(day)s: %(reason)s."), why))


def restrict(actor: Actor, rtype: RecordType, record_id: UUID, ground: str, *, until: dt.date | None = None) -> None:
    """Hide the person from lists, search, exports, automations and everybody without the right.

    ``until`` is the last day on which the person has to be kept: for a legal retention it has to be given.
    """
    if ground not in dict(GROUNDS):
        raise Refused("not_a_choice", _("Please choose one of the given values."), "ground")
    if (ground == RETENTION and until is None) or (until is not None and until < today()):
        raise Refused("end_missing", _("Please give the last day of the retention, today or later."), "until")
    with for_privacy(actor.tenant):
        record = subject(actor, rtype, record_id)
        if record.restricted:
            raise Conflict("restricted_already", _("This person is restricted already."))
        set_restricted(rtype, record.id, True)
        note(
            actor,
            "privacy.restricted",
            rtype,
            record.id,
            {"ground": ground} | ({"until": until.isoformat()} if until else {}),
        )


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
    ids = [record_id, *aliases.roots([record_id])]
    with writing.door():
        rtype.model.objects.filter(pk__in=ids).update(restricted=restricted)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE kernel_search s SET alive = NOT %s AND t.archived_at IS NULL FROM {rtype.table} t"
            " WHERE s.record_id = t.id AND t.id = ANY(%s)",
            [restricted, ids],
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
    events.write([made])


__all__ = ["GROUNDS", "lift", "note", "restrict", "set_restricted"]
