"""Erasures that take longer, or were interrupted: the worker goes on with them."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel.access import seen, system_actor
from klientel.kernel.jobs import defer, job, quarantine, sweep
from klientel.kernel.tenancy import current
from klientel.privacy import erasing, expiring


@job(queue="long")
def go_on(*, erasure: UUID) -> None:
    """Do the steps that are left."""
    erasing.resume(system_actor(), erasure)


@sweep("privacy.unfinished")
def unfinished() -> None:
    """Nothing stays half erased."""
    for erasure in erasing.unfinished():
        defer(go_on, tenant=current(), erasure=erasure, once=str(erasure))


@sweep("privacy.retention")
def end_retentions() -> None:
    """What was kept for the law alone goes when its time is over; a restored system deletes nothing by itself."""
    if not quarantine.active():
        expiring.end_retentions()


@sweep("privacy.seen")
def forget_who_saw() -> None:
    """Who saw whom is kept for a year."""
    seen.forget_old()
