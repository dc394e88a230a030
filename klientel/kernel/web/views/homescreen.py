"""Klientel on the home screen of a phone or computer: what a browser asks for before it puts it there.

An iPhone or iPad tells a website's notifications only where it stands on the home screen (iOS 16.4), and takes it for
a program of its own only with a manifest (W3C Web Application Manifest).
"""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_GET

from klientel.kernel.web.addresses import place

ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"),
         ("icon-maskable-512.png", "512x512", "maskable"))  # fmt: skip
DARK, LIGHT = "#1f2430", "#f9f9fb"


@require_GET
def manifest(_request: Any) -> JsonResponse:
    """The same for everybody, signed in or not: browsers ask for it without saying who they are."""
    home = place("home")
    found = {
        "id": home, "name": "Klientel", "short_name": "Klientel", "start_url": home, "scope": home,
        "display": "standalone", "theme_color": DARK, "background_color": LIGHT,
        "icons": [{"src": static(n), "sizes": s, "type": "image/png", "purpose": p} for n, s, p in ICONS],
    }  # fmt: skip
    return JsonResponse(found, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"})
