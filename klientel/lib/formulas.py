"""Formulas as people write them: ``if(x_budget > 1000, "large", "small")``. Read into a tree of typed nodes.

A Pratt parser (V. Pratt, "Top down operator precedence", 1973). Types: number, text, date, moment, truth; ``empty`` is
a value of every type, ``other`` can only be asked whether it is empty. There is no way to loop, to assign or to reach
outside, so a formula always ends. Every error knows the character it stands at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

LONGEST = 2000
DEEPEST = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>\"(?:[^\"]|\"\")*\")|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<sign><=|>=|<>|!=|[-+*/&=<>(),;]))"
)
_WORDS = {"und": "and", "oder": "or", "nicht": "not", "wahr": "true", "falsch": "false", "leer": "empty"}
_GERMAN = {
    "wenn": "if", "wennleer": "ifempty", "istleer": "isempty", "runden": "round", "betrag": "amount", "kleinste": "min",
    "groesste": "max", "größte": "max", "rest": "mod", "laenge": "len", "länge": "len", "gross": "upper",
    "groß": "upper", "klein": "lower", "glaetten": "trim", "glätten": "trim", "links": "left", "rechts": "right",
    "enthaelt": "contains", "enthält": "contains", "ersetzen": "replace", "jahr": "year", "monat": "month",
    "tag": "day", "wochentag": "weekday", "heute": "today", "jetzt": "now", "tage": "days", "monate": "months",
    "jahre": "years", "plustage": "adddays", "plusmonate": "addmonths", "datum": "date", "zahl": "number",
    "waehrung": "currency", "währung": "currency", "absolut": "abs", "abrunden": "floor", "aufrunden": "ceil",
}  # fmt: skip
_POWER = {"or": 1, "and": 2, "=": 4, "<>": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, "&": 5, "+": 6, "-": 6, "*": 7, "/": 7}


class FormulaError(ValueError):
    """What is wrong, and at which character (counted from 0)."""

    def __init__(self, code: str, at: int, **words: object) -> None:
        super().__init__(code)
        self.code, self.at, self.words = code, at, words


@dataclass(frozen=True)
class Node:
    """A piece of a formula: ``what`` is number, text, truth, empty, field, call or a sign; ``type`` what it yields."""

    what: str
    at: int
    value: Any = None
    parts: tuple[Node, ...] = ()
    type: str = ""


@dataclass(frozen=True)
class Function:
    """What a function takes and gives. ``takes`` names a type for each argument; a trailing ``?`` may be left out,
    ``*`` repeats, ``'`` must be written down as it is (no field)."""

    takes: tuple[str, ...]
    gives: str


FUNCTIONS: dict[str, Function] = {
    "round": Function(("number", "number'?"), "number"),
    "abs": Function(("number",), "number"),
    "floor": Function(("number",), "number"),
    "ceil": Function(("number",), "number"),
    "mod": Function(("number", "number"), "number"),
    "min": Function(("same", "same*"), "same"),
    "max": Function(("same", "same*"), "same"),
    "ifempty": Function(("same", "same"), "same"),
    "isempty": Function(("any",), "truth"),
    "amount": Function(("money",), "number"),
    "currency": Function(("money",), "text"),
    "len": Function(("text",), "number"),
    "upper": Function(("text",), "text"),
    "lower": Function(("text",), "text"),
    "trim": Function(("text",), "text"),
    "left": Function(("text", "number'"), "text"),
    "right": Function(("text", "number'"), "text"),
    "contains": Function(("text", "text"), "truth"),
    "replace": Function(("text", "text'", "text'"), "text"),
    "text": Function(("any",), "text"),
    "number": Function(("text",), "number"),
    "today": Function((), "date"),
    "now": Function((), "moment"),
    "date": Function(("text'|moment",), "date"),
    "year": Function(("date",), "number"),
    "month": Function(("date",), "number"),
    "day": Function(("date",), "number"),
    "weekday": Function(("date",), "number"),
    "days": Function(("date", "date"), "number"),
    "months": Function(("date", "date"), "number"),
    "years": Function(("date", "date"), "number"),
    "adddays": Function(("date", "number"), "date"),
    "addmonths": Function(("date", "number"), "date"),
}


