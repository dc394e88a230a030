"""What is pushed can be read by the browser it is for and by nobody else, and says who sent it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from klientel.lib import webpush
from klientel.lib.webpush import bytes_of, text_of

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def test_it_is_what_rfc_8291_says_in_its_appendix() -> None:
    mine = ec.derive_private_key(int.from_bytes(bytes_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), webpush.CURVE)
    theirs = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    made = webpush.encrypt(
        b"When I grow up, I want to be a watermelon", bytes_of(theirs), bytes_of("BTBZMqHH6r4Tts7J_aSIgg"),
        mine=mine, salt=bytes_of("DGv6ra1nlYgDCS1FRnbzlw"),
    )  # fmt: skip
    assert text_of(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_two_messages_of_one_text_have_nothing_in_common() -> None:
    browser = webpush.public(ec.generate_private_key(webpush.CURVE))
    first, second = (webpush.encrypt(b"x", browser, b"a" * 16) for _n in range(2))
    assert first[:16] != second[:16] and first[21:86] != second[21:86] and first[86:] != second[86:]


def test_the_signature_names_the_push_service_and_holds_for_half_a_day() -> None:
    key = webpush.key_of(b"s" * 64)
    assert webpush.public(key) == webpush.public(webpush.key_of(b"s" * 64))
    said = webpush.authorization(key, "https://push.example/send/1?x=2", "https://crm.example", NOW)
    token, mine = said.removeprefix("vapid t=").split(", k=")
    signed, _dot, signature = token.rpartition(".")
    raw = bytes_of(signature)
    proof = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    webpush.point(bytes_of(mine)).verify(proof, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(bytes_of(signed.split(".")[1]))
    assert claims == {"aud": "https://push.example", "exp": int(NOW.timestamp()) + 43_200, "sub": "https://crm.example"}
    with pytest.raises(InvalidSignature):
        webpush.point(bytes_of(mine)).verify(proof, signed.encode() + b"x", ec.ECDSA(hashes.SHA256()))


def test_what_is_no_key_and_what_is_too_long_are_refused() -> None:
    with pytest.raises(ValueError, match="Invalid EC key"):
        webpush.point(b"\4" + b"x" * 64)
    with pytest.raises(ValueError, match=r"base64|padding"):
        bytes_of("not base64!")
    with pytest.raises(ValueError, match="too long"):
        webpush.encrypt(b"x" * 4000, webpush.public(webpush.key_of(b"s" * 64)), b"a" * 16)
