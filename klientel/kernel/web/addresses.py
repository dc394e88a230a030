"""Addresses of routes, looked up once each: a page names a hundred of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.urls import reverse


@lru_cache(maxsize=4096)
def place(name: str, *args: Any) -> str:
    """The address of a named route."""
    return reverse(name, args=args)
