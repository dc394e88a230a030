"""The search index: a row per record and class of field. Also the one place that knows of which type an id is."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Left

from klientel.kernel.tenancy.models import Id, TenantModel

_FOUND = models.Q(alive=True, searchable=True)


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
        indexes = [  # what is searched for stands first: the tenant, whose rows are many, is then only asked about hits
            GinIndex(
                models.Func(
                    models.Func(
                        models.Func("text", function="ltrim"), models.Value(" "), function="string_to_array"
                    ),
                    function="array_to_tsvector",
                ),
                models.F("tenant_id"),
                name="search_words",
                condition=_FOUND,
            ),
            models.Index(
                models.F("tenant_id"), models.F("record_type"), Left("text", 80), name="search_beginnings",
                condition=_FOUND & models.Q(field_class="A"),
            ),
            GinIndex(
                fields=["text", "tenant_id"],
                opclasses=["gin_trgm_ops", "uuid_ops"],
                condition=_FOUND & models.Q(field_class__in=["A", "a"]),
                name="search_nearly",
            ),
        ]  # fmt: skip
