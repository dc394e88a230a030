"""``/quotes/…/lines``"""

from __future__ import annotations

from django.urls import path

from klientel.sales.views import lines

urlpatterns = [
    path("quotes/<uuid:record_id>/lines", lines.lines, name="quote_lines"),
]
