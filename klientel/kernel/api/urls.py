"""The addresses below ``/api/v1/``. Words that stand beside slugs are no record type's slug (a test holds that)."""

from __future__ import annotations

from django.urls import path, re_path

from klientel.kernel.api import describing, reading, strict, undoing, uploading, writing
from klientel.kernel.api.endpoint import endpoint, nothing_here
from klientel.kernel.api.openapi.serving import document

urlpatterns = [
    path("openapi.json", document, name="api_document"),
    path("me", endpoint(GET=describing.me), name="api_me"),
    path("types", endpoint(GET=describing.types), name="api_types"),
    path("undo/<str:change_set>", endpoint(GET=undoing.preview, POST=undoing.undo), name="api_undo"),
    path("runs/<str:run_id>", endpoint(GET=undoing.run), name="api_run"),
    path("runs/<str:run_id>/left", endpoint(GET=undoing.left), name="api_run_left"),
    path("runs/<str:run_id>/cancel", endpoint(POST=undoing.cancel), name="api_run_cancel"),
    path(uploading.SLUG, endpoint(GET=uploading.listing, POST=uploading.create, body=uploading.body), name="api_files"),
    path(f"{uploading.SLUG}/<str:record_id>/content", endpoint(GET=uploading.content), name="api_file_content"),
    path("<str:slug>", endpoint(GET=reading.listing, POST=writing.create), name="api_list"),
    path("<str:slug>/actions", endpoint(GET=describing.verbs), name="api_actions"),
    path("<str:slug>/actions/<str:verb>", endpoint(POST=writing.perform_new), name="api_action_new"),
    path("<str:slug>/bulk", endpoint(POST=writing.bulk, most=strict.MOST_BYTES_BULK), name="api_bulk"),
    path(
        "<str:slug>/<str:record_id>",
        endpoint(GET=reading.single, PATCH=writing.change, DELETE=writing.archive),
        name="api_record",
    ),
    path("<str:slug>/trash/<str:record_id>", endpoint(GET=reading.trashed), name="api_trashed"),
    path("<str:slug>/trash/<str:record_id>/removal", endpoint(GET=reading.removal), name="api_removal"),
    path("<str:slug>/trash/<str:record_id>/events", endpoint(GET=reading.happened_trashed), name="api_trashed_events"),
    path("<str:slug>/<str:record_id>/events", endpoint(GET=reading.happened), name="api_events"),
    path("<str:slug>/<str:record_id>/actions/<str:verb>", endpoint(POST=writing.perform), name="api_action"),
    re_path(r"", nothing_here),
]

#: words in addresses that no record type may have as its slug
RESERVED = ("openapi.json", "me", "runs", "types", "undo")
