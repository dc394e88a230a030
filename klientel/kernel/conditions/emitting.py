"""A typed formula as SQL, and only as SQL. Nothing in it can fail at run time: what has no value is empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klientel.kernel.kinds import today, zone
from klientel.kernel.sql import Sql, comma
from klientel.lib.formulas import Node

#: of a field: its SQL, and its amount and currency where it is money
Reader = Callable[[str, str], Sql]

_COMPARED = {"=": "IS NOT DISTINCT FROM", "<>": "IS DISTINCT FROM"}
#: each a function of SQL over the arguments, in order
_PLAIN = {
    "abs": "abs({0})",
    "floor": "floor({0})",
    "ceil": "ceil({0})",
    "mod": "mod({0}, NULLIF({1}, 0))",
    "min": "LEAST({all})",
    "max": "GREATEST({all})",
    "ifempty": "COALESCE({0}, {1})",
    "currency": "COALESCE({0}, '')",
    "amount": "{0}",
    "len": "char_length({0})::numeric",
    "upper": "upper({0})",
    "lower": "lower({0})",
    "trim": "btrim({0})",
    "left": "left({0}, {1}::int)",
    "right": "right({0}, {1}::int)",
    "contains": "(strpos(lower({0}), lower({1})) > 0)",
    "replace": "left(replace({0}, {1}, {2}), 20000)",
    "number": "kernel_number({0})",
    "year": "extract(year FROM {0})::numeric",
    "month": "extract(month FROM {0})::numeric",
    "day": "extract(day FROM {0})::numeric",
    "weekday": "extract(isodow FROM {0})::numeric",
    "days": "(({1}) - ({0}))::numeric",
    "months": "kernel_months_between({0}, {1})",
    "years": "trunc(kernel_months_between({0}, {1}) / 12)",
    "adddays": "kernel_later({0}, {1})",
    "addmonths": "kernel_months_later({0}, {1})",
}
_TEXTS = {"number": "COALESCE(trim_scale({0})::text, '')", "date": "COALESCE(to_char({0}, 'YYYY-MM-DD'), '')",
          "moment": "COALESCE(to_char({0}, 'YYYY-MM-DD HH24:MI'), '')", "truth": "({0})::text"}  # fmt: skip
_CASTS = {"number": "numeric", "text": "text", "date": "date", "moment": "timestamptz", "truth": "boolean"}


def emit(node: Node, read: Reader) -> Sql:
    """The formula as an SQL expression of its type; numbers of at most 18 digits, 6 of them after the point."""
    found = _emit(node, read)
    if node.type == "number":
        return Sql(f"kernel_bounded({found.text})", found.params)
    if node.type == "date":
        return Sql(f"kernel_later({found.text}, 0)", found.params)
    return Sql(f"({found.text})", found.params)


def _emit(node: Node, read: Reader) -> Sql:
    match node.what:
        case "number" | "text" | "truth" | "date":
            return Sql(f"%s::{_CASTS[node.type]}", (node.value,))
        case "empty":
            return Sql("''" if node.type == "text" else f"NULL::{_CASTS[node.type]}")
        case "field":
            return _field(node, read)
        case "minus":
            return _put("(-{0})", node, read)
        case "not":
            return _put("(NOT {0})", node, read)
        case "call":
            return _call(node, read)
    return _sign(node, read)


def _field(node: Node, read: Reader) -> Sql:
    found = read(node.value, "")
    empty = {"text": "COALESCE({0}, '')", "truth": "COALESCE({0}, false)", "number": "({0})::numeric"}
    return Sql(empty.get(node.type, "({0})").replace("{0}", found.text), found.params)


def _put(template: str, node: Node, read: Reader) -> Sql:
    """A template with the parts of a node in their places; each is named once at most, in order."""
    parts = [_emit(p, read) for p in node.parts]
    if "{all}" in template:
        every = comma(parts)
        return Sql(template.replace("{all}", every.text), every.params)
    order = sorted((template.index(f"{{{n}}}"), n) for n in range(len(parts)) if f"{{{n}}}" in template)
    for n, part in enumerate(parts):
        template = template.replace(f"{{{n}}}", part.text)
    return Sql(template, tuple(x for _at, n in order for x in parts[n].params))


def _sign(node: Node, read: Reader) -> Sql:
    left, right = node.parts
    if node.what in _COMPARED:
        return _put(f"({{0}} {_COMPARED[node.what]} {{1}})", node, read)
    if node.what in ("<", ">", "<=", ">="):
        return _put(f"COALESCE({{0}} {node.what} {{1}}, false)", node, read)
    if node.what in ("and", "or"):
        return _put(f"({{0}} {node.what.upper()} {{1}})", node, read)
    if node.what == "&":
        return _put("left({0} || {1}, 20000)", node, read)
    if node.what == "/":
        return _put("({0} / NULLIF({1}, 0))", node, read)
    if left.type == "moment":
        return _put("(extract(epoch FROM ({0} - {1})) / 86400)::numeric", node, read)
    if left.type == "date" and right.type == "date":
        return _put("({0} - {1})::numeric", node, read)
    if left.type == "date":
        return _put("kernel_later({0}, {1})" if node.what == "+" else "kernel_later({0}, -({1}))", node, read)
    return _put(f"({{0}} {node.what} {{1}})", node, read)


def _call(node: Node, read: Reader) -> Sql:
    match node.value:
        case "if":
            return _choosing(node, read)
        case "today":
            return Sql("%s::date", (today(),))
        case "now":
            return Sql("now()")
        case "isempty":
            return _is_empty(node.parts[0], read)
        case "amount" | "currency":
            return _put(_PLAIN[node.value], node, lambda name, _what: read(name, node.value))
        case "round":
            return _put("round({0}, {1}::int)" if len(node.parts) > 1 else "round({0})", node, read)
        case "text":
            return _put(_TEXTS.get(node.parts[0].type, "{0}"), node, read)
        case "date":
            if node.parts[0].type == "date":
                return _emit(node.parts[0], read)
            inner = _emit(node.parts[0], read)
            return Sql(f"({inner.text} AT TIME ZONE %s)::date", (*inner.params, str(zone())))
    return _put(_PLAIN[node.value], node, read)


def _is_empty(part: Node, read: Reader) -> Sql:
    if part.type == "text":
        inner = _emit(part, read)
        return Sql(f"({inner.text} = '')", inner.params)
    inner = read(part.value, "") if part.what == "field" else _emit(part, read)
    if part.type in ("other", "money"):
        return Sql(f"(COALESCE(to_jsonb({inner.text}), 'null') IN ('null', '[]', '{{}}', '\"\"'))", inner.params)
    return Sql(f"(({inner.text}) IS NULL)", inner.params)


def _choosing(node: Node, read: Reader) -> Sql:
    parts: list[Sql] = [_emit(p, read) for p in node.parts]
    texts, params = ["CASE"], list[Any]()
    for test, result in zip(parts[:-1:2], parts[1::2], strict=True):
        texts.append(f"WHEN {test.text} THEN {result.text}")
        params += [*test.params, *result.params]
    texts.append(f"ELSE {parts[-1].text} END")
    return Sql(f"({' '.join(texts)})", (*params, *parts[-1].params))
