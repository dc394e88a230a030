"""Changes of a definition: a step added, moved, taken away. All give a new definition; the old one stays as it was."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import shape
from klientel.kernel.errors import Refused

#: what a new step begins with
BLANK: dict[str, dict[str, Any]] = {
    "action": {"action": "", "params": {}},
    "notify": {"who": "owner", "text": ""},
    "wait": {"n": 1, "unit": "days"},
    "until": {"field": "", "days": 0, "at": "08:00"},
    "await": {"n": 1, "unit": "days", "then": [], "late": []},
    "branch": {"then": [], "else": []},
    "ask": {
        "who": "owner",
        "question": "",
        "fields": [],
        "needed": [],
        "questions": [],
        "n": 2,
        "unit": "days",
        "then": [],
        "else": [],
    },
    "repeat": {"most": 3, "steps": []},
}


def added(definition: shape.Definition, place: shape.Place, does: str) -> shape.Definition:
    """With a new step at this place; what stands there comes after it."""
    if does not in BLANK:
        raise Refused("bad_step", _("This step is not understood."))
    made = deepcopy(definition)
    some = _list(made, place)
    some.insert(min(place[-1], len(some)), {"do": does, **deepcopy(BLANK[does])})
    return made


def removed(definition: shape.Definition, place: shape.Place) -> shape.Definition:
    """Without the step at this place."""
    made = deepcopy(definition)
    some = _list(made, place)
    _there(some, place)
    del some[place[-1]]
    return made


def moved(definition: shape.Definition, place: shape.Place, by: int) -> shape.Definition:
    """With the step so many places further on in its list; at the ends it stays."""
    made = deepcopy(definition)
    some = _list(made, place)
    step = _there(some, place)
    del some[place[-1]]
    some.insert(max(0, min(place[-1] + by, len(some))), step)
    return made


def replaced(definition: shape.Definition, place: shape.Place, values: dict[str, Any]) -> shape.Definition:
    """With other settings of the step at this place; the steps inside it stay."""
    made = deepcopy(definition)
    some = _list(made, place)
    step = _there(some, place)
    inner = {n: step[n] for n in shape.LISTS if n in step}
    some[place[-1]] = {"do": step["do"], **values, **inner}
    return made


def _list(definition: shape.Definition, place: shape.Place) -> list[dict[str, Any]]:
    try:
        return shape.list_at(definition, place)
    except (AssertionError, KeyError, TypeError):
        raise Refused("no_such_step", _("There is no such step any more.")) from None


def _there(some: list[dict[str, Any]], place: shape.Place) -> dict[str, Any]:
    if not 0 <= place[-1] < len(some):
        raise Refused("no_such_step", _("There is no such step any more."))
    return some[place[-1]]
