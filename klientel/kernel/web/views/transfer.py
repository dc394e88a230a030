"""Import assistant and export of lists."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from klientel.kernel.web.answers import page


@page
def imports(request: Any) -> HttpResponse:
    """The imports there were, and a new one."""
    return render(request, "transfer/imports.html", {})
