"""Everything of these tests lies in folders of their own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.KLIENTEL_HOME, settings.KLIENTEL_FILES = tmp_path, tmp_path / "files"
    return tmp_path
