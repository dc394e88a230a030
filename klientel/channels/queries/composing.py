"""From a template to a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from klientel.channels.models.placeholders import KNOWN
from klientel.kernel.access import ActorScope, reading
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant


def objection_notice(language: str, leave: str) -> str:
    """What § 7 (3) UWG wants said with every advertising mail, and where its recipient chooses."""
    with translation.override(language or translation.get_language()):
        told = _("You may object to advertising at any time; an answer to this mail is enough, at no cost but its own.")
        choose = _("Or choose here what you get from us:")
        return f"{told}\n{choose} {leave}"


def values_for(scope: ActorScope, person: Any, sender: Any) -> Mapping[str, str]:
    """What the placeholders stand for; empty where the writer may not see the field, or nobody knows the person."""
    if person is None:
        return _of_house(sender)
    visible = scope.visible(type_of("contacts.person"))
    firm = reading.names(scope, {person.organisation}, "contacts.organisation") if person.organisation else {}
    with translation.override(person.language or translation.get_language()):
        known = {
            "greeting": person.letter_salutation,
            "academic_title": person.academic_title,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "position": person.position,
            "organisation": next((n.title for n in firm.values()), ""),
            "email": first_address(person),
            **_of_house(sender),
        }
    return {name: value for name, value in known.items() if not KNOWN[name] or KNOWN[name] in visible}


def writer(actor: Actor) -> str:
    """Whose name stands under a letter: the member's, also where a program of theirs writes it."""
    if actor.kind != "token" or actor.member is None:
        return actor.name
    rows = type_of("kernel.member").model.objects.filter(pk=actor.member)
    return str(rows.values_list("title", flat=True).first() or actor.name)


def _of_house(sender: Any) -> dict[str, str]:
    """What is known whoever is written to."""
    today = date_format(timezone.localdate(), "DATE_FORMAT")
    return {"sender": sender, "workspace": Tenant.objects.get(pk=current()).name, "today": today}


def language_of(mail: Any) -> str:
    """The language of the person whom a mail came from or went to; empty where nobody knows."""
    person = type_of("contacts.person").model.objects.filter(pk=mail.person).first() if mail.person else None
    return str(person.language or "") if person is not None else ""


def first_address(person: Any) -> str:
    """The address that a person is written to, unless another one is chosen."""
    return next(
        (
            str(e["value"])
            for e in person.emails
            if e.get("value") and e.get("state") not in ("bounced", "invalid", "former")
        ),
        "",
    )
