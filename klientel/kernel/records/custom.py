"""A tenant's own fields and types, made from its rows; remembered until the tenant's schema changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.functional import lazy
from django.utils.translation import get_language

from klientel.kernel.kinds import KINDS, Kind, Privacy
from klientel.kernel.records.checks import FIELD_NAME
from klientel.kernel.records.models import Custom, forgetters
from klientel.kernel.records.shapes import Shapes, rechosen
from klientel.kernel.records.shapes import load as load_shapes
from klientel.kernel.records.types import RecordType, declared, provide_custom
from klientel.kernel.sql import loaded
from klientel.lib.matching import FirmName, Matching

_cache: dict[UUID, tuple[int, dict[str, dict[str, Kind]], dict[str, RecordType]]] = {}

_shapes: dict[UUID, Shapes] = {}
_NONE = Shapes()

#: records of row-declared types are matched by name; their mails, phones and web addresses join in by their kinds
_BY_NAME = Matching((FirmName("name"),))

_FIELDS = """
SELECT record_type, name, label_de, label_en, help_de, help_en, kind, choices, target, privacy, mandatory,
    formula, roll_by, roll_what, roll_field, roll_where, roll_tree
FROM kernel_customfield WHERE tenant_id = %s AND archived_at IS NULL ORDER BY position NULLS LAST, created_at, id
"""
_TYPES = """
SELECT id, name, label_de, plural_de, label_en, plural_en FROM kernel_customtype
WHERE tenant_id = %s AND archived_at IS NULL ORDER BY id
"""


def refresh(tenant: UUID, version: int) -> None:
    """Say which schema version is current, as the request or job read it; stale knowledge is dropped."""
    known = _cache.get(tenant)
    if known is not None and known[0] != version:
        for forgets in forgetters:
            forgets(tenant)


def known(tenant: UUID) -> object:
    """A mark of what is known of a tenant's own fields: another one whenever that was read anew; none before."""
    return _cache.get(tenant)


def forget(tenant: UUID) -> None:
    """Drop what is known of a tenant's own fields, because they were just changed here."""
    _cache.pop(tenant, None)
    _shapes.pop(tenant, None)


def shapes_of(tenant: UUID) -> Shapes:
    """The rules of fields and layouts of a tenant."""
    _known(tenant)
    return _shapes.get(tenant, _NONE)


def _known(tenant: UUID) -> tuple[int, dict[str, dict[str, Kind]], dict[str, RecordType]]:
    known = _cache.get(tenant)
    if known is None and connection.in_atomic_block and not connection.needs_rollback:
        known = _cache[tenant] = _load(tenant)
    return known or (0, {}, {})


