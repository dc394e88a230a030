"""Tables beside the events: on which records an event stands, and how far each consumer has read.

``kernel_event`` and ``kernel_event_private`` themselves are partitioned, which Django cannot declare: see
migration 0002.
"""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class About(TenantModel):
    """An event stands on the timeline of a record. No foreign key: events are dropped by the month."""

    id = Id(primary_key=True)
    record_id = models.UUIDField()
    at = models.DateTimeField()
    event_id = models.UUIDField()
    kind = models.TextField(default="", db_default="")  # of the event; empty only until an older row's is filled in

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [
            models.Index("tenant_id", "record_id", models.F("at").desc(), "event_id", name="about_timeline"),
            models.Index("tenant_id", "record_id", "kind", "at", name="about_kind"),
            models.Index("tenant_id", "id", name="about_unnamed", condition=models.Q(kind="")),
        ]


class Cursor(TenantModel):
    """How far one consumer has read one tenant's events: everything up to (epoch, xid, event) took effect."""

    id = Id(primary_key=True)
    consumer = models.CharField(max_length=60)
    epoch = models.PositiveIntegerField(default=0)
    xid = models.PositiveBigIntegerField(default=0)
    event_id = models.UUIDField(null=True)
    moved_at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "consumer"], name="cursor_once")]


class Parked(TenantModel):
    """An event a consumer could not digest: kept and reported, never a stop."""

    id = Id(primary_key=True)
    consumer = models.CharField(max_length=60)
    event_id = models.UUIDField()
    reason = models.CharField(max_length=300)
    parked_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"


class Seal(TenantModel):
    """What seals one event (its id is the event's): commitments to what it says, and the salt of the public part.

    ``block`` and ``place`` say where it stands in the chain; ``erased_by`` which erasure dropped values and salts.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    block = models.PositiveBigIntegerField()
    place = models.PositiveIntegerField()
    salt = models.UUIDField(null=True)
    public = models.BinaryField()
    private = models.BinaryField(null=True)
    erased_by = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [models.Index("tenant_id", "block", "place", name="seal_block")]


class Block(TenantModel):
    """A link of a tenant's chain: how many events, the hash over them, and the hash that chains it to the last one."""

    id = Id(primary_key=True)
    number = models.PositiveBigIntegerField()
    events = models.PositiveIntegerField()
    root = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "number"], name="block_once")]
