"""Secrets that must be read again (second factors): AES-256-GCM, bound to the row they belong to.

``KLIENTEL_FIELD_KEY`` holds one or more keys of 32 bytes in URL-safe base64, separated by commas. The first one seals,
every one opens, so a key is exchanged by putting the new one in front and sealing again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_VERSION = "s1"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class Unreadable(ValueError):
    """The sealed text was changed, belongs elsewhere, or its key is gone."""


def new_key() -> str:
    """A fresh key for ``KLIENTEL_FIELD_KEY``."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def seal(plain: str, belongs_to: str) -> str:
    """Encrypt ``plain`` so that it opens only where the same ``belongs_to`` is given."""
    key_id, key = next(iter(_keys(settings.KLIENTEL_FIELD_KEY).items()))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = nonce + AESGCM(key).encrypt(nonce, plain.encode(), belongs_to.encode())
    return f"{_VERSION}.{key_id}.{base64.urlsafe_b64encode(body).decode()}"


def unseal(sealed: str, belongs_to: str) -> str:
    """What :func:`seal` was given, or :class:`Unreadable`."""
    version, _, rest = sealed.partition(".")
    key_id, _, encoded = rest.partition(".")
    key = _keys(settings.KLIENTEL_FIELD_KEY).get(key_id)
    if version != _VERSION or key is None:
        raise Unreadable("No key for this secret")
    try:
        body = base64.urlsafe_b64decode(encoded)
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], belongs_to.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise Unreadable("This secret was changed or belongs elsewhere") from error


def derived(purpose: str) -> dict[str, bytes]:
    """64 bytes made of each key for a purpose of its own, by the keys' ids; that of the sealing one first."""
    return {
        key_id: hmac.digest(key, purpose.encode(), "sha512")
        for key_id, key in _keys(settings.KLIENTEL_FIELD_KEY).items()
    }


@lru_cache(maxsize=4)
def _keys(setting: str) -> dict[str, bytes]:
    """Keys by the id that sealed texts name, the sealing one first."""
    keys = {}
    for text in filter(None, (part.strip() for part in setting.split(","))):
        try:
            key = base64.urlsafe_b64decode(text)
        except binascii.Error as error:
            raise ImproperlyConfigured("KLIENTEL_FIELD_KEY is not URL-safe base64") from error
        if len(key) != _KEY_BYTES:
            raise ImproperlyConfigured("KLIENTEL_FIELD_KEY must hold keys of 32 bytes")
        keys[hashlib.sha256(key).hexdigest()[:8]] = key
    if not keys:
        raise ImproperlyConfigured("KLIENTEL_FIELD_KEY is empty")
    return keys
