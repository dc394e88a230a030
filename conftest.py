"""What every test may use; where the database comes from stands in klientel.site.testing."""

from __future__ import annotations

from klientel.site.testing import django_db_setup, process_environment, test_database

__all__ = ["django_db_setup", "process_environment", "test_database"]
pytest_plugins = ["klientel.kernel.testing.cast", "klientel.site.browser"]
