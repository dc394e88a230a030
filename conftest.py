"""What every test may use; where the database comes from stands in klientel.site.testing."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from klientel.site.testing import django_db_setup, process_environment, test_database

__all__ = ["django_db_setup", "process_environment", "test_database"]
pytest_plugins = ["klientel.kernel.testing.cast", "klientel.site.browser"]

# What holds does not hang on how much else the machine has to do: neither an example nor finding one is timed. CI asks
# whether a change is sound, so each of its runs tries the same examples; everybody else looks for new ones.
settings.register_profile(
    "klientel", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("klientel")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that start whole processes take longest and go first, lest one core does them alone at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith("klientel/site/"))
