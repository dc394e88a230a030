"""Where the tests find files that others wrote; they skip where those are missing."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("KLIENTEL_SHARED_DATA") or _REPOSITORY.parent / "shared" / "data")


def given(place: str) -> Path:
    """A file or folder of the shared test material; the test is skipped where it is missing."""
    path = SHARED / place
    if not path.exists():
        pytest.skip(f"{place} is not there: set KLIENTEL_SHARED_DATA to the folder with the shared test files")
    return path


def given_files(*places: str) -> list[Path]:
    """All files in folders of the shared test material, without notes on their source; none where it is missing."""
    return sorted(
        path
        for place in places
        for path in (SHARED / place).rglob("*")
        if path.is_file() and path.name not in ("SOURCE.txt", "README.md")
    )
