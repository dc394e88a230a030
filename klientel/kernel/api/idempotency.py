"""``Idempotency-Key``: a repeated request is answered as the first one was, and done once.

A lock of the transaction tells that the first is still under way, so a crash leaves nothing behind. The answer is kept
for a day, written in the transaction of the action itself, and sealed with a key made of the caller's token and
idempotency key: nobody else can read it, not even with the database in hand.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import replace

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.api.call import Call, Reply
from klientel.kernel.api.problems import unreadable
from klientel.kernel.errors import Conflict, Refused
from klientel.lib.ids import uuid7

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")
_NONCE_BYTES = 12

_LOOK = """
SELECT pg_try_advisory_xact_lock(%s), a.fingerprint, a.status, a.sealed FROM (SELECT 1) one
LEFT JOIN kernel_answer a ON a.tenant_id = %s AND a.actor = %s AND a.key = %s AND a.at > now() - interval '24 hours'
"""
_KEEP = """
INSERT INTO kernel_answer AS a (id, tenant_id, actor, key, fingerprint, status, sealed, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, now())
ON CONFLICT (tenant_id, actor, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
    sealed = excluded.sealed, at = excluded.at
WHERE a.at <= now() - interval '24 hours' RETURNING 1
"""


def once(call: Call, work: Callable[[], Reply]) -> Reply:
    """Do the work, or give the answer that the same request got before. Only what succeeded is kept.

    409 while the first is under way, 422 where the key came with another request.
    """
    given = call.request.headers.get(HEADER)
    if given is None:
        return work()
    if not _KEY.match(given):
        raise unreadable("bad_key", _("An Idempotency-Key is 1 to 200 visible ASCII characters."), HEADER)
    kept = _Kept(call, given)
    return kept.before() or kept.keep(work())


class _Kept:
    """The row of one key of one caller."""

    def __init__(self, call: Call, given: str) -> None:
        request = call.request
        self.who = (call.tenant, call.actor.ref, hashlib.sha256(given.encode()).hexdigest())
        match = request.headers.get("If-Match", "")
        told = (request.method or "", request.get_full_path(), match, hashlib.sha256(call.raw).hexdigest())
        self.fingerprint = hashlib.sha256("\n".join(told).encode("utf-8", "surrogateescape")).hexdigest()
        self._cipher = AESGCM(hashlib.sha256(f"klientel answer\n{call.secret}\n{given}".encode()).digest())

    def before(self) -> Reply | None:
        """The answer of before, if there was one."""
        lock = int.from_bytes(hashlib.sha256(repr(self.who).encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute(_LOOK, [lock, *self.who])
            mine, fingerprint, status, sealed = cursor.fetchone()
        if not mine:
            raise self.under_way()
        if fingerprint is None:
            return None
        if fingerprint != self.fingerprint:
            raise Refused("key_reused", _("This Idempotency-Key came with another request before."), HEADER)
        data, headers = orjson.loads(self._open(bytes(sealed)))
        return Reply(data, status, headers | {"Idempotency-Replayed": "true"})

    def keep(self, reply: Reply) -> Reply:
        """Keep the answer for the next time; if another process was first after all, nothing of this one stays."""
        plain = zlib.compress(orjson.dumps([reply.data, dict(reply.headers)]))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain, self.fingerprint.encode())
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [uuid7(), *self.who, self.fingerprint, reply.status, sealed])
            if cursor.fetchone() is None:
                raise self.under_way()
        return replace(reply, headers=dict(reply.headers))

    @staticmethod
    def under_way() -> Conflict:
        """The first request with this key has not ended."""
        return Conflict("under_way", _("The same request is still being worked on. Please try again shortly."), HEADER)

    def _open(self, sealed: bytes) -> bytes:
        aad = self.fingerprint.encode()
        return zlib.decompress(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad))
