"""Links of quotes: made, found by their secret text, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing
from klientel.kernel.identity import keys
from klientel.kernel.kinds import at_home_in
from klientel.kernel.links import whole
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
    return made, whole("offer", text)


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

    @property
    def language(self) -> str:
        """The language of the quote."""
        return str(self.quote.language)

    def fresh(self) -> Quote:
        """The quote as it stands now: it may have been answered since."""
        fresh: Quote = Quote.objects.get(pk=self.quote.pk)
        return fresh


class Guest(Protocol):
    """Whoever came by a secret text."""

    @property
    def language(self) -> str:
        """The language of what it leads to."""


G = TypeVar("G", bound=Guest)


@contextmanager
def led_by(tenant_id: UUID, find: Callable[[Tenant], G]) -> Iterator[G]:
    """Work inside the tenant that a secret text names, in the language of what ``find`` finds there by it.

    No transaction is open. Raises :class:`Missing` where the text is none, was changed, or what it leads to is gone:
    all look alike from outside.
    """
    with inside(tenant_id):
        with reading():
            tenant = Tenant.objects.filter(pk=tenant_id).first()
            if tenant is None:
                raise unknown()
            custom.refresh(tenant.pk, tenant.schema_version)
            found = find(tenant)
        with at_home(tenant, found.language):
            yield found


def led_by_key(purpose: str, text: str, find: Callable[[keys.Key, Tenant], G]) -> AbstractContextManager[G]:
    """As :func:`led_by`, of a text that was minted for this purpose."""
    key = keys.read(purpose, text)
    if key is None:
        raise unknown()
    return led_by(key.tenant_id, lambda tenant: find(key, tenant))


def visiting(text: str) -> AbstractContextManager[Visit]:
    """As :func:`led_by`, of the link to a quote."""
    return led_by_key(keys.SHARE, text, _found)


def _found(key: keys.Key, tenant: Tenant) -> Visit:
    share = Share.objects.filter(prefix=key.prefix).first()
    if not keys.same(key, share.digest if share else None) or share is None:
        raise unknown()
    quote = Quote.objects.filter(pk=share.quote_id, archived_at=None).first()
    if quote is None:
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
