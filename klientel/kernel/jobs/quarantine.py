"""A restored system holds still towards the outside: asked by every job that reaches there, ended by people."""

from __future__ import annotations

from klientel.kernel.events.consuming import wake_all
from klientel.kernel.tenancy.models import Installation
from klientel.kernel.tenancy.quarantine import active

__all__ = ["active", "release"]


def release() -> bool:
    """End the installation's quarantine, and have everything looked at that stood still; whether there was one."""
    ended = Installation.objects.exclude(quarantined_at=None).update(quarantined_at=None)
    wake_all()
    return bool(ended)
