"""One customer's whole way, from the form to the answer of a mail: what the guide's first chapter tells."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from klientel.channels.models import Account, Mail
from klientel.contacts.models import Person
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.kinds import today
from klientel.lib import clock
from klientel.portal.models import Share
from klientel.sales.models import Lead, Quote
from klientel.site.demo.past import Act, Past
from klientel.site.demo.workspace import Workspace

WHO = ("Sabine", "Reuter", "s.reuter@reuter-moebel.example")  # she sent the form, see `forms.CAME`
LINES = (
    {"role": "section", "name": "Regalanlage"},
    {"name": "Palettenregal Grundfeld", "quantity": "2", "unit": "Feld", "price": "890.00"},
    {"name": "Palettenregal Anbaufeld", "quantity": "14", "unit": "Feld", "price": "640.00"},
    {"role": "section", "name": "Leistungen"},
    {"name": "Montage", "quantity": "24", "unit": "Stunde", "price": "68.00"},
    {"name": "Regalprüfung nach DIN EN 15635", "quantity": "1", "unit": "Tag", "price": "980.00"},
)
SPOKEN = "Neues Lager ab März, 400 Palettenplätze, Bodenplatte ist geprüft. Wünscht ein Angebot mit Montage."
ANSWER = (
    "Guten Tag Herr Köster,\n\ndas Angebot habe ich eben angenommen. Bitte liefern Sie an Tor 4, werktags ab 7 Uhr.\n\n"
    "Freundliche Grüße\nSabine Reuter"
)


class Journey:
    """Call, deal, quote with approval, signature, answer: each on its day, each by whoever does it."""

    def __init__(self, space: Workspace, past: Past) -> None:
        self.space, self.past = space, past
        self.lead, self.quote = UUID(int=0), UUID(int=0)

    def plan(self) -> None:
        """What follows the form, which `Forms` plans: one thing leads to the next."""
        self.past.on(self.past.day(-23), self.call)

    def then(self, days: int, act: Act) -> None:
        """So many days later, on a working day."""
        at = clock.now() + dt.timedelta(days=days)
        self.past.on(at + dt.timedelta(days={5: 2, 6: 1}.get(at.weekday(), 0)), act)

    def call(self) -> None:
        """Jan calls; that is the first reaction."""
        lead = Lead.objects.get(person=Person.objects.get(last_name=WHO[1], first_name=WHO[0]).pk)
        self.lead, jan = lead.pk, self.space.actor("jan")
        if lead.owner != jan.member:
            run(self.space.system, "sales.lead.assign", lead.pk, owner=jan.member)
        run(
            jan, "work.call.create", subject="Bedarf am Telefon geklärt", concerns=[lead.person, lead.pk],
            direction="out", result="reached", minutes=14, at=clock.now().isoformat(), notes=SPOKEN,
            owner=jan.member,
        )  # fmt: skip
        run(jan, "sales.lead.contacted", lead.pk)
        self.then(1, self.convert)

    def convert(self) -> None:
        """The lead becomes a deal."""
        run(self.space.actor("jan"), "sales.lead.convert", self.lead, value={"amount": "13352", "currency": "EUR"})
        self.then(2, self.offer)

    def offer(self) -> None:
        """Twelve per cent are more than Jan may give alone."""
        jan, lead = self.space.actor("jan"), Lead.objects.get(pk=self.lead)
        self.quote = run(
            jan, "sales.quote.create", name="Palettenregale neues Lager", deal=lead.deal, person=lead.person,
            organisation=lead.organisation, owner=jan.member, positions=list(LINES), discount="12",
            date=today().isoformat(), valid_until=(today() + dt.timedelta(days=30)).isoformat(),
        ).record.id  # fmt: skip
        run(jan, "sales.quote.ask_approval", self.quote, note="Erstauftrag, zweite Halle folgt")
        self.then(1, self.approve)

    def approve(self) -> None:
        """Katrin says yes, and the quote goes out with its PDF."""
        run(self.space.actor("katrin"), "sales.quote.approve", self.quote)
        run(self.space.actor("jan"), "sales.quote.mail", self.quote)
        self.then(3, self.sign)

    def sign(self) -> None:
        """The customer signs on her page; an hour later she answers the mail."""
        share = Share.objects.get(quote_id=self.quote)
        customer = system_actor("Kunde", kind="portal", id=share.pk)
        run(customer, "sales.quote.sign", self.quote, name=" ".join(WHO[:2]), address="198.51.100.0/24")
        self.past.on(clock.now() + dt.timedelta(hours=1), self.answer)

    def answer(self) -> None:
        """Her mail, as the mailbox brings it in, stands in the conversation of ours."""
        quote, account = Quote.objects.get(pk=self.quote), Account.objects.get(name="Hansewerk Vertrieb")
        ours = Mail.objects.filter(person=quote.person, subject__startswith="Unser Angebot").latest("id")
        jan = self.space.actor("jan")
        run(
            system_actor(), "channels.mail.receive", account=account.pk, direction="in", sort="human",
            sent_at=clock.now().isoformat(), subject=f"AW: {ours.subject}", text=ANSWER, sender=WHO[2],
            sender_name=" ".join(WHO[:2]), to=account.address, recipients=account.address,
            message_ref="tor-4@reuter-moebel.example", person=quote.person, concerns=[quote.pk, quote.deal],
            owner=jan.member, place={"thread": str(ours.thread or ours.pk)},
        )  # fmt: skip
