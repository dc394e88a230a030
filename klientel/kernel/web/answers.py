"""The four refusals become answers of a page, once, for every view; and every page of a tenant begins the same way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from klientel.kernel import tenancy
from klientel.kernel.errors import Conflict, Forbidden, Gone, Missing, Refused
from klientel.lib.ids import read_id

View = Callable[..., HttpResponseBase]
log = logging.getLogger(__name__)


def answers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose refusals become 403, 404, 409 or 422: a page for people, JSON for scripts."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as no:
            return refusal(request, no)

    return answered


def page(view: View) -> View:
    """A page of a tenant: for members only, read in one READ ONLY transaction, refusals answered."""

    @wraps(view)
    def shown(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is None:
            return no_actor(request)
        try:
            with tenancy.reading():
                return view(request, *args, **kwargs)
        except Refused as no:
            with tenancy.reading():
                return refusal(request, no)

    return shown


def act(view: View) -> View:
    """A view that writes through actions: for members only, refusals answered, no transaction of its own."""

    @wraps(view)
    def done(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is None:
            return no_actor(request)
        try:
            return view(request, *args, **kwargs)
        except Refused as no:
            with tenancy.reading():
                return refusal(request, no)

    return done


def no_actor(request: Any) -> HttpResponse:
    """Nobody is signed in, or who is belongs to no tenant."""
    if request.user.is_authenticated:
        return render(request, "errors/homeless.html", status=403)
    if wants_json(request):
        return JsonResponse({"code": "signed_out", "message": _("Please sign in again.")}, status=401)
    return HttpResponseRedirect(f"{resolve_url('account_login')}?{urlencode({'next': request.get_full_path()})}")


def id_of(text: str) -> UUID:
    """The id of a record that a form or an address names; :class:`Missing` where it is none."""
    found = read_id(text)
    if found is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return found


def page_after(text: str) -> UUID | None:
    """The id after which a list goes on, as an address names it; none for its first page."""
    found = read_id(text)
    if text and found is None:
        raise Missing("no_such_page", _("There is no page at this address."))
    return found


def version_of(request: Any) -> int | None:
    """The version of a record that a form was opened with; none where it says none that there could be."""
    return version_in(request.POST.get("version", ""))


def version_in(text: str) -> int | None:
    """The version that a text names; none where it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of ours asks."""
    return request.headers.get("X-Requested-With") == "fetch"


def wants_part(request: HttpRequest) -> bool:
    """Whether only a part of the page is asked for, by htmx."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def told(refused: Refused) -> dict[str, Any]:
    """A refusal for scripts."""
    return {
        "code": refused.code,
        "message": str(refused.message),
        "field": refused.field,
        "also": [{"code": r.code, "message": str(r.message), "field": r.field} for r in refused.also],
    }


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The answer to a refusal: JSON for scripts, else the page of its status."""
    if wants_json(request):
        return JsonResponse(told(refused), status=refused.status)
    return render(
        request, "errors/refused.html", {"refused": refused, "heading": heading(refused)}, status=refused.status
    )


def heading(refused: Refused) -> str:
    """What kind of no this is, in two or three words."""
    if isinstance(refused, Gone):
        return _("Deleted for good")
    if isinstance(refused, Missing):
        return _("Not found")
    if isinstance(refused, Forbidden):
        return _("Not allowed")
    if isinstance(refused, Conflict):
        return _("Changed meanwhile")
    return _("This is not possible")


def came_from(request: HttpRequest) -> str:
    """Where a form says it came from, if that is one of our own pages; else nothing."""
    to = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure())
    return to if safe and to.startswith("/") else ""


def back(request: HttpRequest, default: str) -> HttpResponseRedirect:
    """To where the form says it came from, else to ``default``."""
    return HttpResponseRedirect(came_from(request) or default)


def say_done(request: HttpRequest, text: str, change_set: Any = None) -> None:
    """Tell on the next page that something was done; with its change set it can be undone from there."""
    messages.success(request, text, extra_tags=f"undo:{change_set}" if change_set else "toast")


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A part of a page, for a script."""
    response = render(request, template, context)
    patch_vary_headers(response, ["X-Requested-With", "HX-Request"])
    return response
