"""What work in the background has around it: tenant, language, time zone, the tenant's own fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from klientel.kernel.kinds.base import at_home_in, currency_of_tenant, region
from klientel.kernel.records import custom
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant

_here: ContextVar[Tenant | None] = ContextVar("here", default=None)


@contextmanager
def working_in(tenant_id: UUID) -> Iterator[Tenant]:
    """Work inside a tenant as a request does, without an actor; ``Tenant.DoesNotExist`` where it is gone."""
    tenant = Tenant.objects.get(pk=tenant_id)
    with inside(tenant.pk), translation.override(tenant.language), timezone.override(ZoneInfo(tenant.time_zone)):
        before = region(), currency_of_tenant()
        at_home_in(tenant.country, tenant.currency)
        custom.refresh(tenant.pk, tenant.schema_version)
        token = _here.set(tenant)
        try:
            yield tenant
        finally:
            _here.reset(token)
            at_home_in(*before)


def here() -> Tenant:
    """The tenant's facts as they were read when this piece of work began."""
    tenant = _here.get()
    if tenant is None:
        raise RuntimeError("Not inside working_in()")
    return tenant
