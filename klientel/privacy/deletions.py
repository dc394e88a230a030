"""Deletions for good stand in the ledger too, so that a restored backup does not bring back what was deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current, reading
from klientel.kernel.trash import deleting
from klientel.lib.ids import uuid7
from klientel.privacy import ledger

GROUND = "recycle bin"
_ground: ContextVar[str] = ContextVar("ground", default=GROUND)


@contextmanager
def grounded(ground: str) -> Iterator[None]:
    """Deletions inside it are proven with this ground."""
    token = _ground.set(ground)
    try:
        yield
    finally:
        _ground.reset(token)


def prove(deletion: deleting.Deletion) -> None:
    """A line in the ledger, in the transaction of the deletion: keyed hashes of ids, by the key of their type."""
    tenant = current()
    ledger.append(
        {
            "erasure": str(deletion.id),
            "ground": _ground.get(),
            "deleted": {k: [ledger.sign(tenant, str(i)) for i in ids] for k, ids in sorted(deletion.gone.items())},
            "counts": {"deleted": {k: len(ids) for k, ids in sorted(deletion.gone.items())}},
            "rule": ledger.RULE,
            "by": deletion.by,
            "code": ledger.code_version(),
        }
    )


def repeat(key: str, ids: Iterable[UUID]) -> int:
    """Delete again, after a restore, what was deleted since the backup; says how many.

    What something else needs in the state of the backup stays in the recycle bin, where the daily job tries again.
    """
    actor, rtype, change_set, wanted = system_actor(), type_of(key), uuid7(), list(ids)
    with reading():
        alive = rtype.model.objects.filter(pk__in=wanted, archived_at=None).values_list("pk", flat=True)
        living = [Item(i) for i in alive]
    list(run_many(actor, f"{key}.archive", living, change_set=change_set))
    outcomes = run_many(actor, f"{key}.remove", [Item(i) for i in wanted], change_set=change_set)
    return sum(o.refused is None for o in outcomes)


def marks(line: dict[str, Any], key: str) -> list[str]:
    """The keyed hashes of deleted records of one type that a line holds."""
    return list((line.get("deleted") or {}).get(key, ()))
