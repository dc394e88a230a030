"""Icons from the sprite, and avatars with initials whose colour follows the name."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from django.templatetags.static import static
from markupsafe import Markup, escape

_LEGAL = {"gmbh", "ag", "kg", "se", "co", "ug", "mbh", "ohg", "gbr", "e.v", "ev", "dr", "prof", "med", "ltd", "inc"}


@lru_cache(maxsize=512)
def icon(name: str, css: str = "") -> Markup:
    """A symbol of the sprite; decoration, hidden from readers of the screen."""
    css = f"i {css}" if css else "i"
    href = escape(f"{static('vendor/icons.svg')}#{name}")
    return Markup(f'<svg class="{escape(css)}" aria-hidden="true"><use href="{href}"/></svg>')  # noqa: S704 - escaped


def initials(name: str) -> str:
    """Two letters of a name: first and last word, legal forms and degrees left out."""
    words = [w for w in name.replace("-", " ").split() if w.lower().strip(",.") not in _LEGAL and w[0].isalnum()]
    if not words:
        return name[:2].upper()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


@lru_cache(maxsize=256)
def tile(name: str, css: str = "") -> Markup:
    """An icon on a quiet ground, where others have an avatar."""
    return Markup(f'<span class="av {escape(css)}" aria-hidden="true">{icon(name)}</span>')  # noqa: S704 - escaped


@lru_cache(maxsize=4096)
def avatar(name: str, css: str = "") -> Markup:
    """Initials on a colour that follows from the name; ``sq`` for firms, ``xs`` ``md`` ``lg`` for sizes."""
    return _avatar(name, css, 'aria-hidden="true"')


@lru_cache(maxsize=1024)
def named_avatar(name: str, css: str = "") -> Markup:
    """An avatar that stands for a name that is not written beside it."""
    return _avatar(name, css, f'role="img" aria-label="{escape(name)}" title="{escape(name)}"')


def _avatar(name: str, css: str, said: str) -> Markup:
    hue = crc32(name.encode()) % 8 + 1
    return Markup(f'<span class="av c{hue} {escape(css)}" {said}>{escape(initials(name))}</span>')  # noqa: S704 - escaped
