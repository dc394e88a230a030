"""Mail of the demo's company, as it would have been fetched: raw bytes kept, read apart, threaded; from no server."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import partial
from typing import Any

from klientel.channels.egress import Message
from klientel.channels.jobs.fetching import kept
from klientel.channels.jobs.reading import read_mail
from klientel.channels.models import Account
from klientel.channels.queries import mailboxes
from klientel.kernel.actions import run
from klientel.lib import clock
from klientel.site.demo.past import Past
from klientel.site.demo.workspace import Workspace

HOUSE = ("Hansewerk Vertrieb", "vertrieb@hansewerk.example")
TOPIC = "Feldlasten in Halle 2"
CSV = "Feld;Breite mm;Höhe mm;Last kg\n1;2700;5500;2400\n2;2700;5500;2400\n3;3600;5500;3000\n"


@dataclass(frozen=True)
class Letter:
    """A mail: its name in Message-IDs, who wrote to whom, what."""

    ident: str
    sender: tuple[str, str]
    to: tuple[str, str]
    subject: str
    text: str
    after: tuple[str, ...] = ()  # the names of those that it follows, the oldest first
    headers: tuple[tuple[str, str], ...] = ()
    file: str = ""

    def raw(self, at: dt.datetime) -> bytes:
        """The bytes, as a server would give them."""
        made = EmailMessage()
        made["From"], made["To"] = formataddr(self.sender), formataddr(self.to)
        made["Subject"], made["Date"], made["Message-ID"] = self.subject, format_datetime(at), _id(self.ident)
        if self.after:
            made["In-Reply-To"], made["References"] = _id(self.after[-1]), " ".join(map(_id, self.after))
        for name, value in self.headers:
            made[name] = value
        made.set_content(self.text)
        if self.file:
            made.add_attachment(CSV, subtype="csv", filename=self.file)
        return made.as_bytes()


def _id(name: str) -> str:
    return f"<{name}@post.hansewerk.example>"


class Mails:
    """A mailbox with a conversation, an automatic answer, a letter that came back, a newsletter, somebody new."""

    def __init__(self, space: Workspace, past: Past, dice: random.Random) -> None:
        self.space, self.past, self.dice = space, past, dice
        self.folders: dict[str, Any] = {}
        self.uids = 0

    def plan(self, people: list[dict[str, Any]]) -> None:
        """Each letter on its day; whom the conversation is with is chosen when it begins."""
        self.past.on(self.past.day(-7), partial(self.begin, people))

    def begin(self, people: list[dict[str, Any]]) -> None:
        """The folders of the account, then what comes."""
        account = Account.objects.get(address=HOUSE[1])
        for name, direction in (("INBOX", "in"), ("Gesendet", "out")):
            values = {"account": account.pk, "name": name, "direction": direction, "level": "all"}
            self.folders[direction] = run(self.space.system, "channels.folder.create", **values).record
        mine = self.space.members["jan"]
        person = self.dice.choice([p for p in people if p.get("organisation") and p["emails"] and p["owner"] == mine])
        who = f"{person['first_name']} {person['last_name']}", person["emails"][0]["value"]
        self.sign(account)
        self.past.on(self.past.ago(200), partial(self.write_ahead, account, person["id"]))
        first = self.past.day(-6)
        for hours, letter in (*_conversation(who), *_returned()):
            self.past.on(first + dt.timedelta(hours=hours), partial(self.come, account, letter))
        self.past.on(self.past.ago(1500), partial(self.come, account, NEWSLETTER))
        self.past.on(self.past.ago(95), partial(self.come, account, ENQUIRY))

    def sign(self, account: Any) -> None:
        """What stands under the mails of the house and of one who writes them."""
        house = "Freundliche Grüße\n{{sender}}\n{{sender_position}}\n\n**{{workspace}}**\n{{sender_phone}}"
        run(self.space.system, "channels.signature.create", name="Hansewerk", text=house)
        mine = {"member": self.space.members["jan"], "account": account.pk, "position": "Vertrieb Lagertechnik"}
        run(self.space.system, "channels.signature.create", name="Jan Köster", phone="+49 40 5550134", **mine)

    def write_ahead(self, account: Any, person: Any) -> None:
        """A mail that is written today and goes next week."""
        at = clock.now() + dt.timedelta(days=7)
        run(
            self.space.actor("jan"), "contacts.person.send_mail", person, account=account.pk, at=at.isoformat(),
            subject="Ihr Termin zur Abnahme", text="Guten Tag,\n\nnächste Woche nehmen wir ab. Passt Ihnen zehn Uhr?",
        )  # fmt: skip

    def come(self, account: Any, letter: Letter) -> None:
        """It lies on the server, is fetched and read."""
        self.uids += 1
        now = clock.now()
        folder = self.folders["out" if letter.sender == HOUSE else "in"]
        mailboxes.store(folder, 1, kept([Message(self.uids, now, letter.raw(now))]), self.uids)
        read_mail(account=account.pk)


def _conversation(who: tuple[str, str]) -> tuple[tuple[float, Letter], ...]:
    name = who[0].split()[-1]
    return (
        (0, Letter(
            "last-1", who, HOUSE, TOPIC,
            "Guten Tag,\n\nfür Halle 2 planen wir jetzt doch mit 3.600er Feldern in der mittleren Gasse. Tragen die\n"
            "vorgesehenen Holme 3.000 kg je Feld, oder müssen wir stärkere nehmen?\n\n"
            f"Viele Grüße\n{who[0]}\n",
        )),
        (3.5, Letter(
            "last-2", HOUSE, who, f"AW: {TOPIC}",
            f"Guten Tag {who[0]},\n\n3.000 kg gehen mit dem Holm HT 140; er kostet 12 Euro mehr je Stück.\n"
            "Schicken Sie mir bitte noch die Maße der Felder, dann rechne ich es genau.\n\n"
            "Freundliche Grüße\nJan Köster\n",
            after=("last-1",),
        )),
        (3.6, Letter(
            "last-3", who, HOUSE, f"Automatische Antwort: {TOPIC}",
            "Vielen Dank für Ihre Nachricht. Ich bin bis übermorgen nicht im Haus und melde mich danach.\n",
            after=("last-2",), headers=(("Auto-Submitted", "auto-replied"),),
        )),
        (70, Letter(
            "last-4", who, HOUSE, f"AW: {TOPIC}",
            "Hallo Herr Köster,\n\nanbei die Maße. Passt das so? Dann bitte gleich mit in das Angebot.\n\n"
            f"Viele Grüße\n{name}\n\nAm Montag schrieb Hansewerk Vertrieb <{HOUSE[1]}>:\n"
            "> 3.000 kg gehen mit dem Holm HT 140; er kostet 12 Euro mehr je Stück.\n",
            after=("last-1", "last-2"), file="Felder Halle 2.csv",
        )),
    )  # fmt: skip


def _returned() -> tuple[tuple[float, Letter], ...]:
    gone = ("Einkauf Behrens", "einkauf@behrens-metall.example")
    return (
        (26, Letter(
            "gone-1", HOUSE, gone, "Ihre Regalprüfung ist im Dezember fällig",
            "Guten Tag,\n\ndie jährliche Prüfung Ihrer Regale steht an. Passt Ihnen die zweite Dezemberwoche?\n\n"
            "Freundliche Grüße\nJan Köster\n",
        )),
        (26.1, Letter(
            "gone-2", ("Mail Delivery System", "mailer-daemon@mx.behrens-metall.example"), HOUSE,
            "Undelivered Mail Returned to Sender",
            "Your message could not be delivered to one or more recipients.\n\n"
            f"<{gone[1]}>: host mx.behrens-metall.example said:\n"
            f"    550 5.1.1 <{gone[1]}>: Recipient address rejected:\n"
            "    User unknown in virtual mailbox table (in reply to RCPT TO command)\n",
            after=("gone-1",), headers=(("Auto-Submitted", "auto-replied"), ("X-Failed-Recipients", gone[1])),
        )),
    )  # fmt: skip


NEWSLETTER = Letter(
    "news-1", ("Lagertechnik aktuell", "redaktion@lagertechnik-aktuell.example"), HOUSE,
    "Lagertechnik aktuell: neue Norm für Palettenregale",
    "Liebe Leserinnen und Leser,\n\nwas sich mit der neuen Fassung der DIN EN 15512 für Betreiber ändert, lesen Sie\n"
    "im Schwerpunkt dieser Ausgabe.\n",
    headers=(("List-Id", "<news.lagertechnik-aktuell.example>"), ("Precedence", "bulk")),
)  # fmt: skip
ENQUIRY = Letter(
    "new-1", ("Mira Thomsen", "m.thomsen@thomsen-holz.example"), HOUSE, "Anfrage: Kragarmregale für Langgut",
    "Guten Tag,\n\nwir bauen unser Holzlager um und suchen Kragarmregale für Stangen bis 6 m, etwa 40 laufende Meter,\n"
    "im Freien. Könnten Sie uns bis Ende der Woche eine Größenordnung nennen?\n\n"
    "Mit freundlichen Grüßen\nMira Thomsen\nThomsen Holzhandel, Buxtehude\n",
)  # fmt: skip
