"""What browsers tell of visits to our websites: which words they were shown, what is taken in, and of whom it is."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.channels.models import Hit, Site, Visitor, Wording
from klientel.channels.models.site import DOWNLOAD, EVENT, PAGE, WHATS
from klientel.kernel import writing
from klientel.kernel.errors import Refused
from klientel.kernel.events.consuming import wake
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.lib.ids import uuid7

QUEUE = "visits"  # what wakes those who write visits of people we know
LANGUAGES = ("de", "en")
MOST = 20  # things of one telling
MOST_PAST = 200  # of what somebody did before we knew them
LARGEST = 16_000  # bytes of a telling
OLDEST = dt.timedelta(hours=1)  # what a browser kept longer counts from then
MOST_PROPERTIES, LONGEST_KEY, LONGEST_VALUE = 10, 40, 100
#: how often a network may tell in a slice of seconds
TELL = ("visits", 600, 600)
_ID = re.compile(r"[0-9a-f]{32}\Z")
_AGENTS = re.compile(
    r"bot|crawl|spider|slurp|headless|lighthouse|preview|monitor|scan|curl|wget|python|java/|httpclient|externalhit",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Shown:
    """The words of the question for consent in one language, and by what they are known."""

    text: str
    label: str  # the name and version of the wording
    wording: UUID | None

    @property
    def digest(self) -> str:
        """What a browser says it was shown."""
        return hashlib.sha256(f"{self.wording}\n{self.label}\n{self.text}".encode()).hexdigest()[:16]

    @property
    def whole(self) -> str:
        """As evidence keeps it."""
        return f"{self.text}\n\n[{self.label}]"


@dataclass(frozen=True)
class Told:
    """One thing that a browser told, cut to what there is room for."""

    what: str
    name: str
    address: str
    details: str
    referrer: str
    source: str
    campaign: str
    age: dt.timedelta
    mail: str = ""  # what the link of a mail of ours said


def shown(site: Site) -> dict[str, Shown]:
    """The words of the question in each language: the tenant's newest of the purpose, else ours."""
    rows = Wording.objects.filter(purpose=site.purpose, channel="tracking", archived_at=None).order_by("pk")
    found = {one.language or "": one for one in rows}
    made = {}
    for language in LANGUAGES:
        own = found.get(language) or found.get("")
        if own is not None:
            made[language] = Shown(own.text, f"{own.name}, v{own.version}", own.pk)
        else:
            with translation.override(language):
                made[language] = Shown(_OURS(), f"Klientel ({language}), v1", None)
    return made


def _OURS() -> str:  # noqa: N802 - words that stand as they are: who changes them counts up their version
    return _(
        "May we measure how you use this website? Your browser then keeps a random number; with it we see which pages"
        " you look at and what you download, and if you send us a form, that this was you. You can take this back"
        " at any time."
    )


def is_machine(agent: str) -> bool:
    """Whether what asks says of itself that it is no person's browser."""
    return not agent or bool(_AGENTS.search(agent))


def digest_of(number: Any) -> str:
    """By what a browser's random number is known here; refused where it is none."""
    if not isinstance(number, str) or not _ID.match(number):
        raise Refused("bad_value", gettext_lazy("This is not the number of a browser."))
    return hashlib.sha256(number.encode()).hexdigest()


def read(some: Any) -> list[Told]:
    """What a browser told, each bounded; what has no meaning is left out."""
    rows = some[:MOST] if isinstance(some, list) else []
    return [_told(one) for one in rows if isinstance(one, dict) and one.get("k") in dict(WHATS)]


def _told(one: dict[str, Any]) -> Told:
    address = _text(one, "u", 300).partition("?")[0].partition("#")[0]
    name = _text(one, "n", 160) or unquote(address.rpartition("/")[2]) or address
    age = one.get("a")
    seconds = min(max(age, 0), OLDEST.total_seconds()) if isinstance(age, int | float) else 0
    return Told(
        str(one["k"]), name[:160], address, _details(one.get("p")), _text(one, "r", 300).partition("?")[0],
        _text(one, "s", 120), _text(one, "c", 120), dt.timedelta(seconds=seconds), _text(one, "m", 400),
    )  # fmt: skip


def _text(one: dict[str, Any], name: str, most: int) -> str:
    value = one.get(name)
    return " ".join(value.replace("\x00", "").split())[:most] if isinstance(value, str) else ""


def _details(given: Any) -> str:
    """A few properties of an event, one in each line."""
    pairs = list(given.items())[:MOST_PROPERTIES] if isinstance(given, dict) else []
    kept = [(str(k)[:LONGEST_KEY], str(v)[:LONGEST_VALUE]) for k, v in pairs if isinstance(v, str | int | float)]
    return "\n".join(f"{key}: {value}".replace("\x00", "").replace("\n", " ") for key, value in kept)


_COME = """
INSERT INTO channels_visitor AS v
    (id, tenant_id, site_id, digest, agreed_at, agreed_on, wording, wording_id, network, language, seen_at)
VALUES (%(id)s, %(tenant)s, %(site)s, %(digest)s, %(now)s, %(page)s, %(wording)s, %(wording_id)s, %(network)s,
        %(language)s, %(now)s)
ON CONFLICT (tenant_id, digest) DO UPDATE SET seen_at = excluded.seen_at RETURNING v.id, v.person_id
"""
_SEEN = """
UPDATE channels_visitor SET seen_at = %s WHERE tenant_id = %s AND site_id = %s AND digest = %s RETURNING id, person_id
"""


