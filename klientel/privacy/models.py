"""The tables of privacy: erasures under way, and the ledger that proves them without naming anybody."""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Erasure(TenantModel):
    """One erasure and how far it got. ``sealed`` holds what is searched for, encrypted, until it is done."""

    on_erase = "own"
    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    record_id = models.UUIDField()
    ground = models.CharField(max_length=30)
    actor = models.CharField(max_length=60)
    state = models.CharField(max_length=20, default="running")
    reached = models.PositiveSmallIntegerField(default=0)
    sealed = models.TextField(default="")
    counts = models.JSONField(default=dict)
    review = models.JSONField(default=list)
    begun_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "privacy"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "record_id"], name="erasure_once", condition=models.Q(state="running")
            )
        ]


class Line(TenantModel):
    """One line of the ledger, chained to the one before; the same line stands in a file outside the database."""

    on_erase = "own"
    id = Id(primary_key=True)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    body = models.JSONField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta(TenantModel.Meta):
        app_label = "privacy"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "number"], name="line_once")]
