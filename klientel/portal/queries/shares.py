"""Links of quotes: made, found by their secret text, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing
from klientel.kernel.identity import keys
from klientel.kernel.kinds import at_home_in
from klientel.kernel.records import custom
from klientel.kernel.tenancy import current, inside, reading
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.writing import door
from klientel.lib.ids import uuid7
from klientel.portal.models import Share
from klientel.sales.models import Quote, QuoteForm

#: how long a customer finds what was offered and agreed, after the offer has ended
KEPT = dt.timedelta(days=180)


def make(quote: Any, *, person: UUID | None, account: UUID | None, address: str, tracked: bool) -> tuple[Share, str]:
    """A new share of a quote and its address; the address is stored nowhere. In the transaction that sends it."""
    text, key = keys.mint(keys.SHARE, quote.tenant_id)
    now = timezone.now()
    ends = dt.datetime.combine(quote.valid_until, dt.time(), dt.UTC) if quote.valid_until else now
    made = Share(
        id=uuid7(), quote_id=quote.id, person_id=person, account_id=account, address=address, tracked=tracked,
        prefix=key.prefix, digest=key.digest, made_at=now, expires_at=max(now, ends) + KEPT,
    )  # fmt: skip
    with door():
        made.save(force_insert=True)
    return made, settings.KLIENTEL_ADDRESS.rstrip("/") + reverse("offer", args=[text])


def revoke(quote: UUID) -> int:
    """End all links of a quote; how many that were."""
    with door():
        return int(Share.objects.filter(quote_id=quote, revoked_at=None).update(revoked_at=timezone.now()))


@dataclass(frozen=True)
class Visit:
    """Somebody with a link: which one, to which quote, of which tenant."""

    share: Share
    quote: Quote
    form: QuoteForm
    tenant: Tenant

    def fresh(self) -> Quote:
        """The quote as it stands now: it may have been answered since."""
        return Quote.objects.get(pk=self.quote.pk)


@contextmanager
def visiting(text: str) -> Iterator[Visit]:
    """Work inside the tenant that a secret text belongs to, in the language of its quote; no transaction is open.

    Raises :class:`Missing` where the text is none, was changed, or its quote is gone: all look alike from outside.
    """
    key = keys.read(keys.SHARE, text)
    if key is None:
        raise unknown()
    with inside(key.tenant_id):
        with reading():
            found = _found(key)
            custom.refresh(found.tenant.pk, found.tenant.schema_version)
        with at_home(found.tenant, found.quote.language):
            yield found


def _found(key: keys.Key) -> Visit:
    share = Share.objects.filter(prefix=key.prefix).first()
    if not keys.same(key, share.digest if share else None) or share is None:
        raise unknown()
    quote = Quote.objects.filter(pk=share.quote_id, archived_at=None).first()
    tenant = Tenant.objects.filter(pk=key.tenant_id).first()
    if quote is None or tenant is None:
        raise unknown()
    return Visit(share, quote, QuoteForm.of(quote), tenant)


@contextmanager
def at_home(tenant: Tenant, language: str) -> Iterator[None]:
    """Speak a language and count time, money and numbers as a tenant does."""
    at_home_in(tenant.country, tenant.currency)
    with timezone.override(ZoneInfo(tenant.time_zone)), translation.override(language or "de"):
        yield


def spoken_by(member: Any) -> Any:
    """The language of a member, for what is written to them while a customer's is spoken."""
    tenant = Tenant.objects.filter(pk=current()).first()
    return translation.override((member and member.language) or (tenant.language if tenant else "de"))


def unknown() -> Missing:
    """What is said to everybody who comes with a text that leads nowhere."""
    return Missing("link_unknown", _("This link is not valid. Please check that it was copied completely."))
