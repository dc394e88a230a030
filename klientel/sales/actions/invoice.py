"""What can be done with an invoice."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Date, Money, Text, today
from klientel.sales.models import Invoice, invoicing
from klientel.sales.models.invoicing import OPEN, PARTLY, VOID


@action("sales.invoice", _("Paid"), needs="pay", icon="banknote")
def pay(
    step: Step, invoice: Invoice, *,
    amount: Annotated[dict[str, Any] | None, Money(_("amount"), help_text=_("Empty: all that is open"))] = None,
    date: Annotated[dt.date | None, Date(_("date"))] = None,
    reference: Annotated[str, Text(_("reference"), max_length=140)] = "",
) -> None:  # fmt: skip
    """All that is open was paid, or part of it."""
    step.require(invoice.state in (OPEN, PARTLY), "nothing_open", _("Nothing of this invoice is open."))
    paid, day = amount or invoice.open, date or today()
    invoicing.take_payments(step, invoice, invoicing.amount(paid), day)
    step.create(
        "sales.payment", invoice=invoice.pk, amount=paid, date=day, reference=reference, owner=step.actor.member
    )


@action("sales.invoice", _("Work out what is open"), needs="change", icon="refresh-cw", undoable=False)
def settle(step: Step, invoice: Invoice) -> None:
    """What is open follows from the payments there are. Klientel does this by itself."""
    invoicing.take_payments(step, invoice)


@action("sales.invoice", _("Cancelled in the ERP"), needs="change", icon="ban")
def void(step: Step, invoice: Invoice) -> None:
    """It no longer counts: nothing of it is open or revenue."""
    step.require(invoice.state != VOID, "void_already", _("This invoice was cancelled already."))
    step.stamp(invoice, state=VOID)


@action("sales.invoice", _("Counts again"), needs="change", icon="undo-2")
def reopen(step: Step, invoice: Invoice) -> None:
    """It was marked as cancelled by mistake."""
    step.require(invoice.state == VOID, "not_void", _("This invoice was not cancelled."))
    step.stamp(invoice, state=OPEN)
