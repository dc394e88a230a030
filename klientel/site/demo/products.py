"""What the demo's company sells, and against whom: products with variants, a bundle, a price list, two competitors."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor

PRODUCTS = (
    ("Palettenregal Grundfeld", "PR-100", "Feld", "890.00", "540.00"),
    ("Palettenregal Anbaufeld", "PR-110", "Feld", "640.00", "395.00"),
    ("Rammschutz", "RS-010", "Stück", "74.50", "31.20"),
    ("Montage", "MO-001", "Stunde", "68.00", "44.00"),
    ("Regalprüfung nach DIN EN 15635", "RP-015", "Tag", "980.00", "610.00"),
)
VARIANTS = (("PR-100-35", "Höhe 3,5 m", "890.00"), ("PR-100-60", "Höhe 6 m", "1240.00"))
STARTER = (("PR-100", "1"), ("PR-110", "4"), ("RS-010", "4"), ("MO-001", "8"))
RIVALS = (
    ("Nordregal Systeme GmbH", "Liefert in zwei Wochen, günstige Grundfelder.", "Keine eigene Montage, keine Prüfung.",
     "Alles aus einer Hand rechnen: Montage und Prüfung im Paket."),
    ("Lagerbau Weser AG", "Große Anlagen, starke Planung.", "Teuer bei kleinen Aufträgen, lange Wege.",
     "Mit Referenzen im Mittelstand und festem Ansprechpartner."),
)  # fmt: skip


class Range:
    """The products by their numbers, and the competitors."""

    def __init__(self, system: Actor, dice: random.Random) -> None:
        self.dice = dice
        self.ids: dict[str, UUID] = {}
        for name, number, unit, price, cost in PRODUCTS:
            self.ids[number] = run(
                system, "sales.product.create", name=name, number=number, unit=unit, price=_eur(price), cost=_eur(cost)
            ).record.id
        for number, variant, price in VARIANTS:
            run(
                system, "sales.product.create", name=PRODUCTS[0][0], number=number, variant=variant, unit="Feld",
                price=_eur(price), variant_of=self.ids["PR-100"],
            )  # fmt: skip
        starter = run(system, "sales.product.create", name="Startpaket Palettenregal", number="SP-001", bundle="summed")
        for place, (number, quantity) in enumerate(STARTER):
            run(
                system, "sales.part.create", bundle=starter.record.id, product=self.ids[number], quantity=quantity,
                position=place * 10,
            )  # fmt: skip
        self.rivals = [self._rival(system, *one) for one in RIVALS]

    @staticmethod
    def _rival(system: Actor, name: str, strengths: str, weaknesses: str, answer: str) -> UUID:
        firm: UUID = run(system, "contacts.organisation.create", name=name).record.id
        told: dict[str, Any] = {"strengths": strengths, "weaknesses": weaknesses, "answer": answer}
        run(system, "sales.competitor.create", organisation=firm, **told)
        return firm

    def positions(self) -> list[dict[str, Any]]:
        """Some lines of a deal."""
        some = self.dice.sample(PRODUCTS, self.dice.randint(2, 4))
        lines = [
            {"product": str(self.ids[number]), "number": number, "name": name, "unit": unit, "price": price,
             "quantity": str(self.dice.randint(1, 24))}
            for name, number, unit, price, _cost in some
        ]  # fmt: skip
        return [lines[0] | {"discount": "5"}, *lines[1:]]


def _eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}
