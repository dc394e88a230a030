"""Rows without bytes and bytes without a row: found by the check, the latter swept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.files import keeping
from klientel.kernel.files.models import File
from klientel.kernel.tenancy import PRIVACY, inside, reading
from klientel.kernel.tenancy.models import tenant_models

LEAST_AGE = 24 * 3600  # younger bytes may belong to an upload that is under way


@dataclass
class Orphans:
    """What does not belong together, of one tenant."""

    rows: list[UUID] = field(default_factory=list)  # records whose bytes are gone
    places: list[str] = field(default_factory=list)  # bytes that no record names


def orphans(tenant: UUID, *, age: float = LEAST_AGE) -> Orphans:
    """Compare the folder with the rows, restricted ones included.

    Beside the records of files, a model may say in which column it names bytes (``holds_bytes = "place"``).
    """
    where, now = keeping.folder(tenant), time.time()
    lying = {p.name: p.stat().st_mtime for p in where.iterdir() if p.is_file()} if where.is_dir() else {}
    with inside(tenant, purpose=PRIVACY), reading():
        known = dict(File.objects.exclude(place="").values_list("place", "id"))
        for model, column in holders():
            known |= dict(model.objects.exclude(**{column: ""}).values_list(column, "id"))
    found = Orphans([i for place, i in known.items() if place not in lying])
    found.places = sorted(name for name, at in lying.items() if name not in known and now - at >= age)
    return found


def holders() -> list[tuple[Any, str]]:
    """Models that name bytes of the store beside the records of files, and the column."""
    found: list[Any] = tenant_models()
    return [(model, model.holds_bytes) for model in found if getattr(model, "holds_bytes", "")]


def sweep(tenant: UUID, *, age: float = LEAST_AGE) -> int:
    """Remove bytes that no record names; says how many."""
    found = orphans(tenant, age=age)
    for name in found.places:
        (keeping.folder(tenant) / name).unlink(missing_ok=True)
    return len(found.places)
