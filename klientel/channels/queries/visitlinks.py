"""Links in our mail that lead to a website that we measure: they say by which mail somebody comes, where the recipient
agreed to that (§ 25 TDDDG), and nothing otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.core import signing

from klientel.channels.models import Site
from klientel.channels.queries.gate import MEASURED, Recipient, judge
from klientel.channels.queries.mime import copies
from klientel.kernel.tenancy import current

SALT, NAME = "klientel.visit", "kv"
HOLDS = 90 * 24 * 3600  # seconds for which such a link says who comes
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


def marked(mails: Sequence[Any]) -> dict[UUID, str]:
    """The texts of mails as they go out, of those whose links shall say who comes; the mails stay as they were written.

    One statement where any of them has a link, another one where a link leads to a website of ours.
    """
    some = {one.pk: one for one in mails if one.person and not copies(one) and _LINK.search(one.text)}
    sites = Site.objects.filter(state="active", archived_at=None).only("origins") if some else []
    places = {place for site in sites for place in site.places}
    ours = {pk for pk, one in some.items() if any(_origin(link) in places for link in _LINK.findall(one.text))}
    asked = [some[pk] for pk in ours]
    verdicts = judge(MEASURED, [Recipient(one.to, one.person) for one in asked])
    return {one.pk: _marked(one, places) for one, verdict in zip(asked, verdicts, strict=True) if verdict.may}


def _marked(mail: Any, places: set[str]) -> str:
    token = signing.dumps([current().hex, mail.pk.hex], salt=SALT)
    return _LINK.sub(lambda found: _with(found[0], token) if _origin(found[0]) in places else found[0], mail.text)


def _origin(link: str) -> str:
    at = urlsplit(link)
    return f"{at.scheme}://{at.netloc}".lower()


def _with(link: str, token: str) -> str:
    bare = link.rstrip(".,;:!?")
    at = urlsplit(bare)
    query = f"{at.query}&{NAME}={token}" if at.query else f"{NAME}={token}"
    return urlunsplit((at.scheme, at.netloc, at.path or "/", query, at.fragment)) + link[len(bare) :]


def read(token: str) -> UUID | None:
    """The mail by whose link somebody came; nothing where it was made up, altered, too old or another tenant's."""
    try:
        tenant, mail = signing.loads(token, salt=SALT, max_age=HOLDS)
    except signing.BadSignature:
        return None
    return UUID(mail) if UUID(tenant) == current() else None
