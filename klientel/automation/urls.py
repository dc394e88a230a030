"""``/workflows/…``"""

from __future__ import annotations

from django.urls import path

from klientel.automation.views import asking, flows, panel, presets, rehearsal, runs, starting, steps

__all__ = ["panel", "urlpatterns"]  # what the page of a workflow tells is declared by being imported

urlpatterns = [
    path("requests/<uuid:record_id>/answer", asking.answer, name="request_answer"),
    path("workflows/presets", presets.presets, name="workflow_presets"),
    path("workflows/start/<str:slug>", starting.start, name="workflow_start"),
    path("workflows/runs", runs.runs, name="workflow_runs"),
    path("workflows/runs/<uuid:run_id>", runs.run, name="run_explained"),
    path("workflows/runs/<uuid:run_id>/help", runs.helped, name="run_helped"),
    path("workflows/<uuid:record_id>/flow", flows.flow, name="workflow_flow"),
    path("workflows/<uuid:record_id>/rehearsal", rehearsal.rehearsal, name="workflow_rehearsal"),
    path("workflows/<uuid:record_id>/flow/beginning", flows.beginning, name="workflow_beginning"),
    path("workflows/<uuid:record_id>/flow/builder", steps.build, name="workflow_builder"),
    path("workflows/<uuid:record_id>/flow/<str:at>", steps.step, name="workflow_step"),
]
