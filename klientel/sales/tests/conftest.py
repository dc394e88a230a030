"""Browsers for the pages of sales, and the lists behind numbers."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import count
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import by_slug
from klientel.kernel.web.tests.conftest import actor, client, desk

__all__ = ["actor", "client", "desk"]


@pytest.fixture
def behind() -> Callable[[Actor, str], int]:
    """How many records the list of an address shows to somebody."""

    def shown(who: Actor, url: str) -> int:
        parts = urlsplit(url)
        where = orjson.loads(parse_qs(parts.query)["where"][0])
        return count(ActorScope(who), by_slug(parts.path.strip("/").split("/")[-1]), where)

    return shown
