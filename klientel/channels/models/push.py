"""Browsers that members want to be told in although Klientel is not open there (web push), and what is to be sent."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from klientel.kernel.tenancy.models import Id, TenantModel

SHORT, WHOLE = "short", "whole"  # how much a message says: of what kind it is, or all that stands in Klientel


class PushPlace(TenantModel):
    """One browser of one member. Its address and secrets are sealed: who has them could write there."""

    on_erase = "keep"  # it names no records
    id = Id(primary_key=True)
    member_id = models.UUIDField()
    digest = models.CharField(max_length=64)  # of the address, so that one browser stands here once
    sealed = models.TextField()  # {"endpoint", "p256dh", "auth"}
    key = models.CharField(max_length=8)  # which of the house's keys the browser was told
    session = models.CharField(max_length=64)  # digest: signing out there ends it
    device = models.CharField(max_length=100)
    made_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, default="")

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "digest"], name="pushplace_once")]
        indexes = [models.Index("tenant_id", "member_id", name="pushplace_member")]

    def __str__(self) -> str:
        return self.device


class PushLetter(TenantModel):
    """One notification for one browser; gone as soon as it was handed over, or cannot be."""

    id = Id(primary_key=True)
    place_id = models.UUIDField()
    notification_id = models.UUIDField()
    under_way = models.BooleanField(default=False)  # committed before it leaves: never sent a second time
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "place_id", "notification_id"], name="pushletter_once")
        ]
        indexes = [models.Index("tenant_id", "due_at", name="pushletter_due")]

    def __str__(self) -> str:
        return str(self.notification_id)


class PushChoice(TenantModel):
    """What one member wants to be pushed. Without a row: all that is told in Klientel, saying little."""

    on_erase = "keep"  # it names no records
    id = Id(primary_key=True)
    member_id = models.UUIDField()
    wording = models.CharField(max_length=8, default=SHORT)
    silent = ArrayField(models.CharField(max_length=40), default=list)  # kinds that are not pushed

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "member_id"], name="pushchoice_once")]

    def __str__(self) -> str:
        return str(self.member_id)
