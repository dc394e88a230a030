"""Formulas and roll-ups of a tenant: read from its rows, tied together, and made readable for one scope.

Who may not see a field that a computed one is made of, however indirectly, does not see the computed one either. A
roll-up counts only the records that the scope may see. What no longer works (a field is gone) is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.compiling import Scope, SystemScope, check, seen
from klientel.kernel.conditions.emitting import emit
from klientel.kernel.conditions.rolling import RollUp
from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds import Choice, Kind, Privacy
from klientel.kernel.kinds.computed import RESULTS, computed, type_of_kind
from klientel.kernel.records import type_of
from klientel.kernel.records.checks import computed as computed_checks
from klientel.kernel.records.custom import ComputedRow, plain_of, provide_computed, rows
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.lib.formulas import FormulaError, Node, names, parse, typed

MOST_NODES = 2000  # of a formula with all the formulas it reads
Leaves = frozenset[tuple[str, str]]
_RANK = (Privacy.PUBLIC, Privacy.PERSONAL, Privacy.SENSITIVE)


@dataclass(frozen=True)
class Formula:
    """A formula that is understood: its typed tree and the fields of the same type it reads."""

    node: Node
    reads: frozenset[str]

    def sql(self, scope: Scope, rtype: Any, alias: str) -> Sql:
        """Its value over ``alias``."""
        visible = scope.visible(rtype)

        def read(name: str, what: str) -> Sql:
            kind = visible[name]
            if what == "amount":
                return kind.order(alias)
            x = kind.sql(alias)
            return Sql(f"(({x.text})->>'currency')", x.params) if what == "currency" else x

        return emit(self.node, read)


@dataclass
class Resolver:
    """Ties the computed fields of a tenant together. ``plain`` gives the other fields of a type."""

    rows: Mapping[tuple[str, str], Any]
    plain: Callable[[str], Mapping[str, Kind]]
    made: dict[tuple[str, str], Any] = field(default_factory=dict)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def kind(self, key: str, name: str) -> Kind | None:
        """The kind of a field, computed ones worked out first; nothing where there is none."""
        found = self.plain(key).get(name)
        if found is not None or (key, name) not in self.rows:
            return found
        if (key, name) not in self.made:
            if (key, name) in self._open:
                raise FormulaError("in_a_circle", 0, name=name)
            self._open.append((key, name))
            try:
                self.made[key, name] = self._build(key, self.rows[key, name])
            finally:
                self._open.pop()
        made: Kind = self.made[key, name]
        return made

    def _build(self, key: str, row: Any) -> Any:
        return self.formula(key, row) if row.kind == "formula" else self.roll_up(key, row)

    def formula(self, key: str, row: Any) -> Any:
        """A formula field; :class:`FormulaError` where it cannot be."""
        node = parse(row.formula)
        types, choices, reads = {}, {}, {}
        for name in names(node):
            kind = self.kind(key, name)
            if kind is not None:
                reads[name], types[name] = kind, type_of_kind(kind)
                if isinstance(kind, Choice) and kind.of:
                    choices[name] = [v for v, _label in kind.options()]
        node = typed(node, types, choices)
        if node.type not in RESULTS:
            raise FormulaError("wrong_type", node.at, wanted="text", found=node.type)
        size = _size(node) + sum(getattr(k, "size", 0) * _times(node, n) for n, k in reads.items())
        if size > MOST_NODES:
            raise FormulaError("too_long", 0)
        made = computed(RESULTS[node.type], **row.facts(_privacy(row, reads.values())))
        leaves = frozenset((key, n) for n, k in reads.items() if not k.computed)
        made.recipe, made.size = Formula(node, frozenset(reads)), size
        made.leaves = leaves.union(*(k.leaves for k in reads.values() if k.computed))  # type: ignore[attr-defined]
        return made

    def roll_up(self, key: str, row: Any) -> Any:
        """A roll-up field; :class:`Refused` or :class:`FormulaError` where it cannot be."""
        recipe = RollUp.of(key, row)
        over = self.kind(recipe.source, recipe.field) if recipe.field else None
        made = recipe.kind(over, row.facts(_privacy(row, [over] if over else [])))
        leaves = set(recipe.leaves())
        if over is not None and over.computed:
            leaves.discard((recipe.source, recipe.field))
            leaves |= over.leaves  # type: ignore[attr-defined]
        made.recipe, made.leaves, made.size = recipe, frozenset(leaves), 50
        return made


def _size(node: Node) -> int:
    return 1 + sum(_size(p) for p in node.parts)


def _times(node: Node, name: str) -> int:
    return int(node.what == "field" and node.value == name) + sum(_times(p, name) for p in node.parts)


def _privacy(row: Any, kinds: Any) -> Privacy:
    found: list[Privacy] = [Privacy(row.privacy), *(k.privacy for k in kinds)]
    return max(found, key=_RANK.index)


def resolve(rows: Mapping[tuple[str, str], Any], plain: Callable[[str], Mapping[str, Kind]]) -> dict[Any, Kind]:
    """The computed fields of a tenant that work, by type and name; the others stand there too, and are empty."""
    resolver, found = Resolver(rows, plain), {}
    for (key, name), row in rows.items():
        try:
            kind = resolver.kind(key, name)
        except (FormulaError, Refused):
            kind = computed(RESULTS["text"], **row.facts(Privacy(row.privacy)))
            kind.recipe, kind.leaves, kind.size = None, frozenset(), 0
        if kind is not None:
            found[key, name] = kind
    return found


def see(scope: Scope, rtype: Any, plain: dict[str, Kind], fields: Mapping[str, Kind]) -> dict[str, Kind]:
    """``plain``, what the scope sees of the stored fields, with the computed ones of ``fields`` that it sees."""
    found = dict(plain)
    for name, kind in fields.items():
        if kind.computed and _open_to(scope, rtype, plain, kind):
            found[name] = bind(scope, rtype, kind)
    return {n: found[n] for n in fields if n in found}


def _open_to(scope: Scope, rtype: Any, plain: dict[str, Kind], kind: Any) -> bool:
    return all(name in plain if key == rtype.key else scope.reads(key, name) for key, name in kind.leaves)


def bind(scope: Scope, rtype: Any, kind: Any) -> Kind:
    """The field, readable under this scope."""
    recipe = kind.recipe
    bound: Kind = kind if recipe is None else kind.bound(lambda alias: recipe.sql(scope, rtype, alias))
    return bound


WORDS = {
    "bad_sign": _("“%(sign)s” has no meaning here."),
    "not_closed": _("This text has no closing quotation mark."),
    "too_long": _("This formula is too large."),
    "too_deep": _("This formula is nested too deeply."),
    "expected": _("“%(sign)s” is missing here."),
    "unexpected": _("“%(sign)s” does not fit here."),
    "unfinished": _("Something is missing at the end."),
    "no_such_field": _("There is no field “%(name)s”."),
    "no_such_function": _("There is no function “%(name)s”."),
    "no_such_choice": _("“%(name)s” is none of the values: %(known)s."),
    "wrong_type": _("Here stands %(found)s, but %(wanted)s is needed."),
    "wrong_count": _("“%(name)s” takes another number of values (%(n)s)."),
    "not_written_down": _("Here the value itself must stand, short and in the right form."),
    "not_a_date": _("Please write a date as 2026-11-21."),
    "in_a_circle": _("This would lead in a circle: “%(name)s”."),
}
TYPES = {
    "number": _("a number"),
    "text": _("text"),
    "date": _("a date"),
    "moment": _("a time"),
    "truth": _("yes or no"),
    "money": _("an amount of money"),
    "empty": _("nothing"),
    "other": _("a value that cannot be calculated with"),
    "same": _("a value"),
}


def told(error: FormulaError) -> Refused:
    """What is wrong with a formula as a refusal at its field, with the character (counted from 1)."""
    words = {k: TYPES.get(str(v), v) if k in ("wanted", "found") else v for k, v in error.words.items()}
    message = filled(_("Character %(at)s: %(what)s"), {"at": error.at + 1, "what": filled(WORDS[error.code], words)})
    return Refused(f"formula_{error.code}", message, "formula", details={"at": error.at})


def check_row(row: Any) -> None:
    """A computed field that is to be saved can be worked out, and leads in no circle with the others."""
    asked = rows(current())
    asked[row.record_type, row.name] = asked_row = ComputedRow.from_record(row)
    if row.kind == "formula" and not row.formula.strip():
        raise Refused("required", _("Please write a formula."), "formula")
    resolver = Resolver(asked, plain_of(current()))
    try:
        kind = resolver.kind(row.record_type, row.name)
        for key, name in asked:
            if (key, name) != (row.record_type, row.name):
                _still(resolver, key, name, row)
    except FormulaError as error:
        raise told(error) from None
    if row.kind == "roll_up" and asked_row.roll_where:
        source = type_of(kind.recipe.source)  # type: ignore[union-attr]
        try:
            check(source, asked_row.roll_where, SystemScope(current()))
        except Refused as no:
            raise Refused(no.code, no.message, "roll_where") from None


def _still(resolver: Resolver, key: str, name: str, row: Any) -> None:
    """Another field that reads this one still works, where it worked before."""
    try:
        resolver.kind(key, name)
    except FormulaError as error:
        if error.code == "in_a_circle":
            raise FormulaError("in_a_circle", 0, name=row.name) from None
    except Refused:
        return


provide_computed(resolve)
computed_checks.append(check_row)
seen.append(see)
