"""``/offer/…``: what a customer sees of a quote."""

from __future__ import annotations

from django.urls import path

from klientel.portal.views import offer

urlpatterns = [
    path("offer/<str:text>", offer.offer, name="offer"),
    path("offer/<str:text>/opened", offer.opened, name="offer_opened"),
    path("offer/<str:text>/file/<slug:which>", offer.file, name="offer_file"),
    path("offer/<str:text>/logo", offer.logo, name="offer_logo"),
]
