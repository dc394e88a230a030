"""The door every write goes through. Closed unless a :class:`~klientel.kernel.actions.step.Step` holds it open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open: ContextVar[bool] = ContextVar("writing", default=False)
_settle: ContextVar[Callable[[str], None] | None] = ContextVar("settle", default=None)


class WriteOutsideAction(RuntimeError):
    """A record was written without an action, so without permission, event or undo. Always a bug."""


@contextmanager
def door() -> Iterator[None]:
    """Let this block write tenant tables. For the step and for the kernel's own bookkeeping only."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def check() -> None:
    """Raise :class:`WriteOutsideAction` where the door is closed."""
    if not _open.get():
        raise WriteOutsideAction("Write records through klientel.kernel.actions.run()")


@contextmanager
def settling(flush: Callable[[str], None]) -> Iterator[None]:
    """While this block runs, ``flush(table)`` is called before a tenant table is read, so that nobody reads
    around a buffer."""
    token = _settle.set(flush)
    try:
        yield
    finally:
        _settle.reset(token)


def settle(table: str) -> None:
    """Write what is still buffered for ``table``, because it is about to be read."""
    flush = _settle.get()
    if flush is not None:
        flush(table)
