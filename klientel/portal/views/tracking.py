"""The snippet of a website, and what browsers tell by it. No cookie is set or read, and nobody is told apart who has
not agreed: the script asks first, and a telling without known words of consent is not taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from klientel.channels.models import Site
from klientel.channels.queries import tickets, visitlinks, visits
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Refused
from klientel.kernel.links import whole
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.ips import shorten_ip
from klientel.portal.queries import pacing
from klientel.portal.queries.pages import no_page, tenant_called
from klientel.portal.views.public import address_of, by

SCRIPT = Path(__file__).parents[1] / "static" / "js" / "track.js"


@dataclass(frozen=True)
class Measured:
    """A browser comes from a website that we measure."""

    tenant: Tenant
    site: Site
    words: dict[str, visits.Shown]


@contextmanager
def at_site(workspace: str, key: str) -> Iterator[Measured]:
    """Work inside the tenant whose website has this key; :class:`Missing` where there is none, or it is paused."""
    tenant = tenant_called(workspace)
    with inside(tenant.pk):
        with reading():
            site = Site.objects.filter(key=key, state="active", archived_at=None).first()
            if site is None:
                raise no_page()
            words = visits.shown(site)
        yield Measured(tenant, site, words)


measured = by(at_site, arguments=2, from_elsewhere=True, pace=pacing.MEASURE)


@cache
def served() -> str:
    """The script without indentation and remarks, which are for whoever reads its source."""
    lines = (line.strip() for line in SCRIPT.read_text().splitlines())
    return "\n".join(line for line in lines if not line.startswith("//"))


@require_safe
@measured
def script(request: Any, visit: Measured, **at: Any) -> HttpResponse:
    """The snippet, with the words that it asks with."""
    del at
    said = {}
    for language, shown in visit.words.items():
        with translation.override(language):
            said[language] = {
                "t": shown.text, "w": shown.digest, "h": _("Privacy"), "y": _("Yes, I agree"), "n": _("No, I decline"),
            }  # fmt: skip
    facts = {
        "at": whole("track", visit.tenant.slug, visit.site.key), "ask": visit.site.banner == "ours", "words": said,
        "forms": f"{settings.KLIENTEL_ADDRESS.rstrip('/')}/page/{visit.tenant.slug}/",
    }  # fmt: skip
    body = served().replace('"CONFIG"', orjson.dumps(facts).decode(), 1).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    same = request.headers.get("If-None-Match") == tag
    answer = HttpResponseNotModified() if same else HttpResponse(body, content_type="text/javascript; charset=utf-8")
    answer["ETag"], answer["Cache-Control"] = tag, "public, max-age=300"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@require_POST
@measured
def tell(request: Any, visit: Measured, **at: Any) -> HttpResponse:
    """Take in what a browser tells from one of the addresses of the website, or forget it where its owner says so."""
    del at
    origin = request.headers.get("Origin", "").lower()
    if origin not in visit.site.places:
        raise Forbidden("other_site", _("This was sent from another website."))
    try:
        _told(request, visit)
        answer = HttpResponse(status=204)
    except Refused as no:
        answer = HttpResponse(status=no.status)
    answer["Access-Control-Allow-Origin"], answer["Vary"] = origin, "Origin"
    return answer


def _told(request: Any, visit: Measured) -> None:
    given = _given(request)
    digest = visits.digest_of(given.get("v"))
    if given.get("gone") is True:
        return _gone(digest)
    asked_not_to = "1" in (request.headers.get("Sec-GPC"), request.headers.get("DNT"))
    if asked_not_to or visits.is_machine(request.headers.get("User-Agent", "")):
        return None
    told, network = visits.read(given.get("e")), shorten_ip(address_of(request))
    language = given.get("l") if given.get("l") in visit.words else ""
    words = next((one for one in visit.words.values() if one.digest == given.get("w")), None)
    with writing():
        if not tickets.may_come(visits.TELL, network):
            raise pacing.too_many()
        if not visits.take_in(visit.site, digest, words, told, network=network, language=str(language)):
            raise Conflict("other_words", _("These words of consent are not known."))
    mail = next((found for one in told if one.mail and (found := visitlinks.read(one.mail))), None)
    if mail is not None:
        _came_by(mail, str(given["v"]))
    return None


def _came_by(mail: UUID, number: str) -> None:
    """Its recipient came by the link of a mail; that is noted where they agreed to it."""
    try:
        run(system_actor(_("Website"), kind="portal"), "channels.mail.visit", mail, visitor=number)
    except Refused as no:
        if no.code not in ("not_tracked", "missing"):
            raise


def _given(request: Any) -> dict[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > visits.LARGEST:
        raise Refused("too_large", _("This is more than is taken."))
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refused("wrong_shape", _("This value has the wrong shape.")) from None
    if not isinstance(given, dict):
        raise Refused("wrong_shape", _("This value has the wrong shape."))
    return given


def _gone(digest: str) -> None:
    """Its owner wants no more of it. Of whom we know the consent is withdrawn, which forgets the rest."""
    with writing():
        browser = visits.of_digest(digest)
        if browser is None:
            return
        if browser.consent_id is None:
            visits.forget([browser.pk])
    if browser.consent_id is not None:
        try:
            run(system_actor(_("Website"), kind="portal"), "channels.consent.withdraw", browser.consent_id,
                withdrawal=_("in the browser"))  # fmt: skip
        except Refused as no:
            if no.code not in ("withdrawn_already", "missing"):
                raise
