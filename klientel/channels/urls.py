"""Pages of sending and consent; the form of an e-mail stands where the generic one would."""

from __future__ import annotations

from django.urls import path

from klientel.channels.views import outbox, person, webhook

__all__ = ["urlpatterns", "webhook"]  # what the page of a webhook tells is declared by being imported

urlpatterns = [
    path("outbox", outbox.overview, name="outbox"),
    path("outbox/accounts/<uuid:account_id>/try", outbox.try_account, name="outbox_try"),
    path("persons/<uuid:record_id>/do/send_mail", person.write, name="channels_write"),
    path("persons/<uuid:record_id>/contact", person.contact, name="channels_contact"),
]
