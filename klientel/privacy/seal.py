"""Which erasures account for values that are gone from the sealed history."""

from __future__ import annotations

from uuid import UUID

from klientel.privacy.models import Erasure, Line


def accounted() -> set[UUID]:
    """The erasures of the current tenant that the ledger proves, and those that still run."""
    proven = {UUID(str(body["erasure"])) for body in Line.objects.values_list("body", flat=True) if "erasure" in body}
    return proven | set(Erasure.objects.filter(state="running").values_list("pk", flat=True))