def take_in(site: Site, digest: str, words: Shown | None, told: list[Told], *, network: str, language: str) -> bool:
    """Keep what a browser told: one statement for the browser, one for all it told. Whether that was possible.

    Its owner agreed to these words; without them it must be known, because they agreed to others before.
    """
    now = clock.now()
    with writing.door(), connection.cursor() as cursor:
        if words is None:
            cursor.execute(_SEEN, [now, current(), site.pk, digest])
        else:
            cursor.execute(_COME, {
                "id": uuid7(), "tenant": current(), "site": site.pk, "digest": digest, "now": now,
                "wording": words.whole, "wording_id": words.wording, "network": network, "language": language,
                "page": told[0].address if told else "",
            })  # fmt: skip
        row = cursor.fetchone()
        if row is None:
            return False
        visitor, person = row
        Hit.objects.bulk_create(
            Hit(id=uuid7(), site_id=site.pk, visitor_id=visitor, what=one.what, name=one.name, address=one.address,
                details=one.details, referrer=one.referrer, source=one.source, campaign=one.campaign, at=now - one.age,
                person_id=person)
            for one in told
        )  # fmt: skip
    if person is not None and told:
        wake(current(), QUEUE)
    return True


def browser(number: str) -> Any:
    """The browser with this random number, as far as its owner agreed to be measured; else nothing."""
    return of_digest(digest_of(number)) if _ID.match(number) else None


def of_digest(digest: str) -> Any:
    """As :func:`browser`, by the digest of its number."""
    return Visitor.objects.filter(digest=digest).first()


def first_hit(visitor: UUID) -> Any:
    """The first thing that a browser told which says where its owner came from; nothing where none does."""
    rows = Hit.objects.filter(visitor_id=visitor).exclude(source="", campaign="", referrer="")
    return rows.order_by("at", "id").first()


def join(visitor: Any, person: UUID, consent: UUID) -> None:
    """From now on what this browser tells is of this person; of what it told before, the latest."""
    past = Hit.objects.filter(visitor_id=visitor.pk).order_by("-id")
    latest = list(past.values_list("pk", flat=True)[:MOST_PAST])
    with writing.door():
        now = clock.now()
        Visitor.objects.filter(pk=visitor.pk).update(person_id=person, consent_id=consent, known_at=now)
        past.exclude(pk__in=latest).delete()
        Hit.objects.filter(pk__in=latest).update(person_id=person)
    wake(current(), QUEUE)


def forget(visitors: list[UUID]) -> None:
    """These browsers and what they told, as far as it is no record."""
    with writing.door():
        Hit.objects.filter(visitor_id__in=visitors).delete()
        Visitor.objects.filter(pk__in=visitors).delete()


_TOP = """
SELECT address, count(*), count(DISTINCT visitor) FROM (
    SELECT address, visitor_id::text AS visitor FROM channels_hit
    WHERE tenant_id = %(t)s AND site_id = %(s)s AND what = 'page' AND at > %(since)s
    UNION ALL
    SELECT address, visitor FROM channels_visit
    WHERE tenant_id = %(t)s AND site = %(s)s AND what = 'page' AND at > %(since)s AND archived_at IS NULL
) x GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
"""
_COUNTS = """
SELECT (SELECT count(*) FROM channels_visitor WHERE tenant_id = %(t)s AND site_id = %(s)s AND seen_at > %(since)s),
       (SELECT count(*) FROM channels_visitor WHERE tenant_id = %(t)s AND site_id = %(s)s AND seen_at > %(since)s
        AND person_id IS NOT NULL),
       sum(n) FILTER (WHERE what = 'page'), sum(n) FILTER (WHERE what = 'download'),
       sum(n) FILTER (WHERE what = 'event')
FROM (
    SELECT what, count(*) AS n FROM channels_hit
    WHERE tenant_id = %(t)s AND site_id = %(s)s AND at > %(since)s GROUP BY 1
    UNION ALL
    SELECT what, count(*) FROM channels_visit
    WHERE tenant_id = %(t)s AND site = %(s)s AND at > %(since)s AND archived_at IS NULL GROUP BY 1
) x
"""


@dataclass(frozen=True)
class Figures:
    """What was measured on a website within some days: numbers, nobody's name."""

    visitors: int
    known: int
    pages: int
    downloads: int
    events: int
    top: list[tuple[str, int, int]]  # address, how often, by how many browsers


def figures(site: UUID, days: int) -> Figures:
    """How a website was used within the last days, by those who agreed to be measured."""
    facts: dict[str, Any] = {"t": current(), "s": site, "since": clock.now() - dt.timedelta(days=days)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, facts)
        visitors, known, pages, downloads, events = (int(one or 0) for one in cursor.fetchone())
        cursor.execute(_TOP, facts)
        return Figures(visitors, known, pages, downloads, events, list(cursor.fetchall()))


__all__ = ["DOWNLOAD", "EVENT", "PAGE", "Figures", "Shown", "Told", "figures", "forget", "join", "read", "take_in"]
