"""The website of the demo's company: who agreed to be measured, strangers as well as those who sent the form later."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from functools import partial
from typing import Any

from klientel.channels.jobs.visits import take_over
from klientel.channels.models import Site
from klientel.channels.queries import visits
from klientel.channels.queries.visits import Told
from klientel.kernel.actions import run
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

AT = "https://www.hansewerk.example"
BEGAN, STRANGERS = 31, 24
PAGES = (
    ("/", "Hansewerk Lagertechnik"), ("/regale/palettenregale", "Palettenregale"),
    ("/regale/kragarmregale", "Kragarmregale"), ("/planung", "Lagerplanung"), ("/preise", "Preise"),
    ("/referenzen", "Referenzen"), ("/kontakt", "Kontakt"),
)  # fmt: skip
WORDS = (
    "Dürfen wir messen, welche Seiten Sie ansehen und was Sie herunterladen? Ihr Browser bewahrt dafür eine "
    "Zufallszahl auf. Senden Sie uns ein Formular, wissen wir, dass Sie das waren. Das können Sie jederzeit widerrufen."
)
_NO_TIME = dt.timedelta(0)


def number_of(name: str) -> str:
    """The random number that the browser of somebody keeps, the same in each demo."""
    return hashlib.sha256(f"demo {name}".encode()).hexdigest()[:32]


class Website:
    """One website, and what was done on it."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice
        self.site: Any = None

    def plan(self) -> None:
        """The website, then strangers on most days."""
        self.past.on(self.past.day(-BEGAN), self.prepare)
        for n in range(STRANGERS):
            at = self.past.day(-self.dice.randint(1, BEGAN - 2))
            self.past.on(at, partial(self.look, number_of(f"stranger {n}"), ""))

    def prepare(self) -> None:
        """Purpose, the words of the question, the website."""
        system = self.space.system
        purpose = run(system, "channels.purpose.create", name="Besuche der Website messen").record.id
        run(system, "channels.wording.create", name="Besuche messen", purpose=purpose, channel="tracking",
            language="de", text=WORDS)  # fmt: skip
        jan = self.space.actor("jan")
        made = run(jan, "channels.site.create", name="www.hansewerk.example", origins=AT, purpose=purpose,
                   owner=jan.member)  # fmt: skip
        self.site = Site.objects.get(pk=made.record.pk)

    def look(self, number: str, source: str) -> None:
        """Somebody looks at a few pages; some calculate how many pallets find room."""
        pages = [PAGES[0], *self.dice.sample(PAGES[1:], self.dice.randint(1, 3))]
        told = [_page(at, name, source if not n else "") for n, (at, name) in enumerate(pages)]
        if self.dice.random() < 0.4:
            places = self.dice.randrange(80, 900, 20)
            told.append(Told("event", "Palettenrechner", f"{AT}/planung", f"Plätze: {places}", "", "", "", _NO_TIME))
        self._tell(number, told)

    def come_back(self, number: str) -> None:
        """Somebody whom we know looks at the prices and takes a list with them."""
        told = [_page("/preise", "Preise", "")]
        if self.dice.random() < 0.6:
            told.append(Told("download", "Preisliste.pdf", f"{AT}/preisliste.pdf", "", "", "", "", _NO_TIME))
        self._tell(number, told)
        take_over()

    def _tell(self, number: str, told: list[Told]) -> None:
        words = visits.shown(self.site)["de"]
        digest = visits.digest_of(number)
        visits.take_in(self.site, digest, words, told, network="198.51.100.0/24", language="de")


def _page(at: str, name: str, source: str) -> Told:
    campaign = "leitfaden" if source else ""
    return Told("page", name, f"{AT}{at}", "", "", source, campaign, _NO_TIME)
