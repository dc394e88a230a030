"""Reading ahead: while the database works on one chunk, a second thread reads the next. Bounded: memory stays flat.

It reads only then: the two share one interpreter, and what it took while the first one works would make that later.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from django.db import connection

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item], many: int, size: int = 2) -> Generator[list[Item], None, None]:
    """The same items in handfuls of ``many``, made in another thread, at most ``size`` handfuls before they are wanted.

    Must not touch the database. Language, time zone and tenant are those of the caller; what the maker raises is
    raised here.
    """
    waiting: queue.Queue[Any] = queue.Queue(maxsize=size)
    stopped, idle = threading.Event(), threading.Event()
    idle.set()

    def make() -> None:
        in_turn = (item for item in items if idle.wait())
        try:
            while some := list(islice(in_turn, many)):
                if not _hand_over(waiting, some, stopped):
                    return
            _hand_over(waiting, _END, stopped)
        except BaseException as error:  # noqa: BLE001 - raised again where the items are wanted
            _hand_over(waiting, error, stopped)

    maker = threading.Thread(target=contextvars.copy_context().run, args=(make,), name="import-reader", daemon=True)
    maker.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            with idling(idle):
                yield item
    finally:
        stopped.set()
        maker.join()


@contextmanager
def idling(idle: threading.Event) -> Iterator[None]:
    """Inside this block ``idle`` is set while this thread waits for the database, and only then."""

    def meanwhile(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        idle.set()
        try:
            return execute(sql, params, many, context)
        finally:
            idle.clear()

    idle.clear()
    try:
        with connection.execute_wrapper(meanwhile):
            yield
    finally:
        idle.set()


def _hand_over(waiting: queue.Queue[Any], item: Any, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            waiting.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False
