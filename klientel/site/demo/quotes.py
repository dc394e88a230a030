"""Quotes of the demo's company: written, mailed, answered by customers on their own page, or waiting for somebody."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import Any
from uuid import UUID

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.portal.models import Share
from klientel.sales.models import Quote
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

LONGEST = 45
#: subject, days ago it was written, what became of it
STORIES = (
    ("Palettenregale für Halle 2", 40, "accepted"), ("Kragarmregal im Freilager", 26, "declined"),
    ("Wartung der Regalanlage 2027", 19, "accepted"), ("Fachbodenregale Archiv", 15, "revised"),
    ("Verschieberegale Kühlhaus", 11, "asked"), ("Durchlaufregal Kommissionierung", 27, "ending"),
    ("Anfahrschutz und Gitterrückwände", 4, "awaiting"), ("Umbau Mezzanin", 2, "draft"),
)  # fmt: skip
LINES = (
    {"role": "section", "name": "Regale"},
    {"name": "Grundfeld 2.700 mm", "quantity": "4", "unit": "Stück", "price": "389.00"},
    {"name": "Anbaufeld 2.700 mm", "quantity": "12", "unit": "Stück", "price": "298.50", "discount": "4"},
    {"name": "Anbaufeld 3.600 mm", "quantity": "9", "unit": "Stück", "price": "374.00", "role": "alternative"},
    {"role": "section", "name": "Leistungen"},
    {"name": "Montage", "quantity": "16", "unit": "Stunde", "price": "64.00"},
    {"name": "Entsorgung der alten Anlage", "quantity": "1", "unit": "pauschal", "price": "480.00", "role": "optional"},
    {"name": "Jährliche Regalprüfung", "quantity": "1", "unit": "Jahr", "price": "350.00", "role": "optional"},
)


class Quotes:
    """A few quotes in every state, so that each page has something to show."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice

    def plan(self, firms: list[dict[str, Any]], people: list[dict[str, Any]]) -> None:
        """Each quote on its day; firms and people are read then."""
        self.past.on(self.past.day(-LONGEST), self.prepare)
        for subject, days, way in STORIES:
            self.past.on(self.past.day(-days), partial(self.write, subject, days, way, firms, people))

    def prepare(self) -> None:
        """Letterhead, texts and who approves; the e-mail account is paused, as nobody shall get a demo's mail."""
        members, system = self.space.members, self.space.system
        account = run(
            system, "channels.account.create", name="Hansewerk Vertrieb", address="vertrieb@hansewerk.example",
            host="smtp.hansewerk.example", security="none",
        ).record  # fmt: skip
        run(system, "channels.account.pause", account.id)
        run(
            system, "sales.quoteform.create", name="Angebote", company="Hansewerk GmbH",
            sender="Speicherstraße 7\n20457 Hamburg", country="DE", register="HRB 118900",
            footer="Hamburger Sparkasse · DE02 2005 0550 1234 5678 90\n"
            "HRB 118900 Amtsgericht Hamburg · USt-IdNr. DE136695976",
            introduction="vielen Dank für Ihre Anfrage. Gern bieten wir Ihnen an:",
            terms="Zahlbar innerhalb von 14 Tagen ohne Abzug.\n\nLieferzeit vier Wochen nach Auftrag.",
            approval_above="10", approver=members["mareike"], deputy=members["katrin"],
        )  # fmt: skip

    def write(
        self, subject: str, days: int, way: str, firms: list[dict[str, Any]], people: list[dict[str, Any]]
    ) -> None:
        """A quote for somebody who can be reached; the rest of its story follows."""
        actor = self.space.actor("jan")
        mine = {firm["id"] for firm in firms if firm["owner"] == actor.member}
        person = self.dice.choice(
            [p for p in people if p.get("organisation") in mine and p.get("emails") and p["owner"] == actor.member]
        )
        values: dict[str, Any] = {
            "name": subject, "organisation": person["organisation"], "person": person["id"], "owner": actor.member,
            "positions": list(LINES), "discount": "15" if way == "awaiting" else None,
            "date": (today() - dt.timedelta(days=days)).isoformat(),
            "valid_until": (today() + dt.timedelta(days=2 if way == "ending" else 60 - days)).isoformat(),
        }  # fmt: skip
        quote = run(actor, "sales.quote.create", **values).record.id
        if way == "awaiting":
            run(actor, "sales.quote.ask_approval", quote, note="Stammkundschaft seit 2011")
        elif way != "draft":
            run(actor, "sales.quote.mail", quote)
            self.past.on(self.past.day(-max(1, days - 3)), partial(self.answer, actor, quote, way, person))

    def answer(self, actor: Actor, quote: UUID, way: str, person: dict[str, Any]) -> None:
        """What the customer says, on the page that the mail leads to."""
        share = Share.objects.get(quote_id=quote)
        customer = system_actor("Kunde", kind="portal", id=share.pk)
        name = f"{person['first_name']} {person['last_name']}"
        if way == "accepted":
            run(customer, "sales.quote.sign", quote, name=name, chosen=[7], alternatives=[3], address="203.0.113.0/24")
        elif way == "declined":
            run(customer, "sales.quote.refuse", quote, reason="Der Umbau ist auf nächstes Jahr verschoben.")
        elif way == "asked":
            run(customer, "sales.quote.ask_back", quote, question="Geht die Montage auch am Wochenende?", name=name)
        elif way == "revised":
            run(actor, "sales.quote.revise", quote)
            newer = Quote.objects.get(replaces=quote)
            lines = [one | {"quantity": "18"} if one["name"].startswith("Anbau") else one for one in newer.positions]
            run(actor, "sales.quote.change", newer.pk, positions=lines[:-1], terms=newer.terms + "\n\nSkonto 2 %.")
