"""What a phone needs to put Klientel on its home screen: without that no iPhone is told anything."""

from __future__ import annotations

import struct

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from klientel.kernel.web.views.homescreen import ICONS

pytestmark = pytest.mark.django_db


def size(name: str) -> tuple[int, int]:
    """Width and height of a PNG, as its header says."""
    with open(str(finders.find(name)), "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_the_page_to_sign_in_names_a_manifest_that_strangers_may_read() -> None:
    client = Client()
    page = client.get("/account/login").content.decode()
    assert 'rel="manifest" href="/manifest.webmanifest"' in page and 'rel="apple-touch-icon"' in page
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    told = answer.json()
    assert (told["id"], told["start_url"], told["scope"], told["display"]) == ("/", "/", "/", "standalone")
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}


def test_its_icons_are_as_large_as_it_says() -> None:
    assert [f"{w}x{h}" for w, h in (size(name) for name, _said, _purpose in ICONS)] == [said for _n, said, _p in ICONS]
    assert size("apple-touch-icon.png") == (180, 180)
