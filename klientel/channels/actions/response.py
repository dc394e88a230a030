"""What comes in by forms: taken in once, confirmed by the person, and taken over by us where it differs."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.channels.actions.asking import ask_to_confirm
from klientel.channels.actions.visit import Browser, identify
from klientel.channels.models import Confirmation, Consent, Form, Response
from klientel.channels.models.response import CONFIRMED, SUSPECTED, TAKEN, TOUCH
from klientel.channels.queries import forms, suppression, visits
from klientel.channels.queries.forms import Answers
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import ANY, BOTH, CHANGED, NEW
from klientel.kernel.errors import Refused
from klientel.kernel.events.notices import NOTIFY, notice
from klientel.kernel.kinds import Entries, Json, Link, Privacy, Text, Whole
from klientel.kernel.records import type_of
from klientel.kernel.twins.intake import one_at_a_time, within
from klientel.kernel.writing import door
from klientel.lib.words import fold

PORTAL = ("portal",)
PERSON, ORGANISATION, LEAD = "contacts.person", "contacts.organisation", "sales.lead"
_P = Privacy.PERSONAL
Said = Annotated[dict[str, Any] | None, Json(_("answers"), privacy=_P)]
Network = Annotated[str, Text(_("network of the sender"), max_length=64, privacy=_P)]

notice("channels.response.submit", _("A form came in: %(what)s"), icon="inbox")


@action(
    "channels.response",
    _("Form sent"),
    said=_("sent the form"),
    needs="create",
    new=True,
    icon="inbox",
    undoable=False,
    only=PORTAL,
)
def submit(
    step: Step,
    *,
    form: Annotated[UUID, Link("channels.form", _("form"))],
    number: Annotated[int, Whole(_("version of the form"))],
    answers: Said = None,
    touch: Annotated[dict[str, Any] | None, Json(_("origin"), privacy=_P)] = None,
    page: Annotated[str, Text(_("page"), max_length=500, privacy=_P)] = "",
    network: Network = "",
    intake: Annotated[str, Text(_("number of the sending"), max_length=64)] = "",
    suspicion: Annotated[str, Text(_("why it was held back"))] = "",
    visitor: Browser = "",
) -> Response:
    """Take in what a visitor sent, once: the person is known or new, and nothing we know of them is overwritten.

    What looks like a machine is held back: it makes nothing until somebody says so. The same ``intake`` twice is
    refused (``sent_already``) with the id of what it made.
    """
    one_at_a_time()
    _sent_once(intake)
    found = Form.objects.filter(pk=form, archived_at=None).first()
    shown = forms.published(found, number) if found is not None else None
    if found is None or shown is None:
        raise Refused("form_gone", _("This form is not there any more."))
    given = answers or {}
    said = forms.read(shown.content, given)
    origin = _origin(touch or {})
    browser, facts = visits.browser(visitor), {"state": SUSPECTED, "why": suspicion}
    if not suspicion:
        facts = _taken_in(step, found, shown.content, said, origin, browser)
    made: Response = step.create("channels.response", form=form, owner=found.owner)
    step.stamp(
        made, name=found.name, form_version=number, intake=intake, page=page, ip=network, answers=_kept(given, said),
        **origin, **facts,
    )  # fmt: skip
    if made.person is not None:
        identify(step, browser, found, made)
        if said.consents:
            ask_to_confirm(step, found, shown.content, made, said)
    return made


def _sent_once(intake: str) -> None:
    before = Response.objects.filter(intake=intake).values_list("pk", flat=True).first() if intake else None
    if before is not None:
        raise Refused("sent_already", _("This form has arrived already."), details={"id": str(before)})


def _kept(given: dict[str, Any], said: Answers) -> dict[str, Any]:
    """The answers as they were understood, by path; what nobody asked for is not kept."""
    kept = {f"{target}.{name}": value for target, of in said.values.items() for name, value in of.items()}
    return kept | {forms.CONSENTS: [one["wording"] for one in said.consents]}


def _origin(touch: dict[str, Any]) -> dict[str, str]:
    """Where somebody comes from, as the address of the page said it; cut to what there is room for."""
    found = {field: str(touch.get(name) or "")[:120] for name, field in TOUCH.items()}
    return found | {"referrer": str(touch.get("referrer") or "")[:500]}


def _taken_in(
    step: Step, form: Form, content: dict[str, Any], said: Answers, origin: dict[str, str], browser: Any = None
) -> dict[str, Any]:
    """Make of answers what their form says, person, organisation and lead; the facts for the response."""
    source = origin["utm_source"] or form.source or form.name
    hit = visits.first_hit(browser.pk) if browser is not None and browser.person_id is None else None
    firm, firm_known = _organisation(step, said, source)
    person, known = _person(step, said, firm, (hit.source if hit else "") or source, content)
    facts: dict[str, Any] = {"person": person, "organisation": firm, "known": known, "state": TAKEN, "why": ""}
    facts["differs"] = _differing(step, said, person if known else None, firm if firm_known else None)
    facts |= _first_touch(step, person if known else None, origin, hit)
    if form.makes == "lead":
        values = {"source": source, "campaign": origin["utm_campaign"] or form.campaign} | said.of("lead")
        lead = step.create(
            LEAD, **{"name": form.interest or content["heading"] or form.name} | values, person=person,
            organisation=firm, team=form.team, owner=form.owner,
        )  # fmt: skip
        facts["lead"] = lead.id
    elif form.owner:
        step.keep(**{NOTIFY: [str(form.owner)]})
    return facts


def _organisation(step: Step, said: Answers, source: str) -> tuple[UUID | None, bool]:
    values = said.of("organisation")
    if not values.get("name"):
        return None, False
    name = fold(values["name"])
    return within(step, ORGANISATION, values | {"source": source}, lambda one: fold(one.title) == name)


def _person(
    step: Step, said: Answers, firm: UUID | None, source: str, content: dict[str, Any]
) -> tuple[UUID | None, bool]:
    values = said.of("person")
    if not any(values.get(name) for name in ("first_name", "last_name", "emails", "phones")):
        return None, False
    usual = {"language": content["language"], "source": source}
    return within(step, PERSON, usual | values | {"organisation": firm})


def _differing(step: Step, said: Answers, person: UUID | None, firm: UUID | None) -> dict[str, Any]:
    """What was said of whom we knew and does not stand there, by path."""
    found: dict[str, Any] = {}
    for target, key, record_id in (("person", PERSON, person), ("organisation", ORGANISATION, firm)):
        if record_id is not None:
            rtype = type_of(key)
            fresh = forms.differing(rtype, rtype.model.objects.get(pk=record_id), said.of(target))
            found |= {f"{target}.{name}": value for name, value in fresh.items()}
    return found


def _first_touch(step: Step, person: UUID | None, origin: dict[str, str], hit: Any) -> dict[str, Any]:
    """The first touch of a person is that of their first response, or of the first visit that they allowed us to see.

    The last one stands in each response itself.
    """
    rows = Response.objects.filter(person=person).exclude(first_at=None).order_by("first_at", "pk")
    before = rows.first() if person is not None else None
    if before is not None:
        return {name: getattr(before, name) for name in ("first_source", "first_campaign", "first_at")}
    if hit is not None:
        return {"first_source": hit.source, "first_campaign": hit.campaign, "first_at": hit.at}
    source, campaign = origin["utm_source"], origin["utm_campaign"]
    return {"first_source": source, "first_campaign": campaign, "first_at": step.now}


@action(
    "channels.response",
    _("Confirmed by the person"),
    said=_("confirmed by the link"),
    needs="change",
    icon="circle-check",
    undoable=False,
    only=PORTAL,
)
def confirm(step: Step, response: Response, *, network: Network = "") -> None:
    """The person opened the link of our mail and said yes: from now on the consents hold."""
    link = Confirmation.objects.select_for_update().filter(pk=step.actor.id, response_id=response.id).first()
    step.require(link is not None, "link_unknown", _("This link is not valid."))
    assert link is not None
    step.require(link.used_at is None, "confirmed_already", _("This is confirmed already."))
    step.require(step.now < link.expires_at, "link_ended", _("This link has ended. Please fill in the form again."))
    with door():
        Confirmation.objects.filter(pk=link.pk).update(used_at=step.now)
    waiting = list(Consent.objects.filter(response=response.id, state="pending", archived_at=None))
    for one in waiting:
        step.stamp(one, confirmed_at=step.now, confirmed_ip=network)
    lifted = suppression.lift({one.email for one in waiting if one.channel == "mail"})
    step.keep(lifted=bool(lifted))  # who asks for our mail anew takes back an earlier objection of that address
    step.stamp(response, state=CONFIRMED, confirmed_at=step.now, confirmed_ip=network)


@action(
    "channels.response",
    _("Take in"),
    said=_("let the answers through"),
    needs="change",
    icon="check",
    undoable=False,
    offered={"state": (SUSPECTED,)},
    writes={
        ANY: ...,
        "contacts.person": BOTH,
        "contacts.organisation": BOTH,
        "sales.lead": NEW,
        "channels.consent": BOTH,
        "channels.mail": NEW,
    },
)
def accept(step: Step, response: Response) -> None:
    """It was held back, and is no machine's after all."""
    step.require(response.state == SUSPECTED, "taken_in_already", _("This is taken in already."))
    form = Form.objects.filter(pk=response.form).first()
    shown = forms.published(form, response.form_version) if form is not None else None
    if form is None or shown is None:
        raise Refused("form_gone", _("This form is not there any more."))
    said = forms.read(shown.content, response.answers)
    origin = {name: getattr(response, name) for name in TOUCH.values()}
    step.stamp(response, **_taken_in(step, form, shown.content, said, origin))
    if response.person is not None and said.consents:
        ask_to_confirm(step, form, shown.content, response, said)


