"""What can be done with consents and objections."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.queries.ending import ends_by
from klientel.channels.models import Consent
from klientel.channels.queries import suppression
from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Choice, DateTime, Privacy, Text


@action(
    "channels.consent",
    _("Withdraw"),
    said=_("withdrew the consent"),
    needs="change",
    icon="ban",
    dangerous=True,
    offered={"withdrawn_at": False},
    writes={"withdrawn_at": ..., "withdrawal": ...},
)
def withdraw(
    step: Step,
    consent: Consent,
    *,
    withdrawal: Annotated[str, Text(_("how we learnt of it"), privacy=Privacy.PERSONAL)] = "",
) -> None:
    """End a consent: no harder than giving it (Art. 7 (3) GDPR)."""
    step.require(consent.withdrawn_at is None, "withdrawn_already", _("This consent is withdrawn already."))
    step.stamp(consent, withdrawn_at=step.now, withdrawal=withdrawal)


@action(
    "channels.consent",
    _("Note that confirmation was asked"),
    said=_("asked for confirmation"),
    needs="change",
    icon="clock",
    offered={"state": ("unproven",)},
    writes={"asked_at": ...},
)
def ask_to_confirm(step: Step, consent: Consent) -> None:
    """The person was asked to confirm (double opt-in): until then the consent allows nothing."""
    step.require(consent.state == "unproven", "not_open", _("This consent is not open any more."))
    step.stamp(consent, asked_at=step.now)


@action(
    "channels.consent",
    _("Confirmed"),
    said=_("confirmed"),
    needs="change",
    icon="check",
    offered={"withdrawn_at": False, "confirmed_at": False},
    writes={"confirmed_at": ..., "given_at": ...},
)
def confirm(
    step: Step,
    consent: Consent,
    *,
    at: Annotated[dt.datetime | None, DateTime(_("confirmed at"))] = None,
) -> None:
    """The person confirmed."""
    step.require(consent.withdrawn_at is None, "withdrawn_already", _("This consent is withdrawn already."))
    step.require(consent.confirmed_at is None, "confirmed_already", _("This consent is confirmed already."))
    step.stamp(consent, confirmed_at=at or step.now, given_at=consent.given_at or at or step.now)


@action(
    "channels.consent",
    _("Note a use"),
    said=_("used the consent"),
    needs="change",
    icon="phone",
    undoable=False,
    only=("system",),
)
def note_use(
    step: Step, consent: Consent, *, how: Annotated[str, Text(_("how it was used"), privacy=Privacy.PERSONAL)] = ""
) -> None:
    """Each use of a consent to calls is documented (§ 7a (2) UWG): by this event, and the last one on the consent."""
    del how  # stands in the event
    step.stamp(consent, used_at=step.now)


def advertises(step: dict[str, Any]) -> bool:
    """Whether a step of a workflow sends advertising."""
    action, params = step.get("action"), step.get("params") or {}
    return action == "contacts.person.send_mail" and params.get("nature") == "advertising"


ends_by(
    "contacts.person.object_to_advertising", advertises, "objected",
    _("The person objected to advertising, and there was some ahead."),
)  # fmt: skip


def addresses_of(person: Any) -> list[str]:
    """Every address under which somebody can be reached."""
    return [str(e["value"]) for e in (*person.emails, *person.phones) if e.get("value")]


@action(
    "contacts.person",
    _("Objects to advertising"),
    said=_("noted an objection to advertising"),
    needs="change",
    icon="ban",
    undoable=False,
    writes={},
)
def object_to_advertising(
    step: Step,
    person: Any,
    *,
    extent: Annotated[
        str,
        Choice(
            _("what is not wanted"),
            default="advertising",
            of=(("advertising", _("advertising")), ("everything", _("any contact"))),
        ),
    ] = "advertising",
) -> None:
    """Block every address of a person (Art. 21 (2) GDPR); stays even after the person is erased."""
    addresses = addresses_of(person)
    step.require(bool(addresses), "no_address", _("This person has no address that could be blocked."))
    step.keep(extent=extent)
    step.mark(person)
    suppression.suppress(addresses, reason="objection", scope=extent)


@action(
    "contacts.person",
    _("Lift the objection"),
    said=_("lifted the objection"),
    needs="change",
    icon="check",
    undoable=False,
    writes={},
)
def lift_objection(
    step: Step,
    person: Any,
    *,
    reason: Annotated[str, Text(_("how the person asked for it"), privacy=Privacy.PERSONAL)],
) -> None:
    """The person wants to be written to again, and knows what follows; the objection leaves the list."""
    del reason  # stands in the comment that people write; the list itself keeps nothing
    step.mark(person)
    gone = suppression.lift(addresses_of(person))
    step.require(gone > 0, "not_blocked", _("No address of this person is blocked."))
