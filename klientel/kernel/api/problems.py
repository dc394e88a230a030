"""The API's noes: problem+json (RFC 9457), localised. The four refusals of the kernel, and what HTTP itself refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused

CONTENT_TYPE = "application/problem+json"

TITLES: dict[int, Any] = {
    400: _("This request cannot be read"),
    401: _("Not signed in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Not possible here"),
    409: _("Changed meanwhile"),
    412: _("Changed meanwhile"),
    413: _("Too large"),
    415: _("This content type is not understood"),
    422: _("This is not possible"),
    429: _("Too many requests"),
    500: _("Something went wrong"),
}


class Problem(Refused):
    """A no of HTTP itself: 400, 401, 405, 412, 413, 415 or 429, with the headers that belong to it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: object,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, field)
        self.status, self.headers = status, dict(headers or {})


def unreadable(code: str, message: object, field: str | None = None) -> Problem:
    """What was sent cannot be read at all (400)."""
    return Problem(400, code, message, field)


def unauthorised(code: str = "not_signed_in", message: object = "") -> Problem:
    """No token, or none that is good (401)."""
    said = message or _("Please send a valid token: “Authorization: Bearer …”.")
    return Problem(401, code, said, headers={"WWW-Authenticate": 'Bearer realm="Klientel"'})


def told(no: Refused) -> dict[str, Any]:
    """A refusal as JSON: one error for each field concerned."""
    errors = [{"code": r.code, "detail": str(r.message), "field": r.field} for r in no.all()]
    said: dict[str, Any] = {
        "type": f"urn:klientel:problem:{no.code}",
        "title": str(TITLES.get(no.status, TITLES[422])),
        "status": no.status,
        **errors[0],
        "errors": errors,
    }
    for name in ("version", "candidates", "into"):
        if name in no.details:
            said[name] = no.details[name]
    return said


def answer(no: Refused) -> HttpResponse:
    """The response to a refusal."""
    response = HttpResponse(orjson.dumps(told(no)), content_type=CONTENT_TYPE, status=no.status)
    for name, value in getattr(no, "headers", {}).items():
        response[name] = value
    return response
