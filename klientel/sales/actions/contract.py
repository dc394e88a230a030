"""What can be done with a contract: notice, and what its calendar does by itself."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Date, Text, today
from klientel.sales.models import Contract, contracting
from klientel.sales.models.contracting import ACTIVE, AUTOMATIC, ENDED, ENDS, OPEN, TERMINATED


@action(
    "sales.contract",
    _("Give notice"),
    said=_("gave notice"),
    icon="file-x",
    offered={"state": (ACTIVE,)},
    writes={"state": ..., "noticed_on": ..., "last_day": ..., "reason": ...},
)
def terminate(
    step: Step, contract: Contract, *,
    arrived: Annotated[dt.date | None, Date(_("notice arrived on"))] = None,
    last_day: Annotated[dt.date | None, Date(_("last day of the contract"), help_text=_("Empty: the next possible"))]
        = None,
    reason: Annotated[str, Text(_("reason"), max_length=500)] = "",
) -> None:  # fmt: skip
    """Notice was given, by either side. Without another day the contract ends with the next one that is possible."""
    step.require(contract.state == ACTIVE, "not_active", _("This contract is not running any more."))
    came = arrived or today()
    step.require(came <= today(), "in_future", _("This day has not come yet."), field="arrived")
    end = last_day or contracting.earliest_end(contract, came)
    step.require(end, "no_end", _("Please say when the contract ends: it has no term."), field="last_day")
    step.require(
        end is None or contract.begins is None or end >= contract.begins, "ends_before_it_begins",
        _("The end lies before the beginning."), field="last_day",
    )  # fmt: skip
    state = ENDED if end is not None and end < today() else TERMINATED
    step.stamp(contract, state=state, noticed_on=came, last_day=end, reason=reason)


@action(
    "sales.contract",
    _("Take back the notice"),
    said=_("took back the notice"),
    needs="terminate",
    icon="undo-2",
    offered={"state": (TERMINATED,)},
    writes={"state": ACTIVE, "noticed_on": ..., "last_day": ..., "reason": ..., "ends": ...},
)
def reinstate(step: Step, contract: Contract) -> None:
    """The contract goes on as if no notice had been given."""
    step.require(contract.state == TERMINATED, "not_terminated", _("No notice was given for this contract."))
    step.stamp(
        contract, state=ACTIVE, noticed_on=None, last_day=None, reason="",
        ends=contracting.rolled(contract, contract.ends),
    )  # fmt: skip


@action(
    "sales.contract",
    _("Bring up to date"),
    said=_("brought the term up to date"),
    needs="change",
    icon="refresh-cw",
    undoable=False,
    offered=False,
    writes={"state": ..., "ends": ..., "last_day": ..., "notice_by": ...},
)
def roll(step: Step, contract: Contract) -> None:
    """A term is over: the next one begins, or the contract has ended. Klientel does this by itself."""
    day = today()
    if contract.state == TERMINATED and contract.last_day is not None and contract.last_day < day:
        step.stamp(contract, state=ENDED)
    elif contract.state == ACTIVE and contract.renewal == AUTOMATIC and contract.ends and contract.ends < day:
        step.stamp(contract, ends=contracting.rolled(contract, contract.ends))
    elif contract.state == ACTIVE and contract.renewal == ENDS and contract.ends and contract.ends < day:
        step.stamp(contract, state=ENDED, last_day=contract.ends)
    elif contract.state == ACTIVE and contract.renewal == OPEN and contract.notice_by and contract.notice_by < day:
        step.stamp(contract, notice_by=contracting.last_notice(contract, day))
    else:
        step.require(fact=False, code="nothing_due", message=_("Nothing is due: this term still runs."))
