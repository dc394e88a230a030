"""Jobs: work done by somebody else, soon; timers; upkeep."""

from klientel.kernel.jobs import backfill as _backfill
from klientel.kernel.jobs import quarantine
from klientel.kernel.jobs import upkeep as _upkeep
from klientel.kernel.jobs.declaring import HandedOn, Job, breathe, defer, defer_many, hold, job
from klientel.kernel.jobs.timers import timer
from klientel.kernel.jobs.upkeep import sweep

__all__ = [
    "HandedOn",
    "Job",
    "_backfill",
    "_upkeep",
    "breathe",
    "defer",
    "defer_many",
    "hold",
    "job",
    "quarantine",
    "sweep",
    "timer",
]
