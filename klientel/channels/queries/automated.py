"""What a mail that a workflow sends needs at all: told when the workflow is activated, not by its first run.

Whether one person lacks what a template asks for shows when it is their turn; here is only said what nobody has.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.automation.queries.checking import asks_too
from klientel.channels.models import Template
from klientel.channels.models.placeholders import KNOWN, OF_QUOTE, check_filled
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Refused, filled
from klientel.kernel.records import type_of

PERSON = "contacts.person"


def to_person(scope: ActorScope, given: dict[str, Any]) -> None:
    """A mail to a person: with a text, in a template without what only a quote knows, as advertising for a purpose."""
    chosen = _template(given.get("template"))
    for name in ("subject", "text"):
        if not given.get(name) and chosen is None and not _is_read(given.get("template")):
            label = type_of("channels.mail").fields[name].verbose_name
            raise Refused("required", filled(_("Please fill in: %(name)s."), {"name": label}))
    if given.get("nature") == "advertising" and not given.get("purpose"):
        raise Refused("required", _("Advertising needs a purpose of contact, because consents are given for one."))
    if chosen is not None:
        _fillable(scope, chosen, given, (n for n in KNOWN if n not in OF_QUOTE))


def with_quote(scope: ActorScope, given: dict[str, Any]) -> None:
    """The mail of a quote: its template may name whatever the quote and its recipient know."""
    chosen = _template(given.get("template"))
    if chosen is not None:
        _fillable(scope, chosen, given, KNOWN)


def _is_read(value: Any) -> bool:
    """Whether a parameter is taken from the record, so that its value shows when it is its turn."""
    return isinstance(value, dict)


def _template(value: Any) -> Any:
    """The template that a step names; none where it names none or reads it from a record."""
    if not value or _is_read(value):
        return None
    found = Template.objects.filter(pk=UUID(str(value)), archived_at=None).first()
    if found is None:
        raise Refused("not_a_record", _("There is no such template any more. Please choose another one."))
    return found


def _fillable(scope: ActorScope, template: Any, given: dict[str, Any], known: Any) -> None:
    """Refuse a template with a placeholder that whoever activates could fill in for nobody."""
    visible = scope.visible(type_of(PERSON))
    values = {name: "…" for name in known if not KNOWN[name] or KNOWN[name] in visible}
    used = {name: getattr(template, name) for name in ("subject", "text") if not given.get(name)}
    check_filled(values, **used)


asks_too("contacts.person.send_mail", to_person)
asks_too("sales.quote.mail", with_quote)
