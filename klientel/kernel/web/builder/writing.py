"""What a form holds as a condition, each refusal at the part it concerns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from klientel.kernel.conditions import OPERATORS, check
from klientel.kernel.conditions.compiling import accept_one
from klientel.kernel.conditions.operators import Operator
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choices, Entries, Kind, Links
from klientel.kernel.web.builder.offers import kind_along, source_along
from klientel.kernel.web.builder.typed import Typed

#: operators that speak of a period or of a moment said from today on
RELATIVE = ("is", "before", "after")


class Writing:
    """One pass over the parts: JSON of each that is understood, a refusal at each that is not."""

    def __init__(self, scope: Any, prefix: str) -> None:
        self.scope, self.prefix = scope, prefix
        self.refusals: dict[str, Refused] = {}
        self.made: dict[str, tuple[Any, Any]] = {}  # at -> (type, JSON), for saying each part in words

    def group(self, rtype: Any, typed: Typed, at: str) -> Any:
        """The JSON of a group; parts that are refused are left out."""
        parts = [p for n, part in enumerate(typed.parts) if (p := self.part(rtype, part, f"{at}:{n}")) is not None]
        json: Any = {
            "all": {"all": parts},
            "any": {"any": parts},
            "none": {"not": {"any": parts}},
            "not_all": {"not": {"all": parts}},
        }[typed.how]
        self.made[at] = (rtype, json)
        return json

    def part(self, rtype: Any, typed: Typed, at: str) -> Any:
        """The JSON of one part, or nothing where it is refused or nobody chose anything in it."""
        if typed.type == "group":
            return self.group(rtype, typed, at)
        if typed.type == "clause" and not typed.word("what"):
            return None
        try:
            json = typed.kept if typed.type == "kept" else self.clause(rtype, typed, at)
            check(rtype, _shell(json), self.scope)
        except Refused as no:
            self.refusals[at] = no
            return None
        self.made[at] = (rtype, json)
        return json

    def clause(self, rtype: Any, typed: Typed, at: str) -> Any:
        """The JSON of a comparison, of related records, of what happened, or of a saved view."""
        what, _colon, name = typed.word("what").partition(":")
        match what:
            case "field":
                return self.comparison(rtype, typed, name)
            case "has":
                source = source_along(rtype, name)
                if source is None:
                    raise Refused("no_such_relation", _("There are no such related records."), name)
                inner = self.group(source, typed.inner or Typed("group"), f"{at}:w")
                return {"has": name, "where": inner, **_times(typed)}
            case "happened":
                if not typed.word("event"):
                    raise Refused("bad_value", _("Please choose what happened."), "event")
                within = {"within": {"days": _whole(typed.word("days"))}} if typed.word("days") else {}
                return {"happened": typed.word("event"), **within, **_times(typed)}
            case "in":
                return {"in": f"view:{typed.word('view')}"}
        raise Refused("bad_condition", _("Please choose what this is about."))

    def comparison(self, rtype: Any, typed: Typed, path: str) -> dict[str, Any]:
        """A field, a comparison and a value."""
        kind = kind_along(self.scope, rtype, path)
        if kind is None:
            raise Refused("no_such_field", _("There is no such field."), path)
        operator = OPERATORS.get(typed.word("op"))
        if operator is None or operator.key not in kind.operators:
            raise Refused("bad_operator", _("Please choose a comparison."), path)
        json: dict[str, Any] = {"field": path, "op": operator.key}
        if operator.takes != "none":
            json["value"] = value(kind, operator, typed)
        return json


def value(kind: Kind, operator: Operator, typed: Typed) -> Any:
    """The value of a comparison as JSON; :class:`Refused` where it is missing or makes no sense."""
    match operator.takes:
        case "days":
            days = _whole(typed.word("n") or "".join(typed.values[:1]))
            return -days if typed.word("when") == "ahead" else days
        case "period":
            return _period(typed)
        case "range":
            low, high = typed.values[:1], [typed.word("upto")]
            if not low or not high[0]:
                raise Refused("bad_value", _("Please enter two values."), kind.name)
            return [one(kind, low[0]), one(kind, high[0])]
        case "many":
            return [one(kind, v) for v in typed.values]
        case "text":
            return typed.values[0] if typed.values else ""
    if operator.key in RELATIVE and kind.key in ("date", "date_time") and typed.word("when"):
        return _moment(typed)
    if not typed.values:
        raise Refused("bad_value", _("Please enter a value to compare with."), kind.name)
    return one(kind, typed.values[0])


def one(kind: Kind, text: str) -> Any:
    """One value as JSON, as the kind writes it."""
    if text == "@me":
        return {"me": True}
    if text == "@my_teams":
        return {"my_teams": True}
    accepted = accept_one(kind, text)
    if isinstance(kind, Links | Choices | Entries) or isinstance(accepted, UUID):
        return str(accepted)
    return kind.plain(accepted)


def _moment(typed: Typed) -> Any:
    match typed.word("when"):
        case "today":
            return {"today": True}
        case "ago":
            return {"days_ago": _whole(typed.word("n"))}
        case "ahead":
            return {"days_ago": -_whole(typed.word("n"))}
    raise Refused("bad_value", _("Please choose a day."), "when")


def _period(typed: Typed) -> dict[str, Any]:
    way, _colon, unit = typed.word("when").partition(":")
    if way in ("last", "next"):
        return {way: _whole(typed.word("n")), "unit": typed.word("unit") or "day"}
    if way in ("this", "previous", "coming"):
        return {way: unit}
    raise Refused("bad_value", _("Please choose a period."), "when")


def _times(typed: Typed) -> dict[str, Any]:
    how = typed.word("times")
    return {"times": {how: _whole(typed.word("count"))}} if how in ("over", "under", "is") else {}


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise Refused("bad_value", _("Please enter a whole number."), "n")
    return int(text)


def _shell(json: Any) -> Any:
    """A part without what is checked by itself: the parts inside it."""
    return {**json, "where": {"all": []}} if isinstance(json, dict) and "has" in json else json
