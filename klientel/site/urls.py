"""Every address: the domain's own pages first, the generic pages last."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.defaults import server_error

from klientel.kernel.api.endpoint import failed

PLACES = (
    ("api/v1/", "klientel.kernel.api.urls"),
    ("", "klientel.kernel.files.urls"),
    ("", "klientel.privacy.urls"),
    ("", "klientel.insights.urls"),
    ("", "klientel.automation.urls"),
    ("", "klientel.portal.urls"),
    ("", "klientel.sales.urls"),
    ("", "klientel.channels.urls"),
    ("", "klientel.work.urls"),
    ("", "klientel.kernel.web.urls"),
)


def handler500(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw: programs get problem+json, people a page."""
    return failed(request) if request.path.startswith("/api/") else server_error(request)


urlpatterns: list[URLPattern | URLResolver] = [path(prefix, include(module)) for prefix, module in PLACES]
