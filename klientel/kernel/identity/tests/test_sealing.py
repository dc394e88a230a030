from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from klientel.kernel.identity import sealing


@pytest.fixture(autouse=True)
def key(settings: Any) -> str:
    settings.KLIENTEL_FIELD_KEY = sealing.new_key()
    return str(settings.KLIENTEL_FIELD_KEY)


def test_a_secret_opens_where_it_belongs_and_nowhere_else() -> None:
    sealed = sealing.seal("JBSWY3DPEHPK3PXP", "user 1")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert sealing.unseal(sealed, "user 1") == "JBSWY3DPEHPK3PXP"
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed, "user 2")


def test_the_same_secret_is_never_sealed_to_the_same_text() -> None:
    assert sealing.seal("a", "x") != sealing.seal("a", "x")


@pytest.mark.parametrize("spoiled", ["", "s1", "s1.abc.def", "JBSWY3DPEHPK3PXP", "s1.%s.AAAA", "s1.%s.é"])
def test_a_changed_secret_does_not_open(key: str, spoiled: str) -> None:
    key_id = sealing.seal("a", "x").split(".")[1]
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(spoiled.replace("%s", key_id), "x")
    sealed = sealing.seal("abcdef", "x")
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(sealed[:-6] + ("AAAA==" if not sealed.endswith("AAAA==") else "BBBB=="), "x")


def test_an_old_key_opens_and_the_first_one_seals(key: str, settings: Any) -> None:
    old = sealing.seal("a", "x")
    settings.KLIENTEL_FIELD_KEY = f"{sealing.new_key()}, {key}"
    new = sealing.seal("a", "x")
    assert sealing.unseal(old, "x") == sealing.unseal(new, "x") == "a"
    settings.KLIENTEL_FIELD_KEY = key
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(new, "x")


@pytest.mark.parametrize("wrong", ["", " , ", "c2hvcnQ=", "x"])
def test_a_useless_key_is_told(settings: Any, wrong: str) -> None:
    settings.KLIENTEL_FIELD_KEY = wrong
    with pytest.raises(ImproperlyConfigured):
        sealing.seal("a", "x")
