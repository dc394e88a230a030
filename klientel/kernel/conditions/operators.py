"""The operators of conditions: each a row with its words and its SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choices, Entries, Json, Kind, Link, Links, LongText, Money, Text, today, zone
from klientel.kernel.kinds.entries import REGION
from klientel.kernel.sql import FALSE, Among, Sql, like
from klientel.lib.relative_dates import moved


@dataclass(frozen=True)
class Operator:
    """One way to compare. ``takes``: none, one, many, range, days, period; ``of`` the operator this one negates."""

    key: str
    label: Any  # "is", for a menu
    words: Any  # "%(field)s is %(value)s"; `wording` says the rest
    takes: str
    sql: Callable[[Kind, str, Any], Sql] | None = None
    of: str = ""


def _is(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.sql(alias)
    if isinstance(kind, Entries):
        part = kind.parts[0]
        return _any_entry(x, f"lower(e->>'{part}') = lower(%s)", (value,))
    if isinstance(kind, Text) and type(kind).key in ("text", "email", "url", "phone"):
        return Sql(f"lower({x.text}) = lower(%s)", (*x.params, value))
    if kind.db_type_name == "timestamptz":
        start = dt.datetime.combine(value.astimezone(zone()).date(), dt.time(), zone())
        return Sql(f"({x.text} >= %s AND {x.text} < %s)", (*x.params, start, *x.params, start + dt.timedelta(days=1)))
    if isinstance(kind, Link) and not kind.custom:
        return Among(f"{x.text} = %s", (value,), x.text, Sql(f"ARRAY[%s]::{kind.db_type_name}[]", (value,)))
    return Sql(f"{x.text} = %s", (*x.params, value))


def _any_entry(x: Sql, test: str, params: tuple[Any, ...]) -> Sql:
    return Sql(f"EXISTS (SELECT 1 FROM jsonb_array_elements({x.text}) e WHERE {test})", (*x.params, *params))


def _contains(kind: Kind, alias: str, value: Any) -> Sql:
    return _like(kind, alias, f"%{like(value)}%")


def _starts(kind: Kind, alias: str, value: Any) -> Sql:
    return _like(kind, alias, f"{like(value)}%")


def _like(kind: Kind, alias: str, pattern: str) -> Sql:
    x = kind.sql(alias)
    if isinstance(kind, Entries):
        test = " OR ".join(f"e->>'{p}' ILIKE %s" for p in kind.words())
        return _any_entry(x, f"({test})", (pattern,) * len(kind.words()))
    return Sql(f"{x.text} ILIKE %s", (*x.params, pattern))


def _one_of(kind: Kind, alias: str, value: list[Any]) -> Sql:
    x = kind.sql(alias)
    return Sql(f"{x.text} = ANY(%s)", (*x.params, value)) if value else FALSE


def _empty(kind: Kind, alias: str, _value: Any) -> Sql:
    x = kind.sql(alias)
    if isinstance(kind, Choices | Links) and not kind.custom:
        return Sql(f"cardinality({x.text}) = 0", x.params)
    if isinstance(kind, Entries):
        return Sql(f"COALESCE({x.text}, '[]') = '[]'::jsonb", x.params)
    if isinstance(kind, Text | LongText):
        return Sql(f"COALESCE({x.text}, '') = ''", x.params)
    if isinstance(kind, Money):
        return Sql(f"COALESCE({x.text}, 'null') = 'null'::jsonb", x.params)
    return Sql(f"{x.text} IS NULL", x.params)


def _over(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.order(alias) if isinstance(kind, Money) else kind.sql(alias)
    return Sql(f"{x.text} > %s", (*x.params, _number(value)))


def _under(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.order(alias) if isinstance(kind, Money) else kind.sql(alias)
    return Sql(f"{x.text} < %s", (*x.params, _number(value)))


def _between(kind: Kind, alias: str, value: list[Any]) -> Sql:
    x = kind.order(alias) if isinstance(kind, Money) else kind.sql(alias)
    low, high = (_number(v) for v in value)
    return Sql(f"{x.text} BETWEEN %s AND %s", (*x.params, low, high))


def _number(value: Any) -> Any:
    return value["amount"] if isinstance(value, dict) else value


def _before(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.sql(alias)
    return Sql(f"{x.text} < %s", (*x.params, value))


def _after(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.sql(alias)
    return Sql(f"{x.text} > %s", (*x.params, value))


def _moment(kind: Kind, day: dt.date) -> Any:
    return dt.datetime.combine(day, dt.time(), zone()) if kind.db_type_name == "timestamptz" else day


def _within(kind: Kind, alias: str, days: int) -> Sql:
    """Within the last ``days`` days (positive) or the next (negative), today included."""
    x = kind.sql(alias)
    first, last = (today() - dt.timedelta(days), today()) if days >= 0 else (today(), today() - dt.timedelta(days))
    end = _moment(kind, last + dt.timedelta(days=1))
    return Sql(f"({x.text} >= %s AND {x.text} < %s)", (*x.params, _moment(kind, first), *x.params, end))


def _older(kind: Kind, alias: str, days: int) -> Sql:
    x = kind.sql(alias)
    return Sql(f"{x.text} < %s", (*x.params, _moment(kind, today() - dt.timedelta(days=days))))


def _anniversary(kind: Kind, alias: str, days: int) -> Sql:
    """The day returns (birthday) within the next ``days`` days; 29 February counts as 1 March in common years."""
    x = kind.sql(alias)
    coming = [(today() + dt.timedelta(days=n)).strftime("%m-%d") for n in range(min(abs(days), 366) + 1)]
    if "03-01" in coming and "02-29" not in coming:
        coming.append("02-29")
    return Sql(f"to_char({x.text}, 'MM-DD') = ANY(%s)", (*x.params, coming))


def _during(kind: Kind, alias: str, value: tuple[dt.date, dt.date]) -> Sql:
    """In a period: from its first day to before the day after its last."""
    x, (first, after) = kind.sql(alias), value
    return Sql(
        f"({x.text} >= %s AND {x.text} < %s)", (*x.params, _moment(kind, first), *x.params, _moment(kind, after))
    )


def _has_one(kind: Kind, alias: str, value: list[Any]) -> Sql:
    x = kind.sql(alias)
    if kind.custom:
        return Sql(f"{x.text} ?| %s", (*x.params, [str(v) for v in value]))
    return Sql(f"{x.text} && %s", (*x.params, value)) if value else FALSE


def _has_all(kind: Kind, alias: str, value: list[Any]) -> Sql:
    x = kind.sql(alias)
    if kind.custom:
        return Sql(f"{x.text} ?& %s", (*x.params, [str(v) for v in value]))
    return Sql(f"{x.text} @> %s", (*x.params, value))


def _holds(kind: Kind, alias: str, value: Any) -> Sql:
    assert isinstance(kind, Json)
    found = kind.entries(alias)
    text = f"EXISTS (SELECT 1 FROM {found.text} WHERE {kind.entry_key} IN (%s, lower(%s)))"
    return Sql(text, (*found.params, value, value))


def _region(kind: Kind, alias: str, value: Any) -> Sql:
    """Of the first address; ``DE 20``, ``AT 1``, ``US Texas``, or ``*`` for any region at all."""
    x = kind.sql(alias)
    first = Sql(f"(SELECT {REGION} FROM (SELECT {x.text}->0 AS a) a)", x.params)
    if value == "*":
        return Sql(f"{first.text} IS NOT NULL", first.params)
    return Sql(f"lower({first.text}) = lower(%s)", (*first.params, value))


def _currency(kind: Kind, alias: str, value: Any) -> Sql:
    x = kind.sql(alias)
    return Sql(f"{x.text}->>'currency' = %s", (*x.params, str(value).upper()))


def _yes(kind: Kind, alias: str, _value: Any) -> Sql:
    x = kind.sql(alias)
    return Sql(f"COALESCE({x.text}, false)", x.params)


OPERATORS: dict[str, Operator] = {
    o.key: o
    for o in (
        Operator("is", _("is"), _("%(field)s is %(value)s"), "one", _is),
        Operator("is_not", _("is not"), _("%(field)s is not %(value)s"), "one", of="is"),
        Operator("contains", _("contains"), _("%(field)s contains %(value)s"), "text", _contains),
        Operator(
            "not_contains", _("does not contain"), _("%(field)s does not contain %(value)s"), "text", of="contains"
        ),
        Operator("starts", _("starts with"), _("%(field)s starts with %(value)s"), "text", _starts),
        Operator("one_of", _("is one of"), _("%(field)s is %(value)s"), "many", _one_of),
        Operator("none_of", _("is none of"), _("%(field)s is not %(value)s"), "many", of="one_of"),
        Operator("empty", _("is empty"), _("%(field)s: none"), "none", _empty),
        Operator("not_empty", _("is not empty"), _("%(field)s: given"), "none", of="empty"),
        Operator("over", _("is over"), _("%(field)s over %(value)s"), "one", _over),
        Operator("under", _("is under"), _("%(field)s under %(value)s"), "one", _under),
        Operator("between", _("is between"), _("%(field)s between %(value)s"), "range", _between),
        Operator("before", _("is before"), _("%(field)s before %(value)s"), "one", _before),
        Operator("after", _("is after"), _("%(field)s after %(value)s"), "one", _after),
        Operator("during", _("is in"), _("%(field)s: %(value)s"), "period", _during),
        Operator("within", _("is within days"), _("%(field)s %(value)s"), "days", _within),
        Operator("older", _("is longer ago than days"), _("%(field)s %(value)s"), "days", _older),
        Operator("anniversary", _("returns within days"), _("%(field)s %(value)s"), "days", _anniversary),
        Operator("contains_one", _("has one of"), _("%(field)s: %(value)s"), "many", _has_one),
        Operator("contains_all", _("has all of"), _("%(field)s: %(value)s"), "many", _has_all),
        Operator("contains_none", _("has none of"), _("%(field)s: not %(value)s"), "many", of="contains_one"),
        Operator("holds", _("has a line of"), _("%(field)s: with a line of %(value)s"), "text", _holds),
        Operator("holds_not", _("has no line of"), _("%(field)s: without a line of %(value)s"), "text", of="holds"),
        Operator("region", _("lies in the region"), _("%(field)s lies in the region %(value)s"), "text", _region),
        Operator("currency", _("is in currency"), _("%(field)s is in %(value)s"), "text", _currency),
        Operator("yes", _("is yes"), _("%(field)s: yes"), "none", _yes),
        Operator("no", _("is no"), _("%(field)s: no"), "none", of="yes"),
    )
}


def positive(operator: Operator) -> Operator:
    """The operator itself, or the one it negates."""
    return OPERATORS[operator.of] if operator.of else operator


def value_of(kind: Kind, operator: Operator, value: Any, resolve: Callable[[Kind, Any], Any]) -> Any:
    """The value of a clause, checked and with ``{"me": true}`` and the like resolved."""
    match operator.takes:
        case "none":
            return None
        case "text":
            if not isinstance(value, str) or not value or "\x00" in value or len(value) > 500:
                raise Refused("bad_value", _("Please enter text to compare with."), kind.name)
            return value
        case "days":
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 36_600:
                raise Refused("bad_value", _("Please enter a number of days."), kind.name)
            return value
        case "period":
            return period(kind, value)
        case "range":
            if not isinstance(value, list) or len(value) != 2:
                raise Refused("bad_value", _("Please enter two values."), kind.name)
            return [resolve(kind, v) for v in value]
        case "many":
            return _many(kind, value, resolve)
    if isinstance(value, list | type(None)) or value == "":
        raise Refused("bad_value", _("Please enter a value to compare with."), kind.name)
    return resolve(kind, value)


def _many(kind: Kind, value: Any, resolve: Callable[[Kind, Any], Any]) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > 1000:
        raise Refused("bad_value", _("Please choose at least one value."), kind.name)
    found: list[Any] = []
    for item in value:
        got = resolve(kind, item)
        found.extend(got if isinstance(got, list) else [got])
    return found


def period(kind: Kind, value: Any) -> tuple[dt.date, dt.date]:
    """The first day of a period and the day after its last, where the tenant is today.

    ``{"this": "week"}``, ``{"previous": "month"}``, ``{"coming": "quarter"}`` are whole periods of the calendar (weeks
    begin on Monday, ISO 8601); ``{"last": 3, "unit": "month"}`` ends today, ``{"next": …}`` begins today.
    """
    units = ("day", "week", "month", "quarter", "year")
    match value:
        case {"this": str(unit)} | {"previous": str(unit)} | {"coming": str(unit)} if len(value) == 1 and unit in units:
            offset = {"this": 0, "previous": -1, "coming": 1}[next(iter(value))]
            first = moved(_first_of(unit), offset, unit)
            return first, moved(first, 1, unit)
        case {"last": int(n), "unit": str(unit)} if len(value) == 2 and unit in units and _reasonable(n):
            return moved(today(), -n, unit) + dt.timedelta(days=1), today() + dt.timedelta(days=1)
        case {"next": int(n), "unit": str(unit)} if len(value) == 2 and unit in units and _reasonable(n):
            return today(), moved(today(), n, unit)
    raise Refused("bad_value", _("Please choose a period."), kind.name)


def _reasonable(n: Any) -> bool:
    return not isinstance(n, bool) and 0 < n <= 1000


def _first_of(unit: str) -> dt.date:
    day = today()
    match unit:
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def is_link(kind: Kind) -> bool:
    """Whether a path may go on behind this field."""
    return isinstance(kind, Link | Links)
