"""``/quotes/…/lines`` and ``/quotes/…/pdf``"""

from __future__ import annotations

from django.urls import path

from klientel.sales.views import lines, paper

urlpatterns = [
    path("quotes/<uuid:record_id>/lines", lines.lines, name="quote_lines"),
    path("quotes/<uuid:record_id>/pdf", paper.pdf, name="quote_pdf"),
]