def _load(tenant: UUID) -> tuple[int, dict[str, dict[str, Kind]], dict[str, RecordType]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT schema_version FROM kernel_tenant WHERE id = %s", [tenant])
        version = (cursor.fetchone() or (0,))[0]
        cursor.execute(_FIELDS, [tenant])
        rows = cursor.fetchall()
        cursor.execute(_TYPES, [tenant])
        types = cursor.fetchall()
    fields: dict[str, dict[str, Kind]] = {}
    asked: dict[tuple[str, str], ComputedRow] = {}
    for key, *row in rows:
        if row[5] in COMPUTED:
            asked[key, row[0]] = ComputedRow.of(row)
            continue
        kind = _kind(row[:10])
        if kind is not None:
            fields.setdefault(key, {})[kind.name] = kind
    own = {t.key: t for t in map(_type, types)}
    _shapes[tenant] = shapes = load_shapes(tenant)
    for (key, name), listed in shapes.choices.items():
        kind = _plain(key, {}, own).get(name)
        if kind is not None and not kind.custom:
            fields.setdefault(key, {})[name] = rechosen(kind, picked(listed, tones=True))
    if asked and _computed:
        _cache[tenant] = (version, fields, own)  # what is worked out is made of these
        for (key, name), kind in _computed[0](asked, lambda k: _plain(k, fields, own)).items():
            fields.setdefault(key, {})[name] = kind
    return version, fields, own


def _plain(key: str, fields: dict[str, dict[str, Kind]], own: dict[str, RecordType]) -> dict[str, Kind]:
    rtype = own.get(key) or declared(key)
    return ({} if rtype is None else rtype.static) | fields.get(key, {})


#: the kinds of fields that are worked out
COMPUTED = ("formula", "roll_up")
#: ties them together; filled by the storey that knows how to ask
_computed: list[Callable[[dict[Any, Any], Callable[[str], dict[str, Kind]]], dict[Any, Kind]]] = []


def provide_computed(resolve: Callable[..., dict[Any, Kind]]) -> None:
    """Say who works out computed fields. Called once."""
    _computed[:] = [resolve]


def rows(tenant: UUID) -> dict[tuple[str, str], ComputedRow]:
    """The rows of all computed fields of a tenant as they stand in the database."""
    with connection.cursor() as cursor:
        cursor.execute(_FIELDS, [tenant])
        return {(key, row[0]): ComputedRow.of(row) for key, *row in cursor.fetchall() if row[5] in COMPUTED}


def plain_of(tenant: UUID) -> Callable[[str], dict[str, Kind]]:
    """The stored fields of a type of this tenant, by the type's key."""
    _version, fields, own = _known(tenant)
    stored = {k: {n: kind for n, kind in some.items() if not kind.computed} for k, some in fields.items()}
    return lambda key: _plain(key, stored, own)


@dataclass(frozen=True)
class ComputedRow:
    """The row of a computed field."""

    name: str
    labels: tuple[str, str, str, str]
    kind: str
    privacy: str
    formula: str
    roll_by: str
    roll_what: str
    roll_field: str
    roll_where: Any
    roll_tree: bool

    @classmethod
    def of(cls, row: list[Any]) -> ComputedRow:
        """From the columns, in their order."""
        name, label_de, label_en, help_de, help_en, kind, _choices, _target, privacy, _must, *rest = row
        formula, roll_by, roll_what, roll_field, where, tree = rest
        labels = (label_de, label_en, help_de, help_en)
        return cls(name, labels, kind, privacy, formula, roll_by, roll_what, roll_field, loaded(where), bool(tree))

    @classmethod
    def from_record(cls, row: Any) -> ComputedRow:
        """From a ``kernel.customfield`` in memory."""
        labels = (row.label_de, row.label_en, row.help_de, row.help_en)
        rolled = (row.roll_by, row.roll_what, row.roll_field, row.roll_where, row.roll_tree)
        return cls(row.name, labels, row.kind, row.privacy or "public", row.formula, *rolled)

    def facts(self, privacy: Privacy) -> dict[str, Any]:
        """What every kind is told of its field."""
        label_de, label_en, help_de, help_en = self.labels
        return {
            "label": said(label_de, label_en),
            "help_text": said(help_de, help_en),
            "name": self.name,
            "privacy": privacy,
        }


def said(german: str, english: str) -> Any:
    """A label in the language that is active when it is shown."""
    return lazy(lambda: (english or german) if (get_language() or "en").startswith("en") else german, str)()


def picked(listed: list[list[str]], *, tones: bool) -> dict[str, Any]:
    """The values of a choice that a tenant declares, as a kind takes them: key, labels, colour, whether retired."""
    made: dict[str, Any] = {"of": [(c[0], said(c[1], c[2] if len(c) > 2 and c[2] else c[1])) for c in listed]}
    made["retired"] = frozenset(c[0] for c in listed if len(c) > 4 and c[4])
    if tones:
        made["tones"] = {c[0]: c[3] for c in listed if len(c) > 3 and c[3]}
    return made


def _kind(row: list[Any]) -> Kind | None:
    name, label_de, label_en, help_de, help_en, key, choices, target, privacy, mandatory = row
    made: type[Kind] | None = KINDS.get(key)
    if made is None or not FIELD_NAME.match(name):
        return None
    options: dict[str, Any] = {}
    if key in ("choice", "choices"):
        options = picked(loaded(choices), tones=key == "choice")
    if key in ("link", "links"):
        options["to"] = target
    return made(
        label=said(label_de, label_en),
        help_text=said(help_de, help_en),
        name=name,
        custom=True,
        privacy=Privacy(privacy),
        required=bool(mandatory),
        null=True,
        **options,
    )


def _type(row: tuple[Any, ...]) -> RecordType:
    type_id, name, label_de, plural_de, label_en, plural_en = row
    return RecordType(
        key=f"custom.{name}",
        model=Custom,
        label=said(label_de, label_en),
        plural=said(plural_de, plural_en),
        slug=f"custom-{name.replace('_', '-')}",
        icon="box",
        columns=("name", "owner", "changed_at"),
        custom_id=type_id,
        title=lambda record: record.name,
        made_of=("name",),
        personal=False,
        declared_match=_BY_NAME,
        sections=((said(label_de, label_en), ("name",)),),
    )


provide_custom(lambda tenant: _known(tenant)[1], lambda tenant: _known(tenant)[2])
forgetters.append(forget)
