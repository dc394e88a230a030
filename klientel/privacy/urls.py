"""``/privacy/…``"""

from __future__ import annotations

from django.urls import path

from klientel.privacy import views

urlpatterns = [
    path("privacy/retention", views.retention_page, name="privacy_retention"),
    path("privacy/<slug:slug>/<uuid:record_id>/report", views.report_page, name="privacy_report"),
    path("privacy/<slug:slug>/<uuid:record_id>/report.json", views.report_json, name="privacy_report_json"),
    path("privacy/<slug:slug>/<uuid:record_id>/erase", views.erase_page, name="privacy_erase"),
    path("privacy/<slug:slug>/<uuid:record_id>/restrict", views.restrict_page, name="privacy_restrict"),
    path("privacy/<slug:slug>/<uuid:record_id>/lift", views.lift_page, name="privacy_lift"),
]
