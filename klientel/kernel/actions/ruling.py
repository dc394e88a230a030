"""Rules of fields hold wherever something is written: when a field must be filled in, and when it applies at all.

Asked as SQL of the rows just written, so pages, API, imports, jobs and workflows obey alike. A record that broke a rule
before the rule was made is only refused where a change touches what the rule speaks of. A rule that does not compile
any more (a field is gone) is not enforced; its owner is told.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.draft import Draft
from klientel.kernel.conditions import OPERATORS, SystemScope, check
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.conditions.using import fields_of
from klientel.kernel.errors import Refused, filled, together
from klientel.kernel.kinds import Choice, Choices, Country, Kind, Language, Privacy, YesNo
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.records.checks import choices, laid_out, ruled
from klientel.kernel.records.custom import shapes_of
from klientel.kernel.records.shapes import Rule
from klientel.kernel.sql import Sql, both, comma
from klientel.kernel.statements import Writes
from klientel.kernel.tenancy import current


def check_rules(me: UUID | None, drafts: list[Draft], writes: Writes) -> dict[int, Refused]:
    """Refusals, by item, of written records that break a rule of their type; no statement where there is none.

    ``writes`` is what writes them, sent before they are read."""
    rtype = drafts[0].rtype
    rules = shapes_of(current()).rules.get(rtype.key)
    if not rules:
        return {}
    asked = _asked(rtype, list(rules.values()), SystemScope(current(), me))
    mine = [d for d in drafts if d.undoes is None and d.changes and not d.follows]
    touched = [d for d in mine if any(_touches(d, one[0]) for one in asked)]
    if not touched:
        return {}
    writes.send()
    found = _broken(rtype, asked, [d.record.id for d in touched])
    refusals: dict[int, Refused] = {}
    for draft in touched:
        some = [
            Refused(code, message, rule.field)
            for (rule, code, message, _sql), broken in zip(asked, found.get(draft.record.id, ()), strict=False)
            if broken and (rule.field in draft.changes if code == "does_not_apply" else _touches(draft, rule))
        ]
        if some:
            refusals[draft.item] = together(some)
    return refusals


Asked = tuple[Rule, str, Any, Sql]


def _asked(rtype: RecordType, rules: list[Rule], scope: SystemScope) -> list[Asked]:
    made: list[Asked] = []
    for rule in rules:
        kind = scope.visible(rtype).get(rule.field)
        if kind is None or kind.readonly:
            continue
        for condition, code, message in (
            (rule.required_when, "required", _("Please fill in this field.")),
            (rule.visible_when, "does_not_apply", _("This field does not apply here.")),
        ):
            if condition and (where := compiled(rtype, condition, scope)) is not None:
                bare = empty(kind, "t")
                made.append((rule, code, message, both([where, bare]) if code == "required" else both([~where, ~bare])))
    return made


def compiled(rtype: RecordType, condition: Any, scope: Any, alias: str = "t") -> Sql | None:
    """The condition of a rule, or nothing where it does not work any more."""
    try:
        return compile_condition(rtype, condition, scope, alias)
    except Refused:
        return None


def empty(kind: Kind, alias: str) -> Sql:
    """Whether a field says nothing; a box that is not ticked says nothing."""
    if isinstance(kind, YesNo):
        return ~Sql(f"COALESCE({kind.sql(alias).text}, false)", kind.sql(alias).params)
    ask = OPERATORS["empty"].sql
    return ask(kind, alias, None) if ask else Sql("FALSE")


def _touches(draft: Draft, rule: Rule) -> bool:
    if draft.new or rule.field in draft.changes:
        return True
    read = fields_of(draft.rtype, {"all": [c for c in (rule.required_when, rule.visible_when) if c]})
    return any(key == draft.rtype.key and name in draft.changes for key, name in read)


def _broken(rtype: RecordType, asked: list[Asked], ids: list[UUID]) -> dict[UUID, list[bool]]:
    picked = comma([Sql(f"({one[3].text})", one[3].params) for one in asked])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, {picked.text} FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = ANY(%s)",
            [*picked.params, current(), ids],
        )
        return {row[0]: [bool(b) for b in row[1:]] for row in cursor.fetchall()}


# -- what must hold for rules and layouts themselves ----------------------------------------------------------------


def _rule(row: Any) -> None:
    """A rule names a field people fill in; its conditions compile and do not ask that field itself."""
    rtype = type_of(row.record_type)
    kind = rtype.fields.get(row.field)
    if kind is None or kind.readonly:
        raise Refused("no_such_field", _("There is no such field."), "field")
    for name in ("required_when", "visible_when"):
        condition = getattr(row, name)
        if condition:
            try:
                check(rtype, condition, SystemScope(current()))
            except Refused as no:
                raise Refused(no.code, no.message, name) from None
            if (rtype.key, row.field) in set(fields_of(rtype, condition)):
                raise Refused("in_a_circle", _("This would lead in a circle."), name)
    if row.required_when and not row.reason:
        voluntary(rtype, kind, "reason")
    if row.choices:
        _rechosen(rtype, row)


def voluntary(rtype: RecordType, kind: Kind, field: str) -> None:
    """Refuse to make somebody tell what they need not tell (Art. 5 (1) (c) GDPR, CJEU C-394/23), without a reason."""
    if kind.name in rtype.voluntary or kind.privacy is Privacy.SENSITIVE:
        message = _("Nobody has to tell this (%(name)s). Where it is necessary, please write why: the reason is kept.")
        raise Refused("needs_reason", filled(message, {"name": kind.verbose_name}), field)


def _rechosen(rtype: RecordType, row: Any) -> None:
    kind = rtype.static.get(row.field)
    own = isinstance(kind, Choice | Choices) and not isinstance(kind, Country | Language) and not callable(kind.of)
    if kind is None or not own or not isinstance(kind, Choice | Choices):
        raise Refused("no_choices", _("The choices of this field cannot be changed here."), "choices")
    choices(row, known=frozenset(str(v) for v, _label in kind.of))


def _layout(row: Any) -> None:
    """A layout names fields of its type, each once, and every one that must be filled in."""
    fields = type_of(row.record_type).fields
    named: list[str] = []
    for section in row.sections:
        if not isinstance(section, dict) or not set(section) <= {"de", "en", "fields"} or not section.get("de"):
            raise Refused("bad_layout", _("Each section needs a heading and fields."), "sections")
        named += section.get("fields") or []
    if len(set(named)) != len(named) or any(n not in fields for n in named):
        raise Refused("bad_layout", _("A field is unknown, or stands there twice."), "sections")
    missing = [k.verbose_name for n, k in fields.items() if k.required and not k.readonly and n not in named]
    if missing and row.sections:
        message = _("These fields must be filled in, so they must stand somewhere: %(names)s.")
        raise Refused("bad_layout", filled(message, {"names": tuple(missing)}), "sections")


ruled.append(_rule)
laid_out.append(_layout)
