"""The demo: two tenants full of lively, made-up German data. ``create`` fills them once, later calls change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["UnknownSet", "bring", "create"]


class UnknownSet(Exception):
    """Nothing in a folder is known, or it is loaded already; the sentence says which."""


def bring(path: Path) -> dict[str, Any]:
    """Load a folder of a CRM's or a shop's files into a tenant of its own: its slug, how many of what, the logins.

    Raises :class:`UnknownSet`.
    """
    from klientel.site.demo import pipelines, sets, shops, tills  # noqa: PLC0415  needs Django set up

    return sets.load(path, [(one.knows, one.read) for one in (pipelines, shops, tills)])


def create(*, progress: bool = False) -> list[dict[str, str]]:
    """Make the demo tenants unless they are there; the logins, each with ``email``, ``password`` and ``about``."""
    from klientel.site.demo.filling import create as fill  # noqa: PLC0415  needs Django set up

    return fill(progress=progress)
