"""A stored condition as what a form holds: the other way of writing."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.web.builder.offers import kind_along, source_along
from klientel.kernel.web.builder.typed import Typed, group


def from_json(scope: Any, rtype: Any, json: Any) -> Typed:
    """The condition as typed parts; the outermost is always a group."""
    found = _part(scope, rtype, json) if json else group()
    return found if found.type == "group" else group("all", [found])


def _part(scope: Any, rtype: Any, json: Any) -> Typed:
    match json:
        case {"all": list(parts), **rest} if not rest:
            return group("all", [_part(scope, rtype, p) for p in parts])
        case {"any": list(parts), **rest} if not rest:
            return group("any", [_part(scope, rtype, p) for p in parts])
        case {"not": {"any": list(parts)}, **rest} if not rest:
            return group("none", [_part(scope, rtype, p) for p in parts])
        case {"not": {"all": list(parts)}, **rest} if not rest:
            return group("not_all", [_part(scope, rtype, p) for p in parts])
        case {"not": dict(part), **rest} if not rest:
            return group("none", [_part(scope, rtype, part)])
        case {"field": str(path), "op": str(op), **rest}:
            return _clause(scope, rtype, path, op, rest.get("value"))
        case {"has": str(name), **rest}:
            return _has(scope, rtype, name, rest)
        case {"happened": str(kind), **rest}:
            words = {"what": "happened", "event": kind, **_times(rest.get("times"))}
            within = rest.get("within")
            days = within.get("days") if isinstance(within, dict) else None
            return Typed(words=words | {"days": str(days or "")})
        case {"in": str(name), **rest} if not rest and name.startswith("view:"):
            return Typed(words={"what": "in", "view": name.removeprefix("view:")})
    return Typed("kept", kept=json)


def _has(scope: Any, rtype: Any, name: str, rest: dict[Any, Any]) -> Typed:
    source = source_along(rtype, name)
    if source is None:
        return Typed("kept", kept={"has": name, **rest})
    words = {"what": f"has:{name}", **_times(rest.get("times"))}
    return Typed(words=words, inner=from_json(scope, source, rest.get("where") or {"all": []}))


def _times(times: Any) -> dict[str, str]:
    match times:
        case {"over": int(n)}:
            return {"times": "over", "count": str(n)}
        case {"under": int(n)}:
            return {"times": "under", "count": str(n)}
        case {"is": int(n)}:
            return {"times": "is", "count": str(n)}
    return {}


def _clause(scope: Any, rtype: Any, path: str, op: str, value: Any) -> Typed:
    made = Typed(words={"what": f"field:{path}", "op": op})
    kind = kind_along(scope, rtype, path)
    match value:
        case {"today": True}:
            made.words["when"] = "today"
        case {"days_ago": int(n)}:
            made.words |= {"when": "ago" if n >= 0 else "ahead", "n": str(abs(n))}
        case {"this": str(unit)} | {"previous": str(unit)} | {"coming": str(unit)} if len(value) == 1:
            made.words["when"] = f"{next(iter(value))}:{unit}"
        case {"last": int(n), "unit": str(unit)}:
            made.words |= {"when": "last", "n": str(n), "unit": unit}
        case {"next": int(n), "unit": str(unit)}:
            made.words |= {"when": "next", "n": str(n), "unit": unit}
        case {"amount": amount, **rest}:
            made.values, made.words["currency"] = [str(amount)], str(rest.get("currency") or "")
        case [low, high] if op == "between":
            made.values, made.words["upto"] = [_text(kind, low)], _text(kind, high)
        case list(items):
            made.values = [_text(kind, i) for i in items]
        case int(n) if op in ("within", "older", "anniversary") and not isinstance(n, bool):
            made.words |= {"n": str(abs(n)), "when": "" if n >= 0 else "ahead"}
        case None:
            pass
        case _:
            made.values = [_text(kind, value)]
    return made


def _text(kind: Kind | None, value: Any) -> str:
    match value:
        case {"me": True}:
            return "@me"
        case {"my_teams": True}:
            return "@my_teams"
        case {"amount": amount}:
            return str(amount)
    if kind is not None and kind.key == "date_time" and isinstance(value, str):
        try:
            return timezone.localtime(kind.take(value)).strftime("%Y-%m-%dT%H:%M")
        except Refused:
            return value
    if kind is not None and kind.key == "decimal":
        return str(value).replace(".", ",")
    return str(value)
