"""What the demo's company wants to sell, what its people say they will, and what the forecast said day by day."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial

from klientel.kernel.actions import run
from klientel.lib.dates import add_months
from klientel.sales.jobs.forecast import keep_forecast
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

SELLERS = {"jan": 45_000, "mareike": 60_000, "tobias": 30_000}
BACK, AHEAD, KEPT = 12, 6, 80  # months of targets, days of which the forecast was kept
BEGUN = 400  # days ago they began with targets
NOTES = (
    "Zwei große Entscheidungen stehen noch aus.",
    "Sicher, die Aufträge liegen mündlich vor.",
    "Vorsichtig gerechnet.",
)


class Forecasts:
    """Targets, submitted forecasts, an exchange rate."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice

    def plan(self) -> None:
        """Everything on its day."""
        month = self.past.end.date().replace(day=1)
        self.past.on(self.past.day(-BEGUN), partial(self.set_targets, month))
        for n in range(KEPT, -1, -1):
            self.past.on(self.past.day(-n), keep_forecast)
        for n in range(3, BACK):  # of older months what was said when they began
            ago = (self.past.end.date() - add_months(month, -n)).days - 2
            self.past.on(self.past.day(-ago), keep_forecast)
        for days, begins in ((31, add_months(month, -1)), (6, month), (2, add_months(month, 1))):
            for key in SELLERS:
                self.past.on(self.past.day(-days), partial(self.submit, key, begins))

    def set_targets(self, month: dt.date) -> None:
        """For each seller and month; and what a Swiss franc is worth."""
        for key, amount in SELLERS.items():
            for n in range(-BACK, AHEAD + 1):
                first = add_months(month, n).isoformat()
                value = {"amount": str(amount + 600 * (n + BACK)), "currency": "EUR"}
                self.space.make("sales.target", begins=first, member=self.space.members[key], amount=value)
        for n, rate in ((0, "1.0412"), (1, "1.0523"), (2, "1.0688")):
            day = add_months(month, n - 2).isoformat()
            self.space.make("insights.rate", currency="CHF", day=day, rate=rate, source="Europäische Zentralbank")

    def submit(self, key: str, begins: dt.date) -> None:
        """A seller says what will be sold."""
        amount = {"amount": str(self.dice.randrange(20, 90) * 1000), "currency": "EUR"}
        run(
            self.space.actor(key), "sales.submission.create", begins=begins.isoformat(), amount=amount,
            note=self.dice.choice(NOTES),
        )  # fmt: skip
