"""Secret texts that people and programs hold: ``kt_<tenant>_<random>``. Only their SHA-256 is stored.

The text says its tenant, because the row that knows it can only be read inside that tenant. A slow hash would gain
nothing: the random part has 256 bits, so it cannot be guessed from its digest.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

TOKEN = "kt"  # noqa: S105 - a prefix
INVITATION = "ki"
SHARE = "ks"
CONFIRMATION = "kc"
PREFIX_LENGTH = 8
_SHAPE = re.compile(r"\A(k[tisc])_([0-9a-f]{32})_([A-Za-z0-9_-]{43})\Z")
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """A secret text taken apart. ``prefix`` may be shown and finds the row, ``digest`` is what is stored."""

    tenant_id: UUID
    prefix: str
    digest: str


def mint(kind: str, tenant_id: UUID) -> tuple[str, Key]:
    """A new secret text of this kind and what to store of it."""
    text = f"{kind}_{tenant_id.hex}_{secrets.token_urlsafe(32)}"
    key = read(kind, text)
    assert key is not None
    return text, key


def read(kind: str, text: str) -> Key | None:
    """The parts of a secret text, or nothing where it cannot be one of this kind."""
    found = _SHAPE.match(text)
    if found is None or found[1] != kind:
        return None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Key(UUID(found[2]), found[3][:PREFIX_LENGTH], digest)


def same(key: Key, stored: str | None) -> bool:
    """Whether the stored digest is this key's, in a time that tells nothing; ``None`` (no such row) takes as long."""
    return hmac.compare_digest(key.digest, stored or _NOTHING) and stored is not None
