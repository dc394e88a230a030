"""Addresses of routes, looked up once each: a page names a hundred of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse


@lru_cache(maxsize=4096)
def place(name: str, *args: Any) -> str:
    """The address of a named route."""
    return reverse(name, args=args)


def urlencoded(query: dict[str, Any]) -> str:
    """A query string; empty values are left out, lists repeat the name."""
    return urlencode({k: v for k, v in query.items() if v not in (None, "")}, doseq=True)
