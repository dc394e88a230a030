"""Every address: the domain's own pages first, the generic pages last."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

PLACES = (
    ("api/v1/", "klientel.kernel.api.urls"),
    ("", "klientel.kernel.web.account.urls"),
    ("", "klientel.kernel.files.urls"),
    ("", "klientel.privacy.urls"),
    ("", "klientel.kernel.web.urls"),
)


urlpatterns: list[URLPattern | URLResolver] = [path(prefix, include(module)) for prefix, module in PLACES]
