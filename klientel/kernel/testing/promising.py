"""What holds of everything that tests do, whatever they are about."""

from __future__ import annotations

from typing import Any

from django.db import connection

from klientel.kernel.actions import Action
from klientel.kernel.actions.declaring import ANY, BOTH, CHANGED, NEW, declared
from klientel.kernel.records import type_of

_WRITTEN = """
SELECT DISTINCT kind, record_type, parameters -> 'new' IS NOT NULL, fields FROM kernel_event
WHERE kind = ANY(%s) AND undoes IS NULL AND NOT EXISTS (SELECT 1 FROM kernel_event e WHERE e.kind LIKE 'privacy.%%')
"""  # an erasure takes out of events what is asked here


def kept_their_word() -> None:
    """Every action wrote only what it says that it writes (``Action.writes``): circles of workflows hang on it."""
    if connection.connection is None or connection.connection.closed or connection.needs_rollback:
        return
    said = {one.key: one for one in declared() if one.writes is not None}
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN, [list(said)])
        wrong = [row for row in cursor.fetchall() if not _was_said(said[row[0]], *row[1:])]
    assert wrong == [], f"written, but not in Action.writes: {wrong}"


def _was_said(action: Action, on: str, new: bool, fields: list[str]) -> bool:
    said: dict[str, Any] = action.writes or {}
    if on == action.on and (action.new or not new):
        derives = type_of(on).derives or {}
        known = {f for name in said for f in (name, *derives.get(name, ()))}
        if action.new or ANY in said or {*fields} <= known:
            return True
    return said.get(on) in (BOTH, NEW if new else CHANGED)
