"""The tenant, tables that belong to one, and the wake table that tells workers where work is."""

from __future__ import annotations

from typing import Any, Self

from django.apps import apps
from django.db import connections, models
from django.db.models import sql as django_sql

from klientel.kernel import writing
from klientel.kernel.tenancy import NoTransaction, current
from klientel.lib.ids import uuid7


class Id(models.UUIDField):  # type: ignore[type-arg]
    """A UUIDv7 made in Python. Migrations see a plain UUIDField, so that they never import our code."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", uuid7)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, "django.db.models.UUIDField", args, kwargs


class Tenant(models.Model):
    """One company that uses this installation. No row-level security: it holds no business data."""

    id = Id(primary_key=True)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=60, default="Europe/Berlin")
    currency = models.CharField(max_length=3, default="EUR")
    language = models.CharField(max_length=8, default="de")
    country = models.CharField(max_length=2, default="DE")
    settings = models.JSONField(default=dict)
    trash_days = models.PositiveSmallIntegerField(default=30)  # after which the recycle bin is emptied; 0: never
    access_version = models.PositiveBigIntegerField(default=1)
    schema_version = models.PositiveBigIntegerField(default=1)
    quarantined_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "kernel"

    def __str__(self) -> str:
        return self.name


class Installation(models.Model):
    """One row: facts of this installation, among them the epoch that a restore raises."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    epoch = models.PositiveIntegerField(default=1)
    quarantined_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "kernel"

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class Wake(models.Model):
    """Tells that a tenant has work in a queue. Written with the work, without content, so it is never lost."""

    id = models.BigAutoField(primary_key=True)
    tenant_id = models.UUIDField()
    queue = models.CharField(max_length=40)
    due_at = models.DateTimeField()

    class Meta:
        app_label = "kernel"
        indexes = [models.Index(fields=["queue", "due_at"], name="wake_due")]

    def __str__(self) -> str:
        return f"{self.queue} of {self.tenant_id}"


class GuardedQuery(django_sql.Query):
    """Refuses to become SQL outside a transaction, where no tenant is set and the answer would be empty."""

    def get_compiler(self, using: str | None = None, connection: Any = None, elide_empty: bool = True) -> Any:
        alias = using or connection.alias
        if not connections[alias].in_atomic_block:
            raise NoTransaction("Open one with tenancy.reading() or tenancy.writing()")
        if self.model is not None:
            writing.settle(self.model._meta.db_table)
        return super().get_compiler(using, connection, elide_empty)


class GuardedQuerySet(models.QuerySet[Any]):
    """Rows of the current tenant; written only while a step holds the door open."""

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        super().__init__(model, query or GuardedQuery(model), using, hints)

    def update(self, **kwargs: Any) -> int:
        writing.check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        writing.check()
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        writing.check()
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        writing.check()
        return super().bulk_update(*args, **kwargs)


class TenantManager(models.Manager.from_queryset(GuardedQuerySet)):  # type: ignore[misc]
    """The only manager of a tenant table."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(tenant_id=current())


class TenantModel(models.Model):
    """A table of tenants: row-level security, composite keys, the guarded manager."""

    tenant_id = Id(default=current)

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        writing.check()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        writing.check()
        return super().delete(*args, **kwargs)

    def same(self, other: Self) -> bool:
        """Whether both are the same row."""
        return bool(self.pk == other.pk)


def tenant_models() -> list[type[models.Model]]:
    """Every table that belongs to tenants, in a steady order."""
    found = [m for m in apps.get_models(include_auto_created=True) if issubclass(m, TenantModel)]
    return sorted(found, key=lambda m: m._meta.db_table)
