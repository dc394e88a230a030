"""What each kind of step does. Everything is written by actions, in the transaction that moves the run on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.automation.models import Run, shape
from klientel.automation.queries import answers
from klientel.automation.queries.filling import askable
from klientel.automation.queries.triggers import Rule
from klientel.automation.queries.values import ITSELF, Seen, later, moment, params
from klientel.kernel import actions
from klientel.kernel.access import ActorScope, actor_of
from klientel.kernel.access.actors import EVERYTHING
from klientel.kernel.access.reading import get, visible_ids
from klientel.kernel.actions import Item, run_item
from klientel.kernel.conditions import matching
from klientel.kernel.errors import Forbidden, Refused, kept
from klientel.kernel.events.notices import notice
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live.notifications import Told
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.lib import clock

NOTE = "workflow_note"
REQUEST = "automation.request"
#: refusals of what reaches people outside that are an outcome, not a fault: nobody has to look at the run, it goes on
WITHHELD = frozenset({"not_allowed_to_send"})
notice(NOTE, _("%(who)s (%(what)s)"), icon="zap", label=_("A workflow has something to tell"))


@dataclass(frozen=True)
class Went:
    """How a step went: into one of its lists, on to the next one, or it waits. ``told`` is what the log keeps."""

    into: str = ""
    over: bool = True
    waits: str = ""
    due_at: dt.datetime | None = None
    wait_record: UUID | None = None
    told: dict[str, Any] = field(default_factory=dict)


@dataclass
class Turn:
    """What runs that are worked on together share: records read ahead, members' eyes, what is told at the end."""

    records: dict[tuple[UUID | None, UUID], Any] = field(default_factory=dict)  # by whose rights, and id
    eyes: dict[UUID, ActorScope | None] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def scope_of(self, member: UUID) -> ActorScope | None:
        """A member's rights; nothing for somebody who is not here any more."""
        if member not in self.eyes:
            try:
                self.eyes[member] = ActorScope(actor_of(member))
            except Forbidden:
                self.eyes[member] = None
        return self.eyes[member]

    def changed(self, records: set[UUID]) -> None:
        """What was read ahead of these is out of date."""
        self.records = {key: found for key, found in self.records.items() if key[1] not in records}


