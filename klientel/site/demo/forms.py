"""A form of the demo's company: the page of a guide to download, what came in by it, and who confirmed."""

from __future__ import annotations

import random
from functools import partial
from typing import Any
from uuid import UUID

from klientel.channels.jobs.visits import take_over
from klientel.channels.models import Confirmation, Form, Response
from klientel.channels.queries import forms
from klientel.channels.queries.proof import TEMPLATE
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.files.papers import drawn_surely
from klientel.kernel.files.storing import store
from klientel.kernel.kinds import today
from klientel.site.demo.past import Past
from klientel.site.demo.website import Website, number_of
from klientel.site.demo.workspace import Workspace

BEGAN = 30
CONSENT = (
    "Ja, die Hansewerk GmbH darf mir per E-Mail etwa einmal im Monat Neues zu Lagertechnik schicken. Das kann ich "
    "jederzeit widerrufen."
)
ASKED = (
    {"role": "field", "field": "person.first_name"},
    {"role": "field", "field": "person.last_name", "required": True},
    {"role": "field", "field": "person.emails", "required": True, "help": "Dorthin bitten wir um Bestätigung."},
    {"role": "field", "field": "organisation.name"},
    {"role": "field", "field": "lead.message", "label": "Was haben Sie vor?"},
    {"role": "words", "text": "Ihre Angaben verwenden wir, um Ihnen zu antworten."},
)
#: days ago, first and last name, address, firm, what they plan, from where, consent, what became of it
CAME = (
    (26, "Sabine", "Reuter", "s.reuter@reuter-moebel.example", "Reuter Möbel", "Neues Lager mit 400 Plätzen",
     "linkedin", True, "confirmed"),
    (21, "Timo", "Brandt", "brandt@nordfrucht.example", "Nordfrucht Handel", "", "newsletter", False, "taken"),
    (14, "Ayse", "Kaya", "a.kaya@kaya-logistik.example", "Kaya Logistik GmbH", "Kühllager erweitern", "google", True,
     "confirmed"),
    (9, "Jörg", "Petersen", "petersen@hafenbau.example", "Hafenbau Petersen", "Kragarmregale draußen", "google", True,
     "asked"),
    (4, "Nina", "Scholz", "n.scholz@scholz-druck.example", "Scholz Druck", "", "linkedin", False, "taken"),
    (3, "SEO", "Expert", "rank@first-page.example", "", "https://first-page.example get more clients", "", True,
     "suspected"),
    (1, "Ole", "Janssen", "ole@janssen-yachten.example", "Janssen Yachten", "Ersatzteillager ordnen", "messe", True,
     "asked"),
)  # fmt: skip

#: how many of them made a person and a lead
TAKEN = sum(one[-1] != "suspected" for one in CAME)


class Forms:
    """One landing page with what it brought."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice
        self.form, self.wording = UUID(int=0), UUID(int=0)
        self.website = Website(space, past, dice)

    def plan(self) -> None:
        """The page, then everybody who came."""
        self.past.on(self.past.day(-BEGAN), self.prepare)
        self.website.plan()
        for one in CAME:
            self.past.on(self.past.day(-one[0]), partial(self.come, *one))

    def prepare(self) -> None:
        """Purpose, wording, the guide as a file, and the form, published."""
        system, jan = self.space.system, self.space.actor("jan")
        purpose = run(system, "channels.purpose.create", name="Newsletter Lagertechnik").record.id
        self.wording = run(
            system, "channels.wording.create", name="Newsletter per E-Mail", purpose=purpose, channel="mail",
            language="de", text=CONSENT,
        ).record.id  # fmt: skip
        guide = store(jan, _guide(), name="Leitfaden Lagerplanung.pdf").record
        form = run(
            jan, "channels.form.create", name="Leitfaden Lagerplanung",
            heading="Leitfaden: Lager in fünf Schritten planen",
            language="de", owner=jan.member, campaign="Leitfaden", interest="Leitfaden Lagerplanung",
            text="Von der Bestandsaufnahme bis zur Abnahme: was vor dem ersten Regal zu klären ist, mit Checkliste.",
            parts=[*ASKED, {"role": "consent", "wording": str(self.wording)}], file=guide.id, button="Leitfaden laden",
            thanks="Ihr Leitfaden liegt bereit. Wir melden uns, wenn Sie uns geschrieben haben, was Sie vorhaben.",
            sites="https://www.hansewerk.example",
        ).record  # fmt: skip
        self.form = run(jan, "channels.form.publish", form.pk).record.pk

    def come(
        self, days: int, first: str, last: str, mail: str, firm: str, plan: str, source: str, agrees: bool, state: str
    ) -> None:
        """Some look at the page, one sends the form; who shall confirms a little later."""
        for _n in range(self.dice.randint(4, 11)):
            forms.note_seen(self.form)
        if state != "suspected":
            self.website.look(number_of(last), source)
        answers: dict[str, Any] = {
            "person.first_name": first, "person.last_name": last, "person.emails": [{"value": mail}],
            "organisation.name": firm or None, "lead.message": plan or None,
            forms.CONSENTS: [str(self.wording)] if agrees else [],
        }  # fmt: skip
        number = Form.objects.get(pk=self.form).published
        made = run(
            system_actor("Besucher", kind="portal", id=self.form), "channels.response.submit", form=self.form,
            number=number, answers=answers, touch={"utm_source": source, "utm_campaign": "leitfaden" if source else ""},
            network="198.51.100.0/24", intake=f"demo-{last}", visitor=number_of(last),
            suspicion="Ein Feld wurde ausgefüllt, das Menschen nicht sehen." if state == "suspected" else "",
        ).record  # fmt: skip
        if state != "suspected":
            take_over()
            self.past.on(self.past.day(2 - days), partial(self.website.come_back, number_of(last)))
        if state == "confirmed":
            self.past.on(self.past.day(1 - days), partial(self.confirm, made.pk))

    def confirm(self, response: UUID) -> None:
        """The person opens the link of the mail and says yes."""
        link = Confirmation.objects.filter(response_id=response).first()
        if link is not None and Response.objects.get(pk=response).state == "asked":
            actor = system_actor("Besucher", kind="portal", id=link.pk)
            run(actor, "channels.response.confirm", response, network="198.51.100.0/24")


def _guide() -> bytes:
    """A page of the guide, drawn with what draws papers anyway."""
    day = today()
    steps = ("Bestand aufnehmen", "Lasten und Wege klären", "Regalart wählen", "Montage planen", "Abnahme und Prüfung")
    content = {
        "language": "de", "title": "Lager in fünf Schritten planen", "company": "Hansewerk GmbH",
        "day": [day.year, day.month, day.day], "facts": [[f"Schritt {n}", text] for n, text in enumerate(steps, 1)],
        "wording_title": "Checkliste", "wording": "\n".join(f"☐ {text}" for text in steps), "page": "Seite",
        "printed": "Leitfaden",
    }  # fmt: skip
    return drawn_surely(content, {}, TEMPLATE)
