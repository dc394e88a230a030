"""The four ways to say no. Page and API each translate them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext, override

LANGUAGES = ("de", "en")


def _filled(words: object, values: Mapping[str, object]) -> str:
    return str(words) % {n: ", ".join(map(str, v)) if isinstance(v, tuple) else v for n, v in values.items()}


#: ``filled(_("At most %(n)d …"), {"n": 5})``: a sentence with values in it, put together only when somebody reads it
#: and so in that reader's language; several words (a tuple) stand one after another
filled = lazy(_filled, str)


def _phrased(words: str, values: Mapping[str, object]) -> str:
    return gettext(words).format(**values) if words else ""


#: the same of words that are only marked (``gettext_noop``) and name their values ``{name}``
phrased = lazy(_phrased, str)


def kept(message: object) -> Any:
    """A sentence as it is stored for others to read: in each language, or as it is where all say the same."""
    if isinstance(message, dict):  # it was stored already
        return message
    found: dict[str, str] = {}
    for language in LANGUAGES:
        with override(language):
            found[language] = str(message)
    return found if len(set(found.values())) > 1 else found[LANGUAGES[0]]


def mine(message: Any) -> str:
    """A stored sentence in the reader's language; one of an earlier version as it is."""
    if not isinstance(message, dict):
        return str(message)
    return str(message.get((get_language() or "")[:2]) or next(iter(message.values()), ""))


def inscribed(message: object, most: int) -> str:
    """:func:`kept` as the text of a column with room for ``most`` characters; each language is cut where it must."""
    known = kept(message)
    if not isinstance(known, dict):
        return str(known)[:most]
    text, longest = orjson.dumps(known).decode(), max(map(len, known.values()))
    while len(text) > most:
        longest -= 1
        text = orjson.dumps({language: said[:longest] for language, said in known.items()}).decode()
    return text


def read_out(text: str) -> str:
    """What :func:`inscribed` made, in the reader's language; any other text as it is."""
    if not text.startswith('{"de":'):
        return text
    try:
        return mine(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text


class Refused(Exception):
    """A rule of the business says no (HTTP 422). Shown to whoever asked, in their language.

    ``code`` is stable and for machines, ``message`` a (lazily translated) sentence, ``field`` the input concerned,
    ``also`` further refusals of the same request, so that a form can show all of them at once.
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: object,
        field: str | None = None,
        also: Iterable[Refused] = (),
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.field = code, message, field
        self.also = tuple(also)
        self.details = details or {}

    def all(self) -> tuple[Refused, ...]:
        """This refusal and the further ones it carries."""
        return (self, *self.also)


class Forbidden(Refused):
    """This actor may not do this here (HTTP 403)."""

    status = 403


class Missing(Refused):
    """No such record in this tenant, or none this actor may see (HTTP 404)."""

    status = 404


class Gone(Missing):
    """It was there and was deleted for good (HTTP 410); said only to those who were just at work on it."""

    status = 410


class Conflict(Refused):
    """The record changed since the actor last saw it, or somebody else was first (HTTP 409)."""

    status = 409


def together(refusals: list[Refused]) -> Refused:
    """One refusal that carries all of a request's; the list is not empty."""
    first, *rest = refusals
    return type(first)(first.code, first.message, first.field, rest, first.details)