@dataclass
class Work:
    """A run that is being worked on."""

    run: Run
    rule: Rule
    actor: Actor
    scope: ActorScope
    effects: list[Any] | None = None  # of a rehearsal: what its actions did
    turn: Turn = field(default_factory=lambda: Turn())

    @cached_property
    def seen(self) -> Seen:
        """The record, as the workflow may see it; :class:`Missing` where it is gone."""
        rtype = type_of(self.run.record_type)
        known = self.turn.records.get((self.scope.me, self.run.record))
        record = known or get(self.scope, rtype, self.run.record, archived=False)
        return Seen(self.scope, rtype, record, answers.values_of(self.rule.definition, self.given))

    @cached_property
    def given(self) -> dict[str, Any]:
        """What was answered so far to the workflow's own questions."""
        return answers.given_in(self.rule.definition, self.run.pk)

    def refresh(self) -> None:
        """What was read may have changed since."""
        self.__dict__.pop("seen", None)
        self.__dict__.pop("given", None)

    def holds(self, where: Any) -> bool:
        """Whether the record fulfils a condition now."""
        if not where:
            return True
        scope = answers.scope_of(self.scope, self.rule.definition, self.given)
        found = matching(scope, type_of(self.run.record_type), {0: where}, [self.run.record])
        if found.broken:
            raise found.broken[0]
        return bool(found.fulfilled[self.run.record])

    def happened(self, kind: str) -> bool:
        """Whether something of this kind has happened to the record since the wait began."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM kernel_about WHERE tenant_id = %s AND record_id = %s AND kind = %s AND at >= %s LIMIT 1",
                [current(), self.run.record, kind, self.run.since or self.run.started_at],
            )
            return cursor.fetchone() is not None


def act(work: Work, step: dict[str, Any]) -> Went:
    """An action of the record, of one that it leads to, or one that makes a record."""
    action = actions.get(step["action"])
    target = None
    if not action.new:
        _kind, target = work.seen.value(step.get("of") or ITSELF)
        if target is None:
            return Went(told={"empty": step.get("of")})
    given = params(work.seen, action.params_of(type_of(action.on)), step.get("params") or {}, work.actor.member)
    try:
        done = run_item(
            work.actor, action.key, Item(target, given), cause=work.run.event, change_set=work.run.pk, scope=work.scope,
            savepoint=action.outward,
        )  # fmt: skip
    except Refused as no:
        if not action.outward or no.code not in WITHHELD:
            raise
        return Went(told={"withheld": kept(no.message)})
    work.turn.changed({e.record_id for e in done.events})
    work.refresh()
    if work.effects is not None:
        work.effects += done.events
    told: dict[str, Any] = {"events": [str(e.id) for e in done.events]}
    if done.record is not None:
        told |= {"record": str(done.record.pk), "type": action.on}
    return Went(told=told)


def people(work: Work, who: str) -> list[UUID]:
    """The members that a step means: ``me``, one by id, or who stands in a field."""
    if who == "me":
        return [work.actor.member] if work.actor.member else []
    if who.startswith("member:"):
        return [UUID(who.removeprefix("member:"))]
    _kind, value = work.seen.value(who)
    found = value if isinstance(value, list) else [value] if value else []
    return [v for v in found if isinstance(v, UUID)]


def eyes(work: Work, member: UUID) -> Seen | None:
    """The record as a member sees it; nothing where they do not, or are not here any more."""
    seen = work.seen
    if member == work.actor.member:
        return seen
    scope = work.turn.scope_of(member)
    if scope is None or not visible_ids(scope, seen.rtype, [seen.record.pk]):
        return None
    return Seen(scope, seen.rtype, seen.record, seen.answers)


def notify(work: Work, step: dict[str, Any]) -> Went:
    """Tell people, each under their own rights: who may not see the record is not told of it."""
    told, run = [], work.run
    for member in dict.fromkeys(people(work, step["who"])):
        if (seen := eyes(work, member)) is not None:
            key = f"{NOTE}:{run.pk}:{run.steps}"
            words = {"name": seen.fill(step["text"])[:300]}
            told.append(Told(member, NOTE, key, run.record_type, run.record, params=words))
    work.turn.told += told
    return Went(told={"members": [str(t.member) for t in told]})


def wait(work: Work, step: dict[str, Any]) -> Went:
    """Some time."""
    if work.run.waits == "time":
        return Went(told={"waited": True})
    return Went(over=False, waits="time", due_at=later(int(step["n"]), step["unit"]))


def until(work: Work, step: dict[str, Any]) -> Went:
    """Until so many days before or after the day in a field; at once where it is past or empty."""
    due = instant(work.seen, step)
    if due is None or due <= clock.now():
        return Went(told={"empty": due is None})
    return Went(over=False, waits="time", due_at=due)


def instant(seen: Seen, step: dict[str, Any]) -> dt.datetime | None:
    """The instant that the day in a field, and days before or after, come to; none where the field is empty."""
    _kind, value = seen.value(step["field"])
    days = dt.timedelta(days=int(step.get("days") or 0))
    if isinstance(value, dt.datetime):
        return value + days
    return moment(value + days, step.get("at") or "") if isinstance(value, dt.date) else None


def wait_for(work: Work, step: dict[str, Any]) -> Went:
    """Until the record fulfils a condition or something happens to it, and no longer than given."""
    run = work.run
    event = step.get("event")
    if (not event or work.happened(event)) and work.holds(step.get("where")):
        return Went("then", told={"came": True})
    if run.waits == "await" and run.deadline is not None and run.deadline <= clock.now():
        return Went("late", told={"came": False})
    due = run.deadline if run.waits == "await" else later(int(step["n"]), step["unit"])
    return Went(over=False, waits="await", due_at=due, wait_record=run.record)


def branch(work: Work, step: dict[str, Any]) -> Went:
    """One way or the other."""
    held = work.holds(step.get("where"))
    return Went("then" if held else "else", told={"held": held})


def ask(work: Work, step: dict[str, Any]) -> Went:
    """Ask somebody and wait for the answer. Asking needs no right of the workflow: it only asks."""
    run = work.run
    asker = replace(work.actor, grants=EVERYTHING)
    if run.waits == "ask" and run.wait_record is not None:
        request = get(ActorScope(asker), type_of(REQUEST), run.wait_record)
        if request.state in ("approved", "declined"):
            told = {"answer": request.state, "record": str(request.pk)}
            work.refresh()  # later steps know the answers
            return Went("then" if request.state == "approved" else "else", told=told)
        if run.deadline is not None and run.deadline > clock.now():
            return Went(over=False, waits="ask", due_at=run.deadline, wait_record=run.wait_record)
        run_item(asker, f"{REQUEST}.expire", Item(request.pk), cause=run.event, change_set=run.pk)
        return Went("else", told={"answer": "expired"})
    members = people(work, step["who"])
    seen = eyes(work, members[0]) if members else None
    if seen is None:
        return Went("else", told={"answer": "nobody"})
    due = later(int(step["n"]), step["unit"])
    made = run_item(asker, f"{REQUEST}.create", Item(params={
        "question": seen.fill(step["question"])[:300], "owner": members[0], "due_at": due.isoformat(),
        "asked": _form(seen, step), "concerns": [str(run.record)],
    }), cause=run.event, change_set=run.pk)  # fmt: skip
    if work.effects is not None:
        work.effects += made.events
    return Went(over=False, waits="ask", due_at=due, wait_record=made.record.pk, told={"record": str(made.record.pk)})


def _form(seen: Seen, step: dict[str, Any]) -> dict[str, list[Any]]:
    """What is to be filled in, as far as who is asked may fill it in, and what is asked beside."""
    open_to = askable(seen.scope, seen.rtype) if step.get("fields") else {}
    found: dict[str, list[Any]] = {
        part: [n for n in step.get(part) or [] if n in open_to] for part in ("fields", "needed")
    }
    found["questions"] = step.get("questions") or []
    return {part: some for part, some in found.items() if some}


def repeat(work: Work, step: dict[str, Any]) -> Went:
    """Once more, as long as the condition holds and not more often than given."""
    key = shape.spelled(work.run.place)
    done = int(work.run.counts.get(key, 0))
    if done >= int(step["most"]) or not work.holds(step.get("where")):
        work.run.counts = {k: v for k, v in work.run.counts.items() if k != key}
        return Went(told={"times": done})
    work.run.counts = work.run.counts | {key: done + 1}
    return Went("steps", told={"time": done + 1})


DOES: dict[str, Callable[[Work, dict[str, Any]], Went]] = {
    "action": act,
    "notify": notify,
    "wait": wait,
    "until": until,
    "await": wait_for,
    "branch": branch,
    "ask": ask,
    "repeat": repeat,
}

__all__ = ["DOES", "NOTE", "REQUEST", "Went", "Work", "instant"]
