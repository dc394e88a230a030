"""What one item of a step did to one record, until it is written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.records import RecordType


@dataclass
class Draft:
    """What one item did to one record, until it is written."""

    rtype: RecordType
    record: Any
    changes: dict[str, list[Any]]
    new: bool
    item: int
    parameters: dict[str, Any] = field(default_factory=dict)
    done: bool = False  # something was done to it although no field of its own changes
    undoes: UUID | None = None
    cause: UUID | None = None
    at: dt.datetime | None = None  # when it happened, where that was not now
    retitled: bool = False
    was: dict[str, list[str]] = field(default_factory=dict)  # what it was called before, where that changed
    matched: bool = False  # its keys for finding twins stand already
    rekeyed: bool = False  # they were made anew
    gone: bool = False  # its row is deleted: of all this only the event is written
    finished: bool = False  # what follows from its changes was said
    follows: bool = False  # it only follows what was done to another record: nobody's own change, no rights asked
    links: list[tuple[str, str, UUID]] = field(default_factory=list)  # field, target type, id: to be checked
