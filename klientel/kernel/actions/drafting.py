"""Records in memory, before anything is written: for finding twins, and for writing many without a second check."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models.base import ModelState

from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.records.record import Record

_NOTHING: dict[str, Any] = {"id": None, "tenant_id": None}


def fresh(rtype: RecordType, fields: Mapping[str, Kind], values: Mapping[str, Any]) -> Any:
    """A new record with these values, which the kinds must have accepted already, and its keys for finding twins.

    The same as ``rtype.model(...)``, made from a blank one, because an import makes hundreds of thousands.
    """
    blank, lists = _blank(rtype.model)
    record = rtype.model.__new__(rtype.model)
    facts = record.__dict__
    facts.update(blank)
    facts["_state"] = ModelState()
    for name, empty in lists:
        facts[name] = empty()
    for name, value in values.items():
        kind = fields[name]
        if kind.custom:
            facts["extra"][name] = kind.plain(value)
        else:
            facts[name] = value
    if rtype.match is not None:
        record.match_keys = rtype.match(record)
    return record


@lru_cache(maxsize=512)
def _blank(model: type[Record]) -> tuple[dict[str, Any], tuple[tuple[str, type], ...]]:
    """The defaults of a model, and those that every record needs for itself."""
    made: Any = model(**_NOTHING)
    known = {k: v for k, v in vars(made).items() if k != "_state"}
    return known, tuple((k, type(v)) for k, v in known.items() if isinstance(v, list | dict))


@lru_cache(maxsize=512)
def defaults(model: type[Record]) -> dict[str, Any]:
    """The fields that say something on a record that nobody filled in, as plain values (``{"active": true}``)."""
    made: Any = model(**_NOTHING)
    kinds: list[Any] = [f for f in model._meta.concrete_fields if isinstance(f, Kind)]
    values = {k.name: getattr(made, k.name) for k in kinds if not k.readonly}
    return {k.name: k.plain(values[k.name]) for k in kinds if values.get(k.name) and not k.is_empty(values[k.name])}