# -- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Token:
    what: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    if len(text) > LONGEST:
        raise FormulaError("too_long", LONGEST)
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FormulaError("not_closed" if text[at] == '"' else "bad_sign", at, sign=text[at])
        what = str(match.lastgroup)
        word = match[what]
        if what == "name":
            word = _WORDS.get(word.lower(), word)
            what = "word" if word.lower() in ("and", "or", "not", "true", "false", "empty") else "name"
            word = word.lower()
        found.append(_Token("sign" if word in ("and", "or", "not") else what, word, match.start(match.lastgroup or 0)))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens, self.n, self.depth = _tokens(text), 0, 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.n]

    def take(self) -> _Token:
        self.n += 1
        return self.tokens[self.n - 1]

    def expect(self, sign: str) -> None:
        if self.here.text != sign or self.here.what != "sign":
            raise FormulaError("expected", self.here.at, sign=sign)
        self.n += 1

    def expression(self, power: int = 0) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError("too_deep", self.here.at)
        left = self.first()
        while self.here.what == "sign" and _POWER.get(_sign(self.here.text), -1) > power:
            token = self.take()
            sign = _sign(token.text)
            left = Node(sign, token.at, None, (left, self.expression(_POWER[sign])))
        self.depth -= 1
        return left

    def first(self) -> Node:
        token = self.take()
        match token.what, token.text:
            case "number", text:
                return Node("number", token.at, Decimal(text))
            case "text", text:
                return Node("text", token.at, text[1:-1].replace('""', '"'))
            case "word", "true" | "false":
                return Node("truth", token.at, token.text == "true")
            case "word", "empty":
                return Node("empty", token.at)
            case "name", name:
                return self.call(token) if self.here.text == "(" else Node("field", token.at, name)
            case "sign", "(":
                inner = self.expression()
                self.expect(")")
                return inner
            case "sign", "-":
                return Node("minus", token.at, None, (self.expression(8),))
            case "sign", "not":
                return Node("not", token.at, None, (self.expression(3),))
            case "end", _:
                raise FormulaError("unfinished", token.at)
        raise FormulaError("unexpected", token.at, sign=token.text)

    def call(self, token: _Token) -> Node:
        self.expect("(")
        parts: list[Node] = []
        while self.here.text != ")" or self.here.what != "sign":
            parts.append(self.expression())
            if self.here.what == "sign" and self.here.text in (",", ";"):
                self.take()
            elif self.here.text != ")":
                raise FormulaError("expected", self.here.at, sign=")")
        self.expect(")")
        return Node("call", token.at, _GERMAN.get(token.text, token.text), tuple(parts))


def _sign(text: str) -> str:
    return "<>" if text == "!=" else text


def parse(text: str) -> Node:
    """The formula as a tree, without types yet; :class:`FormulaError` at the character that cannot be read."""
    parser = _Parser(text)
    node = parser.expression()
    if parser.here.what != "end":
        raise FormulaError("unexpected", parser.here.at, sign=parser.here.text)
    return node


def names(node: Node) -> set[str]:
    """The fields that a formula reads."""
    found = {node.value} if node.what == "field" else set()
    return found.union(*(names(p) for p in node.parts)) if node.parts else found


# -- types --------------------------------------------------------------------------------------------------------


def typed(node: Node, types: Mapping[str, str], choices: Mapping[str, list[str]] | None = None) -> Node:
    """The same tree, each node with its type; ``types`` says what each field holds.

    ``choices`` are the values of fields that have only some: comparing one with something else is an error.
    """
    return _Typing(types, choices or {}).of(node)


