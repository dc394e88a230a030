"""Fills the demo's tenants: all by actions, as people do, in one transaction; so it is there whole or not at all."""

from __future__ import annotations

import datetime as dt
import random
import sys
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import override

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.events import cursors
from klientel.kernel.events.consumers import consumers
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today, zone
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.lib import clock
from klientel.site.demo import doubts, logins, messy, twice, workspace
from klientel.site.demo.deals import Deals
from klientel.site.demo.diary import Diary
from klientel.site.demo.flows import Flows
from klientel.site.demo.forecasts import Forecasts
from klientel.site.demo.forms import Forms
from klientel.site.demo.journey import Journey
from klientel.site.demo.leads import Leads
from klientel.site.demo.mails import Mails
from klientel.site.demo.names import Maker
from klientel.site.demo.papers import Papers
from klientel.site.demo.past import Past
from klientel.site.demo.quotes import Quotes
from klientel.site.demo.stories import LATE, Cast, Entry, Told, stories, told
from klientel.site.demo.words_of import lines
from klientel.site.demo.workspace import Workspace

SEED = 1189
FIRMS, STAFFED, PRIVATE = 60, 150, 30
FOUNDED, FAIR = 420, 24  # days ago: the workspace was set up, the contacts of a fair were imported
PAPERS = 6  # days ago: orders and invoices were brought in from the ERP
DOUBTS = 8  # days ago: fields that are worked out, a rule, and soon after values that are doubted
OWNERS = ("jan", "jan", "mareike", "tobias", "tobias", "elif", "katrin")
SLUG, SMALL = "hansewerk", "elbtal"


def create(*, progress: bool = False) -> list[dict[str, str]]:
    """Both tenants unless they are there, then the contact file; returns who can sign in."""
    say = _sayer(progress)
    if not Tenant.objects.filter(slug=SLUG).exists():
        say("Making the demo data …")
        with transaction.atomic(), override("de"):  # names that a choice says are kept as the colleagues would say them
            made = [*_large(), *_small()]
        logins.keep(made)
    if not logins.known():
        logins.keep(_new_passwords())
    with clock.turned_back(dt.datetime.now(dt.UTC) - dt.timedelta(days=FAIR)):
        messy.bring_in(SLUG, say)
    return logins.known()


def _sayer(progress: bool) -> Any:
    def say(text: str) -> None:
        if progress:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    return say


def _new_passwords() -> list[dict[str, str]]:
    """The file with the passwords is gone: everybody gets a new one."""
    people = [(f"{name}@{SLUG}.example", about) for name, about in _who()]
    people.append((f"sven.albers@{SMALL}.example", "Elbtal Verpackungen: Administration"))
    return [{"email": email, "password": logins.account(email, email)[1], "about": about} for email, about in people]


def _who() -> list[tuple[str, str]]:
    names = {"katrin": "katrin.weber", "jan": "jan.koester", "tobias": "tobias.brandt",
             "elif": "elif.yilmaz", "anselm": "anselm.freitag"}  # fmt: skip
    return [(names[key], f"Hansewerk GmbH: {about}") for key, *_rest, login, about in workspace.MEMBERS if login]


def _large() -> list[dict[str, str]]:
    space, dice = workspace.found("Hansewerk GmbH", SLUG), random.Random(SEED)  # noqa: S311
    with inside(space.tenant.id):
        cursors.lock(consumers())  # they begin before the first event, as where people worked all along
        past = Past(dice)
        begin = past.day(-FOUNDED)
        past.on(begin, partial(workspace.set_up, space))
        past.on(begin + dt.timedelta(hours=1), Filling(space, Maker(SEED), past, dice).plan)
        past.on(past.day(-60), partial(workspace.save_views, space))
        past.play(begin)
    return space.logins


