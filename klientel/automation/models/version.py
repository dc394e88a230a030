"""A version of a workflow: what it was when it was activated. Never changed; what runs keeps the one it began with."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from klientel.kernel.tenancy.models import Id, TenantModel


class Version(TenantModel):
    """``definition`` as it was activated; ``next_at`` when to look for what is due, where time starts it."""

    on_erase = "keep"  # it names no records
    id = Id(primary_key=True)
    workflow = models.UUIDField()
    number = models.PositiveIntegerField()
    definition = models.JSONField(default=dict)
    active = models.BooleanField(default=True)  # of a workflow's versions one at most starts runs
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.UUIDField(null=True)
    retired_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    seen_until = models.DateTimeField(null=True)  # the instants up to here have been looked at

    class Meta(TenantModel.Meta):
        app_label = "automation"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "workflow", "number"], name="version_numbered"),
            models.UniqueConstraint(
                fields=["tenant_id", "workflow"], name="version_active", condition=models.Q(active=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.number}"
