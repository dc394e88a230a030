"""Kinds of notifications, declared with the sentence people read; and events that name whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.events.event import Event, write
from klientel.lib.ids import uuid7

Namer = Callable[[set[UUID]], dict[UUID, str]]

NOTIFY = "notify"  # the parameter of an event that lists the members to be told


@dataclass(frozen=True)
class Notice:
    """One kind of notification. ``%(who)s`` did it, ``%(what)s`` is the record; ``many`` is for ``%(n)s`` of them."""

    kind: str
    one: Any
    many: Any
    icon: str
    page: str = ""  # the route of a page of its own, else the record's
    label: Any = ""  # what it is about where nothing particular is told

    def about(self) -> str:
        """The kind in words: its label, else its sentence about anybody and anything."""
        return str(self.label or (self.one % {"who": _("Somebody"), "what": "…", "n": "…"})).removesuffix(": …")


_notices: dict[str, Notice] = {}
_namers: dict[str, Namer] = {}


def notice(kind: str, one: Any, many: Any = None, *, icon: str = "bell", page: str = "", label: Any = "") -> None:
    """Declare a kind of notification; ``page`` is the route it leads to, with the record's id.

    ``label`` names the kind where members choose what they are told, if the sentence does not do so without its record.
    """
    if kind in _notices:
        raise RuntimeError(f"Two kinds of notifications are called {kind}")
    _notices[kind] = Notice(kind, one, many or one, icon, page, label)


def find(kind: str) -> Notice:
    """The kind of this name; one that is gone reads as a plain change."""
    return _notices.get(kind) or _notices["changed"]


def kinds() -> list[Notice]:
    """Every declared kind of notification, in the order of declaration."""
    return list(_notices.values())


def named(thing: str, namer: Namer) -> None:
    """Say what the things are called that notifications are about and that are no records, such as imports."""
    _namers[thing] = namer


def names(ids: Iterable[tuple[str, UUID]]) -> dict[UUID, str]:
    """What those of these things are called that are no records."""
    wanted: dict[str, set[UUID]] = {}
    for thing, one in ids:
        if thing in _namers:
            wanted.setdefault(thing, set()).add(one)
    return {k: v for thing, some in wanted.items() for k, v in _namers[thing](some).items()}


def announce(kind: str, record_type: str, record_id: UUID, *, to: Iterable[UUID], name: str = "Klientel") -> None:
    """Tell members something that no action says, such as that their import is finished; in the open transaction."""
    members = [str(m) for m in to]
    if not members:
        return
    event = Event(
        kind=kind, record_type=record_type, record_id=record_id, actor=f"system:{UUID(int=0)}", actor_name=name,
        change_set=uuid7(), parameters={NOTIFY: members},
    )  # fmt: skip
    write([event])


notice("changed", _("%(who)s changed %(what)s"), icon="pencil")
notice(
    "assigned", _("%(who)s assigned %(what)s to you"), _("%(who)s assigned %(n)s records to you"), icon="user-check"
)  # fmt: skip
notice("mentioned", _("%(who)s mentioned you: %(what)s"), icon="at-sign")
