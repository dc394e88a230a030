"""What the addresses of files can do besides: take bytes in and give them out."""

from __future__ import annotations

from klientel.kernel.api.openapi.parts import EXAMPLE_ID, Json, ref
from klientel.kernel.api.openapi.words import PROBLEMS
from klientel.kernel.api.uploading import FORM, RAW, SLUG
from klientel.kernel.files.models import PURPOSES
from klientel.kernel.files.views import NAMED

_PURPOSE: Json = {"type": "string", "enum": [key for key, _label in PURPOSES], "default": "document"}
_ID: Json = {"type": "string", "format": "uuid"}


def add(paths: Json, *, may_create: bool) -> None:
    """Put uploads and downloads into the addresses of files."""
    if may_create:
        post = paths[f"/{SLUG}"]["post"]
        post["description"] = (
            "With its bytes as the body (application/octet-stream, the rest in the address) or as a form with one"
            " file; as JSON a file without bytes."
        )
        post["parameters"] += _parameters()
        post["requestBody"]["content"] |= {
            RAW: {"schema": {"type": "string", "format": "binary"}},
            FORM: {"schema": _form(), "encoding": {"concerns": {"style": "form", "explode": False}}},
        }
    paths[f"/{SLUG}/{{id}}/content"] = {"parameters": [ref("parameters", "id")], "get": _content()}


def _parameters() -> list[Json]:
    concerns: Json = {"type": "array", "items": _ID, "minItems": 1}
    return [
        {"name": "name", "in": "query", "schema": {"type": "string", "minLength": 1}, "description": "Of raw bytes."},
        {"name": "concerns", "in": "query", "style": "form", "explode": False, "schema": concerns,
         "description": "Records beside which raw bytes are put."},
        {"name": "purpose", "in": "query", "schema": _PURPOSE, "description": "Of raw bytes."},
    ]  # fmt: skip


def _form() -> Json:
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "name": {"type": "string", "description": "Instead of the name that the file came with."},
            "concerns": {"type": "string", "description": "Ids with commas between.", "example": EXAMPLE_ID},
            "purpose": _PURPOSE,
        },
        "required": ["file"],
        "additionalProperties": False,
    }


def _content() -> Json:
    body = {"schema": {"type": "string", "format": "binary"}}
    answers: Json = {"200": {"description": "The bytes, as a download.", "content": dict.fromkeys((*NAMED, RAW), body)}}
    answers |= {str(status): ref("responses", PROBLEMS[status][0]) for status in (401, 403, 404, 422, 429)}
    return {
        "operationId": "kernel.file.content",
        "tags": ["kernel.file"],
        "summary": "The bytes of a file",
        "responses": answers,
    }
