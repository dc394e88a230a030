"""What the condition builder offers: fields, also behind links, related records, what happened, saved views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from klientel.kernel import actions
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, Reverse, reverses, type_of
from klientel.kernel.web import listing
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import large

#: settings whose rows are asked about like business records
ASKED = ("kernel.warning",)
_NOT_BEYOND = ("*", "kernel.user", "kernel.file")


def kind_along(scope: Any, rtype: RecordType, path: str) -> Kind | None:
    """The kind at the end of a path, as far as the scope sees it."""
    kind: Kind | None = None
    for n, part in enumerate(path.split(".")):
        if n:
            if not isinstance(kind, Link | Links) or kind.to == "*":
                return None
            try:
                rtype = type_of(kind.to)
            except Missing:
                return None
        kind = scope.visible(rtype).get(part)
        if kind is None:
            return None
    return kind


def source_along(rtype: RecordType, name: str) -> RecordType | None:
    """The type of the related records of this name."""
    way = reverses(rtype).get(name)
    return way.source if way else None


@dataclass
class Offers:
    """All that may be chosen for one record type, looked up once per drawing."""

    scope: Any
    rtype: RecordType
    _groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    _events: list[tuple[str, str]] | None = None
    _views: list[tuple[str, str]] | None = None

    def whats(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What a clause can be about, in groups: own fields, those behind each link, related records, the rest."""
        if not self._groups:
            visible = self.scope.visible(self.rtype)
            own = [(f"field:{n}", label_of(k)) for n, k in visible.items() if k.operators]
            related = [(f"has:{w.name}", large(w.label)) for w in self.ways()]
            self._groups = [("", own)]
            if related:
                self._groups.append((_("Related records"), related))
            more = [("happened", _("Something happened"))]
            if self.views():
                more.append(("in", _("In a saved view")))
            self._groups.append((_("Further"), more))
            self._groups += list(self._beyond(visible))
        return self._groups

    def _beyond(self, visible: dict[str, Kind]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        for name, link in visible.items():
            if not isinstance(link, Link | Links) or link.to in _NOT_BEYOND:
                continue
            try:
                target = type_of(link.to)
            except Missing:
                continue
            if not self.scope.may(target, "view"):
                continue
            label = label_of(link)
            fields = self.scope.visible(target).items()
            some = [(f"field:{name}.{n}", f"{label} › {label_of(k)}") for n, k in fields if k.operators]
            if some:
                yield label, some

    def ways(self) -> list[Reverse]:
        """The relations that lead here and that may be asked about."""
        return [
            way
            for way in reverses(self.rtype).values()
            if (not way.source.system or way.source.key in ASKED)
            and self.scope.may(way.source, "view")
            and way.field in self.scope.visible(way.source)
        ]

    def events(self) -> list[tuple[str, str]]:
        """What can happen to such a record, or to what stands on its timeline."""
        if self._events is None:
            beside = {w.source.key: w.source for w in self.ways() if w.field in w.source.concerns}
            types = [self.rtype, *(t for key, t in beside.items() if key != self.rtype.key)]
            self._events = [
                (a.key, f"{large(t.label)}: {a.label}") for t in types for a in actions.happenings_on(t) if not t.system
            ]
        return self._events

    def views(self) -> list[tuple[str, str]]:
        """The saved views of this type that the actor may use."""
        if self._views is None:
            self._views = [(str(v.id), v.title) for v in listing.views_of(self.scope, self.rtype)]
        return self._views
