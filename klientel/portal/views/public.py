"""Every page for customers begins and ends the same way: who comes, how often, and what the answer says of itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from csp.constants import HEADER
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.portal.queries import pacing, shares
from klientel.portal.queries.shares import Visit

#: nothing from elsewhere, nothing in a frame; forms lead back here only
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    HEADER: POLICY,
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Frame-Options": "DENY",
}


def address_of(request: Any) -> str:
    """Where a request comes from, behind as many proxies as are trusted."""
    return str(get_adapter().get_client_ip(request))


def public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page found by a secret text. That text is in no cookie, so no other site can make a browser send it."""

    @csrf_exempt
    @wraps(view)
    def shown(request: Any, text: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = _visited(view, request, text, *args, **kwargs)
        except Refused as no:
            answer = render(request, "portal/no.html", {"refused": no}, status=no.status)
        for name, value in HEADERS.items():
            answer.headers[name] = value
        return answer

    return shown


def _visited(view: Callable[..., HttpResponse], request: Any, text: str, *args: Any, **kwargs: Any) -> HttpResponse:
    came_from = address_of(request)
    pacing.count(pacing.LOOK, came_from)
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("cross_site", _("This was sent from another website. Please open the link in our mail."))
    try:
        with shares.visiting(text) as visit:
            return view(request, visit, text, *args, **kwargs)
    except Missing:
        pacing.count(pacing.GUESS, came_from)
        raise


def is_colleague(request: Any, visit: Visit) -> bool:
    """Whether somebody of the house looks at what their customer sees: they look and do not answer."""
    return request.actor is not None and request.actor.tenant == visit.tenant.pk
