"""Tenants and their first people, for the command line and the demo."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from zoneinfo import available_timezones

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import memberships, presets, system_actor
from klientel.kernel.access.models import Role
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Missing, Refused, filled, together
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import LANGUAGES, User
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.account.joining import add_member
from klientel.lib.words import fold

ADMINISTRATION = "administration"
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewUser:
    """What became of ``add_user``; ``password`` only where it was made up here."""

    user: User
    member_id: str
    password: str


def create_tenant(
    name: str, *, slug: str = "", language: str = "de", time_zone: str = "Europe/Berlin", currency: str = "EUR"
) -> Tenant:
    """A new tenant with the roles that every tenant begins with."""
    slug = slug or _slug(name)
    facts = {"slug": slug, "language": language, "time_zone": time_zone, "currency": currency.upper()}
    wrong = _wrong(name.strip(), facts)
    if wrong:
        raise together(wrong)
    with writing():
        if Tenant.objects.filter(slug=slug).exists():
            raise Conflict("slug_taken", _("There is already a tenant with this short name."), "slug")
        tenant = Tenant.objects.create(name=name.strip(), **facts)
        with inside(tenant.id), translation.override(language):
            system = system_actor()
            for preset in presets.presets():
                run(system, "kernel.role.create", name=str(preset.name), note=str(preset.note), grants=preset.grants)
    return tenant


def find_tenant(slug: str) -> Tenant:
    """The tenant with this short name; without one, the only tenant there is."""
    found = list(Tenant.objects.filter(slug=slug) if slug else Tenant.objects.all()[:2])
    if len(found) == 1:
        return found[0]
    if slug:
        raise Missing("tenant_missing", _("There is no tenant with this short name."), "tenant")
    names = tuple(Tenant.objects.order_by("slug").values_list("slug", flat=True)[:12])
    message = filled(_("Please say which tenant is meant: %(names)s."), {"names": names})
    raise Refused("tenant_unclear", message if names else _("There is no tenant yet."), "tenant")


def add_user(
    tenant: Tenant, email: str, *, name: str = "", role: str = ADMINISTRATION, password: str = "", language: str = ""
) -> NewUser:
    """A member of ``tenant`` with one role; the login is made unless there is one with this address."""
    with inside(tenant.id), writing():
        user = accounts.find(email)
        made_up = ""
        if user is None:
            made_up = "" if password else secrets.token_urlsafe(12)
            words = name or email.partition("@")[0]
            chosen = {"language": language or tenant.language}
            user = accounts.create(email, name=words, password=password or made_up, **chosen)
        if any(place == tenant.id for place, _member, _name in memberships(user.pk)):
            raise Conflict("member_already", _("This person is a member already."), "email")
        member = add_member(tenant.id, user, roles=[role_id(tenant, role)])
    return NewUser(user, str(member), made_up)


def role_id(tenant: Tenant, wanted: str) -> object:
    """A role of the current tenant by its name, or by the key of the preset that it began as."""
    with translation.override(tenant.language):
        names = {preset.key: str(preset.name) for preset in presets.presets()}
    with reading():
        found = Role.objects.filter(name=names.get(wanted, wanted), archived_at=None).first()
    if found is None:
        raise Missing("role_missing", _("There is no role with this name."), "role")
    return found.pk


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", fold(name).lower()).strip("-")[:60]


def _wrong(name: str, facts: dict[str, str]) -> list[Refused]:
    rules = (
        (bool(name), "name", _("Please give a name.")),
        (
            len(name) <= 200 and "\x00" not in name,
            "name",
            _("This name is too long or holds signs that cannot be stored."),
        ),
        (
            bool(SLUG.fullmatch(facts["slug"])) and len(facts["slug"]) <= 60,
            "slug",
            _("A short name is made of small letters, digits and hyphens."),
        ),
        (facts["language"] in dict(LANGUAGES), "language", _("The language is de or en.")),
        (facts["time_zone"] in available_timezones(), "time_zone", _("There is no such time zone.")),
        (len(facts["currency"]) == 3 and facts["currency"].isalpha(), "currency", _("A currency has three letters.")),
    )
    return [Refused(f"{field}_invalid", text, field) for good, field, text in rules if not good]
