"""``/insights/…``"""

from __future__ import annotations

from django.urls import path

from klientel.insights.views import dashboard

urlpatterns = [
    path("insights/", dashboard.first, name="dashboards"),
    path("insights/<slug:key>/", dashboard.show, name="dashboard"),
    path("insights/<slug:key>/<slug:figure>.csv", dashboard.file, name="figure_csv"),
]
