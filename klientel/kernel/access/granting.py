"""Who may do what to which records: grants become SQL. Rights live in every query and every run, never only in
a page."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal, TypeVar

from klientel.kernel.conditions import SystemScope
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.conditions.computing import see
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.kinds import Kind, Privacy
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import FALSE, TRUE, Sql, either

T = TypeVar("T")


class ActorScope:
    """Sees what one actor's grants allow. Remembers what it worked out; holds for as long as rights and fields do."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.tenant, self.me, self.teams = actor, actor.tenant, actor.member, actor.teams
        self._fields: dict[str, dict[str, Kind]] = {}
        self._writable: dict[str, dict[str, Kind]] = {}
        self._grants: dict[tuple[str, str], list[Grant]] = {}
        self._known: dict[Hashable, Any] = {}

    def known(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gave when it was first asked; for answers that hang on rights and declarations alone."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]  # type: ignore[no-any-return]

    def grants(self, rtype: RecordType, verb: str) -> list[Grant]:
        """The grants that speak of this type and verb."""
        key = rtype.key, verb
        found = self._grants.get(key)
        if found is None:
            found = self._grants[key] = [g for g in self.actor.grants if _speaks_of(g, rtype, verb)]
        return found

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields of a type that are not hidden from this actor."""
        found = self._fields.get(rtype.key)
        if found is None:
            found = self._seen(rtype, self.grants(rtype, "view"), rtype.fields)
            if any(k.computed for k in found.values()):
                plain = {n: k for n, k in found.items() if not k.computed}
                found = see(self, rtype, plain, found)
            self._fields[rtype.key] = found
        return found

    def reads(self, key: str, name: str) -> bool:
        """Whether a stored field of a type may be read by way of a computed field."""
        rtype = type_of(key)
        views = self.grants(rtype, "view")
        if not views and not _open_to(self, rtype, "view"):
            return False
        kind = rtype.fields.get(name)
        return kind is not None and name in self._seen(rtype, views, {name: kind})

    def _seen(self, rtype: RecordType, views: list[Grant], fields: dict[str, Kind]) -> dict[str, Kind]:
        hidden = _closed([(g, set(g.hidden)) for g in views])
        named = any(g.record == rtype.key for g in views) or self.actor.kind == "system"
        wide = any(g.record == "*" and g.verb == "*" for g in views)
        return {
            n: k for n, k in fields.items() if n not in hidden and (k.privacy != Privacy.SENSITIVE or named or wide)
        }

    def writable(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields of a type that this actor may set."""
        found = self._writable.get(rtype.key)
        if found is None:
            closed = _closed([(g, set(g.readonly)) for g in self.grants(rtype, "change")])
            found = {n: k for n, k in self.visible(rtype).items() if n not in closed and not k.readonly}
            self._writable[rtype.key] = found
        return found

    def restrict(self, rtype: RecordType, alias: str) -> Sql:
        """The records of a type that this actor may see."""
        return allowed(self, rtype, "view", alias)

    def extent(self, rtype: RecordType) -> Literal["none", "some", "all"]:
        """How many records of a type :meth:`restrict` leaves, without compiling a condition."""
        views = self.grants(rtype, "view")
        if _open_to(self, rtype, "view") or any(not g.where for g in views):
            return "all"
        return "some" if views else "none"

    def may(self, rtype: RecordType, verb: str) -> bool:
        """Whether the verb is granted for any record at all: for buttons and navigation."""
        if verb == "create" and rtype.made_by and self.actor.kind not in rtype.made_by:
            return False
        return _open_to(self, rtype, verb) or bool(self.grants(rtype, verb))


def _speaks_of(grant: Grant, rtype: RecordType, verb: str) -> bool:
    if grant.record != rtype.key and not (grant.record == "*" and (not rtype.system or grant.verb == "*")):
        return False
    return grant.verb in ("*", verb)


def _closed(named: list[tuple[Grant, set[str]]]) -> set[str]:
    """The fields that stay closed: named by any grant, unless a grant without a condition leaves them open.

    Which grant lets a record be seen differs from record to record, the columns of a list do not: so a narrow grant
    that leaves a field open never opens it on the records of a wider one.
    """
    closed = set().union(*(names for _grant, names in named)) if named else set()
    for grant, names in named:
        if not grant.where:
            closed &= names
    return closed


def _open_to(scope: Any, rtype: RecordType, verb: str) -> bool:
    return verb == "view" and rtype.open and scope.actor.kind in ("member", "token", "job", "workflow")


def allowed(scope: ActorScope, rtype: RecordType, verb: str, alias: str) -> Sql:
    """The records on which the actor may do this, as SQL over ``alias``. Nothing without a grant.

    A grant's condition is compiled under the system scope; one that breaks selects nothing.
    """
    if _open_to(scope, rtype, verb):
        return TRUE
    parts: list[Sql] = []
    for grant in scope.grants(rtype, verb):
        if not grant.where:
            return TRUE
        parts.append(_compiled(rtype, grant, scope, alias))
    return either(parts)


def _compiled(rtype: RecordType, grant: Grant, scope: ActorScope, alias: str) -> Sql:
    try:
        return compile_condition(
            rtype, dict(grant.where), SystemScope(scope.tenant, scope.me, scope.teams, scope), alias
        )
    except Refused:
        return FALSE
