"""Reading what was sent, strictly: one meaning or none. JSON bodies, addresses, headers."""

from __future__ import annotations

import json
import math
import re
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext_lazy as _

from klientel.kernel.api.problems import Problem, unreadable
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds.bounds import not_among

MOST_BYTES = 2**20  # of a body; bulk may send more
MOST_BYTES_BULK = 5 * 2**20
MOST_DEPTH = 24
MOST_DIGITS = 19  # of a whole number: what fits into 64 bits
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_TAG = re.compile(r'(?:W/)?"(\d{1,9})"\Z')
_DOUBTFUL = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def body(request: HttpRequest, most: int = MOST_BYTES) -> bytes:
    """The bytes of a body, at most so many; 413 before more is read, 415 where it does not say that it is JSON."""
    too_large = Problem(413, "too_large", _("This request is too large."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit() or int(length) > most:
        raise too_large
    try:
        raw = request.body
    except RequestDataTooBig:
        raise too_large from None
    except UnreadablePostError:
        raise unreadable("cut_off", _("The request was cut off.")) from None
    if len(raw) > most:
        raise too_large
    if raw and request.content_type != "application/json":
        raise Problem(415, "not_json", _("Please send JSON: “Content-Type: application/json”."))
    if raw and (request.content_params or {}).get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(415, "not_utf8", _("Please send JSON in UTF-8."))
    return raw


def parsed(raw: bytes, field: str | None = None) -> Any:
    """JSON with one meaning: UTF-8, no key twice, no NaN, no number that would be rounded, not too deep (400, 422)."""
    try:
        return _checked(raw.decode(), field)
    except UnicodeDecodeError:
        raise unreadable("not_utf8", _("This is not valid UTF-8."), field) from None


def parsed_text(text: str, field: str | None = None) -> Any:
    """As :func:`parsed`, for JSON that stands in an address."""
    return _checked(text, field)


def _checked(text: str, field: str | None) -> Any:
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_constant, parse_int=_whole, parse_float=_float
        )
    except RecursionError:
        raise unreadable("too_deep", _("This JSON is nested too deeply."), field) from None
    except json.JSONDecodeError:
        raise unreadable("not_json", _("This is not valid JSON."), field) from None
    if depth(value) > MOST_DEPTH:
        raise unreadable("too_deep", _("This JSON is nested too deeply."), field)
    if _DOUBTFUL.search(text):
        _check_words(value)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise unreadable("key_twice", _("A key stands twice in one JSON object."))
    return found


def _constant(_name: str) -> float:
    raise unreadable("not_a_number", _("NaN and Infinity are not numbers of JSON."))


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise Refused("number_too_large", _("A number is too large."))
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value) or len(digits) > 64:
        raise Refused("number_too_large", _("A number is too large."))
    return value


def _check_words(value: Any) -> None:
    """Refuse what no text can hold, a NUL or half a character, wherever it stands."""
    todo: list[tuple[Any, str | None]] = [(value, None)]
    while todo:
        item, field = todo.pop()
        if isinstance(item, dict):
            todo.extend((k, None) for k in item)
            todo.extend((v, field or k) for k, v in item.items())
        elif isinstance(item, list):
            todo.extend((i, field) for i in item)
        elif isinstance(item, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in item):
            where = field if field and field.isprintable() else None
            raise Refused("control_characters", _("This text contains characters that cannot be stored."), where)


def depth(value: Any) -> int:
    """How deeply lists and objects are nested."""
    todo, deepest = [(value, 1)], 0
    while todo:
        item, level = todo.pop()
        deepest = max(deepest, level)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        todo.extend((i, level + 1) for i in inner)
    return deepest


def sent_object(raw: bytes, *, needed: bool = True) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object where nothing is needed."""
    if not raw and not needed:
        return {}
    value = parsed(raw)
    if not isinstance(value, dict):
        raise unreadable("not_an_object", _("Please send a JSON object."))
    return value


def record_id(text: str) -> UUID:
    """An id from an address; what cannot be one is no record."""
    if not _ID.match(text):
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return UUID(text)


def if_match(request: HttpRequest) -> int | None:
    """The version that ``If-Match`` names; none where there is no such header, or it is ``*``."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = _TAG.match(given.strip())
    if found is None:
        raise Refused("bad_if_match", _("If-Match must be the ETag of the record."), "If-Match")
    return int(found[1])


class Query:
    """The parameters of an address, each known and given once."""

    def __init__(self, request: HttpRequest, *known: str) -> None:
        self.given: dict[str, str] = {}
        for name, values in request.GET.lists():
            if name not in known:
                raise Refused("unknown_parameter", _("There is no such parameter."), name[:80].replace("\0", ""))
            if len(values) != 1 or "\0" in values[0]:
                raise Refused("bad_parameter", _("This parameter cannot be understood."), name)
            self.given[name] = values[0]

    def text(self, name: str, most: int = 2000) -> str | None:
        """A parameter as it is, if given."""
        value = self.given.get(name)
        if value is not None and (len(value) > most or not value):
            raise Refused("bad_parameter", _("This parameter cannot be understood."), name)
        return value

    def yes(self, name: str) -> bool:
        """``true`` or ``false``; false if not given."""
        value = self.given.get(name, "false")
        if value not in ("true", "false"):
            raise Refused("bad_parameter", _("Please say true or false."), name)
        return value == "true"

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 1."""
        value = self.given.get(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= most or len(value) > 9:
            raise Refused("out_of_range", _("Please give a number from 1 to %(most)d.") % {"most": most}, name)
        return int(value)

    def words(self, name: str) -> list[str] | None:
        """Words with commas between, each once."""
        value = self.text(name)
        found = None if value is None else value.split(",")
        if found and len(set(found)) != len(found):
            raise Refused("bad_parameter", _("This parameter cannot be understood."), name)
        return found

    def one_of(self, name: str, *choices: str) -> str:
        """One of these; the first if not given."""
        value = self.given.get(name, choices[0])
        if value not in choices:
            raise Refused("not_a_choice", not_among(choices), name)
        return value
