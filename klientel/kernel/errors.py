"""The four ways to say no. Page and API each translate them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import lazy


def _filled(words: object, values: Mapping[str, object]) -> str:
    return str(words) % {n: ", ".join(map(str, v)) if isinstance(v, tuple) else v for n, v in values.items()}


#: ``filled(_("At most %(n)d …"), {"n": 5})``: a sentence with values in it, put together only when somebody reads it
#: and so in that reader's language; several words (a tuple) stand one after another
filled = lazy(_filled, str)


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


class Conflict(Refused):
    """The record changed since the actor last saw it, or somebody else was first (HTTP 409)."""

    status = 409


def together(refusals: list[Refused]) -> Refused:
    """One refusal that carries all of a request's; the list is not empty."""
    first, *rest = refusals
    return type(first)(first.code, first.message, first.field, rest, first.details)
