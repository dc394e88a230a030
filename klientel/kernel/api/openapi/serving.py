"""The document as a whole, and its address: for a token what it may see, for anybody else the declared types."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

import orjson
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from klientel.kernel import tenancy
from klientel.kernel.access import ActorScope
from klientel.kernel.api import strict
from klientel.kernel.api.call import Call, Reply, language_of
from klientel.kernel.api.endpoint import answer, endpoint
from klientel.kernel.api.openapi import file_bytes, operations, parts
from klientel.kernel.api.openapi.parts import Json, rates, ref
from klientel.kernel.api.openapi.seeing import Reader, anybody, reader_of
from klientel.kernel.api.openapi.words import ABOUT, PROBLEMS

MOST_KEPT = 100

_kept: dict[tuple[UUID, UUID, str], tuple[ActorScope, bytes]] = {}


def build(reader: Reader) -> Json:
    """The OpenAPI 3.1 document."""
    schemas = (
        parts.problem_schemas() | parts.event_schemas() | parts.outcome_schemas() | parts.description_schemas()
        | {"Condition": parts.condition()}
    )  # fmt: skip
    paths = _fixed_paths()
    for rtype in reader.types:
        schemas |= operations.schemas(reader, rtype)
        paths |= operations.paths(reader, rtype)
        if rtype.key == "kernel.file":
            file_bytes.add(paths, may_create=reader.may(rtype, "create"))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Klientel", "version": "1", "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": [{"name": t.key, "description": str(t.plural)} for t in reader.types],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "An API token."}},
            "schemas": schemas, "responses": parts.responses(), "headers": parts.headers(),
            "parameters": parts.parameters(),
        },
    }  # fmt: skip


def _fixed_paths() -> Json:
    reads, one = (401, 422, 429), (401, 403, 404, 422, 429)
    undo = _fixed("undo", "Undo a change set; what changed since is left unless decided", "Undone", operations.WRITES)
    undo["parameters"] = [ref("parameters", "Idempotency-Key")]
    asked = {"application/json": {"schema": ref("schemas", "UndoAsked"), "example": {"choice": "keep"}}}
    undo["requestBody"] = {"content": asked}
    background = _fixed("", "", "Run", ())["responses"]["200"] | {"description": "It goes on in the background."}
    background["headers"] |= {"Location": ref("headers", "Location")}
    undo["responses"]["202"] = background
    seen = _fixed("undo.preview", "What an undo would do, and what changed since", "UndoPreview", one)
    left = _fixed("runs.left", "What a run left as it was, or put back in part", "RunLeft", one)
    seen["parameters"] = [ref("parameters", "last")]
    left["parameters"] = [ref("parameters", "last"), ref("parameters", "limit")]
    stop = _fixed("runs.cancel", "Stop a run; what is done stays", "Run", operations.WRITES)
    stop["parameters"] = [ref("parameters", "Idempotency-Key")]
    run = {"parameters": [ref("parameters", "run")]}
    own = _fixed("document", "This document", None, reads)
    own["security"] = [{}, {"token": []}]
    return {
        "/me": {"get": _fixed("me", "Whose token this is", "Me", reads)},
        "/types": {"get": _fixed("types", "The record types and their fields", "Types", reads)},
        "/undo/{change_set}": {"parameters": [ref("parameters", "change_set")], "get": seen, "post": undo},
        "/runs/{run}": run | {"get": _fixed("runs.get", "How far a run is", "Run", one)},
        "/runs/{run}/left": run | {"get": left},
        "/runs/{run}/cancel": run | {"post": stop},
        "/openapi.json": {"get": own},
    }


def _fixed(name: str, summary: str, schema: str | None, problems: tuple[int, ...]) -> Json:
    content = {"application/json": {"schema": ref("schemas", schema) if schema else {"type": "object"}}}
    answers: Json = {"200": {"description": "As asked.", "content": content}}
    if schema:
        answers["200"]["headers"] = rates()
    answers |= {str(status): ref("responses", PROBLEMS[status][0]) for status in problems}
    return {"operationId": name, "summary": summary, "responses": answers}


def _own(call: Call) -> Reply:
    """The document as a token sees it; remembered until its rights or the tenant's own fields change."""
    strict.Query(call.request)
    key = (call.tenant, call.facts.id, translation.get_language() or "en")
    known = _kept.get(key)
    if known is None or known[0] is not call.scope:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        known = _kept[key] = (call.scope, orjson.dumps(build(reader_of(call))))
    return Reply(known[1])


@lru_cache(maxsize=4)
def _declared(language: str) -> bytes:
    with tenancy.inside(None), translation.override(language):
        return orjson.dumps(build(anybody()))


_of_token = endpoint(GET=_own)


@csrf_exempt
def document(request: HttpRequest) -> HttpResponseBase:
    """``/openapi.json``."""
    if "Authorization" in request.headers or request.method not in ("GET", "HEAD"):
        return _of_token(request)
    language = language_of(request)
    response = answer(Reply(_declared(language)), language)
    response["Cache-Control"] = "public, max-age=300"
    return response
