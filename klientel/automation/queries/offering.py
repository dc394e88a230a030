"""What can be chosen when a workflow is built: types, triggers, actions, people, fields to take values from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from klientel.automation.models.questions import BEFORE
from klientel.automation.queries.saying import value
from klientel.automation.queries.values import ITSELF, TEXTS
from klientel.kernel import actions
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import Action
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.web.speech import large

Options = list[tuple[str, str]]
#: actions that say nothing in a workflow
NOT_OFFERED = {"restore", "link", "merge", "unmerge", "remove", "exported", "note_sign_in"}
MOST_PEOPLE = 200
FEW = 40  # records of a type that are offered as values


def types(scope: ActorScope) -> Options:
    """Types of records that a workflow can be for."""
    found = [t for t in all_types() if not t.system and scope.may(t, "view")]
    return sorted(((t.key, large(t.label)) for t in found), key=lambda o: o[1])


def fields(scope: ActorScope, rtype: RecordType, *keys: str) -> Options:
    """Fields that people know, of these kinds or of any."""
    return [
        (n, large(k.verbose_name)) for n, k in scope.visible(rtype).items()
        if not k.computed and k.cell != "json" and (not keys or k.key in keys)
    ]  # fmt: skip


def values(scope: ActorScope, rtype: RecordType, named: Iterable[dict[str, Any]] = ()) -> dict[str, Options]:
    """What fields can change from and to where one chooses: choices, yes or no, records of types that have few.

    ``named`` are changes that a trigger names already: what they name is offered whatever field it is.
    """
    found: dict[str, Options] = {}
    few: dict[str, Options] = {}
    for name, kind in scope.visible(rtype).items():
        if kind.key == "yes_no":
            found[name] = [("true", _("yes")), ("false", _("no"))]
        elif isinstance(kind, Link) and kind.to != "*":
            if kind.to not in few:
                few[kind.to] = _few(scope, kind.to)
            found[name] = few[kind.to]
        elif some := kind.options():
            found[name] = some
    for one in named:
        if one["field"] in scope.visible(rtype):
            has = found.get(one["field"], [])
            told = {spelled(one[side]): one[side] for side in ("from", "to") if side in one}
            more = [(k, value(scope.visible(rtype)[one["field"]], v, rtype, scope)) for k, v in told.items()]
            found[one["field"]] = [*has, *(m for m in more if m[0] not in dict(has))]
    return found


def _few(scope: ActorScope, to: str) -> Options:
    if not scope.may(type_of(to), "view"):
        return []
    rows = select(scope, type_of(to), limit=FEW).rows
    return [(str(r.id), r.title) for r in rows] if len(rows) < FEW else []


def spelled(given: Any) -> str:
    """A plain value as its option has it."""
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given[0]) if isinstance(given, list) and len(given) == 1 else str(given)


def happenings(rtype: RecordType) -> Options:
    """What can happen to a record of a type, by name."""
    return [(a.key, str(a.label)) for a in actions.happenings_on(rtype) if a.verb not in ("create", "change")]


def events_about(rtype: RecordType) -> Options:
    """What can happen to a record or to an entry that stands on it."""
    beside = [t for t in all_types() if t.concerns and not t.system]
    made = [(a.key, f"{large(t.label)}: {a.label}") for t in beside for a in actions.happenings_on(t)
            if a.verb == "create" or not a.basic]  # fmt: skip
    return [*happenings(rtype), *made]


def doings(scope: ActorScope, rtype: RecordType) -> list[tuple[str, Options]]:
    """Actions in groups: with the record, with one that it leads to, and new records. The value is ``key of``."""
    made = [(large(rtype.label), _of(scope, rtype, ITSELF))]
    for name, kind in scope.visible(rtype).items():
        if isinstance(kind, Link) and kind.to != "*" and not (to := type_of(kind.to)).system and scope.may(to, "view"):
            made.append((large(kind.verbose_name), _of(scope, to, name)))
    new = [
        (f"{a.key} ", f"{large(t.label)}: {a.label}")
        for t in all_types() if not t.system for a in actions.actions_on(t) if a.new and _offered(scope, t, a)
    ]  # fmt: skip
    return [(label, some) for label, some in [*made, (_("New records"), sorted(new, key=lambda o: o[1]))] if some]


def proposed(scope: ActorScope, rtype: RecordType, key: str) -> dict[str, Any]:
    """What a new record is given unless somebody chooses otherwise: that it is about this record, and whose it is."""
    try:
        action = actions.get(key)
        on = type_of(action.on)
    except Refused:
        return {}
    if not action.new:
        return {}
    made: dict[str, Any] = {}
    for name, kind in action.params_of(on).items():
        if name in (*on.concerns, "concerns") and isinstance(kind, Link | Links) and kind.to in ("*", rtype.key):
            made[name] = [{"of": ITSELF}] if isinstance(kind, Links) else {"of": ITSELF}
        elif name == "owner" and "owner" in scope.visible(rtype):
            made[name] = {"of": "owner"}
    return made


def _of(scope: ActorScope, rtype: RecordType, path: str) -> Options:
    some = [a for a in actions.actions_on(rtype) if not a.new and _offered(scope, rtype, a)]
    return [(f"{a.key} {path}", str(a.label)) for a in some]


def _offered(scope: ActorScope, rtype: RecordType, action: Action) -> bool:
    hidden = action.verb in NOT_OFFERED or action.on_archived or bool(action.also)
    return not hidden and scope.may(rtype, action.needs)


def people(scope: ActorScope, rtype: RecordType) -> Options:
    """Whom a step can mean: who stands in a field, whoever activated it, or a member."""
    made = [
        (n, large(k.verbose_name)) for n, k in scope.visible(rtype).items()
        if isinstance(k, Link | Links) and k.to == "kernel.member"
    ]  # fmt: skip
    member = type_of("kernel.member")
    rows = select(scope, member, limit=MOST_PEOPLE).rows if scope.may(member, "view") else []
    return [*made, ("me", large(_("whoever activated it"))), *((f"member:{r.id}", r.title) for r in rows)]


def sources(scope: ActorScope, rtype: RecordType, kind: Kind) -> Options:
    """From where on the record a parameter can be taken: fields of the same kind, of it and of what it leads to."""
    made: Options = []
    if isinstance(kind, Link | Links) and kind.to in ("*", rtype.key):
        made.append((ITSELF, _("this record")))
    made += [(n, large(k.verbose_name)) for n, k in scope.visible(rtype).items() if _alike(kind, k)]
    for name, way in scope.visible(rtype).items():
        if isinstance(way, Link) and way.to != "*" and not type_of(way.to).system:
            made += [
                (f"{name}.{n}", f"{large(way.verbose_name)} › {k.verbose_name}")
                for n, k in scope.visible(type_of(way.to)).items() if _alike(kind, k)
            ]  # fmt: skip
    return made


def _alike(kind: Kind, source: Kind) -> bool:
    if isinstance(kind, Link | Links):
        return isinstance(source, Link | Links) and source.to in (kind.to, "*" if kind.to == "*" else kind.to)
    if kind.key in TEXTS:
        return source.key in TEXTS
    days = ("date", "date_time")
    return source.key == kind.key or (kind.key in days and source.key in days)


def placeholders(scope: ActorScope, rtype: RecordType) -> list[tuple[str, str]]:
    """What can stand in a text between double braces."""
    answers = [(n, str(k.verbose_name)) for n, k in scope.visible(rtype).items() if n.startswith(BEFORE)]
    return [("title", _("name of the record")), *answers, *fields(scope, rtype)]


def chosen(step: dict[str, Any]) -> str:
    """The option of :func:`doings` that a step has."""
    key = str(step.get("action") or "")
    if not key:
        return ""
    try:
        new = actions.get(key).new
    except Refused:
        return ""
    return f"{key} " if new else f"{key} {step.get('of') or ITSELF}"
