"""What somebody is told whose value is none of those that are possible: which are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import filled

LONGEST = 12  # of more than that nobody reads a list
FARTHEST = 2**53 - 1  # what a number may be of which nothing else was said


def not_among(choices: Iterable[Any]) -> Any:
    """Which ones there are, in the words given (translated when somebody reads them)."""
    some = tuple(choices)
    if not 0 < len(some) <= LONGEST:
        return _("Please choose one of the given values.")
    return filled(_("Please choose one of these: %(some)s."), {"some": some})


def not_between(least: int | None, most: int | None) -> Any:
    """From where to where; a side of which nothing was said is left out."""
    facts = {"least": least, "most": most}
    below, above = least is not None and least > -FARTHEST, most is not None and most < FARTHEST
    if below and above:
        return filled(_("Please enter a number from %(least)d to %(most)d."), facts)
    if below:
        return filled(_("Please enter at least %(least)d."), facts)
    if above:
        return filled(_("Please enter at most %(most)d."), facts)
    return _("This number is too small or too large.")
