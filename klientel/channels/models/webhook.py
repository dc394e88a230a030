"""Addresses of other systems that we call, and every call with what became of it (standardwebhooks.com)."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from uuid import UUID

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.identity.sealing import seal
from klientel.kernel.kinds import Choice, DateTime, Json, Link, Links, Privacy, Sentence, Text, Url, Whole
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

DUE = ("waiting", "later")


class HookSecret(TenantModel):
    """The secret that calls of a webhook are signed with, sealed; apart, so that no event or export ever holds it."""

    id = Id(primary_key=True)
    webhook_id = models.UUIDField()
    sealed = models.TextField()

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "webhook_id"], name="hooksecret_once")]


class HookSeen(TenantModel):
    """A call that came in, so that it takes effect once; kept longer than a signature holds."""

    on_erase = "keep"  # it names no records
    id = Id(primary_key=True)
    workflow = models.UUIDField()
    message = models.CharField(max_length=120)
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "workflow", "message"], name="hookseen_once")]
        indexes = [models.Index("tenant_id", "at", name="hookseen_old")]


def place_of(webhook: UUID) -> str:
    """What a secret is sealed to."""
    return f"webhook:{webhook}"


def keep_secret(webhook: UUID) -> None:
    """A new random secret of 24 bytes, in the place of an earlier one."""
    sealed = seal(base64.b64encode(secrets.token_bytes(24)).decode(), place_of(webhook))
    with writing.door():
        HookSecret.objects.update_or_create(webhook_id=webhook, defaults={"sealed": sealed})


def _secured(_step: Any, draft: Any) -> None:
    if draft.new:
        keep_secret(draft.record.pk)


class Webhook(Record):
    """Another system's address. Calls are signed with a secret of its own, see `queries.hooks`."""

    name = Text(_("name"), required=True, max_length=100)
    url = Url(_("address"), required=True)
    state = Choice(
        _("state"),
        default="active",
        of=(("active", _("active")), ("paused", _("paused"))),
        tones={"active": "ok", "paused": "warn"},
    )

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("webhook"), _("webhooks"), "webhooks", "plug"
        note = _("Other systems that workflows call")
        title = "name"
        columns = ("url", "state")
        sections = ((_("Webhook"), ("name", "url", "state")),)
        derive = staticmethod(_secured)
        system = True
        mergeable = False


class WebhookCall(Record):
    """One call: the same id and content however often it is tried, so that the other side can tell."""

    webhook = Link("channels.webhook", _("webhook"), required=True, reverse=_("calls"))
    topic = Text(_("topic"), required=True, max_length=100)
    payload = Json(_("content"), privacy=Privacy.PERSONAL)
    concerns = Links("*", _("concerns"), reverse=_("webhook calls"))
    state = Choice(
        _("state"),
        default="waiting",
        readonly=True,
        of=(
            ("waiting", _("waiting")),
            ("later", _("is tried again")),
            ("delivered", _("delivered")),
            ("failed", _("given up")),
            ("recalled", _("taken back")),
        ),
        tones={"waiting": "info", "later": "warn", "delivered": "ok", "failed": "bad", "recalled": "warn"},
    )
    attempts = Whole(_("attempts"), readonly=True, default=0)
    status = Whole(_("answer code"), readonly=True)
    reply = Sentence(_("answer"), readonly=True, max_length=400, privacy=Privacy.PERSONAL)
    next_at = DateTime(_("next attempt"), readonly=True)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(
                fields=["tenant_id", "concerns"], name="webhookcall_concerns", opclasses=["uuid_ops", "array_ops"]
            ),
            models.Index("tenant_id", "next_at", "id", name="webhookcall_due", condition=models.Q(state__in=DUE)),
        ]

    class About:
        label, plural, slug, icon = _("webhook call"), _("webhook calls"), "webhook-calls", "send"
        note = _("What was sent to other systems, and what they answered")
        arises = True
        title = "topic"
        order = "-created_at"
        columns = ("webhook", "state", "attempts", "status", "next_at", "created_at")
        sections = (
            (_("Webhook call"), ("webhook", "topic", "state", "attempts", "status", "reply", "next_at", "concerns")),
        )
        system = True
        mergeable = False
