"""``/files/…``"""

from __future__ import annotations

from django.urls import path

from klientel.kernel.files import views

urlpatterns = [
    path("files/upload", views.take, name="file_upload"),
    path("files/<uuid:file_id>/small", views.small, name="file_small"),
    path("files/<uuid:file_id>/", views.download, name="file_unnamed"),
    path("files/<uuid:file_id>/<str:name>", views.download, name="file"),
]
