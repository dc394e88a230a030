"""What can be done with an invoice."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.reading import visible_ids
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import ANY, CHANGED, NEW
from klientel.kernel.errors import Refused, filled
from klientel.kernel.files import keeping
from klientel.kernel.files.opening import open_file
from klientel.kernel.kinds import Date, File, Link, Money, Text, today
from klientel.kernel.records import type_of
from klientel.lib.einvoices import EInvoice
from klientel.sales.models import Invoice, invoicing
from klientel.sales.models.invoicing import OPEN, PAID, PARTLY, VOID
from klientel.sales.queries import einvoice

_DAY = lazy(Date().show, str)


@action(
    "sales.invoice",
    _("Paid"),
    said=_("entered a payment"),
    needs="pay",
    icon="banknote",
    offered={"state": (OPEN, PARTLY)},
    writes={"payments": ..., "paid_on": ..., "sales.payment": NEW},
)
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


@action(
    "sales.invoice",
    _("Work out what is open"),
    said=_("worked out what is open"),
    needs="change",
    icon="refresh-cw",
    undoable=False,
    offered=False,
    writes={"payments": ..., "paid_on": ...},
)
def settle(step: Step, invoice: Invoice) -> None:
    """What is open follows from the payments there are. Klientel does this by itself."""
    invoicing.take_payments(step, invoice)


@action(
    "sales.invoice",
    _("Cancelled in the ERP"),
    said=_("noted the cancellation in the ERP"),
    needs="change",
    icon="ban",
    offered={"state": (OPEN, PARTLY, PAID)},
    writes={"state": VOID},
)
def void(step: Step, invoice: Invoice) -> None:
    """It no longer counts: nothing of it is open or revenue."""
    step.require(invoice.state != VOID, "void_already", _("This invoice was cancelled already."))
    step.stamp(invoice, state=VOID)


@action(
    "sales.invoice",
    _("Counts again"),
    said=_("made the invoice count again"),
    needs="change",
    icon="undo-2",
    offered={"state": (VOID,)},
    writes={"state": OPEN},
)
def reopen(step: Step, invoice: Invoice) -> None:
    """It was marked as cancelled by mistake."""
    step.require(invoice.state == VOID, "not_void", _("This invoice was not cancelled."))
    step.stamp(invoice, state=OPEN)


@action(
    "sales.invoice",
    _("Take in an e-invoice"),
    said=_("took in an e-invoice"),
    needs="create",
    new=True,
    icon="file-down",
    writes={"kernel.file": CHANGED},
)
def take(
    step: Step, *,
    document: Annotated[UUID, File(_("e-invoice"), help_text=_("XRechnung, ZUGFeRD or Factur-X"))],
    organisation: Annotated[UUID | None, Link("contacts.organisation", _("organisation"))] = None,
) -> Any:  # fmt: skip
    """Read a file that was uploaded: an invoice with all it says, and the file as it came."""
    found, file = _read(step, document)
    values = einvoice.values_of(step.scope, found, organisation)
    step.settle(Invoice._meta.db_table)
    known = _known(values)
    if known is not None:
        raise _there(step, known)
    made = step.create("sales.invoice", **values, document=document)
    step.stamp(made, **einvoice.facts_of(found))
    step.follow(file, concerns=list(dict.fromkeys([*file.concerns, made.id])))
    return made


@action(
    "sales.invoice",
    _("Add the e-invoice"),
    said=_("added the e-invoice"),
    needs="change",
    icon="paperclip",
    writes={ANY: ..., "kernel.file": CHANGED},
)
def attach(
    step: Step, invoice: Invoice, *,
    document: Annotated[UUID, File(_("e-invoice"), help_text=_("XRechnung, ZUGFeRD or Factur-X"))],
) -> None:  # fmt: skip
    """The e-invoice of an invoice that an ERP told before: its number, date and total must be the same."""
    step.require(invoice.document is None, "document_there", _("This invoice has its document already."))
    found, file = _read(step, document)
    values = einvoice.values_of(step.scope, found, invoice.organisation)
    same = (values["number"], values["date"]) == (invoice.number, invoice.date)
    text = filled(_("This is the e-invoice %(number)s of %(date)s, another one."), _words(found))
    step.require(same, "other_invoice", text, field="document")
    stated, ours = abs(found.stated.sums["gross"]), abs(invoicing.amount(invoice.gross))
    sums = {"stated": f"{stated:.2f}", "ours": f"{ours:.2f}"}
    text = filled(_("The e-invoice comes to %(stated)s, this invoice to %(ours)s."), sums)
    step.require(stated == ours, "other_total", text, field="document")
    fields = type_of(invoice).fields
    missing = {n: v for n, v in values.items() if n != "paid" and v and fields[n].is_empty(getattr(invoice, n))}
    step.change(invoice, **missing, document=document)
    step.stamp(invoice, **einvoice.facts_of(found))
    step.follow(file, concerns=list(dict.fromkeys([*file.concerns, invoice.id])))


def _read(step: Step, document: UUID) -> tuple[EInvoice, Any]:
    """What the file says, and its record; the bytes are those that came, by their SHA-256."""
    opened = open_file(step.scope, document)
    data = keeping.intact(opened.record) if opened.path else b""
    step.require(data is not None, "bytes_changed", _("The file is not what was uploaded."), field="document")
    return einvoice.read_file(data or b""), opened.record


def _known(values: dict[str, Any]) -> Invoice | None:
    """The invoice of the same issuer, number and date that is there already."""
    draft = Invoice(**{name: values[name] for name in ("direction", "seller", "seller_vat_id", "organisation")})
    same = {"direction": values["direction"], "number": values["number"], "date": values["date"]}
    found: Invoice | None = Invoice.objects.filter(**same, issuer=invoicing.issuer_of(draft), archived_at=None).first()
    return found


def _words(invoice: Any) -> dict[str, object]:
    return {"number": invoice.number, "date": _DAY(invoice.date)}


def _there(step: Step, known: Invoice) -> Refused:
    if not visible_ids(step.scope, type_of("sales.invoice"), [known.pk]):
        return Refused("known_already", _("This invoice is there already."), "document")
    details = {"id": str(known.pk), "document": known.document is not None}
    text = filled(_("Invoice %(number)s of %(date)s is there already."), _words(known))
    return Refused("known_already", text, "document", details=details)
