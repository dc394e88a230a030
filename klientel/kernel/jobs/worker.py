"""The worker's process: quick jobs, long jobs and upkeep, each in a lane of its own, so that no kind waits for another.

``python -m klientel.kernel.jobs.worker`` runs one; SIGTERM lets running jobs end (at most ``PATIENCE`` seconds).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from klientel.kernel.jobs.declaring import LONG, QUICK, UPKEEP, staying, stopping
from klientel.kernel.jobs.direct import connector

log = logging.getLogger("klientel.jobs")

PATIENCE = 12.0
LONGEST_PAUSE = 10.0
HEARTBEAT, STALLED = 10.0, 30.0


def lanes(concurrency: int) -> dict[str, int]:
    """How many jobs of each queue run at the same time."""
    long = max(1, concurrency // 2)
    return {QUICK: max(1, concurrency - long), LONG: long, UPKEEP: 1}


def _worker(jobs: Any, queue: str, many: int, *, wait: bool) -> Any:
    return Worker(
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


_FREE = "UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = %(job_id)s"


class _Jobs(JobManager):
    """Procrastinate's, with which a job that is to be tried again may meet one deferred meanwhile as ``once``.

    Only one of the two may wait under that text, so this one waits without it. Were it refused, it would stay what
    nobody does and nobody takes over, and where a job runs ``alone``, the other would wait for it without an end.
    """

    async def retry_job_by_id_async(self, job_id: int, *args: Any, **options: Any) -> None:
        """As Procrastinate's."""
        try:
            await super().retry_job_by_id_async(job_id, *args, **options)
        except UniqueViolation:
            await self.connector.execute_query_async(_FREE, job_id=job_id)
            await super().retry_job_by_id_async(job_id, *args, **options)


class _Lane:
    """One queue, served for ever: Procrastinate's worker ends quietly when its connection is lost, so it is renewed."""

    def __init__(self, jobs: Any, queue: str, many: int) -> None:
        self.jobs, self.queue, self.many = jobs, queue, many
        self.worker: Any = None

    async def serve(self, *, wait: bool) -> None:
        """Until the process is to stop, or, without ``wait``, until nothing is left to do."""
        pause = 0.25
        while not stopping.is_set():
            begun = time.monotonic()
            self.worker = _worker(self.jobs, self.queue, self.many, wait=wait)
            try:
                await self.worker.run()
            except Exception as error:
                if not wait:
                    raise
                log.warning("the database does not answer", exc_info=error, extra={"queue": self.queue})
            if not wait:
                return
            pause = 0.25 if time.monotonic() - begun > 60 else min(LONGEST_PAUSE, pause * 2)
            if not stopping.is_set():
                await asyncio.sleep(pause)


async def work(concurrency: int = 4, *, wait: bool = True) -> None:
    """Work until SIGTERM, or, without ``wait``, until nothing is left to do."""
    with app.replace_connector(connector()) as jobs:
        jobs.job_manager = _Jobs(jobs.connector)
        async with jobs.open_async():
            served = [_Lane(jobs, queue, many) for queue, many in lanes(concurrency).items()]
            if wait:
                staying.set()
                loop = asyncio.get_running_loop()
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.add_signal_handler(number, _stop, served)
            await asyncio.gather(*(one.serve(wait=wait) for one in served))


def _stop(served: list[_Lane]) -> None:
    stopping.set()
    for one in served:
        if one.worker is not None:
            one.worker.stop()


def run(concurrency: int = 4) -> None:
    """Work until SIGTERM or Ctrl+C."""
    asyncio.run(work(concurrency))


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
    django.setup()
    run()
