"""Pages of sending and consent; the form of an e-mail stands where the generic one would."""

from __future__ import annotations

from django.urls import path

from klientel.channels.views import (
    conversation,
    forms,
    incoming,
    mail,
    mailboxes,
    outbox,
    person,
    push,
    reach,
    sites,
    webhook,
    writing,
)

__all__ = ["mail", "sites", "urlpatterns", "webhook"]  # what pages of these tell is declared by being imported

urlpatterns = [
    path("hooks/<uuid:tenant_id>/<uuid:workflow_id>", incoming.call, name="hook"),
    path("workflows/<uuid:record_id>/address", incoming.address, name="workflow_address"),
    path("notifications/browsers", push.browsers, name="push_browsers"),
    path("push/worker.js", push.worker, name="push_worker"),
    path("outbox", outbox.overview, name="outbox"),
    path("outbox/accounts/<uuid:account_id>/try", outbox.try_account, name="outbox_try"),
    path("mailboxes", mailboxes.overview, name="mailboxes"),
    path("mailboxes/<uuid:account_id>/folders", mailboxes.find_folders, name="mailbox_folders"),
    path("mailboxes/messages/<uuid:fetched_id>", mailboxes.message, name="mailbox_message"),
    path("inbox", conversation.inbox, name="inbox"),
    path("mails/new", writing.compose, name="mail_new"),
    path("mails/<uuid:mail_id>/conversation", conversation.conversing, name="conversation"),
    path("mails/<uuid:mail_id>/formatted", conversation.formatted, name="mail_formatted"),
    path("mails/<uuid:mail_id>/answer/<slug:way>", conversation.answer, name="mail_answer"),
    path("persons/<uuid:record_id>/do/send_mail", person.write, name="channels_write"),
    path("persons/reach", reach.reach, name="channels_reach"),
    path("forms/<uuid:record_id>/build", forms.build, name="form_build"),
    path("consents/<uuid:record_id>/proof", forms.evidence, name="consent_proof"),
    path("persons/<uuid:record_id>/contact", person.contact, name="channels_contact"),
]
