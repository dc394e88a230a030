"""The demo's company as a workspace: teams, roles, members, tags, relation types, own fields, saved views."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import override

from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.access.presets import presets
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.account.joining import add_member
from klientel.site.demo import logins

TEAMS = (
    ("Hansewerk", ""), ("Geschäftsleitung", "Hansewerk"), ("Vertrieb", "Hansewerk"), ("Vertrieb Nord", "Vertrieb"),
    ("Vertrieb Süd", "Vertrieb"), ("Service", "Hansewerk"), ("Verwaltung", "Hansewerk"),
)  # fmt: skip
#: key, name, team, role, whether they sign in, what the printed line says
MEMBERS = (
    ("katrin", "Katrin Weber", "Geschäftsleitung", "administration", True, "Administration, sieht alles"),
    ("mareike", "Mareike Lüders", "Vertrieb", "chief", False, ""),
    ("jan", "Jan Köster", "Vertrieb Nord", "sales", True, "Vertrieb Nord, sieht alle Geschäfte"),
    (
        "tobias",
        "Tobias Brandt",
        "Vertrieb Süd",
        "sales_own",
        True,
        "Vertrieb Süd, sieht nur Geschäfte von sich und seinem Team",
    ),
    ("elif", "Elif Yılmaz", "Service", "service", True, "Service, ohne Geburtstage und Umsätze"),
    ("anselm", "Dr. Anselm Freitag", "Verwaltung", "privacy", True, "Datenschutz, liest und gibt Auskunft"),
)
TAGS = (
    ("Wartungskunde", "ok"), ("VIP", "plum"), ("Messe Hannover", "info"), ("Newsletter", ""), ("Empfehlung", "ok"),
    ("Zahlt spät", "warn"), ("Rahmenvertrag", "info"),
)  # fmt: skip
RELATIONS = (
    ("empfiehlt", "wurde empfohlen von"), ("berät", "wird beraten von"), ("beliefert", "wird beliefert von"),
    ("ist verwandt mit", "ist verwandt mit"), ("ist Nachfolge von", "hat als Nachfolge"),
)  # fmt: skip
FIELDS: tuple[dict[str, Any], ...] = (
    {"record_type": "contacts.organisation", "name": "x_abc", "kind": "choice", "label_de": "Kundenwert",
     "label_en": "Customer value", "privacy": "public",
     "choices": [["a", "A: Schlüsselkunde", "A: key account"], ["b", "B: ausbaufähig", "B: promising"],
                 ["c", "C: gelegentlich", "C: occasional"]]},
    {"record_type": "contacts.organisation", "name": "x_pruefung", "kind": "date", "label_de": "Nächste Regalprüfung",
     "label_en": "Next rack inspection", "privacy": "public"},
    {"record_type": "contacts.organisation", "name": "x_rahmenvertrag", "kind": "yes_no", "label_de": "Rahmenvertrag",
     "label_en": "Framework contract", "privacy": "public"},
    {"record_type": "contacts.person", "name": "x_im_einkauf", "kind": "choices", "label_de": "Rolle im Einkauf",
     "label_en": "Part in buying", "privacy": "personal",
     "choices": [["decides", "entscheidet", "decides"], ["advises", "berät", "advises"], ["uses", "nutzt", "uses"],
                 ["checks", "prüft", "checks"]]},
)  # fmt: skip


def _none_since(days: int) -> dict[str, Any]:
    """No call and no meeting for so many days."""
    silent = [
        {"has": f"work.{what}.concerns", "where": {"field": when, "op": "within", "value": days}}
        for what, when in (("call", "at"), ("meeting", "begins"))
    ]
    return {"all": [{"not": one} for one in silent]}


MINE = {"field": "owner", "op": "is", "value": {"me": True}}
CUSTOMERS = {"field": "stage", "op": "one_of", "value": ["customer", "regular"]}
OPEN = {"field": "state", "op": "is_not", "value": "done"}
VIEWS: tuple[tuple[str, str, Any, list[str], str], ...] = (
    ("Ohne Kontakt > 30 Tage", "contacts.person", {"all": [CUSTOMERS, _none_since(30)]},
     ["organisation", "stage", "phones", "owner", "changed_at"], "name"),
    ("Meine Kundschaft", "contacts.person", {"all": [MINE, CUSTOMERS]},
     ["organisation", "position", "emails", "phones"], "name"),
    ("Geburtstage, nächste 30 Tage", "contacts.person", {"field": "birthday", "op": "anniversary", "value": 30},
     ["birthday", "organisation", "emails", "owner"], "name"),
    ("A-Kunden", "contacts.organisation", {"field": "x_abc", "op": "is", "value": "a"},
     ["x_abc", "industry", "addresses", "x_pruefung", "owner"], "name"),
    ("Prüfung fällig", "contacts.organisation", {"field": "x_pruefung", "op": "before", "value": {"today": True}},
     ["x_pruefung", "addresses", "phones", "owner"], "x_pruefung"),
    ("Überfällig", "work.task", {"all": [OPEN, {"field": "due", "op": "before", "value": {"today": True}}]},
     ["due", "priority", "concerns", "owner"], "due"),
    ("Meine Woche", "work.task", {"all": [OPEN, MINE, {"field": "due", "op": "within", "value": -7}]},
     ["due", "priority", "concerns"], "due"),
)  # fmt: skip


@dataclass
class Workspace:
    """A tenant with its people, while it is being filled."""

    tenant: Tenant
    system: Actor
    teams: dict[str, UUID] = field(default_factory=dict)
    roles: dict[str, UUID] = field(default_factory=dict)
    members: dict[str, UUID] = field(default_factory=dict)
    tags: dict[str, UUID] = field(default_factory=dict)
    relations: dict[str, UUID] = field(default_factory=dict)
    logins: list[dict[str, str]] = field(default_factory=list)

    def actor(self, key: str) -> Actor:
        """The member as who acts."""
        return actor_of(self.members[key])

    def whose(self, member: UUID) -> str:
        """The key of a member."""
        return next(key for key, one in self.members.items() if one == member)

    def make(self, rtype: str, **values: Any) -> Any:
        """A record made by the system."""
        return run(self.system, f"{rtype}.create", **values).record

    def member(self, key: str, name: str, *, team: str = "", role: str, login: bool = False, about: str = "") -> None:
        """Somebody who works here; with a login where they sign in."""
        plain = name.removeprefix("Dr. ").lower().replace("ö", "oe").replace("ü", "ue").replace("ı", "i")
        email = f"{plain.replace(' ', '.')}@{self.tenant.slug}.example"
        facts: dict[str, Any] = {"roles": [self.roles[role]]} | ({"team": self.teams[team]} if team else {})
        if not login:
            self.members[key] = self.make("kernel.member", name=name, email=email, active=True, **facts).id
            return
        user, word = logins.account(email, name)
        self.members[key] = add_member(self.tenant.id, user, **facts)
        self.logins.append({"email": email, "password": word, "about": f"{self.tenant.name}: {about}"})


def _service() -> list[dict[str, Any]]:
    """Sees all customers, without birthdays and turnover; writes down calls, notes, tasks and meetings."""
    grants: list[dict[str, Any]] = [
        {"record": "contacts.person", "verb": "view", "hidden": ["birthday"]},
        {"record": "contacts.person", "verb": "change", "readonly": ["stage", "owner"]},
        {"record": "contacts.organisation", "verb": "view", "hidden": ["turnover"]},
        {"record": "contacts.affiliation", "verb": "view"},
    ]
    for what in ("note", "task", "call", "meeting"):
        grants += [{"record": f"work.{what}", "verb": verb} for verb in ("view", "create")]
        grants.append({"record": f"work.{what}", "verb": "change", "where": MINE})
    return grants


def roles(space: Workspace) -> None:
    """The roles every tenant begins with, and two of this company's own."""
    with override("de"):
        for preset in presets():
            made = space.make("kernel.role", name=str(preset.name), note=str(preset.note), grants=preset.grants)
            space.roles[preset.key] = made.id
            if preset.key == "sales":
                space.roles["chief"] = space.make(
                    "kernel.role", name="Vertriebsleitung", note="Wie Vertrieb; gibt außerdem Rabatte frei.",
                    grants=[*preset.grants, {"record": "sales.quote", "verb": "approve"}],
                ).id  # fmt: skip
    space.roles["service"] = space.make(
        "kernel.role", name="Service", note="Alle Kunden, ohne Geburtstage und Umsätze.", grants=_service()
    ).id


