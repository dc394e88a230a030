"""Bytes that no record names go, once a day old."""

from __future__ import annotations

from klientel.kernel.files import sweeping
from klientel.kernel.jobs import sweep
from klientel.kernel.tenancy import current


@sweep("files.orphans")
def orphans() -> None:
    """Uploads whose record was refused, or that were interrupted."""
    sweeping.sweep(current())
