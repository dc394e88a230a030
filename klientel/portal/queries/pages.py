"""Pages of forms: found by the words of their address; and the links that lead on from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Confirmation, Consent, Form, Response
from klientel.channels.models.form import ACTIVE
from klientel.channels.queries import forms
from klientel.kernel.errors import Missing
from klientel.kernel.identity import keys
from klientel.kernel.records import custom
from klientel.kernel.tenancy import inside, reading
from klientel.kernel.tenancy.models import Tenant
from klientel.portal.queries.shares import at_home, led_by_key, unknown

SALT = "klientel.form.sent"
SENT_LASTS = dt.timedelta(days=7)  # how long the page after a form leads to its file


@dataclass(frozen=True)
class Page:
    """Somebody looks at a form: whose, and as which version it is shown."""

    tenant: Tenant
    form: Form
    number: int
    content: dict[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether it takes anything in."""
        return bool(self.form.state == ACTIVE)


def tenant_called(workspace: str) -> Tenant:
    """The tenant that an address names; :class:`Missing` where there is none."""
    with inside(None), reading():
        tenant = Tenant.objects.filter(slug=workspace).first()
    if tenant is None:
        raise no_page()
    return tenant


@contextmanager
def at_page(workspace: str, path: str) -> Iterator[Page]:
    """Work inside the tenant whose form stands at this address; :class:`Missing` where there is none."""
    tenant = tenant_called(workspace)
    with inside(tenant.pk):
        with reading():
            custom.refresh(tenant.pk, tenant.schema_version)
            form = Form.objects.filter(path=path, archived_at=None).first() if path else None
            shown = forms.published(form) if form is not None else None
        if form is None or shown is None:
            raise no_page()
        with at_home(tenant, form.language):
            yield Page(tenant, form, shown.number, shown.content)


def no_page() -> Missing:
    """What is said to everybody who comes to an address of no form."""
    return Missing("page_unknown", _("There is no page here. Please check the address."))


def sent_text(response: UUID) -> str:
    """The text that leads to the page after a form, and to its file, for some days."""
    return signing.dumps(response.hex, salt=SALT)


def check_sent(text: str, form: UUID) -> None:
    """:class:`Missing` unless such a text is about a response to this form and its time is not over."""
    try:
        response = UUID(signing.loads(text, salt=SALT, max_age=SENT_LASTS))
    except signing.BadSignature:
        raise unknown() from None
    with reading():
        if not Response.objects.filter(pk=response, form=form).exists():
            raise unknown()


@dataclass(frozen=True)
class Asked:
    """Somebody came by the link of a confirmation mail: what they are asked to confirm."""

    tenant: Tenant
    link: Confirmation
    response: Response
    form: Form
    consents: list[Consent]

    @property
    def language(self) -> str:
        """The language of the form."""
        return str(self.form.language)

    @property
    def is_open(self) -> bool:
        """Whether it can still be confirmed."""
        return self.link.used_at is None and timezone.now() < self.link.expires_at


def confirming(text: str) -> AbstractContextManager[Asked]:
    """As :func:`~shares.led_by`, of the link in a confirmation mail."""
    return led_by_key(keys.CONFIRMATION, text, _asked)


def _asked(key: keys.Key, tenant: Tenant) -> Asked:
    link = Confirmation.objects.filter(prefix=key.prefix).first()
    if not keys.same(key, link.digest if link else None) or link is None:
        raise unknown()
    response = Response.objects.filter(pk=link.response_id, archived_at=None).first()
    form = Form.objects.filter(pk=response.form).first() if response is not None else None
    if response is None or form is None:
        raise unknown()
    consents = list(Consent.objects.filter(response=response.pk, archived_at=None).exclude(asked_at=None))
    return Asked(tenant, link, response, form, consents)
