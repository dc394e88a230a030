"""Every address: the domain's own pages first, the generic pages last."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

PLACES = (
    ("", "klientel.site.health"),
    ("api/v1/", "klientel.kernel.api.urls"),
    ("account/", "allauth.urls"),
    ("", "klientel.privacy.urls"),
    ("", "klientel.contacts.urls"),
    ("", "klientel.work.urls"),
    ("", "klientel.kernel.web.urls"),
)


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns: list[URLPattern | URLResolver] = [
    path(prefix, include(module)) for prefix, module in PLACES if _there(module)
]
