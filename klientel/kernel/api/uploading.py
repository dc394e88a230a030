"""The bytes of files through the API: in by ``POST /files``, out by ``GET /files/{id}/content``.

They come as the body itself (``application/octet-stream``, the rest in the address) or as a form with one file
(``multipart/form-data``). Size, type and name are treated as on pages: what the bytes are counts, not what was said.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _

from klientel.kernel.api import reading, showing, strict, writing
from klientel.kernel.api.call import Call, Reply
from klientel.kernel.api.problems import Problem, unreadable
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.files.opening import open_file
from klientel.kernel.files.storing import store
from klientel.kernel.files.views import given_out

SLUG = "files"
RAW, FORM = "application/octet-stream", "multipart/form-data"
GIVEN = ("name", "concerns", "purpose")  # what may be said of a file
_AROUND = 2**16  # bytes that a form needs beside its file
_PIECE = 2**16
_IN_MEMORY = 2**21


@dataclass(frozen=True)
class Upload:
    """Bytes that came, at their beginning, and what was said of them."""

    file: Any
    told: dict[str, str]
    in_address: bool

    def digest(self) -> bytes:
        """What tells one upload from another: bytes and words, not how a form happened to be cut."""
        total = hashlib.sha256(repr(sorted(self.told.items())).encode("utf-8", "surrogateescape"))
        while piece := self.file.read(_PIECE):
            total.update(piece)
        self.file.seek(0)
        return total.digest()


def body(request: Any, most: int) -> bytes:
    """JSON as everywhere; else the upload is taken in beside the request, and what tells it apart is given back."""
    if request.content_type not in (RAW, FORM):
        return strict.body(request, most)
    length = request.META.get("CONTENT_LENGTH") or "0"
    room = keeping.most() + (_AROUND if request.content_type == FORM else 0)
    if not length.isascii() or not length.isdigit() or int(length) > room:
        raise Problem(413, "too_large", _("This request is too large."))
    request.api_upload = _form(request) if request.content_type == FORM else _raw(request, int(length))
    return request.api_upload.digest()  # type: ignore[no-any-return]


def _raw(request: HttpRequest, length: int) -> Upload:
    spool: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  open until the request ends
    try:
        while piece := request.read(_PIECE):
            spool.write(piece)
    except UnreadablePostError:
        raise unreadable("cut_off", _("The request was cut off.")) from None
    if spool.tell() != length:
        raise unreadable("cut_off", _("The request was cut off."))
    spool.seek(0)
    query = strict.Query(request, *GIVEN)
    return Upload(spool, query.given, in_address=True)


def _form(request: HttpRequest) -> Upload:
    try:
        words, files = request.POST, request.FILES
    except UnreadablePostError:
        raise unreadable("cut_off", _("The request was cut off.")) from None
    except (MultiPartParserError, SuspiciousOperation):
        raise unreadable("bad_form", _("This form cannot be read.")) from None
    for name in (*words, *files):
        if name not in (*GIVEN, "file") or (name == "file") is not (name in files):
            raise Refused("unknown_field", _("There is no such field."), name[:80] if name.isprintable() else None)
    given = files.getlist("file")
    if len(given) != 1:
        raise Refused("wrong_type", _("Please send exactly one file, named “file”."), "file")
    told = {name: ",".join(words.getlist(name)) for name in words}
    return Upload(given[0], {"name": given[0].name or ""} | told, in_address=False)


def listing(call: Call) -> Reply:
    """Files as any other records."""
    return reading.listing(call, SLUG)


def create(call: Call) -> Reply:
    """A new file: with its bytes, or as any other record."""
    upload: Upload | None = getattr(call.request, "api_upload", None)
    if upload is None:
        return writing.create(call, SLUG)
    call.type(SLUG, "create")
    strict.Query(call.request, *(GIVEN if upload.in_address else ()))
    told = upload.told
    concerns = [strict.record_id(one.strip()) for one in told.get("concerns", "").split(",") if one.strip()]
    done = store(
        call.actor, upload.file, concerns, name=told.get("name", ""), purpose=told.get("purpose") or "document"
    )
    where = {"Location": f"/api/v1/{SLUG}/{done.record.id}", "ETag": showing.tag(done.record.version)}
    return Reply(showing.done(call.scope, done) | {"possible_duplicates": []}, 201, where)


def content(call: Call, record_id: str) -> Reply:
    """The bytes of a file, as a download, where the actor may have them."""
    call.type(SLUG)
    strict.Query(call.request)
    return Reply(given_out(open_file(call.scope, strict.record_id(record_id))))
