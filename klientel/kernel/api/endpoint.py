"""From a handler to a view: token, rate limit, one transaction, language, refusals, headers. Once, for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.db import DataError, IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from klientel.kernel import tenancy
from klientel.kernel.api import guessing, idempotency, problems, rating, strict
from klientel.kernel.api.call import Call, Reply, at_home, authenticated, bearer, language_of
from klientel.kernel.api.problems import Problem
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.identity import tokens

Handler = Callable[..., Reply]
Body = Callable[[HttpRequest, int], bytes]
View = Callable[..., HttpResponseBase]
BUSY = ("40001", "40P01", "55P03")  # serialisation failure, deadlock, lock not available


def endpoint(*, most: int = strict.MOST_BYTES, body: Body = strict.body, **handlers: Handler) -> View:
    """A view of one address: a handler for each method. ``GET`` reads in a READ ONLY transaction, others may write."""
    allow = ", ".join(sorted({*handlers, *(("HEAD",) if "GET" in handlers else ())}))

    def view(request: HttpRequest, **path: str) -> HttpResponseBase:
        try:
            method = "GET" if request.method == "HEAD" else request.method or ""
            if method not in handlers:
                raise Problem(405, "wrong_method", _("This is not possible here."), headers={"Allow": allow})
            response = _served(request, handlers[method], path, method, lambda: body(request, most))
        except Refused as no:
            response = _refused(request, guessing.counted(request, no))
        except (DataError, IntegrityError, OperationalError) as error:
            response = _refused(request, _from_database(error))
        for name, value in getattr(request, "api_headers", {}).items():
            response.setdefault(name, value)
        response.setdefault("Cache-Control", "no-store")
        return response

    return csrf_exempt(view)  # a token, not a cookie, says who asks


def _served(
    request: Any, handler: Handler, path: dict[str, str], method: str, body: Callable[[], bytes]
) -> HttpResponseBase:
    secret, key = bearer(request)
    allowance = rating.take(key)
    if allowance is not None:
        request.api_headers = allowance.headers()
    raw = b"" if method == "GET" else body()
    with tenancy.inside(key.tenant_id), tenancy.reading() if method == "GET" else tenancy.writing():
        call = authenticated(request, secret, key, raw)
        request.api_language = language_of(request, call)
        with at_home(call):
            keeps = idempotency.once if method == "POST" else _at_once
            reply = keeps(call, lambda: handler(call, **path))
    tokens.note_use(call.facts)
    return answer(reply, request.api_language)


def _at_once(_call: Call, work: Callable[[], Reply]) -> Reply:
    return work()


def answer(reply: Reply, language: str) -> HttpResponseBase:
    """The response to what a handler says."""
    data = reply.data
    if isinstance(data, HttpResponseBase):
        return data
    content = b"" if data is None else data if isinstance(data, bytes) else orjson.dumps(data)
    response = HttpResponse(content, content_type="application/json", status=reply.status)
    if reply.status == 304:
        del response["Content-Type"]
    response["Content-Language"] = language
    for name, value in reply.headers.items():
        response[name] = value
    return response


def _refused(request: HttpRequest, no: Refused) -> HttpResponse:
    language = getattr(request, "api_language", None) or language_of(request)
    with translation.override(language):
        response = problems.answer(no)
    response["Content-Language"] = language
    return response


def _from_database(error: Exception) -> Refused:
    """What the database refused at the end of the transaction, or could not read of what was asked."""
    if isinstance(error, OperationalError):
        if getattr(error.__cause__, "sqlstate", "") in BUSY:
            return Conflict("busy", _("Somebody else is writing this just now. Please try again."))
        raise error
    if isinstance(error, IntegrityError):
        return Refused("not_a_record", _("There is no such record, or you may not see it."))
    return Refused("invalid", _("The database could not read this."))


def failed(request: HttpRequest) -> HttpResponse:
    """The answer where the API itself failed (500): nothing was written, and the log says what happened."""
    return _refused(request, Problem(500, "failed", _("Something went wrong here. Nothing was changed.")))


@csrf_exempt
def nothing_here(request: HttpRequest, **_path: str) -> HttpResponse:
    """Every other address below ``/api``."""
    return _refused(request, Missing("no_such_address", _("There is nothing at this address.")))


__all__ = ["Call", "Handler", "Reply", "View", "answer", "endpoint", "failed", "nothing_here"]
