"""What a member shall know: one row each, ids and counts only; texts are made for the reader when it is shown."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from klientel.kernel.tenancy.models import Id, TenantModel


class Notification(TenantModel):
    """Something that concerns one member. ``key`` says what it is about, so that nobody is told twice."""

    id = Id(primary_key=True)
    member_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    event_id = models.UUIDField(null=True)
    record_type = models.CharField(max_length=80, default="")
    record_id = models.UUIDField(null=True)
    params = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)  # in a digest

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "member_id", "key"], name="notification_once")]
        indexes = [
            models.Index("tenant_id", "member_id", models.F("id").desc(), name="notification_newest"),
            models.Index("tenant_id", "member_id", name="notification_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.key


class NoticeChoice(TenantModel):
    """What one member wants to be told, and when by e-mail. Without a row: everything, in the application only."""

    id = Id(primary_key=True)
    member_id = models.UUIDField()
    rhythm = models.CharField(max_length=8, default="never")
    hour = models.PositiveSmallIntegerField(default=7)  # of the day, in the zone of the workspace
    muted = ArrayField(models.CharField(max_length=40), default=list)  # kinds that are not told at all
    unmailed = ArrayField(models.CharField(max_length=40), default=list)  # kinds that no digest holds
    next_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "member_id"], name="noticechoice_once")]
        indexes = [
            models.Index("tenant_id", "next_at", name="noticechoice_due", condition=models.Q(next_at__isnull=False))
        ]

    def __str__(self) -> str:
        return str(self.member_id)
