"""What is done to many records in the background: kept, so that a kill at any moment leaves nothing half done."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.tenancy.models import Id, TenantModel


class State(models.TextChoices):
    """How far a run is."""

    RUNNING = "running", _("running")
    DONE = "done", _("finished")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ChangeRun(TenantModel):
    """A bulk edit or an undo. ``cursor``: how far the chunks are that are committed, in the same transaction."""

    on_erase = "keep"  # it names records by their ids only, and goes on without those that are gone
    id = Id(primary_key=True)
    kind = models.CharField(max_length=8)  # "bulk" "undo"
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    undoes = models.UUIDField(null=True)  # the change set that an undo takes back
    choice = models.JSONField(default=dict)  # of an undo: what happens to what changed since
    action = models.CharField(max_length=120, default="")  # of a bulk edit
    record_type = models.CharField(max_length=80, default="")
    params = models.JSONField(default=dict)
    ids = models.JSONField(null=True)  # the chosen records, in order; none: those that ``where`` selects
    where = models.JSONField(null=True)
    cursor = models.UUIDField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # records looked at
    changed = models.PositiveIntegerField(default=0)  # records that were changed
    refused = models.PositiveIntegerField(default=0)  # records left as they were, or put back in part
    change_set = Id()
    member = models.UUIDField(null=True)  # on whose rights it runs; none is the system's own
    actor_name = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8, default="")
    reason = models.TextField(default="")  # why it failed, one sentence
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [
            models.Index("tenant_id", models.F("created_at").desc(), name="changerun_newest"),
            models.Index("tenant_id", "change_set", name="changerun_set"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.change_set}"


class ChangeRow(TenantModel):
    """A record that a run left as it was, or put back only in part, and why."""

    id = Id(primary_key=True)
    run = models.UUIDField()
    record_type = models.CharField(max_length=80)
    record = models.UUIDField(null=True)
    event = models.UUIDField(null=True)
    code = models.CharField(max_length=60)
    field = models.CharField(max_length=80, default="")
    message = models.TextField(default="")

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [models.Index("tenant_id", "run", "id", name="changerow_run")]

    def __str__(self) -> str:
        return f"{self.record}: {self.code}"
