"""What a condition hangs on: saved conditions it asks, and fields it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType, reverses, type_of


def references(json: Any) -> Iterator[str]:
    """The saved conditions that are asked (``view:…``), however deep."""
    match json:
        case {"all": list(parts)} | {"any": list(parts)}:
            for part in parts:
                yield from references(part)
        case {"not": part} | {"has": str(), "where": part}:
            yield from references(part)
        case {"in": str(name)}:
            yield name


def fields_of(rtype: RecordType, json: Any) -> Iterator[tuple[str, str]]:
    """The fields that are read, as (type key, field name); behind links those of the other type too."""
    match json:
        case {"all": list(parts)} | {"any": list(parts)}:
            for part in parts:
                yield from fields_of(rtype, part)
        case {"not": part}:
            yield from fields_of(rtype, part)
        case {"has": str(name)}:
            way = reverses(rtype).get(name)
            if way is not None:
                yield way.source.key, way.field
                yield from fields_of(way.source, json.get("where"))
        case {"field": str(path)}:
            for name in path.split("."):
                yield rtype.key, name
                kind = rtype.fields.get(name)
                if isinstance(kind, Link | Links) and kind.to != "*":
                    rtype = type_of(kind.to)
