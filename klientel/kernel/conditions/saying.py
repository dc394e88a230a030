"""A condition in words, in the active language: for chips, tooltips and audit lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from klientel.kernel.conditions.compiling import Scope, accept_one, saved
from klientel.kernel.conditions.operators import OPERATORS
from klientel.kernel.conditions.wording import worded
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choices, Json, Kind, Link, Links
from klientel.kernel.records import RecordType, reverses, type_of
from klientel.lib.dates import format_date

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def say(rtype: RecordType, json: Any, scope: Scope, titles: dict[UUID, str] | None = None) -> str:
    """The condition as one sentence; ``titles`` names the records that links are compared with."""
    names = titles or {}
    match json:
        case {"all": list(parts)}:
            return _(" and ").join(say(rtype, p, scope, names) for p in parts) or _("all")
        case {"any": list(parts)}:
            return "(" + _(" or ").join(say(rtype, p, scope, names) for p in parts) + ")" if parts else _("none")
        case {"not": part}:
            return _("not (%(condition)s)") % {"condition": say(rtype, part, scope, names)}
        case {"field": str(path), "op": str(op)}:
            label, kind = _path(rtype, path, scope)
            return worded(OPERATORS[op], label, kind, json.get("value"), partial(_value, kind, titles=names))
        case {"has": str(name)}:
            return _has(rtype, json, name, scope, names)
        case {"happened": str(kind_key)}:
            return _happened(json, kind_key)
        case {"in": str(name)}:
            return _inside(name)
        case {"seen": str(name)}:
            return _("%(field)s is something I may see") % {"field": _path(rtype, name, scope)[0]}
        case {"id": list(ids)}:
            return ngettext("%(n)d chosen record", "%(n)d chosen records", len(ids)) % {"n": len(ids)}
    raise Refused("bad_condition", gettext_lazy("This is not a condition we understand."))


def _path(rtype: RecordType, path: str, scope: Scope) -> tuple[str, Kind]:
    labels: list[str] = []
    kind: Kind | None = None
    parts = path.split(".")
    for n, part in enumerate(parts):
        kind = scope.visible(rtype).get(part)
        if kind is None:
            raise Refused("no_such_field", gettext_lazy("There is no such field."), path)
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
        case {"today": True} | {"days_ago": 0}:
            return _("today")
        case {"days_ago": int(n)} if n < 0:
            return ngettext("in %(n)d day", "in %(n)d days", -n) % {"n": -n}
        case {"days_ago": int(n)}:
            return ngettext("%(n)d day ago", "%(n)d days ago", n) % {"n": n}
        case {"this": str()} | {"previous": str()} | {"coming": str()} | {"last": int()} | {"next": int()}:
            return _period(value)
    if isinstance(kind, Json):
        return next((title for i, title in titles.items() if str(i) == value), str(value))
    if isinstance(kind, Link | Links):
        return titles.get(accept_one(kind, value), str(value)) if isinstance(value, str | UUID) else str(value)
    if isinstance(kind, Choices):
        return kind.labels([value])[0]
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):  # of a moment too: the day that begins then
            return format_date(date.fromisoformat(value), get_language() or "en")
        return kind.show(kind.take(value)) or str(value)
    except (Refused, TypeError, ValueError):
        return str(value)


def _inside(name: str) -> str:
    known = saved(name)
    if known is None:
        raise Refused("no_such_view", gettext_lazy("There is no such saved view."), "in")
    return _("in the view “%(view)s”") % {"view": known.title}


def _period(value: dict[str, Any]) -> str:
    whole = {
        ("this", "day"): _("today"),
        ("previous", "day"): _("yesterday"),
        ("coming", "day"): _("tomorrow"),
        ("this", "week"): _("this week"),
        ("previous", "week"): _("last week"),
        ("coming", "week"): _("next week"),
        ("this", "month"): _("this month"),
        ("previous", "month"): _("last month"),
        ("coming", "month"): _("next month"),
        ("this", "quarter"): _("this quarter"),
        ("previous", "quarter"): _("last quarter"),
        ("coming", "quarter"): _("next quarter"),
        ("this", "year"): _("this year"),
        ("previous", "year"): _("last year"),
        ("coming", "year"): _("next year"),
    }
    way = next(iter(value))
    if way in ("this", "previous", "coming"):
        return whole.get((way, value[way]), "")
    return _counted(way, value.get("unit", ""), value[way])


def _counted(way: str, unit: str, n: int) -> str:
    if way == "last":
        said = {
            "day": ngettext("the last day", "the last %(n)d days", n),
            "week": ngettext("the last week up to today", "the last %(n)d weeks", n),
            "month": ngettext("the last month up to today", "the last %(n)d months", n),
            "quarter": ngettext("the last quarter up to today", "the last %(n)d quarters", n),
            "year": ngettext("the last year up to today", "the last %(n)d years", n),
        }
    else:
        said = {
            "day": ngettext("the next day", "the next %(n)d days", n),
            "week": ngettext("the next week from today", "the next %(n)d weeks", n),
            "month": ngettext("the next month from today", "the next %(n)d months", n),
            "quarter": ngettext("the next quarter from today", "the next %(n)d quarters", n),
            "year": ngettext("the next year from today", "the next %(n)d years", n),
        }
    return said.get(unit, "") % {"n": n}


#: who knows how an event of a kind is called; filled by the storeys that declare them
event_names: list[Callable[[str], str]] = []


def event_name(kind: str) -> str:
    """What people call an event of this kind."""
    return next((said for known in event_names if (said := known(kind))), kind)


def _has(rtype: RecordType, json: dict[str, Any], name: str, scope: Scope, titles: dict[UUID, str]) -> str:
    reverse = reverses(rtype).get(name)
    if reverse is None:
        raise Refused("no_such_relation", gettext_lazy("There are no such related records."), name)
    where = json.get("where") or {"all": []}
    told = _("has %(records)s") % {"records": reverse.label}
    if where != {"all": []}:
        told += _(" where %(condition)s") % {"condition": say(reverse.source, where, scope, titles)}
    return told + _times(json.get("times"))


def _happened(json: dict[str, Any], kind: str) -> str:
    told = _("“%(event)s” happened") % {"event": event_name(kind)}
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
