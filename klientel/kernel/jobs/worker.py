"""The worker's process: quick jobs, long jobs and upkeep, each in a lane of its own, so that no kind waits for another.

``python -m klientel.kernel.jobs.worker`` runs one; SIGTERM lets running jobs end (at most ``PATIENCE`` seconds).
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.worker import Worker

from klientel.kernel.jobs.declaring import LONG, QUICK, UPKEEP, stopping
from klientel.kernel.jobs.direct import connector

PATIENCE = 12.0
HEARTBEAT, STALLED = 10.0, 30.0


def lanes(concurrency: int) -> dict[str, int]:
    """How many jobs of each queue run at the same time."""
    long = max(1, concurrency // 2)
    return {QUICK: max(1, concurrency - long), LONG: long, UPKEEP: 1}


def _workers(jobs: Any, concurrency: int, *, wait: bool) -> list[Any]:
    return [
        Worker(
            jobs,
            queues=[queue],
            name=queue,
            concurrency=many,
            wait=wait,
            delete_jobs="successful",
            listen_notify=queue != UPKEEP,
            install_signal_handlers=False,
            shutdown_graceful_timeout=PATIENCE,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=STALLED,
        )
        for queue, many in lanes(concurrency).items()
    ]


async def work(concurrency: int = 4, *, wait: bool = True) -> None:
    """Work until SIGTERM, or, without ``wait``, until nothing is left to do."""
    with app.replace_connector(connector()) as jobs:
        async with jobs.open_async():
            workers = _workers(jobs, concurrency, wait=wait)
            if wait:
                loop = asyncio.get_running_loop()
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.add_signal_handler(number, _stop, workers)
            await asyncio.gather(*(one.run() for one in workers))


def _stop(workers: list[Any]) -> None:
    stopping.set()
    for one in workers:
        one.stop()


def run(concurrency: int = 4) -> None:
    """Work until SIGTERM or Ctrl+C."""
    asyncio.run(work(concurrency))


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
    django.setup()
    run()
