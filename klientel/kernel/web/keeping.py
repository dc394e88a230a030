"""Parts of pages that are drawn once and kept: what a member sees again on the next page, and the one after.

A part may hang on the member, their rights, settings and language (always in its key) and on what its template names
as further keys. The two things that differ on every page stand in it as holes: the token against forged requests and
the address of the page. Kept in each process for itself, the oldest go first.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from django.utils.translation import get_language
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from klientel.kernel.web import shell

Swap = tuple[str, ...]
MOST = 8_000_000  # characters of one process
HERE = "\x02here\x02"
_TOKEN = "\x02token\x02"  # noqa: S105 - stands where the token comes

_parts: dict[tuple[object, ...], str] = {}
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
        return _filled(str(draw()), around)
    key = (get_language(), around.whose, keys)
    found = _parts.get(key)
    if found is None:
        found = str(draw()).replace(around.token, _TOKEN)
        for n, text in enumerate(swap):
            found = found.replace(text, f"\x02{n}\x02")
        _keep(key, found)
    for n, text in enumerate(swap):
        found = found.replace(f"\x02{n}\x02", text)
    return _filled(found, around)


def _filled(text: str, around: shell.Shell) -> Markup:
    if _TOKEN in text:
        text = text.replace(_TOKEN, around.token)
    if HERE in text:
        text = text.replace(HERE, escape(around.address))
    return Markup(text)  # noqa: S704 - what a template made, a token and an escaped address


def _keep(key: tuple[object, ...], text: str) -> None:
    global _size
    with _lock:
        if key not in _parts:
            _parts[key] = text
            _size += len(text)
        while _size > MOST:
            _size -= len(_parts.pop(next(iter(_parts))))


def size() -> int:
    """How many characters are kept."""
    return _size


def forget() -> None:
    """Keep nothing of what there is: for tests, which make the same member anew."""
    global _size
    with _lock:
        _parts.clear()
        _size = 0
