"""What happens to leads by itself: the rules assign them, scores follow, a first answer is noted, a late one told."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import system_actor, with_deputies
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event, consumer, on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.events.notices import notice
from klientel.kernel.jobs import sweep, timer
from klientel.kernel.kinds import Links, today
from klientel.kernel.live import notifications
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current
from klientel.sales.models import LeadRule
from klientel.sales.queries import scores

LEAD, SCORES = "sales.lead", "lead_scores"
REMINDER, LATE = "lead_reminder", "lead_late"
LATEST = dt.timedelta(days=14)  # nobody wants to hear of more than that after a long standstill
PIECE = 200
NOTHING = UUID(int=0)

notice(REMINDER, _("To be answered soon: %(what)s"), icon="alarm-clock")
notice(LATE, _("Not answered in time: %(what)s"), icon="circle-alert")


# -- assignment ----------------------------------------------------------------------------------------------------


@consumer("lead_routing", group="leads")
def assign(events: list[Event]) -> None:
    """New leads that nobody looks after are assigned by the rules; what somebody did meanwhile stands."""
    new = [e for e in events if e.record_type == LEAD and e.parameters.get("new")]
    wanted = [e for e in new if not e.muted and not (e.changes.get("owner") or [None, None])[1]]
    if not wanted or not LeadRule.objects.filter(archived_at=None, paused=False).exists():
        return
    for event in wanted:
        _tried(f"{LEAD}.route", event)


def _tried(key: str, event: Event, record_id: UUID | None = None, **params: Any) -> None:
    """Done unless it does not fit any more: the lead is closed, gone, or somebody was faster."""
    try:
        run(system_actor(), key, record_id or event.record_id, cause=event.id, **params)
    except (Refused, Missing):
        return


# -- scores --------------------------------------------------------------------------------------------------------


@consumer(SCORES, group="leads")
def note_what_changed(events: list[Event]) -> None:
    """Scores of leads that these events are about are out of date; those of all, where a rule changed."""
    if any(e.record_type == "sales.scorerule" for e in events):
        stale = scores.touch()
    else:  # without rules nothing gives points, and the first rule puts all of them out of date
        stale = bool(scores.rules()) and scores.touch(list({e.record_id for e in events} | set(_concerned(events))))
    if stale or any(e.record_type == LEAD for e in events):
        wake(current(), SCORES)


def _concerned(events: Iterable[Event]) -> Iterable[UUID]:
    """The records that entries among these stand on: one statement for each type of entry."""
    by_type: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        by_type[event.record_type].append(event.record_id)
    for key, ids in by_type.items():
        rtype = _known(key)
        if rtype is None or key == LEAD:
            continue
        for name in rtype.concerns:
            column = f'unnest("{name}")' if isinstance(rtype.fields[name], Links) else f'"{name}"'
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT DISTINCT {column} FROM {rtype.table} WHERE tenant_id = %s AND id = ANY(%s)",
                    [current(), ids],
                )
                yield from (row[0] for row in cursor.fetchall() if row[0] is not None)


def _known(key: str) -> RecordType | None:
    try:
        return type_of(key)
    except Missing:
        return None


@on_wake(SCORES)
def work_out() -> None:
    """The scores of a piece of the leads, and what follows from them; the next piece has a turn of its own."""
    some = scores.refresh()
    if len(some) == scores.PIECE:
        wake(current(), SCORES)
    key = f"{LEAD}.reach_score"
    found = scores.reached(some, key) if some else []
    for _outcome in run_many(system_actor(), key, [Item(i, {"score": s, "least": least}) for i, s, least in found]):
        pass


@sweep("sales.lead_scores")
def fade() -> None:
    """What happened counts less every day."""
    if scores.fade():
        wake(current(), SCORES)


# -- the first answer ----------------------------------------------------------------------------------------------

_SPOKEN = ("work.call.create", "work.meeting.create")
_ANSWERED = """
SELECT l.id, array_agg(e.id) FROM unnest(%(about)s::uuid[], %(ids)s::uuid[], %(at)s::timestamptz[]) e(about, id, at)
JOIN sales_lead l ON l.tenant_id = %(tenant)s AND (l.id = e.about OR l.person = e.about)
WHERE l.first_response_at IS NULL AND l.closed_at IS NULL AND l.archived_at IS NULL AND l.created_at <= e.at
GROUP BY l.id
"""


@consumer("lead_answers", group="leads")
def note_answers(events: list[Event]) -> None:
    """A call, meeting or e-mail of ours about a lead or its person is the first reaction to it."""
    rows = [(UUID(i), e) for e in events if _is_answer(e) for i in (e.changes.get("concerns") or [None, None])[1] or ()]
    if not rows:
        return
    facts: dict[str, Any] = {
        "about": [i for i, _e in rows],
        "ids": [e.id for _i, e in rows],
        "at": [e.at for _i, e in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, facts | {"tenant": current()})
        found = cursor.fetchall()
    by_id = {e.id: e for _i, e in rows}
    for lead, ids in found:
        first = min((by_id[i] for i in ids), key=lambda e: e.at)
        _tried(f"{LEAD}.react", first, lead, at=first.at.isoformat())


def _is_answer(event: Event) -> bool:
    """Made by somebody of us, outgoing, and not planned for later.

    A call or meeting that a program writes down for somebody (their telephone, say) is theirs; a letter is not.
    """
    if event.kind not in (*_SPOKEN, "channels.mail.create", "channels.mail.answer"):
        return False
    new = {name: pair[1] for name, pair in event.changes.items()}
    when = new.get("at") or new.get("begins")
    later = when is not None and dt.datetime.fromisoformat(when) > event.at + dt.timedelta(minutes=5)
    ours = event.actor.startswith(("member:", "token:") if event.kind in _SPOKEN else "member:")
    return ours and new.get("direction") != "in" and not later


# -- targets -------------------------------------------------------------------------------------------------------

_DUE = """
SELECT l.id, l.owner, l.team, i.escalate_to, extract(epoch FROM l.{field})::bigint, l.{field} FROM sales_lead l
LEFT JOIN sales_leadinbox i ON i.tenant_id = l.tenant_id AND i.team = l.team AND i.archived_at IS NULL
WHERE l.tenant_id = %(tenant)s AND l.{field} <= %(now)s AND (l.{field}, l.id) > (%(first)s, %(after)s)
  AND l.first_response_at IS NULL AND l.closed_at IS NULL AND l.archived_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM kernel_notification n WHERE n.tenant_id = l.tenant_id
      AND n.key = %(kind)s || ':' || l.id || ':' || extract(epoch FROM l.{field})::bigint)
