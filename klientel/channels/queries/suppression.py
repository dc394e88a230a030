"""Which addresses are blocked: asked by the gate and by imports, known only as keyed hashes."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Collection, Iterable

from django.db import connection
from django.utils import timezone

from klientel.channels.models import Suppression, SuppressionKey
from klientel.kernel import writing
from klientel.kernel.identity import sealing
from klientel.kernel.tenancy import current
from klientel.lib.emails import email_key


def normal(address: str) -> str:
    """One form of an address for the list: lower case, IDNA, without a +tag, so that no spelling evades an objection.

    Phone numbers come in E.164 and stay as they are.
    """
    key = email_key(address)
    local, at, domain = key.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if at else key.partition(";")[0]


def hashed(addresses: Iterable[str]) -> list[str]:
    """The hashes of addresses under the tenant's key; a key is made where there is none and rows may be written."""
    key = _tenant_key()
    return [hmac.digest(key, normal(a).encode(), "sha256").hex() for a in addresses]


def _tenant_key() -> bytes:
    row = SuppressionKey.objects.first()
    if row is None:
        return b""  # nothing is suppressed yet, so nothing can be found
    return base64.b64decode(sealing.unseal(row.sealed, f"suppression:{current()}"))


def make_key() -> None:
    """The tenant's key, made with the first entry."""
    fresh = base64.b64encode(secrets.token_bytes(32)).decode()
    sealed = sealing.seal(fresh, f"suppression:{current()}")
    with writing.door():
        SuppressionKey.objects.bulk_create([SuppressionKey(sealed=sealed)], ignore_conflicts=True)


def suppress(addresses: Iterable[str], *, reason: str, channel: str = "all", scope: str = "advertising") -> int:
    """Block addresses; how many were not blocked before. ``scope``: ``advertising`` or ``everything``."""
    found = list(addresses)
    if found and not SuppressionKey.objects.exists():
        make_key()
    rows = [
        Suppression(hash=h, channel=channel, scope=scope, reason=reason, at=timezone.now())
        for h in dict.fromkeys(hashed(found))
    ]
    before = Suppression.objects.count()
    with writing.door():
        Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return int(Suppression.objects.count()) - int(before)


def lift(addresses: Iterable[str]) -> int:
    """Take addresses off the list, because their owner asks for it; how many entries that were."""
    with connection.cursor() as cursor, writing.door():
        cursor.execute(
            "DELETE FROM channels_suppression WHERE tenant_id = %s AND hash = ANY(%s)", [current(), hashed(addresses)]
        )
        return int(cursor.rowcount)


def suppressed(addresses: Collection[str]) -> set[str]:
    """Those of these addresses for which anything is blocked."""
    hashes = dict(zip(addresses, hashed(addresses), strict=True))
    found = set(Suppression.objects.filter(hash__in=set(hashes.values())).values_list("hash", flat=True))
    return {address for address, one in hashes.items() if one in found}
