from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from klientel.kernel.identity import Actor, Grant
from klientel.lib.ids import uuid7


def test_an_actor_names_itself_and_cannot_change() -> None:
    me = uuid7()
    actor = Actor(kind="member", id=me, name="Anna", tenant=uuid7(), member=me, grants=(Grant("*", "*"),))
    assert actor.ref == f"member:{me}"
    assert actor.teams == ()
    with pytest.raises(FrozenInstanceError):
        actor.name = "Boris"  # type: ignore[misc]


def test_grants_are_values() -> None:
    one, two = Grant("contacts.person", "view", {"all": []}), Grant("contacts.person", "view", {"all": []})
    assert one == two
    assert hash(one) == hash(two)
