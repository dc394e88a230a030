"""What follows when a contract is written: the end of its term, the last day to give notice, the reminder."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, together
from klientel.kernel.kinds import today, zone
from klientel.lib import periods
from klientel.sales.models.currency import money

ACTIVE, TERMINATED, ENDED = "active", "terminated", "ended"
STATES = ((ACTIVE, _("active")), (TERMINATED, _("notice given")), (ENDED, _("ended")))
TONES = {ACTIVE: "ok", TERMINATED: "warn", ENDED: ""}
ENDS, AUTOMATIC, OPEN = "ends", "automatic", "open"
RENEWALS = ((ENDS, _("ends by itself")), (AUTOMATIC, _("renews by itself")), (OPEN, _("runs until notice")))
UNITS = ((periods.WEEK, _("weeks")), (periods.MONTH, _("months")), (periods.YEAR, _("years")))
NOTICE_UNITS = ((periods.DAY, _("days")), *UNITS)
ANCHORS = (
    (periods.ANY, _("any day")),
    ("month", _("month")),
    ("quarter", _("quarter")),
    ("half", _("half-year")),
    ("year", _("year")),
)
PERIODS = (
    ("month", _("per month")),
    ("quarter", _("per quarter")),
    ("half", _("per half-year")),
    ("year", _("per year")),
    ("once", _("once")),
)
_A_YEAR = {"month": 12, "quarter": 4, "half": 2, "year": 1}
MORNING = dt.time(8)
_YEARS = (1900, 2900)
_FOLLOWS = ("yearly", "renews_on", "notice_by", "remind_at")
_TERM = frozenset(("begins", "term", "term_unit", "renewal", "renewal_term"))
_OF_TERM = ("state", "ends", "notice", "notice_unit", "notice_to", "remind_days", "value", "period")
#: by field: what follows from it (`About.derives`)
DERIVES = dict.fromkeys(_OF_TERM, _FOLLOWS) | dict.fromkeys(_TERM, ("ends", *_FOLLOWS))


def derive(step: Any, draft: Any) -> None:
    """Work out what follows; refused where an end lies before the beginning or a term is missing."""
    contract, changes = draft.record, draft.changes
    _check(contract)
    if draft.new or (_TERM & set(changes) and "ends" not in changes):
        _set_end(step, contract, given=draft.new)
    _check_end(contract)
    follow(step, contract)


def follow(step: Any, contract: Any) -> None:
    """Everything that follows from the term as it stands."""
    running = contract.state == ACTIVE
    renews = running and contract.renewal == AUTOMATIC and contract.ends is not None
    notice_by = last_notice(contract, today()) if running else None
    step.stamp(
        contract,
        yearly=_yearly(contract),
        renews_on=contract.ends + dt.timedelta(days=1) if renews else None,
        notice_by=notice_by,
        remind_at=_reminder(contract, notice_by),
    )


def last_notice(contract: Any, day: dt.date) -> dt.date | None:
    """The last day on which notice may arrive: for the end of the term, or for the first end that is still possible."""
    length, unit = contract.notice or 0, contract.notice_unit or periods.MONTH
    if contract.renewal == OPEN:
        end = periods.first_end(max(day, contract.begins), length, unit, contract.notice_to or periods.ANY)
        if contract.ends is not None:  # a first term within which nobody may give notice
            end = max(end, contract.ends)
        return None if contract.notice is None else periods.last_notice(end, length, unit)
    if contract.ends is None or contract.renewal != AUTOMATIC:
        return None
    return periods.last_notice(contract.ends, length, unit)


def earliest_end(contract: Any, arrived: dt.date) -> dt.date | None:
    """The last day of a contract of which notice arrived on a day; nothing where no term says when."""
    length, unit = contract.notice or 0, contract.notice_unit or periods.MONTH
    if contract.renewal == OPEN:
        first = periods.first_end(arrived, length, unit, contract.notice_to or periods.ANY)
        return max(first, contract.ends or first)
    end: dt.date | None = contract.ends
    while end is not None and contract.renewal == AUTOMATIC and periods.last_notice(end, length, unit) < arrived:
        end = next_end(contract, end)
    return end


def next_end(contract: Any, end: dt.date) -> dt.date | None:
    """The end of the term that follows the one which ends on this day."""
    length = contract.renewal_term or contract.term
    if not length:
        return None
    return periods.term_end(end + dt.timedelta(days=1), length, contract.term_unit or periods.MONTH)


def rolled(contract: Any, end: dt.date | None) -> dt.date | None:
    """The end of the term that runs today, where terms follow one another by themselves."""
    while end is not None and contract.renewal == AUTOMATIC and end < today() and (later := next_end(contract, end)):
        end = later
    return end


def _set_end(step: Any, contract: Any, *, given: bool) -> None:
    """The end of the term that runs; one that somebody gave for a new contract is its first."""
    first = contract.ends if given else None
    if first is None and contract.term:
        first = periods.term_end(contract.begins, contract.term, contract.term_unit or periods.MONTH)
    if first is not None or not given:
        step.stamp(contract, ends=rolled(contract, first))


def _check(contract: Any) -> None:
    refusals = []
    if contract.renewal == AUTOMATIC and not (contract.term or contract.renewal_term):
        refusals.append(Refused("term_missing", _("A contract that renews by itself needs a term."), "term"))
    for name in ("begins", "ends"):
        day = getattr(contract, name)
        if day is not None and not _YEARS[0] <= day.year <= _YEARS[1]:
            refusals.append(Refused("out_of_range", _("This date is too far away."), name))
    if refusals:
        raise together(refusals)


def _check_end(contract: Any) -> None:
    if contract.ends is not None and contract.begins is not None and contract.ends < contract.begins:
        raise Refused("ends_before_it_begins", _("The end lies before the beginning."), "ends")


def _reminder(contract: Any, notice_by: dt.date | None) -> dt.datetime | None:
    """The morning on which the owner is told: so many days before the last day to give notice, or before the end."""
    if contract.state != ACTIVE or contract.remind_days is None:
        return None
    day = notice_by or contract.ends
    if day is None:
        return None
    return dt.datetime.combine(day - dt.timedelta(days=contract.remind_days), MORNING, zone())


def _yearly(contract: Any) -> dict[str, str] | None:
    times = _A_YEAR.get(contract.period or "")
    if not contract.value or times is None:
        return None
    amount = Decimal(contract.value["amount"]) * times
    return money(amount, contract.value["currency"])
