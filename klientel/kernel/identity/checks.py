"""Checks at start-up of what sign-in needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from klientel.kernel.identity import sealing


@register()
def field_key_check(**_given: Any) -> list[CheckMessage]:
    """``klientel.E101``: second factors can be sealed and opened with the key that is set."""
    if not getattr(settings, "KLIENTEL_FIELD_KEY", ""):
        return [Error("KLIENTEL_FIELD_KEY is not set", id="klientel.E101")]
    try:
        sealing.unseal(sealing.seal("", "check"), "check")
    except ImproperlyConfigured as error:
        return [Error(str(error), id="klientel.E101")]
    return []


@register()
def shared_cache_check(**_given: Any) -> list[CheckMessage]:
    """``klientel.E102``: rate limits live where every process sees them."""
    backend = str(settings.CACHES["default"]["BACKEND"])
    if backend.endswith(("LocMemCache", "DummyCache")):
        return [Error("Rate limits need a cache that all processes share", hint=backend, id="klientel.E102")]
    return []
