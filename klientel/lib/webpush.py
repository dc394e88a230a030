"""What is pushed to a browser: encrypted for it alone (RFC 8291, RFC 8188), and signed by the house (VAPID, RFC 8292).

The push service of the browser's maker carries it and cannot read it. Written on `cryptography`, which is here anyway:
the usual packages bring two HTTP clients along, and every way out of this house is the guarded one.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of that curve (SEC 2, 2.4.2)
RECORD = 4096  # bytes of one record (RFC 8188, 2); push services carry no more than one
MOST = RECORD - 86 - 17  # bytes of a text: without the header, the padding's mark and the tag
AUTH = 16  # bytes of a subscription's secret
LASTS = dt.timedelta(hours=12)  # of a signature; 24 hours are allowed


def text_of(value: bytes) -> str:
    """Bytes in URL-safe base64 without padding, as browsers write them."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """The bytes of :func:`text_of`; ``ValueError`` where it is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def point(value: bytes) -> ec.EllipticCurvePublicKey:
    """A public key of a browser; ``ValueError`` where the bytes are no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, value)


def key_of(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """A private key that follows from a secret of at least 48 bytes, always the same one (FIPS 186-5, A.2.1)."""
    return ec.derive_private_key(int.from_bytes(secret[:48]) % (ORDER - 1) + 1, CURVE)


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, as browsers and push services take it: 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypt(
    plain: bytes, theirs: bytes, auth: bytes, *, mine: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b""
) -> bytes:
    """The body of a push message for the browser with the public key ``theirs`` and the secret ``auth``.

    ``mine`` and ``salt`` are made anew for each message, and only given by tests.
    """
    if len(plain) > MOST:
        raise ValueError("too long for one message")
    mine, salt = mine or ec.generate_private_key(CURVE), salt or secrets.token_bytes(16)
    sender = public(mine)
    shared = mine.exchange(ec.ECDH(), point(theirs))
    material = _derive(shared, auth, b"WebPush: info\0" + theirs + sender, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4) + len(sender).to_bytes(1) + sender
    return header + AESGCM(key).encrypt(nonce, plain + b"\2", None)  # 2: the last record


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def authorization(key: ec.EllipticCurvePrivateKey, endpoint: str, contact: str, now: dt.datetime) -> str:
    """The header by which the house says who it is; ``contact`` is where a push service can ask, ``https:`` or mail."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + LASTS).timestamp()), "sub": contact}
    signed = ".".join(text_of(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={signed}.{text_of(r.to_bytes(32) + s.to_bytes(32))}, k={text_of(public(key))}"
