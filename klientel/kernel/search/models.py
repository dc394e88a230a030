"""The search index: a row per record and class of field. Also the one place that knows of which type an id is."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from klientel.kernel.tenancy.models import Id, TenantModel


class Entry(TenantModel):
    """Folded words of one record. Class ``A`` is its title, ``B`` how to reach it, ``C`` the rest.

    Fields that a viewer may not see are kept apart by class, so that a search never tells what a page hides.
    """

    id = Id(primary_key=True)
    record_type = models.CharField(max_length=80)
    record_id = models.UUIDField()
    field_class = models.CharField(max_length=1)
    text = models.TextField()
    title = models.TextField(default="")
    alive = models.BooleanField(default=True)
    searchable = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        db_table = "kernel_search"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "record_id", "field_class"], name="search_once")]
        indexes = [
            GinIndex(
                fields=["tenant_id", "text"],
                name="search_trigrams",
                opclasses=["uuid_ops", "gin_trgm_ops"],
                condition=models.Q(alive=True, searchable=True),
            ),
        ]
