"""The word lists beside this file: one list a file, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text(name: str) -> str:
    """The whole of ``words/<name>.txt``."""
    return files(__package__).joinpath("words", f"{name}.txt").read_text(encoding="utf-8")


@cache
def words(name: str) -> tuple[str, ...]:
    """A list of single words."""
    return tuple(dict.fromkeys(text(name).split()))


@cache
def lines(name: str) -> tuple[str, ...]:
    """A list of lines."""
    return tuple(line for line in text(name).splitlines() if line.strip())
