"""Whole addresses of our pages, for what leaves the house: mails, papers, feeds."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def whole(route: str, *args: object) -> str:
    """The address of a named route as it is seen from outside."""
    return f"{settings.KLIENTEL_ADDRESS.rstrip('/')}{reverse(route, args=args)}"
