"""What the page of a type tells beside what follows from its declaration: a panel, given by the app that owns it.

``records/path-<key>.html``, ``records/next-<key>.html``, ``records/main-<key>.html`` (above the timeline) and
``records/panel-<key>.html`` (beside it) draw it as ``panel``; the cards of related records of the types in its
``instead`` are left out, because the panel shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Panel = Callable[[Any, Any], dict[str, Any]]
_panels: dict[str, Panel] = {}


def panel(key: str) -> Callable[[Panel], Panel]:
    """Declare that this function ``(request, record)`` says what the page of a type tells besides."""

    def declared(made: Panel) -> Panel:
        _panels[key] = made
        return made

    return declared


def panel_of(key: str, request: Any, record: Any) -> dict[str, Any]:
    """What the page of a record tells besides; nothing for most types."""
    made = _panels.get(key)
    return made(request, record) if made is not None else {}
