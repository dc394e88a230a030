"""What can be done with an order."""

from __future__ import annotations

from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.errors import filled
from klientel.kernel.kinds import Text
from klientel.sales.models import Order, Quote, quoting
from klientel.sales.models.ordering import CANCELLED, DELIVERED, DONE, OPEN
from klientel.sales.models.positions import COUNTED, SECTION
from klientel.sales.models.quoting import ACCEPTED

_COPIED = ("name", "organisation", "person", "deal", "currency", "positions", "discount", "owner", "tags")


@action(
    "sales.quote",
    _("Make an order"),
    said=_("made an order of the quote"),
    needs="order",
    icon="shopping-cart",
    offered={"state": (ACCEPTED,)},
    writes={"sales.order": NEW},
)
def order(
    step: Step, quote: Quote, *, customer_reference: Annotated[str, Text(_("the customer's order number"))] = ""
) -> None:
    """The quote was accepted: an order with its lines, as they were agreed."""
    step.require(quote.state == ACCEPTED, "not_accepted", _("Only an accepted quote becomes an order."))
    agreed = quoting.agreed_positions(quote.positions or [], quote.chosen)
    counted = [one for one in agreed if one.get("role", COUNTED) in (COUNTED, SECTION)]
    step.settle(Order._meta.db_table)
    there = Order.objects.filter(quote=quote.pk, archived_at=None).values_list("number", flat=True).first()
    step.require(
        there is None, "ordered_already", filled(_("This quote is an order already: %(number)s."), {"number": there})
    )
    values = {name: getattr(quote, name) for name in _COPIED} | {"positions": counted}
    step.create("sales.order", quote=quote.pk, customer_reference=customer_reference, **values)
    step.mark(quote)


@action(
    "sales.order",
    _("Delivered"),
    said=_("noted the delivery"),
    needs="change",
    icon="truck",
    offered={"state": (OPEN,)},
    writes={"state": DELIVERED},
)
def deliver(step: Step, order: Order) -> None:
    """All of it has been delivered or done."""
    step.require(order.state == OPEN, "not_open", _("This order is not open any more."))
    step.change(order, state=DELIVERED)


@action(
    "sales.order",
    _("Completed"),
    said=_("completed the order"),
    needs="change",
    icon="circle-check",
    offered={"state": (OPEN, DELIVERED)},
    writes={"state": DONE},
)
def complete(step: Step, order: Order) -> None:
    """Delivered, invoiced, nothing left to do."""
    step.require(order.state in (OPEN, DELIVERED), "not_open", _("This order is not open any more."))
    step.change(order, state=DONE)


@action(
    "sales.order",
    _("Cancel"),
    said=_("cancelled the order"),
    needs="change",
    icon="ban",
    offered={"state": (OPEN,)},
    writes={"state": CANCELLED},
)
def cancel(step: Step, order: Order) -> None:
    """It will not be carried out."""
    step.require(order.state == OPEN, "not_open", _("This order is not open any more."))
    step.change(order, state=CANCELLED)
