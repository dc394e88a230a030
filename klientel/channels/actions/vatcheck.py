"""Asking the authorities about a VAT ID, and taking down what they said."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _

from klientel.channels.models.vatcheck import OUTCOMES, TROUBLES, VatCheck
from klientel.channels.queries import vies
from klientel.kernel.actions import Step, action, warning
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.kinds import Choice, LongText, Privacy, Text
from klientel.kernel.records import type_of

#: how long is waited before it is asked again; then nobody answered
PAUSES = tuple(dt.timedelta(minutes=m) for m in (5, 30, 120, 480, 1440))


@action(
    "contacts.organisation",
    _("Check the VAT ID"),
    said=_("had the VAT ID checked"),
    needs="change",
    icon="badge-check",
    undoable=False,
    writes={"channels.vatcheck": NEW},
)
def check_vat(step: Step, organisation: Any) -> None:
    """Ask VIES whether the VAT ID is valid; the answer stands on the organisation."""
    off = _("VIES is not asked in this workspace. The settings of the workspace switch it on.")
    step.require(vies.is_on(), "vies_off", off)
    step.require(bool(organisation.vat_id), "no_vat_id", _("There is no VAT ID."))
    step.create("channels.vatcheck", organisation=organisation.id, vat_id=organisation.vat_id)


@action("channels.vatcheck", _("Take down the answer"), said=_("took down the answer"), needs="change",
        icon="clock", undoable=False, only=("system",))  # fmt: skip
def answer(
    step: Step,
    check: VatCheck,
    *,
    outcome: Annotated[str, Choice(_("outcome"), of=OUTCOMES)] = "",
    trouble: Annotated[str, Choice(_("why there is no answer"), of=TROUBLES)] = "",
    reference: Annotated[str, Text(_("consultation number"), max_length=60)] = "",
    trader: Annotated[str, Text(_("registered name"), max_length=300, privacy=Privacy.PERSONAL)] = "",
    address: Annotated[str, LongText(_("registered address"), max_length=1000, privacy=Privacy.PERSONAL)] = "",
) -> None:
    """Write down what came of it; without a verdict it is asked again, some times."""
    if check.outcome != "waiting":
        return
    tries = check.tries + 1
    if not outcome:
        over = trouble in vies.LASTING or tries > len(PAUSES)
        outcome, due = ("unanswered", None) if over else ("waiting", step.now + PAUSES[tries - 1])
        step.stamp(check, outcome=outcome, trouble=trouble, tries=tries, due_at=due)
        return
    step.stamp(
        check, outcome=outcome, answered_at=step.now, trouble="", tries=tries, due_at=None, reference=reference,
        trader=trader, address=address,
    )  # fmt: skip
    organisation = type_of("contacts.organisation").model.objects.filter(pk=check.organisation).first()
    if organisation is not None and organisation.vat_id == check.vat_id:
        warning.doubt(organisation.pk, "vat_id", "vat_unknown", wrong=outcome == "invalid")
