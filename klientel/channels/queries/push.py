"""Browsers that are told: which there are, who we are to them, and what a message says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.push import WHOLE, PushChoice, PushPlace
from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Refused
from klientel.kernel.events import notices
from klientel.kernel.events.surroundings import here
from klientel.kernel.identity.sealing import Unreadable, derived, seal, unseal
from klientel.kernel.live.notifications import shown
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.lib import webpush
from klientel.lib.ids import uuid7

PURPOSE = "klientel.channels.push"
MOST = 20  # browsers of one member
LONGEST = 1000  # characters of an address
BODY = 400  # characters of a message


def keys() -> dict[str, EllipticCurvePrivateKey]:
    """The house's keys by id, the one that browsers are told now first; made of the keys that seal secrets."""
    return {key_id: webpush.key_of(secret) for key_id, secret in derived(PURPOSE).items()}


def public_key() -> str:
    """What a browser is told of us when it subscribes."""
    return webpush.text_of(webpush.public(next(iter(keys().values()))))


def contact() -> str:
    """Where the operator of a push service can ask about us."""
    address = str(settings.KLIENTEL_ADDRESS)
    return address if address.startswith("https://") else f"mailto:{settings.DEFAULT_FROM_EMAIL}"


@dataclass(frozen=True)
class Where:
    """Where messages for a browser are handed over, and its public key and secret."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def where(place: PushPlace) -> Where:
    """The address and secrets of a browser; :class:`Unreadable` where the key that sealed them is gone."""
    plain = json.loads(unseal(place.sealed, _belongs(place.pk)))
    return Where(plain["endpoint"], webpush.bytes_of(plain["p256dh"]), webpush.bytes_of(plain["auth"]))


def _belongs(place: UUID) -> str:
    return f"push:{place}"


def digest(text: str) -> str:
    """What recognises an address or a session without saying it."""
    return hashlib.sha256(text.encode()).hexdigest()


def take(member: UUID, said: Any, *, session: str, device: str) -> PushPlace:
    """Keep a browser that a member wants to be told in; one that is known already is kept anew, for them."""
    found, place = _read(said), uuid7()
    if PushPlace.objects.filter(member_id=member).count() >= MOST:
        raise Refused("too_many", _("These are very many browsers. Please remove some that you no longer use."))
    facts = {
        "id": place, "member_id": member, "sealed": seal(json.dumps(found), _belongs(place)),
        "key": next(iter(derived(PURPOSE))), "session": digest(session), "device": device[:100],
    }  # fmt: skip
    with writing.door():
        PushPlace.objects.filter(digest=digest(found["endpoint"])).delete()
        made: PushPlace = PushPlace.objects.create(digest=digest(found["endpoint"]), **facts)
    return made


def _read(said: Any) -> dict[str, str]:
    """A subscription as browsers write it, checked."""
    given = said.get("keys") if isinstance(said, dict) else None
    found = {"endpoint": said.get("endpoint"), **{n: given.get(n) for n in ("p256dh", "auth")}} if given else {}
    try:
        parts = urlsplit(found["endpoint"])
        webpush.point(webpush.bytes_of(found["p256dh"]))
        fits = parts.scheme in ("https", "http") and parts.hostname and len(found["endpoint"]) <= LONGEST
        if not fits or len(webpush.bytes_of(found["auth"])) != webpush.AUTH:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused("bad_subscription", _("Your browser gave no address that can be written to.")) from error
    return found


def choice_of(member: UUID) -> PushChoice:
    """What a member chose, or what holds without a choice."""
    return PushChoice.objects.filter(member_id=member).first() or PushChoice(member_id=member)


def choose(member: UUID, *, wording: str, wanted: set[str]) -> None:
    """Keep how much messages say, and of which kinds of notifications there are any."""
    silent = sorted({one.kind for one in notices.kinds()} - wanted)
    with writing.door():
        PushChoice.objects.update_or_create(
            member_id=member, tenant_id=current(), defaults={"wording": wording, "silent": silent}
        )


def message(scope: ActorScope, notification: Any, wording: str) -> bytes | None:
    """What is pushed, under today's rights of the member and in the active language; nothing where they see nothing.

    Unless the member wants it whole, no name of a record or of a person is in it.
    """
    [*found] = shown(scope, [notification])
    if not found:
        return None
    one = found[0]
    body = one.text if wording == WHOLE else notices.find(one.kind).about()
    told = {"title": here().name, "body": _cut(body), "url": _leads_to(one), "tag": str(one.id)}
    return orjson.dumps(told)


def _cut(text: str) -> str:
    return text if len(text) <= BODY else text[: BODY - 1] + "…"


def _leads_to(one: Any) -> str:
    if one.record_id is None:
        return reverse("notifications")
    if one.page:
        return reverse(one.page, args=[one.record_id])
    return reverse("record", args=[type_of(one.record_type).slug, one.record_id])


__all__ = [
    "Unreadable", "Where", "choice_of", "choose", "contact", "digest", "keys", "message", "public_key", "take", "where",
]  # fmt: skip
