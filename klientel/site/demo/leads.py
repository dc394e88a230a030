"""Leads of the demo's company: from a fair, the website, by telephone; assigned, answered or late."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import Any
from uuid import UUID

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.lib import clock
from klientel.sales.models import CloseReason, Lead
from klientel.site.demo.names import Maker
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

COUNT, OLDEST = 40, 45
TODAY = (600, 400, 250, 90, 20)  # minutes ago the last ones came in
WISHES = (
    "Schwerlastregal für das neue Lager", "Regalprüfung nach DIN EN 15635", "Umbau der Kommissionierzone",
    "Fachbodenregal für Ersatzteile", "Lagerbühne mit Treppe", "Kragarmregal für Langgut", "Durchlaufregal",
    "Angebot für Gitterboxen", "Verschieberegal im Archiv", "Rammschutz nach Unfall", "Palettenregal gebraucht",
    "Beratung zur Lagerplanung",
)  # fmt: skip
#: source, campaign, how often
SOURCES = (
    ("Messe", "LogiMAT 2026", 5), ("Website", "Formular Regalprüfung", 4), ("Empfehlung", "", 2), ("Telefon", "", 2),
    ("Website", "Newsletter Herbst", 2),
)  # fmt: skip
#: what becomes of a lead, one after the other
WAYS = ("open", "contacted", "sql", "open", "converted", "contacted", "open", "disqualified", "mql", "nurtured")
SCORES: tuple[dict[str, Any], ...] = (
    {"name": "Branche mit Lager", "points": 15, "condition": {"field": "organisation.industry", "op": "one_of",
     "value": ["manufacturing", "trade", "transport"]}},
    {"name": "Ab 50 Beschäftigte", "points": 10,
     "condition": {"field": "organisation.employees", "op": "over", "value": 49}},
    {"name": "Auf Empfehlung", "points": 20, "condition": {"field": "source", "op": "is", "value": "Empfehlung"}},
    {"name": "Messegespräch", "points": 10, "condition": {"field": "source", "op": "is", "value": "Messe"}},
    {"name": "Telefoniert", "points": 10, "event": "work.call.create", "half_life": 14},
    {"name": "Termin vereinbart", "points": 25, "event": "work.meeting.create", "half_life": 30},
    {"name": "Ohne Ansprechpartner", "points": -10, "condition": {"field": "person", "op": "empty"}},
)  # fmt: skip
NEXT = ("Zurückrufen", "Unterlagen schicken", "Bedarf klären", "Ortstermin vorschlagen")


class Leads:
    """Who is interested in what."""

    def __init__(self, space: Workspace, past: Past, maker: Maker, dice: random.Random) -> None:
        self.space, self.past, self.maker, self.dice = space, past, maker, dice

    def plan(self, people: list[dict[str, Any]]) -> None:
        """Rules first, then forty leads, the last ones of today."""
        self.past.on(self._day(-OLDEST - 5), self.set_up)
        sources = [one for one in SOURCES for _ in range(one[2])]
        for n in range(COUNT):
            late = n - (COUNT - len(TODAY))
            at = self._day(n - OLDEST) if late < 0 else self.past.ago(TODAY[late])
            self.past.on(at, partial(self.come_in, n, sources[n % len(sources)], people))

    def _day(self, days: int) -> dt.datetime:
        """Some minute of the working hours so many days from today; the dice of the others stay as they fall."""
        return Past(self.dice).day(days)

    def set_up(self) -> None:
        """Inboxes, rules of assignment, rules of scoring."""
        make, members, teams = self.space.make, self.space.members, self.space.teams
        week = ["mon", "tue", "wed", "thu", "fri"]
        for team, chief, state in (("Vertrieb Nord", "mareike", "DE-HH"), ("Vertrieb Süd", "mareike", "DE-BY")):
            make("sales.leadinbox", team=teams[team], respond_within=240, remind_before=60, escalate_to=members[chief],
                 weekdays=week, opens="08:00", closes="17:00", country="DE", state=state,
                 catholic=state == "DE-BY", eves="half", mql_from=60)  # fmt: skip
        rules: tuple[tuple[str, str, str, Any, tuple[tuple[str, int, int | None], ...]], ...] = (
            ("Empfehlungen zur Leitung", "Vertrieb", "", {"field": "source", "op": "is", "value": "Empfehlung"},
             (("mareike", 1, None),)),
            ("Norden", "Vertrieb Nord", "DE 0-4", {}, (("jan", 3, 14), ("mareike", 1, 6))),
            ("Süden und Österreich", "Vertrieb Süd", "DE 5-9, AT", {}, (("tobias", 1, 8),)),
            ("Alle übrigen", "Vertrieb Nord", "", {}, (("jan", 1, 14), ("tobias", 1, 8))),
        )  # fmt: skip
        for place, (name, team, regions, condition, shares) in enumerate(rules, 1):
            rule = make("sales.leadrule", name=name, position=place * 10, regions=regions, team=teams[team],
                        condition=condition)  # fmt: skip
            for who, weight, most in shares:
                make("sales.leadshare", rule=rule.id, member=members[who], weight=weight, most_open=most)
        for one in SCORES:
            make("sales.scorerule", **one)

    def come_in(self, n: int, source: tuple[str, str, int], people: list[dict[str, Any]]) -> None:
        """A lead of somebody we know or of somebody new; the rules assign it at once."""
        wish, system = WISHES[n % len(WISHES)], self.space.system
        facts: dict[str, Any] = {"interest": wish, "source": source[0], "campaign": source[1]}
        if n % 2:
            facts["person"] = self.dice.choice(people)["id"]
        else:
            person = self.maker.person()
            facts |= {"first_name": person.get("first_name", ""), "last_name": person.get("last_name", "")}
            facts["email"] = next((one["value"] for one in person.get("emails", ())), "")
        lead = run(system, "sales.lead.capture", **facts).record.id
        run(system, "sales.lead.route", lead)
        if n < COUNT - 4:
            self.follow(lead, WAYS[n % len(WAYS)], n)

    def follow(self, lead: UUID, way: str, n: int) -> None:
        """What its owner does about it, within hours or days."""
        hours = self.dice.choice((1, 2, 3, 5, 26, 50))
        owner = Lead.objects.get(pk=lead).owner
        if owner is None or way == "open":
            return
        key = self.space.whose(owner)
        actor, later = self.space.actor(key), clock.now() + dt.timedelta(hours=hours)
        self.past.on(later, partial(self._tried, actor, "contacted", lead))
        ways: dict[str, tuple[str, dict[str, Any]]] = {
            "sql": ("qualify", {"grade": "sql"}), "mql": ("qualify", {"grade": "mql"}), "nurtured": ("nurture", {}),
            "converted": ("convert", {"value": {"amount": str(self.dice.randint(8, 90) * 500), "currency": "EUR"}}),
            "disqualified": ("disqualify", {"reason": self._reason()}),
        }  # fmt: skip
        verb, params = ways.get(way, ("", {}))
        if verb:
            self.past.on(later + dt.timedelta(hours=20), partial(self._tried, actor, verb, lead, **params))
        if way in ("contacted", "sql") and n % 3:
            due = (self.past.end.date() + dt.timedelta(days=self.dice.randint(-2, 9))).isoformat()
            task = {"subject": self.dice.choice(NEXT), "due": due, "concerns": [lead], "owner": owner}
            self.past.on(later, partial(run, actor, "work.task.create", **task))

    def _reason(self) -> str:
        return str(self.dice.choice(list(CloseReason.objects.filter(outcome="unfit").order_by("id"))).pk)

    @staticmethod
    def _tried(actor: Any, verb: str, lead: UUID, **params: Any) -> None:
        """What came too late, because the story ended before, is left alone."""
        try:
            run(actor, f"sales.lead.{verb}", lead, **params)
        except Refused:
            return
