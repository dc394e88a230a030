"""The demo: two tenants full of lively, made-up German data. ``create`` fills them once, later calls change nothing."""

from __future__ import annotations

__all__ = ["create"]


def create(*, progress: bool = False) -> list[dict[str, str]]:
    """Make the demo tenants unless they are there; the logins, each with ``email``, ``password`` and ``about``."""
    from klientel.site.demo.filling import create as fill  # noqa: PLC0415  needs Django set up

    return fill(progress=progress)
