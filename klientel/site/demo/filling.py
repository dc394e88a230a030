"""Fills the demo's tenants: all by actions, as people do, in one transaction; so it is there whole or not at all."""

from __future__ import annotations

import datetime as dt
import random
import sys
from typing import Any
from uuid import UUID

from django.db import transaction

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.kinds import today
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.site.demo import logins, messy, workspace
from klientel.site.demo.names import Maker
from klientel.site.demo.stories import Cast, stories, told
from klientel.site.demo.words_of import lines
from klientel.site.demo.workspace import Workspace

SEED = 1189
FIRMS, STAFFED, PRIVATE = 60, 150, 30
OWNERS = ("jan", "jan", "mareike", "mareike", "tobias", "elif", "katrin")
SLUG, SMALL = "hansewerk", "elbtal"


def create(*, progress: bool = False) -> list[dict[str, str]]:
    """Both tenants unless they are there, then the contact file; returns who can sign in."""
    say = _sayer(progress)
    if not Tenant.objects.filter(slug=SLUG).exists():
        say("Making the demo data …")
        with transaction.atomic():
            made = [*_large(), *_small()]
        logins.keep(made)
    if not logins.known():
        logins.keep(_new_passwords())
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
    names = {"katrin": "katrin.weber", "jan": "jan.koester", "elif": "elif.yilmaz", "anselm": "anselm.freitag"}
    return [(names[key], f"Hansewerk GmbH: {about}") for key, *_rest, login, about in workspace.MEMBERS if login]


def _large() -> list[dict[str, str]]:
    space = workspace.found("Hansewerk GmbH", SLUG)
    with inside(space.tenant.id):
        workspace.set_up(space)
        filling = Filling(space, Maker(SEED))
        filling.run()
        workspace.save_views(space)
    return space.logins


