"""What the forecast said on a day: small rows, kept for good, so that it can be told how right it was."""

from __future__ import annotations

from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class ForecastDay(TenantModel):
    """Sums of one day by month, owner and pipeline, in the currency of the tenant; written once a day.

    Single deals are not copied: the past of each is told by its events.
    """

    id = Id(primary_key=True)
    day = models.DateField()
    month = models.DateField()  # its first day
    owner = models.UUIDField(null=True)
    pipeline = models.UUIDField(null=True)
    deals = models.IntegerField()
    open = models.DecimalField(max_digits=20, decimal_places=2)
    weighted = models.DecimalField(max_digits=20, decimal_places=2)
    committed = models.DecimalField(max_digits=20, decimal_places=2)
    won = models.DecimalField(max_digits=20, decimal_places=2)

    on_erase = "keep"  # sums, which say nothing of the deals in them

    class Meta(TenantModel.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "day", "month", "owner", "pipeline"], name="forecastday_once", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["tenant_id", "month", "day"], name="forecastday_month")]

    def __str__(self) -> str:
        return f"{self.month} on {self.day}"
