"""Addresses of files. Uploads are never shown by the browser: always a download, in a sandbox, of a harmless type."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from klientel.kernel import tenancy
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.files.opening import Opened, open_file, thumbnail
from klientel.kernel.files.storing import store

#: named as they are; everything else, HTML and SVG among it, is given out as bytes
NAMED = ("application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif", "text/plain", "text/csv")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def _members(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def shown(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor is None:
            return redirect_to_login(request.get_full_path())
        try:
            return view(request, *args, **kwargs)
        except Missing as no:
            raise Http404(str(no.message)) from no
        except Forbidden as no:
            raise PermissionDenied(str(no.message)) from no

    return shown


@require_GET
@_members
def download(request: Any, file_id: UUID, name: str = "") -> HttpResponse:
    """The file itself; ``name`` is for people only, the record's own name counts."""
    del name
    with tenancy.reading():
        opened = open_file(request.scope, file_id)
    return given_out(opened)


@require_GET
@_members
def small(request: Any, file_id: UUID) -> HttpResponse:
    """A small picture of a PNG, JPEG or WebP file, drawn anew."""
    with tenancy.reading():
        opened = open_file(request.scope, file_id)
    return _harmless(HttpResponse(thumbnail(opened), content_type="image/png"))


def given_out(opened: Opened) -> HttpResponse:
    """The bytes as a download of a harmless type, in a sandbox."""
    kind = opened.record.media_type if opened.record.media_type in NAMED else "application/octet-stream"
    response: HttpResponse = FileResponse(opened.path.open("rb")) if opened.path else HttpResponse(b"")  # type: ignore[assignment]
    response["Content-Type"] = kind
    response["Content-Disposition"] = content_disposition_header(True, opened.record.name) or "attachment"
    return _harmless(response)


def _harmless(response: HttpResponse) -> HttpResponse:
    for header, value in HEADERS.items():
        response[header] = value
    return response


@require_POST
@_members
def take(request: Any) -> HttpResponse:
    """Take one or more files (``file``) for the records named in ``concerns``."""
    made, refused = [], getattr(request, "not_taken", None)
    for given in request.FILES.getlist("file"):
        try:
            made.append(store(request.actor, given, request.POST.getlist("concerns")).record)
        except (Missing, Forbidden):
            raise
        except Refused as no:
            refused = no
    told = {"files": [{"id": str(r.id), "name": r.name, "size": r.size, "type": r.media_type} for r in made]}
    if refused is not None:
        told["refused"] = {"code": refused.code, "message": str(refused.message), "field": refused.field}  # type: ignore[assignment]
    to = request.POST.get("next", "")
    if refused is None and to.startswith("/") and url_has_allowed_host_and_scheme(to, {request.get_host()}):
        return HttpResponseRedirect(to)
    return JsonResponse(told, status=422 if refused or not made else 201)
