"""The addresses of the pages of sales."""

from __future__ import annotations

from django.urls import path

from klientel.sales.views import leads, lines, paper

urlpatterns = [
    path("leads/without-next-step", leads.stepless, name="leads_stepless"),
    path("leads/inboxes", leads.inboxes, name="lead_inboxes"),
    path("quotes/<uuid:record_id>/lines", lines.lines, name="quote_lines"),
    path("quotes/<uuid:record_id>/pdf", paper.pdf, name="quote_pdf"),
]
