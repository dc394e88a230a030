"""The ledger of merges: what became of which record, and every link that moved, so that it can be taken back."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Alias(TenantModel):
    """An old id stands for another record now. ``survivor`` is what it was merged into, ``root`` where that led to."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    old_id = models.UUIDField()
    survivor = models.UUIDField()
    root = models.UUIDField()
    merge_id = models.UUIDField()

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "old_id"], name="alias_once")]
        indexes = [models.Index("tenant_id", "root", name="alias_root")]


class Merge(TenantModel):
    """One merge. ``values`` holds the fields of the survivor that it changed: before, after, and whose value it is."""

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    survivor = models.UUIDField()
    losers = ArrayField(models.UUIDField())
    change_set = models.UUIDField()
    actor = models.CharField(max_length=60)
    actor_name = models.TextField(default="")
    at = models.DateTimeField()
    values = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [
            models.Index("tenant_id", "survivor", name="merge_survivor"),
            models.Index("tenant_id", "change_set", name="merge_set"),
        ]


class Moved(TenantModel):
    """A field of another record that a merge changed, because it led to a record that is no more; plain values."""

    id = Id(primary_key=True)
    merge_id = models.UUIDField()
    survivor = models.UUIDField()
    record_type = models.CharField(max_length=80)
    record_id = models.UUIDField()
    field = models.CharField(max_length=80)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [
            models.Index("tenant_id", "survivor", "merge_id", name="moved_survivor"),
            models.Index("tenant_id", "record_id", name="moved_record"),
        ]
