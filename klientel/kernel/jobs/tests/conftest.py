"""Jobs that write down what they did, and a worker that stops when nothing is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from procrastinate.contrib.django import app

from klientel.kernel.jobs import declaring, worker
from klientel.kernel.testing import make_tenant


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Jobs declared by a test are gone after it."""
    before, tasks = dict(declaring._jobs), dict(app.tasks)
    yield
    declaring._jobs.clear()
    declaring._jobs.update(before)
    app.tasks.clear()
    app.tasks.update(tasks)


@pytest.fixture
def committed(transactional_db: None) -> Any:
    """A tenant in a database that the worker's connections see."""
    return make_tenant("hansewerk", time_zone="Europe/Zurich", language="en")


@pytest.fixture
def work(transactional_db: None) -> Callable[[], None]:
    """Work off what is there."""
    return lambda: asyncio.run(worker.work(4, wait=False))
