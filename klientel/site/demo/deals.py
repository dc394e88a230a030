"""Deals of the demo's company: each found, moved through its pipeline over weeks, won, lost or still open."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import Any
from uuid import UUID

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.sales.models import CloseReason, Stage
from klientel.site.demo.past import Past
from klientel.site.demo.products import Range
from klientel.site.demo.words_of import lines
from klientel.site.demo.workspace import Workspace

#: how far each deal gets, one after the other: places of the stages, or how it ended
WAYS = (1, 3, "won", 2, 4, 1, "lost", 3, 2, "won", 3, 1, 4, 2, "won", "lost", 3, 1)
LONGEST = 405  # days ago: what is sold was written down, before the first deal
LATELY, EVERY = 24, 8  # days ago the last one of earlier months was decided, and so many days before that the next
WON = 0.55  # of those of earlier months
NEXT = ("Angebot nachfassen", "Vor Ort aufmessen", "Unterlagen schicken", "Entscheidung abfragen", "Termin abstimmen")


class Deals:
    """What the company would like to sell."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice
        self.range: Range

    def plan(self, firms: list[dict[str, Any]], people: list[dict[str, Any]]) -> None:
        """Every deal and its way; firms and people are read when a deal begins."""
        self.past.on(self.past.day(-LONGEST), self.prepare)
        for n, line in enumerate(lines("deals")):
            name, _bar, value = line.partition("|")
            way = WAYS[n % len(WAYS)]
            begun = self.dice.randint(18, 75) if way in ("won", "lost") else self.dice.randint(4, 40)
            act = partial(self.begin, name.strip(), value.strip(), way, begun, firms, people)
            self.past.on(self.past.day(-begun), act)
        for n, line in enumerate(lines("deals_before")):
            name, _bar, value = line.partition("|")
            way, ended = "won" if self.dice.random() < WON else "lost", LATELY + n * EVERY
            begun = min(ended + self.dice.randint(12, 70), LONGEST - 5)
            act = partial(self.begin, name.strip(), value.strip(), way, begun, firms, people, ended)
            self.past.on(self.past.day(-begun), act)

    def prepare(self) -> None:
        """What is sold, against whom, and what of a checklist a deal does not go on without."""
        self.range = Range(self.space.system, self.dice)
        stage = Stage.objects.filter(outcome="open").order_by("position")[0]
        first, *rest = stage.checklist
        run(self.space.system, "sales.stage.change", stage.pk, checklist=[first | {"required": True}, *rest])

    def begin(
        self,
        name: str,
        value: str,
        way: Any,
        begun: int,
        firms: list[dict[str, Any]],
        people: list[dict[str, Any]],
        ended: int = 0,
    ) -> None:
        """A deal is found so many days ago; what becomes of it (by ``ended`` days ago) is told later."""
        if not firms:  # nobody is known yet
            return
        firm = self.dice.choice(firms)
        person = next((p for p in people if p.get("organisation") == firm["id"]), None)
        actor = self.actor(firm["owner"])
        values = {
            "name": name, "organisation": firm["id"], "person": person and person["id"], "owner": firm["owner"],
            "value": {"amount": value, "currency": "EUR"},
            "source": self.dice.choice(("Messe", "Empfehlung", "Website")),
            "expected_close": self.expected(way, begun, ended),
        }  # fmt: skip
        deal = run(actor, "sales.deal.create", **values).record.id
        steps = 3 if way in ("won", "lost") else int(way) - 1
        stages = list(Stage.objects.filter(outcome="open").order_by("position"))
        days = sorted((self.dice.randint(ended + 1, begun - 1) for _ in range(steps + 1)), reverse=True)
        for n, day in zip(range(1, steps + 1), days, strict=False):
            self.past.on(self.past.day(-day), partial(self.move, actor, deal, stages[: n + 1]))
        if self.dice.random() < 0.4:
            self.past.on(self.past.day(1 - begun), partial(self.add_products, actor, deal))
        if way in ("won", "lost"):
            last = ended or days[-1]
            self.past.on(self.past.day(-last), partial(self.close, actor, deal, way))
            self.past.on(self.past.day(-last - 1), partial(self.tick, actor, deal, stages))
        elif self.dice.random() < 0.75:
            due = (self.past.end.date() + dt.timedelta(days=self.dice.randint(-3, 14))).isoformat()
            task = {"subject": self.dice.choice(NEXT), "due": due, "concerns": [deal], "owner": firm["owner"]}
            self.past.on(self.past.day(-days[-1]), partial(run, actor, "work.task.create", **task))
        self.surround(actor, deal, person)

    def surround(self, actor: Actor, deal: UUID, person: dict[str, Any] | None) -> None:
        """Who decides, and who else offers."""
        if person is not None and self.dice.random() < 0.6:
            role = self.dice.choice(("decision_maker", "user", "champion", "influencer"))
            attitude = self.dice.choice(("for", "neutral", "against", ""))
            run(actor, "sales.stakeholder.create", deal=deal, person=person["id"], role=role, attitude=attitude)
        if self.dice.random() < 0.4:
            run(actor, "sales.deal.change", deal, competitors=[self.dice.choice(self.range.rivals)])

    def move(self, actor: Actor, deal: UUID, way: list[Stage]) -> None:
        """To the last of these stages; what is on the lists of those before is done first."""
        self.tick(actor, deal, way[:-1])
        run(actor, "sales.deal.move", deal, stage=str(way[-1].pk))

    def tick(self, actor: Actor, deal: UUID, way: list[Stage]) -> None:
        """Everything required is ticked off, and half of the rest."""
        for stage in way:
            for one in stage.checklist:
                if one["required"] or self.dice.random() < 0.5:
                    run(actor, "sales.deal.tick", deal, stage=str(stage.pk), item=one["key"])

    def add_products(self, actor: Actor, deal: UUID) -> None:
        """The value of a deal follows what is sold."""
        run(actor, "sales.deal.change", deal, positions=self.range.positions())

    def expected(self, way: Any, begun: int, ended: int) -> str:
        """When its people think it will be decided: some weeks from then on where it was, some from now where not."""
        if ended:
            return (today() + dt.timedelta(days=self.dice.randint(-12, 16) - ended)).isoformat()
        days = self.dice.randint(20, 140)
        return (today() + dt.timedelta(days=days // 4 - begun if way in ("won", "lost") else days)).isoformat()

    def close(self, actor: Actor, deal: UUID, outcome: str) -> None:
        """The customer decides."""
        reasons = CloseReason.objects.filter(outcome=outcome).order_by("id").values_list("pk", flat=True)
        reason = self.dice.choice(list(reasons))
        if outcome == "won":
            run(actor, "sales.deal.win", deal, reason=reason)
        else:
            run(actor, "sales.deal.lose", deal, reason=reason, competitor=self.dice.choice((*self.range.rivals, None)))

    def actor(self, owner: UUID) -> Actor:
        """Each deal is worked on by whoever owns its customer; service sells nothing."""
        key = self.space.whose(owner)
        return self.space.system if key == "elif" else self.space.actor(key)
