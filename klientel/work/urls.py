"""``/day``, ``/…/call`` and ``/feeds/….ics``"""

from __future__ import annotations

from django.urls import path

from klientel.kernel.web.urls import Slug
from klientel.work.views import calling, day, feed

__all__ = ["Slug", "urlpatterns"]  # the word of a type must be known before an address names it

urlpatterns = [
    path("day", day.day, name="day"),
    path("feeds/<str:secret>.ics", feed.feed, name="calendar_feed"),
    path("<type:slug>/<uuid:record_id>/call", calling.call, name="call"),
]
