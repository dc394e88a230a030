"""The calendar of the demo's company: this week and the next, so that there is something to see on every day."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import Any
from uuid import UUID

from klientel.kernel.actions import run
from klientel.kernel.kinds import today
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

SELLERS = ("jan", "mareike", "tobias", "katrin")
VISITS = ("Erstgespräch", "Bedarf aufnehmen", "Angebot besprechen", "Vor-Ort-Termin", "Vertragsgespräch", "Nachkauf")
CALLS = ("Rückruf zum Angebot", "Liefertermin abstimmen", "Nachfrage zur Rechnung", "Kennenlernen")
HOURS = (9, 10, 11, 13, 14, 15)


class Diary:
    """Who meets whom in these two weeks."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice
        day = today()
        self.monday = day - dt.timedelta(days=day.weekday())

    def plan(self, firms: list[dict[str, Any]]) -> None:
        """What is planned was planned in the days before."""
        self.past.on(self.past.day(-3), self.together)
        for day in range(12):
            if day % 7 > 4:
                continue
            for who in SELLERS:
                if self.dice.random() < 0.7:
                    self.past.on(self.past.day(-2), partial(self.visit, who, day, firms))
                if self.dice.random() < 0.5:
                    self.past.on(self.past.day(-1), partial(self.call, who, day, firms))

    def together(self) -> None:
        """What several of them have in common, and what comes again."""
        katrin, people = self.space.actor("katrin"), [str(self.space.members[k]) for k in SELLERS]
        base: dict[str, Any] = {"participants": people, "owner": str(self.space.members["katrin"])}
        run(katrin, "work.meeting.create", subject="Jour fixe Vertrieb", begins=self.at(0, 9), ends=self.at(0, 10),
            place="Besprechung 2", repeats="jede Woche", **base)  # fmt: skip
        run(katrin, "work.meeting.create", subject="Messe Hannover", begins=self.at(8, 0), ends=self.at(11, 0),
            all_day=True, place="Hannover, Halle 4", **base)  # fmt: skip
        run(katrin, "work.task.create", subject="Prognose für die Leitung aktualisieren", repeats="jeden Freitag",
            due=(self.monday + dt.timedelta(days=4)).isoformat(), owner=base["owner"])  # fmt: skip

    def visit(self, who: str, day: int, firms: list[dict[str, Any]]) -> None:
        """A meeting of an hour or more with a customer."""
        firm, hour = self.dice.choice(firms), self.dice.choice(HOURS)
        ends = self.at(day, hour + self.dice.choice((1, 1, 2)))
        subject = f"{self.dice.choice(VISITS)} {firm['name']}"
        self._make(who, "work.meeting", firm["id"], subject=subject, begins=self.at(day, hour), ends=ends)

    def call(self, who: str, day: int, firms: list[dict[str, Any]]) -> None:
        """A call that is to be made."""
        firm, at = self.dice.choice(firms), self.at(day, self.dice.choice(HOURS), 30)
        self._make(who, "work.call", firm["id"], subject=self.dice.choice(CALLS), at=at, minutes=15)

    def _make(self, who: str, rtype: str, firm: UUID, **values: Any) -> None:
        owner = str(self.space.members[who])
        run(self.space.actor(who), f"{rtype}.create", concerns=[str(firm)], owner=owner, **values)

    def at(self, day: int, hour: int, minute: int = 0) -> str:
        """A time of these weeks, counted from their Monday."""
        return f"{self.monday + dt.timedelta(days=day)}T{hour:02}:{minute:02}"