def _small() -> list[dict[str, str]]:
    space = workspace.found("Elbtal Verpackungen", SMALL)
    with inside(space.tenant.id):
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

    def __init__(self, space: Workspace, maker: Maker) -> None:
        self.space, self.maker, self.dice = space, maker, random.Random(SEED)  # noqa: S311
        self.firms: list[dict[str, Any]] = []
        self.people: list[dict[str, Any]] = []
        self.contact: dict[UUID, dict[str, Any]] = {}

    def run(self) -> None:
        """Everything, in the order in which it is needed."""
        self.make_firms()
        self.make_people()
        self.make_places()
        self.tell()
        self.connect()
        self.comment()
        self.move_on()

    def by_owner(self, rtype: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each record is made by whoever owns it."""
        made: list[dict[str, Any]] = []
        for key, member in self.space.members.items():
            own = [v for v in values if v.get("owner") == member]
            made += _created(self.space.actor(key) if key != "elif" or rtype.startswith("work.") else self.space.system,
                             rtype, own)  # fmt: skip
        return made

    def owner(self) -> UUID:
        """One of those who look after customers."""
        return self.space.members[self.dice.choice(OWNERS)]

    def tags(self, *likely: str) -> list[UUID]:
        """Some tags."""
        chosen = [name for name in (*likely, *self.space.tags) if self.dice.random() < 0.12]
        return [self.space.tags[name] for name in dict.fromkeys(chosen)]

    def make_firms(self) -> None:
        """Organisations, some of which belong to others."""
        stages = ("customer", "customer", "regular", "regular", "lead", "prospect", "partner", "supplier", "former")
        values = []
        for _ in range(FIRMS):
            firm = self.maker.firm() | {"owner": self.owner(), "stage": self.dice.choice(stages), "tags": self.tags()}
            firm["x_abc"] = self.dice.choice(("a", "b", "b", "c", "c", "c"))
            firm["x_rahmenvertrag"] = self.dice.random() < 0.2
            if self.dice.random() < 0.5:
                firm["x_pruefung"] = (today() + dt.timedelta(days=self.dice.randint(-40, 300))).isoformat()
            values.append(firm)
        self.firms = self.by_owner("contacts.organisation", values)
        for child, parent in zip(self.firms[40:48], self.firms[:4] * 2, strict=True):
            run(self.space.system, "contacts.organisation.change", child["id"], parent=parent["id"])

    def make_people(self) -> None:
        """Persons at organisations, and some for themselves."""
        values: list[dict[str, Any]] = []
        for n in range(STAFFED):
            firm = self.firms[n] if n < len(self.firms) else self.dice.choice(self.firms)
            person = self.maker.person(firm["emails"][0]["value"].partition("@")[2])
            person |= {"organisation": firm["id"], "stage": firm["stage"], "owner": firm["owner"]}
            if self.dice.random() < 0.3:
                person["x_im_einkauf"] = [self.dice.choice(("decides", "advises", "uses", "checks"))]
            values.append(person | {"tags": self.tags()})
        for _ in range(PRIVATE):
            person = self.maker.person(place=self.maker.place(near=True))
            values.append(person | {"owner": self.owner(), "stage": self.dice.choice(("lead", "customer", "prospect"))})
        self.people = self.by_owner("contacts.person", values)
        for person in self.people:
            self.contact.setdefault(person.get("organisation"), person)  # type: ignore[arg-type]

    def make_places(self) -> None:
        """Some work at a second organisation, or did before."""
        chosen = self.dice.sample([p for p in self.people if p.get("organisation")], 16)
        items = []
        for n, person in enumerate(chosen):
            ended = {"ends": f"{self.dice.randint(2018, 2025)}-06-30"} if n % 2 else {}
            begun = f"{self.dice.randint(2005, 2017)}-0{self.dice.randint(1, 9)}-01"
            role = self.dice.choice(("Beirat", "Gesellschafter", "Einkauf", "Beratung", "Vorstand"))
            firm = self.dice.choice([f for f in self.firms if f["id"] != person["organisation"]])
            items.append({"person": person["id"], "organisation": firm["id"], "role": role, "begins": begun} | ended)
        _created(self.space.system, "contacts.affiliation", items)

    def tell(self) -> None:
        """A story for every organisation, two for some; day after day, by whoever looks after them, so that every
        timeline reads as it happened."""
        actors = {member: self.space.actor(key) for key, member in self.space.members.items()}
        for n, firm in enumerate(self.firms):
            numbers = [n % len(stories())] + ([(n * 5 + 3) % len(stories())] if n % 6 == 0 else [])
            person, actor = self.contact[firm["id"]], actors[firm["owner"]]
            cast = Cast(person, firm["name"], [person["id"]], firm["owner"])
            for number in numbers:
                for rtype, values in told(stories()[number], cast, today(), self.dice):
                    done = values.get("state") == "done"
                    given = values | {"state": "open"} if done else values
                    record = run(actor, f"{rtype}.create", **given).record
                    if done:
                        run(actor, "work.task.complete", record.id)

    def connect(self) -> None:
        """Relations between people and organisations."""
        for n in range(18):
            kind = list(self.space.relations.values())[n % len(self.space.relations)]
            one, other = self.dice.sample(self.people if n % 2 else self.firms, 2)
            rtype = "contacts.person" if n % 2 else "contacts.organisation"
            run(self.space.system, f"{rtype}.link", one["id"], kind=kind, to=[other["id"]])

    def comment(self) -> None:
        """Colleagues say something about customers, and mention each other."""
        for n, text in enumerate(lines("comments") * 3):
            person, key = self.dice.choice(self.people), ("katrin", "elif")[n % 2]
            mentions = [self.space.members["jan"]] if n % 5 == 0 else []
            run(self.space.actor(key), "contacts.person.comment", person["id"], text=text, mentions=mentions)

    def move_on(self) -> None:
        """Some customers change: stage by hand, a tag by a bulk change that can be undone."""
        boss = self.space.actor("katrin")
        for person in self.dice.sample(self.people, 12):
            run(boss, "contacts.person.change", person["id"], stage="regular")
        chosen = [Item(p["id"], {"tags": [self.space.tags["Newsletter"]]}) for p in self.dice.sample(self.people, 40)]
        list(run_many(boss, "contacts.person.tag", chosen))
