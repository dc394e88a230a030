"""Records that come in from outside: one function for the API, forms, mail and whoever else brings one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Item, Step, run_item
from klientel.kernel.errors import Conflict
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import alone
from klientel.kernel.twins.checking import Similar, similar
from klientel.kernel.twins.rules import rule_of

#: what is done where the record is likely there already
REPORT, REFUSE, CREATE, UPDATE, EXISTING = "report", "refuse", "create", "update", "existing"
CHOICES = (REFUSE, REPORT, CREATE, UPDATE, EXISTING)  # the first is what is done for a program that says nothing


_ALONE = "twins.intake"


@dataclass(frozen=True)
class Taken:
    """What became of what came in: the record, whether it is ``new``, and who it may repeat."""

    record: Any
    new: bool
    twins: list[Similar]
    change_set: UUID | None = None
    events: list[Event] = field(default_factory=list)


def take_in(
    actor: Actor,
    rtype: RecordType | str,
    values: dict[str, Any],
    *,
    on_duplicate: str = REPORT,
    scope: ActorScope | None = None,
    cause: UUID | None = None,
) -> Taken:
    """Make a record of what came in, unless it is there already.

    ``on_duplicate``: ``report`` makes it and names likely twins; ``create`` makes it without looking; ``refuse`` makes
    nothing (:class:`Conflict` with the candidates) where there are likely twins; ``update`` fills in the surest twin
    and ``existing`` returns it, both only where it is certain, else they refuse where there are likely ones. Nothing
    the actor may not see takes part.
    """
    rtype, scope = type_of(rtype), scope or ActorScope(actor)
    twins = [] if on_duplicate == CREATE else similar(scope, rtype, values)
    if twins and on_duplicate in (UPDATE, EXISTING) and twins[0].certain:
        return _into(actor, rtype, twins, values, scope, cause, changing=on_duplicate == UPDATE)
    if twins and (on_duplicate in (REFUSE, UPDATE, EXISTING) or (twins[0].certain and _refuses(rtype))):
        raise duplicate(twins)
    done = run_item(actor, f"{rtype.key}.create", Item(None, values), cause=cause, scope=scope, savepoint=False)
    return Taken(done.record, True, twins, done.change_set, done.events)


def one_at_a_time() -> None:
    """Two that bring the same person at the same moment: the second sees the first."""
    alone(_ALONE)


def within(
    step: Step, rtype: RecordType | str, values: dict[str, Any], same: Callable[[Similar], bool] = lambda _one: False
) -> tuple[UUID, bool]:
    """As :func:`take_in`, of an action that brings a record among other things: its id, and whether it was known.

    Known is whom the check is certain of, or who is the ``same`` to the caller; nothing of theirs is changed.
    """
    rtype = type_of(rtype)
    one_at_a_time()
    step.settle(rtype.table)
    found = next((one.id for one in similar(step.scope, rtype, values) if one.certain or same(one)), None)
    return (found, True) if found else (step.create(rtype, **values).id, False)


def _refuses(rtype: RecordType) -> bool:
    return rule_of(rtype).when_created == REFUSE


def duplicate(twins: list[Similar]) -> Conflict:
    """The refusal that names the candidates."""
    message = _("There is a record that is likely the same.")
    return Conflict("duplicate", message, details={"candidates": [told(one) for one in twins]})


def told(one: Similar) -> dict[str, Any]:
    """A candidate for a program."""
    return {"id": str(one.id), "title": one.title, "score": one.score, "reasons": list(one.reasons)}


def _into(
    actor: Actor,
    rtype: RecordType,
    twins: list[Similar],
    values: dict[str, Any],
    scope: ActorScope,
    cause: UUID | None,
    *,
    changing: bool,
) -> Taken:
    found = get(scope, rtype, twins[0].id)
    if not changing:
        return Taken(found, False, twins)
    item = Item(found.pk, values)
    done = run_item(actor, f"{rtype.key}.change", item, cause=cause, scope=scope, savepoint=False)
    return Taken(done.record, False, twins, done.change_set, done.events)
