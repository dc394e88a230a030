"""Parts of pages that are drawn once and kept: what a member sees again on the next page, and the one after.

A part may hang on the member, their rights, settings and language (always in its key) and on what its template names
as further keys. The two things that differ on every page stand in it as holes: the token against forged requests and
the address of the page. Kept in each process for itself, the oldest go first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from secrets import token_hex
from threading import Lock

from django.utils.translation import get_language
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from klientel.kernel.web import shell

Swap = tuple[str, ...]
MOST = 8_000_000  # characters of one process
_MARK = token_hex(8)  # nobody's text holds it
HERE = f"\x02{_MARK}here\x02"
_HOLE = re.compile(f"\x02{_MARK}([a-z0-9]+)\x02")

#: of each part its text, cut at its holes: text, name of a hole, text, and so on
_parts: dict[tuple[object, ...], tuple[Markup, ...]] = {}
_size = 0
_lock = Lock()


@pass_context
def kept(context: Context, name: str, *keys: object) -> Markup:
    """A template of its own."""

    def draw() -> str:
        return context.environment.get_template(name).render(context.get_all())

    return _part(context, (name, *keys), draw)


@pass_context
def once(context: Context, name: str, *keys: object, caller: Callable[[], str], swap: Swap = ()) -> Markup:
    """The body of a ``{% call %}``; texts of ``swap`` (an id, a moment: found nowhere by chance) are holes too.

    With a key that is ``None`` it is drawn anew each time."""
    return _part(context, (name, *keys), caller, swap)


def _part(context: Context, keys: tuple[object, ...], draw: Callable[[], str], swap: Swap = ()) -> Markup:
    around = shell.shell_of(context["request"])
    if around.whose is None or None in keys:
        return _filled(_cut(str(draw())), around, ())
    key = (get_language(), around.whose, keys)
    found = _parts.get(key)
    if found is None:
        text = str(draw()).replace(around.token, f"\x02{_MARK}token\x02")
        for n, hole in enumerate(swap):
            text = text.replace(hole, f"\x02{_MARK}{n}\x02")
        found = _cut(text)
        _keep(key, found)
    return _filled(found, around, swap)


def _cut(text: str) -> tuple[Markup, ...]:
    return tuple(Markup(part) for part in _HOLE.split(text))  # noqa: S704 - what a template made


def _filled(part: tuple[Markup, ...], around: shell.Shell, swap: Swap) -> Markup:
    if len(part) == 1:
        return part[0]
    filled: list[str] = list(part)
    for n in range(1, len(part), 2):
        hole = part[n]
        filled[n] = around.token if hole == "token" else escape(around.address) if hole == "here" else swap[int(hole)]
    return Markup("".join(filled))  # noqa: S704 - and a token, an escaped address, an id or a moment


def _keep(key: tuple[object, ...], part: tuple[Markup, ...]) -> None:
    global _size
    with _lock:
        if key not in _parts:
            _parts[key] = part
            _size += sum(map(len, part))
        while _size > MOST:
            _size -= sum(map(len, _parts.pop(next(iter(_parts)))))


def size() -> int:
    """How many characters are kept."""
    return _size


def forget() -> None:
    """Keep nothing of what there is: for tests, which make the same member anew."""
    global _size
    with _lock:
        _parts.clear()
        _size = 0
