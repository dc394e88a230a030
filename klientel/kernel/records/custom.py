"""A tenant's own fields and types, made from its rows; remembered until the tenant's schema changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.functional import lazy
from django.utils.translation import get_language

from klientel.kernel.kinds import KINDS, Kind, Privacy
from klientel.kernel.records.checks import FIELD_NAME
from klientel.kernel.records.models import Custom, forgetters
from klientel.kernel.records.types import RecordType, provide_custom

_cache: dict[UUID, tuple[int, dict[str, dict[str, Kind]], dict[str, RecordType]]] = {}

_FIELDS = """
SELECT record_type, name, label_de, label_en, help_de, help_en, kind, choices, target, privacy, mandatory
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
        del _cache[tenant]


def known(tenant: UUID) -> object:
    """A mark of what is known of a tenant's own fields: another one whenever that was read anew; none before."""
    return _cache.get(tenant)


def forget(tenant: UUID) -> None:
    """Drop what is known of a tenant's own fields, because they were just changed here."""
    _cache.pop(tenant, None)


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
    for key, *row in rows:
        kind = _kind(row)
        if kind is not None:
            fields.setdefault(key, {})[kind.name] = kind
    return version, fields, {t.key: t for t in map(_type, types)}


def _said(german: str, english: str) -> Any:
    """A label in the language that is active when it is shown."""
    return lazy(lambda: (english or german) if (get_language() or "en").startswith("en") else german, str)()


def _kind(row: list[Any]) -> Kind | None:
    name, label_de, label_en, help_de, help_en, key, choices, target, privacy, mandatory = row
    made: type[Kind] | None = KINDS.get(key)
    if made is None or not FIELD_NAME.match(name):
        return None
    options: dict[str, Any] = {}
    if key in ("choice", "choices"):
        listed = orjson.loads(choices) if isinstance(choices, str | bytes) else choices
        options["of"] = [(c[0], _said(c[1], c[2] if len(c) > 2 else c[1])) for c in listed]
    if key in ("link", "links"):
        options["to"] = target
    return made(
        label=_said(label_de, label_en),
        help_text=_said(help_de, help_en),
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
        label=_said(label_de, label_en),
        plural=_said(plural_de, plural_en),
        slug=f"custom-{name.replace('_', '-')}",
        icon="box",
        columns=("name", "owner", "changed_at"),
        custom_id=type_id,
        title=lambda record: record.name,
        made_of=("name",),
        personal=False,
        sections=((_said(label_de, label_en), ("name",)),),
    )


provide_custom(lambda tenant: _known(tenant)[1], lambda tenant: _known(tenant)[2])
forgetters.append(forget)
