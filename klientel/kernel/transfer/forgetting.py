"""What imports still know of a record: for the report of its data and for its erasure."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel import writing
from klientel.kernel.transfer.models import ImportRow


def traces(record_id: UUID) -> list[dict[str, object]]:
    """The outcomes of imports in which this record is named, with the cells of the row where they were kept."""
    rows = ImportRow.objects.filter(record=record_id).order_by("pk")
    return [
        {"line": r.line, "state": r.state, "cells": r.cells, "details": r.details | {"message": r.message}}
        for r in rows
    ]


def forget(record_id: UUID) -> int:
    """Delete these outcomes; how many. The files themselves are removed after a month by a sweep."""
    with writing.door():
        count: int = ImportRow.objects.filter(record=record_id).delete()[0]
    return count
