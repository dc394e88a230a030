"""Every page for customers begins and ends the same way: who comes, how often, and what the answer says of itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
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
View = Callable[..., HttpResponse]
HEADERS = {
    HEADER: POLICY,
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


def address_of(request: Any) -> str:
    """Where a request comes from, behind as many proxies as are trusted."""
    return str(get_adapter().get_client_ip(request))


def by(
    visiting: Callable[..., AbstractContextManager[Any]],
    *,
    arguments: int = 1,
    from_elsewhere: bool = False,
    pace: tuple[str, int] = pacing.LOOK,
) -> Callable[[View], View]:
    """A page that a visit opens, which ``visiting`` finds by the first ``arguments`` of its address.

    What leads there is in no cookie, so no other site can make a browser send more than it knows itself.
    ``from_elsewhere``: other sites may send it all the same, as forms on them do. ``pace``: how often one may come.
    """

    def public_page(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def shown(request: Any, **at: Any) -> HttpResponse:
            try:
                pacing.count(pace, address_of(request))
                answer = _visited(view, request, at, visiting, arguments, from_elsewhere)
            except Refused as no:
                answer = render(request, "portal/no.html", {"refused": no}, status=no.status)
            for name, value in HEADERS.items():
                answer.headers.setdefault(name, value)
            if "frame-ancestors 'none'" in answer.headers[HEADER]:
                answer.headers["X-Frame-Options"] = "DENY"
            return answer

        return shown

    return public_page


def _visited(
    view: View,
    request: Any,
    at: dict[str, Any],
    visiting: Callable[..., AbstractContextManager[Any]],
    arguments: int,
    from_elsewhere: bool,
) -> HttpResponse:
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    if request.method == "POST" and cross_site and not from_elsewhere:
        raise Forbidden("cross_site", _("This was sent from another website. Please open the link in our mail."))
    try:
        with visiting(*list(at.values())[:arguments]) as visit:
            return view(request, visit, **at)
    except Missing:
        pacing.count(pacing.GUESS, address_of(request))
        raise


#: a page found by the secret text of a share
public = by(shares.visiting)


def is_colleague(request: Any, visit: Visit) -> bool:
    """Whether somebody of the house looks at what their customer sees: they look and do not answer."""
    return request.actor is not None and request.actor.tenant == visit.tenant.pk
