"""Text as HTML where it is only joined to other HTML: a page has some hundreds of pieces, and no piece is an object."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape
from markupsafe import _escape_inner as _signs  # type: ignore[attr-defined]  # what `escape` calls, before it makes an object


def escaped(value: Any) -> str:
    """As ``markupsafe.escape``, but plain text is answered by plain text, which nobody may escape a second time."""
    kind = type(value)
    if kind is str:
        return _signs(value)
    return value if kind is Markup else escape(value)