ORDER BY l.{field}, l.id LIMIT %(limit)s
"""


@timer("sales.lead.reminder", on=LEAD, field="remind_at")
def remind(now: dt.datetime) -> bool:
    """Tell whoever should answer, before it is late: the owner, else the team; whether there are more."""
    return _told(now, "remind_at", REMINDER)


@timer("sales.lead.escalation", on=LEAD, field="respond_by")
def escalate(now: dt.datetime) -> bool:
    """Tell whom the inbox names that a lead was not answered in time; whether there are more."""
    return _told(now, "respond_by", LATE)


def _told(now: dt.datetime, field: str, kind: str) -> bool:
    """Each once: what has been told is known by its key. Those of which nobody is told hold up no others."""
    facts = {"tenant": current(), "now": now, "first": now - LATEST, "after": NOTHING, "kind": kind, "limit": PIECE}
    while rows := _rows(_DUE.format(field=field), facts):
        wanted = []
        for lead, owner, team, escalate_to, moment, _at in rows:
            some = [escalate_to] if kind == LATE and escalate_to else [owner] if owner else _team(team)
            wanted += [(member, lead, f"{kind}:{lead}:{moment}") for member in with_deputies(some, today())]
        if notifications.tell_of(LEAD, kind, wanted):
            return len(rows) == PIECE
        facts |= {"first": rows[-1][-1], "after": rows[-1][0]}
    return False


def _rows(statement: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        return list(cursor.fetchall())


def _team(team: UUID | None) -> list[UUID]:
    rows = type_of("kernel.member").model.objects.filter(team=team, active=True, archived_at=None)
    return list(rows.values_list("pk", flat=True)) if team else []
