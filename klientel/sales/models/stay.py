"""How long deals were in their stages: one narrow row per deal and stage, so that funnels of many deals are cheap."""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Stay(TenantModel):
    """A deal in a stage: since when, until when, for how long in all. Written by a consumer of events.

    A stage that a deal passed without being in it has a row without time (``passed``), so that who reached a stage is
    a plain count.
    """

    id = Id(primary_key=True)
    deal = models.UUIDField()
    stage = models.UUIDField()
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    seconds = models.BigIntegerField(default=0)
    passed = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "deal", "stage"], name="stay_once", include=["left_at", "seconds", "passed"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal} in {self.stage}"
