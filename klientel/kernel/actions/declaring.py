"""Actions: everything that can be done, by anyone, to anything. Declared as functions; parameters are kinds.

``@action(on="contacts.person", label=_("Block"))`` over
``def block(step, person, *, reason: Annotated[str, Text(_("reason"))])``:
the keyword-only parameters become form, API body, workflow settings and stored parameters.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.saying import event_names
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, all_types, type_of

#: where pages of records offer an action: at these values of fields (``True``: filled, ``False``: empty);
#: ``True`` alone: anywhere, ``False`` alone: nowhere, because it has a place of its own or nobody does it by hand
Offered = bool | Mapping[str, Collection[Any] | bool]


@dataclass(frozen=True)
class Action:
    """One thing that can be done with one record type."""

    key: str
    on: str
    verb: str
    label: Any
    fn: Callable[..., Any]
    params: dict[str, Kind]
    needs: str  # the verb a grant must name
    new: bool = False  # makes a record instead of taking one
    undoable: bool = True
    outward: bool = False  # reaches outside (mail, webhook): said before, never undone
    icon: str = "zap"
    dangerous: bool = False
    basic: bool = False  # one of those every record has
    on_archived: bool = False  # takes a record out of the trash
    also: str = ""  # the parameter whose records are locked with it, in the order of all ids, in the trash or not
    together: Callable[..., Any] | None = None  # does the rest to all records of a chunk at once: see `trash.deleting`
    takes_back: Callable[..., Any] | None = None  # undoes sets of its events, see merge.taking_back
    only: tuple[str, ...] = ()  # kinds of actors that do it; empty: anybody who has the right
    said: Any = ""  # what a timeline says of it after the name of who did it; empty: its label
    tells: Callable[..., list[str]] | None = None  # what it adds behind that: (scope, parameters) -> texts
    offered: Offered = True
    writes: dict[str, Any] | None = None  # the fields that it sets, see :func:`action`; nothing where it does not say

    def fits(self, record: Any, seen: Container[str]) -> bool:
        """Whether the page of this record offers it to somebody who sees these fields.

        A field that is hidden from them decides nothing: what is offered must not tell it.
        """
        if isinstance(self.offered, bool):
            return self.offered
        return all(
            bool(value) is wanted if isinstance(wanted, bool) else value in wanted
            for name, wanted in self.offered.items()
            if name in seen
            for value in [getattr(record, name)]
        )

    def params_of(self, rtype: RecordType) -> dict[str, Kind]:
        """The parameters; for create and change the fields of the type that people fill in."""
        if self.verb in ("create", "change") and self.basic:
            return {n: k for n, k in rtype.fields.items() if not k.readonly}
        return self.params


NEW, CHANGED, BOTH = "new", "changed", "both"  # what an action does to records of other types
ANY = "*"  # any field
_declared: dict[str, Action] = {}
_declared_on: dict[str, list[Action]] = {}  # by type, without the basics
_basics: dict[str, Action] = {}


def action(
    on: str,
    label: Any,
    *,
    needs: str | None = None,
    new: bool = False,
    undoable: bool = True,
    outward: bool = False,
    icon: str = "zap",
    dangerous: bool = False,
    only: tuple[str, ...] = (),
    said: Any = "",
    tells: Callable[..., list[str]] | None = None,
    offered: Offered = True,
    writes: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Action]:
    """Declare an action on a record type. Two of one name are a mistake and stop the start.

    ``only`` names the kinds of actors that do it, such as ``("system",)``: it is offered to nobody else. ``said``
    tells on timelines what somebody did ("paused sending"), where ``label`` says what can be done ("Pause sending");
    ``tells`` makes of its parameters what stands behind that ("50 points"), under the rights of who reads. ``offered``
    keeps menus short, see :data:`Offered`; what may be done is still for the function to say.
    ``writes`` says which fields of its record it sets, each with the value or ``...``, and by the keys of other types
    whether it makes records of them (``NEW``), changes some (``CHANGED``) or ``BOTH``; ``ANY`` is any field. What
    `derive` adds needs no word.
    """

    def declare(fn: Callable[..., Any]) -> Action:
        verb = fn.__name__
        made = Action(
            f"{on}.{verb}", on, verb, label, fn, _params(fn), needs or verb, new, undoable and not outward, outward,
            icon=icon, dangerous=dangerous, only=only, said=said, tells=tells, offered=offered, writes=writes,
        )  # fmt: skip
        if made.key in _declared:
            raise RuntimeError(f"Two actions are called {made.key}")
        _declared[made.key] = made
        _declared_on.setdefault(on, []).append(made)
        return made

    return declare


def _params(fn: Callable[..., Any]) -> dict[str, Kind]:
    hints = get_type_hints(fn, include_extras=True)
    found: dict[str, Kind] = {}
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        kind = next((a for a in get_args(hints[parameter.name]) if isinstance(a, Kind)), None)
        if kind is None:
            raise RuntimeError(f"{fn.__qualname__}: annotate {parameter.name} with a kind")
        kind = copy.copy(kind)
        kind.name = parameter.name
        kind.required = parameter.default is parameter.empty
        found[parameter.name] = kind
    return found


def basic(verb: str, label: Any, **facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an action that every record type has without a line."""

    def declare(fn: Callable[..., Any]) -> Callable[..., Any]:
        needs = facts.pop("needs", verb)
        _basics[verb] = Action(f"*.{verb}", "*", verb, label, fn, _params(fn), needs=needs, basic=True, **facts)
        return fn

    return declare


def get(key: str) -> Action:
    """The action of this key; a declared one before the basic of the same name."""
    found = _declared.get(key)
    if found is not None:
        return found
    type_key, _dot, verb = key.rpartition(".")
    base = _basics.get(verb)
    if base is None:
        raise Missing("no_such_action", _("There is no such action."))
    rtype = type_of(type_key)
    only = rtype.made_by if base.new else base.only
    made = Action(**{**vars(base), "key": f"{rtype.key}.{verb}", "on": rtype.key, "only": only})
    if not rtype.custom_id:
        _declared[made.key] = made
    return made


def actions_on(rtype: RecordType) -> list[Action]:
    """Everything that people and programs can do with a type, declared ones first."""
    return [a for a in happenings_on(rtype) if not a.only]


def happenings_on(rtype: RecordType) -> list[Action]:
    """As :func:`actions_on`, with what only Klientel itself or customers do."""
    own = _declared_on.get(rtype.key, [])
    taken = {a.verb for a in own}
    return own + [get(f"{rtype.key}.{verb}") for verb in _basics if verb not in taken]


def declared() -> list[Action]:
    """Every action that is declared by name, without those that every record has."""
    return [a for some in _declared_on.values() for a in some]


def all_actions() -> list[Action]:
    """Every action of every type."""
    return [a for t in all_types() for a in actions_on(t)]


def _said(kind: str) -> str:
    try:
        found = get(kind)
        rtype = type_of(found.on)
    except Missing:
        return ""
    return f"{rtype.label}: {found.label}"


event_names.append(_said)
