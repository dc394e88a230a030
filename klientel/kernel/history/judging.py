"""What taking back one event would do to its record as it is now: what goes back, and what changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Conflict, Forbidden, Refused
from klientel.kernel.events import Event
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType


class Choice(StrEnum):
    """What happens to a record in which something changed since."""

    LEAVE = "leave"  # it stays as it is now, all of it
    KEEP = "keep"  # what changed since stays, the rest goes back
    RESTORE = "restore"  # all goes back


@dataclass(frozen=True)
class Choices:
    """The choice for all records, and those that were decided one by one."""

    all: Choice = Choice.LEAVE
    one: dict[UUID, Choice] = field(default_factory=dict)

    def of(self, record_id: UUID) -> Choice:
        """The choice for a record."""
        return self.one.get(record_id, self.all)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"all": str(self.all), "one": {str(k): str(v) for k, v in self.one.items()}}

    @classmethod
    def from_plain(cls, said: dict[str, Any]) -> Choices:
        """From JSON; :class:`Refused` where a word is none of the three."""
        try:
            one = {UUID(k): Choice(v) for k, v in said.get("one", {}).items()}
            return cls(Choice(said.get("all", Choice.LEAVE)), one)
        except (ValueError, AttributeError):
            raise Refused("bad_value", _("Please say what happens to what changed since."), "choice") from None


@dataclass(slots=True)
class Conflicting:
    """A field that somebody changed since, with its plain values: before the change, after it, and now."""

    field: str
    before: Any
    then: Any
    now: Any

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {"field": self.field, "now": self.now, "then": self.then, "before": self.before}


@dataclass(slots=True)
class Verdict:
    """What would become of one record. Values of fields that the actor may not see are in none of it."""

    made: bool = False  # the record was made by the event: it goes to the trash
    back: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # field: (now, what it goes back to)
    conflicts: list[Conflicting] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # fields that would go back but that the actor may not set
    hidden: bool = False  # something one may not see changed since

    @property
    def clear(self) -> bool:
        """Whether all of it goes back without a question."""
        return not (self.conflicts or self.closed or self.hidden)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do: all of it is back already."""
        return self.clear and not self.made and not self.back


def judge(scope: ActorScope, rtype: RecordType, record: Any, event: Event) -> Verdict:
    """Compare what the event left behind with what is there."""
    if made_it(event):
        return _made(scope, rtype, record, event)
    verdict = Verdict()
    fields, visible, writable = rtype.fields, scope.visible(rtype), scope.writable(rtype)
    for name, (old, new) in event.changes.items():
        kind = fields.get(name)
        if kind is None:
            continue
        now = kind.plain(rtype.value(record, name) if kind.custom else getattr(record, name))
        if now == old:
            continue
        if name not in visible:
            verdict.hidden = verdict.hidden or now != new
            verdict.closed.append(name)
        elif name not in writable and not kind.readonly:
            verdict.closed.append(name)
        elif now == new:
            verdict.back[name] = (now, old)
        else:
            verdict.conflicts.append(Conflicting(name, old, new, now))
    return verdict


def made_it(event: Event) -> bool:
    """Whether the event made its record."""
    return event.parameters.get("new") is True


def _made(scope: ActorScope, rtype: RecordType, record: Any, event: Event) -> Verdict:
    if record.archived_at is not None:
        return Verdict()
    verdict = Verdict(made=True)
    if record.version == 1:
        return verdict
    visible = scope.visible(rtype)
    for name, kind in rtype.fields.items():
        if kind.readonly:
            continue
        stored = rtype.value(record, name) if kind.custom else getattr(record, name)
        then, now = event.changes.get(name, (None, None))[1], kind.plain(stored)
        if then == now or (_says_nothing(kind, then) and _says_nothing(kind, now)):
            continue
        if name in visible:
            verdict.conflicts.append(Conflicting(name, None, then, now))
        else:
            verdict.hidden = True
    return verdict


def _says_nothing(kind: Kind, plain: Any) -> bool:
    return plain is False or kind.is_empty(plain)


@dataclass(slots=True)
class Order:
    """What is to be done with one record: which fields go back to what, or the trash; and what is left."""

    trash: bool
    back: dict[str, tuple[Any, Any]]
    left: list[str]  # fields that stay, though the event changed them


def decide(verdict: Verdict, choice: Choice) -> Order:
    """Raises :class:`Conflict` (both values in ``details``) or :class:`Forbidden` where the record stays as it is."""
    if choice == Choice.LEAVE and not verdict.clear:
        raise _refusal(verdict)
    if verdict.made:
        if choice == Choice.KEEP and not verdict.clear:
            raise _refusal(verdict)
        return Order(True, {}, [])
    back = dict(verdict.back)
    left = list(verdict.closed)
    if choice == Choice.RESTORE:
        back |= {c.field: (c.now, c.before) for c in verdict.conflicts}
    else:
        left += [c.field for c in verdict.conflicts]
    if left and not back:
        raise _refusal(verdict)
    return Order(False, back, left)


def _refusal(verdict: Verdict) -> Refused:
    if verdict.conflicts or verdict.hidden:
        named = verdict.conflicts[0].field if verdict.conflicts else None
        return Conflict(
            "changed_since", _("It was changed again since."), named,
            details={"conflicts": [c.told() for c in verdict.conflicts]},
        )  # fmt: skip
    return Forbidden("read_only", _("This also changed fields that you may not change."))