def found(name: str, slug: str) -> Workspace:
    """A new tenant; call inside it afterwards."""
    return Workspace(Tenant.objects.create(name=name, slug=slug), None)  # type: ignore[arg-type]


def set_up(space: Workspace) -> None:
    """Teams, roles, members and words of the larger company. Call inside the tenant."""
    space.system = system_actor("Einrichtung")
    for name, above in TEAMS:
        more = {"parent": space.teams[above]} if above else {}
        space.teams[name] = space.make("kernel.team", name=name, **more).id
    roles(space)
    for key, name, team, role, login, about in MEMBERS:
        space.member(key, name, team=team, role=role, login=login, about=about)
    run(space.system, "kernel.member.change", space.members["jan"], deputy=space.members["mareike"])
    run(space.system, "kernel.member.change", space.members["mareike"], deputy=space.members["jan"])
    for name, tone in TAGS:
        space.tags[name] = space.make("kernel.tag", name=name, tone=tone).id
    for name, back in RELATIONS:
        space.relations[name] = space.make("kernel.relationkind", name=name, back=back).id
    run(space.system, "sales.pipeline.begin")
    for position, one in enumerate(FIELDS):
        space.make("kernel.customfield", position=position, **one)


def save_views(space: Workspace) -> None:
    """Views that everybody sees in the sidebar."""
    for name, rtype, condition, columns, sort in VIEWS:
        space.make(
            "kernel.view", name=name, record_type=rtype, condition=condition, columns=columns, sort=sort, shared="all",
            favourite=True, owner=space.members["katrin"],
        )  # fmt: skip