class _Typing:
    def __init__(self, types: Mapping[str, str], choices: Mapping[str, list[str]]) -> None:
        self.types, self.choices = types, choices

    def of(self, node: Node) -> Node:
        if node.what in ("number", "text", "truth", "empty"):
            return _as(node, node.what)
        if node.what == "field":
            if node.value not in self.types:
                raise FormulaError("no_such_field", node.at, name=node.value)
            return _as(node, self.types[node.value])
        node = Node(node.what, node.at, node.value, tuple(self.of(p) for p in node.parts))
        found: dict[str, Callable[[Node], Node]] = {"call": self.call, "minus": self.minus, "not": self.negation}
        return found.get(node.what, self.sign)(node)

    def sign(self, node: Node) -> Node:
        left, right = node.parts
        if node.what in ("and", "or"):
            return _as(node, "truth", _wanted(left, "truth"), _wanted(right, "truth"))
        if node.what == "&":
            return _as(node, "text", _shown(left), _shown(right))
        if node.what in ("=", "<>", "<", ">", "<=", ">="):
            self.choice(left, right)
            self.choice(right, left)
            return _as(node, "truth", *_same(node.parts))
        return self.arithmetic(node, left, right)

    @staticmethod
    def arithmetic(node: Node, left: Node, right: Node) -> Node:
        pair = (left.type, right.type)
        if node.what in "+-" and pair in (("date", "number"), ("date", "empty")):
            return _as(node, "date", left, _wanted(right, "number"))
        if node.what == "-" and pair in (("date", "date"), ("moment", "moment")):
            return _as(node, "number")
        return _as(node, "number", _wanted(left, "number"), _wanted(right, "number"))

    def choice(self, one: Node, other: Node) -> None:
        known = self.choices.get(one.value) if one.what == "field" else None
        if known is not None and other.what == "text" and other.value not in (*known, ""):
            raise FormulaError("no_such_choice", other.at, name=other.value, known=", ".join(known[:12]))

    @staticmethod
    def minus(node: Node) -> Node:
        return _as(node, "number", _wanted(node.parts[0], "number"))

    @staticmethod
    def negation(node: Node) -> Node:
        return _as(node, "truth", _wanted(node.parts[0], "truth"))

    def call(self, node: Node) -> Node:
        if node.value == "if":
            return self.choosing(node)
        function = FUNCTIONS.get(node.value)
        if function is None:
            raise FormulaError("no_such_function", node.at, name=node.value)
        takes = list(function.takes)
        if takes and takes[-1].endswith("*"):
            takes = takes[:-1] + [takes[-1][:-1]] * max(len(node.parts) - len(takes) + 1, 0)
        needed = sum(not t.endswith("?") for t in takes)
        if not needed <= len(node.parts) <= len(takes):
            raise FormulaError("wrong_count", node.at, name=node.value, n=len(takes))
        parts = [_taken(p, t.rstrip("?")) for p, t in zip(node.parts, takes, strict=False)]
        if function.gives != "same":
            return _as(node, function.gives, *parts)
        parts = _same(parts)
        return _as(node, parts[0].type, *parts)

    @staticmethod
    def choosing(node: Node) -> Node:
        if len(node.parts) < 3 or len(node.parts) % 2 == 0:
            raise FormulaError("wrong_count", node.at, name="if", n=3)
        tests = [_wanted(p, "truth") for p in node.parts[:-1:2]]
        results = _same([*node.parts[1::2], node.parts[-1]])
        parts = [p for pair in zip(tests, results[:-1], strict=True) for p in pair]
        return _as(node, results[-1].type, *parts, results[-1])


def _as(node: Node, kind: str, *parts: Node) -> Node:
    return Node(node.what, node.at, node.value, parts or node.parts, kind)


def _wanted(node: Node, kind: str) -> Node:
    if node.type == "empty":
        return _as(node, kind)
    if node.type != kind:
        raise FormulaError("wrong_type", node.at, wanted=kind, found=node.type)
    return node


def _shown(node: Node) -> Node:
    """A value as text, where it is put together with text."""
    if node.type == "empty":
        return _as(node, "text")
    if node.type in ("other", "money"):
        raise FormulaError("wrong_type", node.at, wanted="text", found=node.type)
    return node if node.type == "text" else Node("call", node.at, "text", (node,), "text")


def _taken(node: Node, wanted: str) -> Node:
    for one in wanted.split("|"):
        kind = one.rstrip("'")
        if one.endswith("'") and (node.what != kind or _too_large(node)):
            if one == wanted.split("|")[-1]:
                raise FormulaError("not_written_down", node.at)
            continue
        if kind == "any":
            return _as(node, "text") if node.type == "empty" else node
        if kind == "same" or node.type == kind:
            if node.type in ("other", "money") and kind == "same":
                break
            return _date_in(node) if one == "text'" and "moment" in wanted else node
        if node.type == "empty" and kind != "money":
            return _as(node, kind)
    raise FormulaError("wrong_type", node.at, wanted=wanted.partition("|")[0].rstrip("'"), found=node.type)


def _too_large(node: Node) -> bool:
    return len(node.value) > 100 if isinstance(node.value, str) else node.value > 1000


def _date_in(node: Node) -> Node:
    try:
        return Node("date", node.at, date.fromisoformat(node.value), (), "date")
    except ValueError:
        raise FormulaError("not_a_date", node.at) from None


def _same(parts: tuple[Node, ...] | list[Node]) -> list[Node]:
    """The parts, all of one type; an empty one takes the others'."""
    kind = next((p.type for p in parts if p.type != "empty"), "text")
    if kind in ("other", "money"):
        raise FormulaError("wrong_type", parts[0].at, wanted="text", found=kind)
    return [_wanted(p, kind) for p in parts]
