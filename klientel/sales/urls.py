"""The addresses of the pages of sales."""

from __future__ import annotations

from django.urls import path

from klientel.sales.views import (
    accepting,
    approving,
    capturing,
    conditions,
    deal,
    einvoices,
    leads,
    lines,
    organisation,
    paper,
    versions,
)

__all__ = ["deal", "organisation", "urlpatterns"]  # what these pages tell is declared by being imported

urlpatterns = [
    path("invoices/take", einvoices.take, name="invoices_take"),
    path("leads/without-next-step", leads.stepless, name="leads_stepless"),
    path("leads/capture", capturing.capture, name="lead_capture"),
    path("<slug:slug>/<uuid:record_id>/condition", conditions.condition, name="lead_condition"),
    path("leads/inboxes", leads.inboxes, name="lead_inboxes"),
    path("quotes/<uuid:record_id>/lines", lines.lines, {"slug": "quotes"}, name="quote_lines"),
    path("deals/<uuid:record_id>/lines", lines.lines, {"slug": "deals"}, name="deal_lines"),
    path("quotes/<uuid:record_id>/do/accept", accepting.accept, name="quote_accept"),
    path("quotes/<uuid:record_id>/approval", approving.decide, name="quote_approval"),
    path("quotes/<uuid:record_id>/versions", versions.compare, name="quote_versions"),
    path("quotes/<uuid:record_id>/pdf", paper.pdf, name="quote_pdf"),
]