def _small() -> list[dict[str, str]]:
    space = workspace.found("Elbtal Verpackungen", SMALL)
    with inside(space.tenant.id), clock.turned_back(dt.datetime.now(dt.UTC) - dt.timedelta(days=FOUNDED // 2)):
        space.system = system_actor("Einrichtung")
        workspace.roles(space)
        space.member("sven", "Sven Albers", role="administration", login=True, about="Administration, anderer Mandant")
        maker = Maker(SEED + 1)
        owner = space.members["sven"]
        firms = _created(
            space.actor("sven"), "contacts.organisation", [maker.firm() | {"owner": owner} for _ in range(6)]
        )
        people = [
            maker.person(f["emails"][0]["value"].partition("@")[2]) | {"organisation": f["id"], "owner": owner}
            for f in firms for _ in range(2)
        ]  # fmt: skip
        _created(space.actor("sven"), "contacts.person", people)
    return space.logins


def _created(actor: Any, rtype: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make the records; their values with the ``id`` added. A refusal here is a mistake of ours and stops."""
    made = []
    for given, outcome in zip(values, run_many(actor, f"{rtype}.create", [Item(None, v) for v in values]), strict=True):
        if outcome.refused is not None:
            raise outcome.refused
        made.append(given | {"id": outcome.record.id})
    return made


class Filling:
    """The larger company's customers and what happened with them."""

    def __init__(self, space: Workspace, maker: Maker, past: Past, dice: random.Random) -> None:
        self.space, self.maker, self.past, self.dice = space, maker, past, dice
        self.firms: list[dict[str, Any]] = []
        self.people: list[dict[str, Any]] = []

    def plan(self) -> None:
        """Everything that will happen; what needs a record is played after that was made."""
        self.plan_firms()
        for _ in range(PRIVATE):
            person = self.maker.person(place=self.maker.place(near=True))
            person |= {"owner": self.owner(), "stage": self.dice.choice(("lead", "customer", "prospect"))}
            self.on(self.dice.randint(4, FOUNDED - 10), self.meet, person)
        for n in range(16):
            self.on(self.dice.randint(3, 150), self.place, n)
        for n in range(18):
            self.on(self.dice.randint(3, 120), self.connect, n)
        for _ in range(12):
            self.on(self.dice.randint(1, 100), self.move_on)
        self.on(12, self.send_newsletter)
        self.on(9, self.enter_again)
        deals = Deals(self.space, self.past, random.Random(SEED + 7))  # noqa: S311
        deals.plan(self.firms, self.people)
        self.past.on(self.past.end - dt.timedelta(days=PAPERS), partial(self.file_papers, deals))
        Leads(self.space, self.past, Maker(SEED + 11), random.Random(SEED + 11)).plan(self.people)  # noqa: S311
        Quotes(self.space, self.past, random.Random(SEED + 13)).plan(self.firms, self.people)  # noqa: S311
        Forms(self.space, self.past, random.Random(SEED + 17)).plan()  # noqa: S311
        Mails(self.space, self.past, random.Random(SEED + 23)).plan(self.people)  # noqa: S311
        Journey(self.space, self.past).plan()
        Diary(self.space, self.past, random.Random(SEED + 9)).plan(self.firms)  # noqa: S311
        Forecasts(self.space, self.past, random.Random(SEED + 17)).plan()  # noqa: S311
        Flows(self.space, self.past).plan()
        texts = lines("comments") * 3
        for n, text in enumerate(texts):
            at = self.past.ago((35, 150, 400, 1300)[n]) if n < 4 else self.past.day(-self.dice.randint(2, 90))
            self.past.on(at, partial(self.comment, n, text))
        self.past.on(self.past.end - dt.timedelta(days=DOUBTS), partial(doubts.declare, self.space))
        self.past.on(self.past.end - dt.timedelta(days=DOUBTS - 1), partial(doubts.slip, self.space, self.firms))

    def file_papers(self, deals: Deals) -> None:
        """What the ERP knows: orders, contracts, invoices."""
        known = [firm for firm in self.firms if "id" in firm]
        Papers(self.space.system, random.Random(SEED + 11), deals.range).bring_in(known)  # noqa: S311

    def on(self, days: int, act: Any, *given: Any) -> None:
        """It happens so many days ago."""
        self.past.on(self.past.day(-days), partial(act, *given))

    def owner(self) -> UUID:
        """One of those who look after customers."""
        return self.space.members[self.dice.choice(OWNERS)]

    def actor(self, owner: UUID, rtype: str) -> Actor:
        """Each record is made by whoever owns it; service makes no contacts."""
        key = self.space.whose(owner)
        return self.space.system if key == "elif" and not rtype.startswith("work.") else self.space.actor(key)

    def make(self, rtype: str, values: dict[str, Any]) -> None:
        """Make the record by whoever owns it; the values get its ``id``."""
        values["id"] = run(self.actor(values["owner"], rtype), f"{rtype}.create", **values).record.id

    def tags(self) -> list[UUID]:
        """Some tags."""
        return [tag for tag in self.space.tags.values() if self.dice.random() < 0.12]

    def plan_firms(self) -> None:
        """Organisations with the people who work there; each is found some weeks before its story begins."""
        stages = ("customer", "customer", "regular", "regular", "lead", "prospect", "partner", "supplier", "former")
        for n in range(FIRMS):
            firm = self.maker.firm() | {"owner": self.owner(), "stage": self.dice.choice(stages), "tags": self.tags()}
            firm["x_abc"] = self.dice.choice(("a", "b", "b", "c", "c", "c"))
            firm["x_rahmenvertrag"] = self.dice.random() < 0.2
            if self.dice.random() < 0.5:
                firm["x_pruefung"] = (today() + dt.timedelta(days=self.dice.randint(-40, 300))).isoformat()
            numbers = [n % len(stories())] + ([(n * 5 + 3) % len(stories())] if n % 6 == 0 else [])
            chosen = [stories()[number] for number in numbers]
            first = -min(entry.day for story in chosen for entry in story)
            days = min(first + LATE + self.dice.randint(4, 60), FOUNDED - 10)
            self.on(days, self.find, firm, chosen, days)
        for child, parent in zip(range(40, 48), [*range(4), *range(4)], strict=True):
            self.on(self.dice.randint(3, 12), self.join, child, parent)

    def find(self, firm: dict[str, Any], chosen: list[tuple[Entry, ...]], days: int) -> None:
        """A new customer: the organisation, whom we know there, and what is going to happen with them."""
        stage, n = firm["stage"], len(self.firms)
        if stage in ("customer", "regular"):
            firm["stage"] = "prospect"
            self.on(self.dice.randint(1, days - 1), self.win, firm, stage)
        self.make("contacts.organisation", firm)
        self.firms.append(firm)
        person = self.colleague(firm)
        self.meet(person)
        for _ in range((STAFFED - FIRMS) * (n + 1) // FIRMS - (STAFFED - FIRMS) * n // FIRMS):
            self.on(self.dice.randint(1, days - 1), self.meet, self.colleague(firm))
        cast = Cast(person, firm["name"], [person["id"]], firm["owner"])
        for story in chosen:
            for one in told(story, cast, self.past.end.astimezone(zone()).date(), self.dice):
                self.past.on(one.at.replace(tzinfo=zone()), partial(self.tell, one))

    def colleague(self, firm: dict[str, Any]) -> dict[str, Any]:
        """Somebody who works there."""
        person = self.maker.person(firm["emails"][0]["value"].partition("@")[2])
        person |= {"organisation": firm["id"], "stage": firm["stage"], "owner": firm["owner"], "tags": self.tags()}
        if self.dice.random() < 0.3:
            person["x_im_einkauf"] = [self.dice.choice(("decides", "advises", "uses", "checks"))]
        return person

    def meet(self, person: dict[str, Any]) -> None:
        """Somebody new."""
        self.make("contacts.person", person)
        self.people.append(person)

    def win(self, firm: dict[str, Any], stage: str) -> None:
        """They bought something."""
        actor = self.actor(firm["owner"], "contacts.organisation")
        run(actor, "contacts.organisation.change", firm["id"], stage=stage)
        firm["stage"] = stage
        first = next(p for p in self.people if p.get("organisation") == firm["id"])
        run(actor, "contacts.person.change", first["id"], stage=stage)

    def join(self, child: int, parent: int) -> None:
        """One organisation turns out to belong to another."""
        run(self.space.system, "contacts.organisation.change", self.firms[child]["id"], parent=self.firms[parent]["id"])

    def tell(self, one: Told) -> None:
        """One part of a story, by whoever looks after them."""
        done = one.values.get("state") == "done"
        actor = self.actor(one.values["owner"], one.rtype)
        record = run(actor, f"{one.rtype}.create", **one.values | ({"state": "open"} if done else {})).record
        if done:
            days = (dt.date.fromisoformat(one.values["due"]) - self.past.end.astimezone(zone()).date()).days
            at = max(self.past.day(days), clock.now())
            self.past.on(at, lambda: run(actor, "work.task.complete", record.id))

    def place(self, n: int) -> None:
        """Some work at a second organisation, or did before."""
        person = self.dice.choice([p for p in self.people if p.get("organisation")])
        ended = {"ends": f"{self.dice.randint(2018, 2025)}-06-30"} if n % 2 else {}
        begun = f"{self.dice.randint(2005, 2017)}-0{self.dice.randint(1, 9)}-01"
        role = self.dice.choice(("Beirat", "Gesellschafter", "Einkauf", "Beratung", "Vorstand"))
        firm = self.dice.choice([f for f in self.firms if f["id"] != person["organisation"]])
        facts = {"person": person["id"], "organisation": firm["id"], "role": role, "begins": begun}
        run(self.space.system, "contacts.affiliation.create", **facts | ended)

    def connect(self, n: int) -> None:
        """Relations between people and organisations."""
        kind = list(self.space.relations.values())[n % len(self.space.relations)]
        one, other = self.dice.sample(self.people if n % 2 else self.firms, 2)
        rtype = "contacts.person" if n % 2 else "contacts.organisation"
        run(self.space.system, f"{rtype}.link", one["id"], kind=kind, to=[other["id"]])

    def comment(self, n: int, text: str) -> None:
        """Colleagues say something about customers, and mention each other."""
        mentions = [self.space.members["jan"]] if n in (1, 3) else []
        actor, person = self.space.actor(("katrin", "elif")[n % 2]), self.dice.choice(self.people)
        run(actor, "contacts.person.comment", person["id"], text=text, mentions=mentions)

    def move_on(self) -> None:
        """A customer comes back."""
        person = self.dice.choice([p for p in self.people if p["stage"] in ("lead", "prospect", "former")])
        run(self.space.actor("katrin"), "contacts.person.change", person["id"], stage="regular")
        person["stage"] = "regular"

    def enter_again(self) -> None:
        """Somebody does not look first and enters customers a second time."""
        for n, person in enumerate(twice.picked(self.people, twice.PEOPLE)):
            self.make("contacts.person", twice.of_person(person, n))
        for firm in twice.picked(self.firms, twice.FIRMS):
            self.make("contacts.organisation", twice.of_firm(firm))
        twice.search()

    def send_newsletter(self) -> None:
        """A bulk change that can be undone."""
        chosen = [Item(p["id"], {"tags": [self.space.tags["Newsletter"]]}) for p in self.dice.sample(self.people, 40)]
        list(run_many(self.space.actor("katrin"), "contacts.person.tag", chosen))
