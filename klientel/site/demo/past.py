"""What happened in a demo's company, played in the order of time under a clock that is turned back to each act.

So ids, events and records stand where they would had people worked with it all along. Only the database's own note of
when an event was recorded says today: it was.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections.abc import Callable
from itertools import count

from klientel.kernel.kinds import zone
from klientel.lib import clock

Act = Callable[[], object]
OPENS, CLOSES = 8, 16
MARGIN = dt.timedelta(seconds=30)


class Past:
    """Acts and their instants. An act that is played may add later ones."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.end = dice, dt.datetime.now(dt.UTC) - MARGIN
        self._acts: list[tuple[dt.datetime, int, Act]] = []
        self._number = count()

    def day(self, days: int) -> dt.datetime:
        """Some minute of the working hours, so many days from today, of the working day at or before that."""
        day = self.end.astimezone(zone()).date() + dt.timedelta(days=days)
        day -= dt.timedelta(days=max(0, day.weekday() - 4))
        time = dt.time(self.dice.randint(OPENS, CLOSES), self.dice.randrange(60), self.dice.randrange(60))
        return dt.datetime.combine(day, time, zone())

    def ago(self, minutes: int) -> dt.datetime:
        """So many minutes before the end."""
        return self.end - dt.timedelta(minutes=minutes)

    def on(self, at: dt.datetime, act: Act) -> None:
        """The act happens then; at the end where that would lie ahead."""
        heapq.heappush(self._acts, (min(at, self.end), next(self._number), act))

    def play(self, begin: dt.datetime) -> None:
        """Everything, from ``begin`` on."""
        with clock.turned_back(begin) as turn:
            while self._acts:
                at, _number, act = heapq.heappop(self._acts)
                turn(at)
                act()