@action(
    "channels.response",
    _("Take over"),
    said=_("took over what was said"),
    needs="change",
    icon="user-check",
    offered={"differs": True},
    writes={"differs": ..., "contacts.person": CHANGED, "contacts.organisation": CHANGED},
)
def take_over(
    step: Step,
    response: Response,
    *,
    field: Annotated[str, Text(_("field"), max_length=80, help_text=_("Everything that differs, if empty."))] = "",
) -> None:
    """Write what the person said of themselves into what we know of them."""
    step.require(response.differs, "nothing_differs", _("Nothing differs from what is known."))
    wanted = {path: value for path, value in response.differs.items() if not field or path == field}
    step.require(wanted, "nothing_differs", _("Nothing differs from what is known."), field="field")
    for target, key, record_id in (("person", PERSON, response.person), ("organisation", ORGANISATION,
                                                                          response.organisation)):  # fmt: skip
        rtype = type_of(key)
        record = rtype.model.objects.filter(pk=record_id, archived_at=None).first() if record_id else None
        names = [path.partition(".")[2] for path in wanted if path.startswith(f"{target}.")]
        for name in names if record is not None else ():
            value, kind = wanted[f"{target}.{name}"], rtype.fields[name]
            writable = name in step.scope.writable(rtype)
            step.require(writable, "read_only", _("You may not change this field."), field="field")
            held = kind.plain(rtype.value(record, name))
            step.change(record, **{name: [*held, *value] if isinstance(kind, Entries) else value})
    step.stamp(response, differs={path: value for path, value in response.differs.items() if path not in wanted})
