"""A condition in words, in the active language: for chips, tooltips and audit lines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klientel.kernel.conditions.compiling import Scope, accept_one
from klientel.kernel.conditions.operators import OPERATORS
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choices, Kind, Link, Links
from klientel.kernel.records import RecordType, reverses, type_of


def say(rtype: RecordType, json: Any, scope: Scope, titles: dict[UUID, str] | None = None) -> str:
    """The condition as one sentence; ``titles`` names the records that links are compared with."""
    names = titles or {}
    match json:
        case {"all": []}:
            return _("all")
        case {"any": []}:
            return _("none")
        case {"all": list(parts)}:
            return _(" and ").join(say(rtype, p, scope, names) for p in parts)
        case {"any": list(parts)}:
            return "(" + _(" or ").join(say(rtype, p, scope, names) for p in parts) + ")"
        case {"not": part}:
            return _("not (%(condition)s)") % {"condition": say(rtype, part, scope, names)}
        case {"field": str(path), "op": str(op)}:
            label, kind = _path(rtype, path, scope)
            value = _value(kind, json.get("value"), names)
            return str(OPERATORS[op].words) % {"field": label, "value": value}
        case {"has": str(name)}:
            return _has(rtype, json, name, scope, names)
        case {"happened": str(kind_key)}:
            return _happened(json, kind_key)
        case {"seen": str(name)}:
            return _("%(field)s is something I may see") % {"field": _path(rtype, name, scope)[0]}
        case {"id": list(ids)}:
            return ngettext("%(n)d chosen record", "%(n)d chosen records", len(ids)) % {"n": len(ids)}
    raise Refused("bad_condition", _("This is not a condition we understand."))


def _path(rtype: RecordType, path: str, scope: Scope) -> tuple[str, Kind]:
    labels: list[str] = []
    kind: Kind | None = None
    parts = path.split(".")
    for n, part in enumerate(parts):
        kind = scope.visible(rtype).get(part)
        if kind is None:
            raise Refused("no_such_field", _("There is no such field."), path)
        labels.append(str(kind.verbose_name))
        if n + 1 < len(parts) and isinstance(kind, Link | Links) and kind.to != "*":
            rtype = type_of(kind.to)
    assert kind is not None
    return " › ".join(labels), kind


def _value(kind: Kind, value: Any, titles: dict[UUID, str]) -> str:
    match value:
        case {"me": True}:
            return _("me")
        case {"my_teams": True}:
            return _("my teams")
        case {"today": True}:
            return _("today")
        case {"days_ago": int(n)}:
            return ngettext("%(n)d day ago", "%(n)d days ago", n) % {"n": n}
        case list(items):
            return ", ".join(_value(kind, i, titles) for i in items)
    if isinstance(kind, Link | Links):
        return titles.get(accept_one(kind, value), str(value)) if isinstance(value, str | UUID) else str(value)
    if isinstance(kind, Choices):
        return kind.labels([value])[0]
    try:
        return kind.show(kind.take(value)) or str(value)
    except (Refused, TypeError):
        return str(value)


def _has(rtype: RecordType, json: dict[str, Any], name: str, scope: Scope, titles: dict[UUID, str]) -> str:
    reverse = reverses(rtype).get(name)
    if reverse is None:
        raise Refused("no_such_relation", _("There are no such related records."), name)
    where = json.get("where") or {"all": []}
    told = _("has %(records)s") % {"records": reverse.label}
    if where != {"all": []}:
        told += _(" where %(condition)s") % {"condition": say(reverse.source, where, scope, titles)}
    return told + _times(json.get("times"))


def _happened(json: dict[str, Any], kind: str) -> str:
    told = _("“%(event)s” happened") % {"event": kind}
    if within := json.get("within"):
        told += ngettext(" within %(n)d day", " within %(n)d days", within["days"]) % {"n": within["days"]}
    return told + _times(json.get("times"))


def _times(times: Any) -> str:
    match times:
        case {"over": int(n)}:
            return _(" more than %(n)d times") % {"n": n}
        case {"under": int(n)}:
            return _(" fewer than %(n)d times") % {"n": n}
        case {"is": int(n)}:
            return _(" exactly %(n)d times") % {"n": n}
    return ""
