"""``/day`` and ``/…/call``"""

from __future__ import annotations

from django.urls import path

from klientel.kernel.web.urls import Slug
from klientel.work.views import calling, day

__all__ = ["Slug", "urlpatterns"]  # the word of a type must be known before an address names it

urlpatterns = [
    path("day", day.day, name="day"),
    path("<type:slug>/<uuid:record_id>/call", calling.call, name="call"),
]
