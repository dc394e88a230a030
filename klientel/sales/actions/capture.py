"""Capturing a lead: a person's details and their interest at once, without a second copy of whom we know."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import BOTH
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Email, Link, Links, LongText, Phone, Privacy, Text
from klientel.kernel.twins.intake import one_at_a_time, within
from klientel.lib.words import fold
from klientel.sales.models import Lead

PERSON, ORGANISATION = "contacts.person", "contacts.organisation"
_P = Privacy.PERSONAL


@action(
    "sales.lead",
    _("Capture"),
    said=_("captured the lead"),
    needs="create",
    new=True,
    icon="id-card",
    writes={"contacts.person": BOTH, "contacts.organisation": BOTH},
)
def capture(
    step: Step,
    *,
    interest: Annotated[str, Text(_("interest"))],
    first_name: Annotated[str, Text(_("first name"), max_length=100, privacy=_P)] = "",
    last_name: Annotated[str, Text(_("last name"), max_length=100, privacy=_P)] = "",
    company: Annotated[str, Text(_("organisation"), privacy=_P)] = "",
    email: Annotated[str, Email(_("e-mail"), privacy=_P)] = "",
    phone: Annotated[str, Phone(_("phone"), privacy=_P)] = "",
    message: Annotated[str, LongText(_("message"), privacy=_P)] = "",
    source: Annotated[str, Text(_("source"), max_length=120)] = "",
    campaign: Annotated[str, Text(_("campaign"), max_length=120)] = "",
    products: Annotated[list[UUID], Links("sales.product", _("interested in"))] = [],  # noqa: B006  never changed
    team: Annotated[UUID | None, Link("kernel.team", _("team inbox"))] = None,
    person: Annotated[UUID | None, Link(PERSON, _("known person"))] = None,
    intake: Annotated[str, Text(_("form sent"), max_length=40)] = "",
) -> Lead:
    """Take in who is interested in what; whoever is known already is found by the check for duplicates.

    The event says which person it was and whether they were ``known``. The same ``intake`` twice is refused
    (``sent_already``), with the id of the lead that it made.
    """
    one_at_a_time()
    _sent_once(intake)
    given = {"first_name": first_name, "last_name": last_name, "email": email, "phone": phone, "company": company}
    step.require(person or any(given.values()), "nobody", _("Please say who is interested."), field="last_name")
    firm, firm_known = _organisation(step, company) if company and person is None else (None, False)
    known = person is not None
    if person is None and any(given[n] for n in ("first_name", "last_name", "email", "phone")):
        person, known = _person(step, given, firm)
    if person is not None:
        step.keep(person=str(person), person_known=known)
    if firm is not None:
        step.keep(organisation=str(firm), organisation_known=firm_known)
    found: Lead = step.create(
        "sales.lead", name=interest, person=person, organisation=firm, message=message, source=source,
        campaign=campaign, products=products, team=team,
    )  # fmt: skip
    step.stamp(found, intake=intake)
    return found


def _sent_once(intake: str) -> None:
    before = Lead.objects.filter(intake=intake).values_list("pk", flat=True).first() if intake else None
    if before is not None:
        raise Refused("sent_already", _("This form has arrived already."), details={"id": str(before)})


def _person(step: Step, given: dict[str, str], firm: UUID | None) -> tuple[UUID, bool]:
    """The person of these details: known, or new."""
    values: dict[str, Any] = {"first_name": given["first_name"], "last_name": given["last_name"]}
    values["emails"] = [{"value": given["email"]}] if given["email"] else []
    values["phones"] = [{"value": given["phone"]}] if given["phone"] else []
    values["organisation"] = firm
    return within(step, PERSON, values)


def _organisation(step: Step, company: str) -> tuple[UUID, bool]:
    """The organisation of this name: known where the check is certain or the name is the same, else new."""
    return within(step, ORGANISATION, {"name": company}, lambda one: fold(one.title) == fold(company))
