"""``/offer/…``: what a customer sees of a quote. ``/page/…``: forms for everybody. ``/confirm/…``: their consents.

``/track/…``: the snippet of a website that we measure, and what browsers tell by it.
"""

from __future__ import annotations

from django.urls import path

from klientel.portal.views import form, offer, preferences, tracking

PAGE = "page/<slug:workspace>/<slug:path>"
FRAME = {"framed": True}
urlpatterns = [
    path("offer/<str:text>", offer.offer, name="offer"),
    path("offer/<str:text>/opened", offer.opened, name="offer_opened"),
    path("offer/<str:text>/file/<slug:which>", offer.file, name="offer_file"),
    path("offer/<str:text>/logo", offer.logo, name="offer_logo"),
    path(PAGE, form.page, name="form_page"),
    path(f"{PAGE}/frame", form.page, FRAME, name="form_frame"),
    path(f"{PAGE}/frame/sent/<str:text>", form.sent, FRAME, name="form_frame_sent"),
    path(f"{PAGE}/sent/<str:text>", form.sent, name="form_sent"),
    path(f"{PAGE}/file/<str:text>", form.file, name="form_file"),
    path(f"{PAGE}/picture", form.picture, name="form_picture"),
    path(f"{PAGE}/form.js", form.script, name="form_script"),
    path("track/v1/<slug:workspace>/<slug:key>.js", tracking.script, name="track_script"),
    path("track/v1/<slug:workspace>/<slug:key>", tracking.tell, name="track"),
    path("confirm/<str:text>", form.confirm, name="form_confirm"),
    path("preferences/<str:text>", preferences.preferences, name="preferences"),
]
