"""Addresses of the bare views."""

from django.urls import path

from bench.reference import views

urlpatterns = [
    path("persons", views.persons),
    path("search", views.search),
    path("persons/<uuid:person_id>", views.person),
    path("board", views.board),
    path("move/<uuid:deal_id>", views.move),
    path("create", views.create),
    path("change/<uuid:person_id>", views.change),
]
