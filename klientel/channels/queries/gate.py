"""The gate: may we write to, call or measure this person? Every message passes it, when written and when handed over.

It answers in words. Advertising needs a consent with proof, or all conditions of § 7 (3) UWG; an individual letter
needs neither, but is held back where the address is dead or the person must not be contacted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from klientel.channels.queries.suppression import hashed
from klientel.kernel.errors import filled
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.lib.emails import email_key


@dataclass(frozen=True)
class Wish:
    """What is to be sent: by which channel, for which purpose; ``similar``: advertises own similar goods only."""

    channel: str = "mail"
    nature: str = "personal"
    purpose: UUID | None = None
    similar: bool = False

    @property
    def is_individual(self) -> bool:
        """Whether no consent is asked for."""
        return self.nature == "personal" and self.channel != "tracking"


#: what stands in a consent where the exception for existing customers holds
CUSTOMER = ("sale", "similar", "told", "source")
#: to be measured, for whatever purpose
MEASURED = Wish("tracking", "advertising")


@dataclass(frozen=True)
class Recipient:
    """One person at one address; an address without a person can only get individual letters."""

    address: str
    person: UUID | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether, on which ground (``consent``, ``customer``, ``individual`` or nothing), and why: one sentence that is
    put together when somebody reads it, in that reader's language.
    """

    may: bool
    ground: str
    why: object
    consent: UUID | None = None


_FACTS = """
SELECT r.n, p.id IS NOT NULL, p.archived_at IS NOT NULL, s.scope, s.reason, s.at,
       c.id, c.state, c.ground, c.given_at, c.withdrawn_at, c.similar, c.source, c.sale, c.told
FROM unnest(%(persons)s::uuid[], %(keys)s::text[], %(hashes)s::text[]) WITH ORDINALITY AS r(person, key, hash, n)
LEFT JOIN contacts_person p ON p.tenant_id = %(tenant)s AND p.id = r.person
LEFT JOIN LATERAL (
    SELECT x.scope, x.reason, x.at FROM channels_suppression x
    WHERE x.tenant_id = %(tenant)s AND x.hash = r.hash AND x.channel IN ('all', %(channel)s)
    ORDER BY x.scope = 'everything' DESC, x.at LIMIT 1) s ON true
LEFT JOIN LATERAL (
    SELECT y.* FROM channels_consent y
    WHERE %(consents)s AND y.tenant_id = %(tenant)s AND y.person = r.person AND y.channel = %(channel)s
      AND y.archived_at IS NULL
      AND (%(purpose)s::uuid IS NULL OR y.purpose = %(purpose)s::uuid)
      AND (%(channel)s = 'post' OR lower(y.email) = r.key OR split_part(y.phone, ';', 1) = r.key)
    ORDER BY y.state = 'pending', coalesce(y.withdrawn_at, y.given_at, y.created_at) DESC, y.state = 'withdrawn' DESC,
      y.id DESC LIMIT 1
) c ON true
ORDER BY r.n
"""


def judge(wish: Wish, recipients: Sequence[Recipient]) -> list[Verdict]:
    """A verdict for each recipient, in order; one statement for any number."""
    if not recipients:
        return []
    facts: dict[str, Any] = {
        "tenant": current(),
        "persons": "{" + ",".join(str(r.person or "NULL") for r in recipients) + "}",
        "keys": [_key(r.address) for r in recipients],
        "hashes": hashed(r.address for r in recipients),
        "consents": not wish.is_individual,
        "channel": wish.channel,
        "purpose": wish.purpose,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, facts)
        rows = cursor.fetchall()
    return [_verdict(wish, r, _Facts(*row[1:])) for r, row in zip(recipients, rows, strict=True)]


def _key(address: str) -> str:
    return email_key(address) if "@" in address else address.partition(";")[0]


@dataclass(frozen=True)
class _Facts:
    known: bool
    archived: bool
    blocked: str | None
    reason: str | None
    blocked_at: Any
    consent: UUID | None
    state: str | None
    ground: str | None
    given_at: Any
    withdrawn_at: Any
    similar: bool | None
    source: str | None
    sale: str | None
    told: bool | None


def _no(why: object, consent: UUID | None = None) -> Verdict:
    return Verdict(False, "", why, consent)


def _verdict(wish: Wish, recipient: Recipient, facts: _Facts) -> Verdict:
    if not recipient.address and wish.channel != "post":
        return _no(_("There is no address."))
    if recipient.person is not None and not facts.known:
        return _no(_("This person is not there any more, or their data are restricted (Art. 18 GDPR)."))
    if facts.archived:
        return _no(_("This person is in the recycle bin."))
    if facts.blocked == "everything":
        return _no(_blocked(facts))
    if wish.is_individual:
        return Verdict(True, "individual", _("What is no advertising needs no consent to advertising."))
    if facts.blocked:
        return _no(_blocked(facts))
    if wish.purpose is None and wish.channel != "tracking":
        return _no(_("Advertising needs a purpose of contact, because consents are given for one."))
    return _by_consent(wish, facts)


def _blocked(facts: _Facts) -> object:
    day = _day(facts.blocked_at)
    if facts.reason == "bounce":
        return filled(_("The mail server said on %(day)s that this address does not exist."), {"day": day})
    return filled(_("The address objected on %(day)s (Art. 21 GDPR)."), {"day": day})


def _dated(moment: Any) -> str:
    return date_format(localtime(moment), "SHORT_DATE_FORMAT") if moment else "–"


_day = lazy(_dated, str)


def _by_consent(wish: Wish, facts: _Facts) -> Verdict:
    consent = facts.consent
    if consent is None:
        return _no(_("There is no consent for this purpose, way of contact and address."))
    if facts.state == "withdrawn":
        return _no(filled(_("The consent was withdrawn on %(day)s."), {"day": _day(facts.withdrawn_at)}), consent)
    if facts.state == "pending":
        return _no(_("The person was asked to confirm and has not done so yet."), consent)
    if facts.state != "given" and facts.ground == "customer":
        return _no(_no_customer(facts), consent)
    if facts.state != "given":
        return _no(_("The consent is unproven: its time, wording, source or proof is missing."), consent)
    if facts.ground == "customer":
        if not wish.similar or not facts.similar:
            return _no(_("Existing customers may get advertising for own similar goods only."), consent)
        why = _("Existing customer (§ 7 (3) UWG): advertising for own similar goods.")
        return Verdict(True, "customer", why, consent)
    words = {"day": _day(facts.given_at), "source": facts.source}
    return Verdict(True, "consent", filled(_("Consent given on %(day)s (%(source)s)."), words), consent)


def _no_customer(facts: _Facts) -> object:
    """Which conditions of the exception for existing customers are not met, by the names of their fields."""
    fields = type_of("channels.consent").fields
    missing = tuple(fields[name].verbose_name for name in CUSTOMER if not getattr(facts, name))
    words = {"what": missing or (fields["channel"].verbose_name,)}  # it is for e-mail only
    return filled(_("For the exception for existing customers (§ 7 (3) UWG) this is missing: %(what)s."), words)


def may_track(person: UUID | None, address: str) -> Verdict:
    """Whether opens and clicks of this person may be measured (§ 25 TDDDG): a consent of its own, else nothing is."""
    [verdict] = judge(MEASURED, [Recipient(address, person)])
    return verdict
