"""How long the law wants business papers to be kept."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import get_language
from django.utils.translation import gettext as say

from klientel.kernel.kinds import today
from klientel.kernel.records.types import Why
from klientel.lib.dates import format_date

LETTER, VOUCHER = 6, 8


def kept_until(day: dt.date | None, years: int) -> dt.date | None:
    """The last day of a retention: it begins with the end of the year (§ 147 (4) AO, § 257 (5) HGB)."""
    return dt.date(day.year + years, 12, 31) if day is not None else None


def why_kept(day: dt.date | None, years: int) -> Why:
    """Why a paper of this day must still be kept; empty when its time is over.

    Invoices are kept 8 years (§ 147 (1) no. 4 and (3) AO and § 257 (1) no. 4 and (4) HGB since 2025), commercial
    letters such as orders and contracts 6.
    """
    until = kept_until(day, years)
    if until is None or until < today():
        return Why()
    words = {"law": "§ 147 AO, § 257 HGB", "n": years, "day": format_date(until, get_language() or "en")}
    return Why.made(say("%(law)s: %(n)s years, until %(day)s") % words, until)
