"""One comparison as people say it: "not closed yet", "due in the next 7 days", "without a birthday".

A label may be a noun ("birthday"), a day with its preposition ("closed at") or a phrase ("belongs to"). Which it is
tells the German one, as German writes nouns with a capital.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from klientel.kernel.conditions.operators import Operator
from klientel.kernel.kinds import Kind

_DAYS, _SINCE = (" at", " on", " am", " um"), (" since", " seit")
_TIMES = ("date", "timestamptz")


def worded(operator: Operator, label: str, kind: Kind, value: Any, said: Callable[[Any], str]) -> str:
    """A comparison as a sentence; ``label`` is the way to the field, ``said`` says one value."""
    stem = _stem(label) if kind.db_type_name in _TIMES else ""
    if operator.key in ("empty", "not_empty"):
        return _there_or_not(operator, label, stem, kind)
    if label.endswith(_SINCE):
        if operator.key == "older" and value > 0:
            return label + " " + ngettext("more than %(n)d day", "more than %(n)d days", value) % {"n": value}
        label += ":"
    return str(operator.words) % {"field": stem or label, "value": _told(operator, value, said)}


def _there_or_not(operator: Operator, label: str, stem: str, kind: Kind) -> str:
    there = operator.key == "not_empty"
    if stem and " " not in stem:
        return stem if there else _("not %(done)s yet") % {"done": stem}
    if stem:
        return _("%(done)s: already") % {"done": stem} if there else _("%(done)s: not yet") % {"done": stem}
    if getattr(kind, "to", "") == "kernel.member":
        return label + ": " + (_("somebody") if there else _("nobody"))
    if " › " not in label and _is_noun(kind):
        return _("with %(thing)s") % {"thing": label} if there else _("without %(thing)s") % {"thing": label}
    return str(operator.words) % {"field": label}


def _stem(label: str) -> str:
    """What a label of a day says without its preposition: "closed" of "closed at"; nothing where it has none."""
    return next((label.removesuffix(end) for end in _DAYS if label.endswith(end)), "")


def _is_noun(kind: Kind) -> bool:
    with override("de"):
        return str(kind.verbose_name)[:1].isupper()


def _told(operator: Operator, value: Any, said: Callable[[Any], str]) -> str:
    if operator.takes == "days" and isinstance(value, int):
        return _days(operator.key, value)
    if not isinstance(value, list):
        return said(value)
    words = [said(one) for one in value]
    if len(words) < 2:
        return "".join(words)
    last = _("%(some)s and %(last)s") if operator.key in ("between", "contains_all") else _("%(some)s or %(last)s")
    return last % {"some": ", ".join(words[:-1]), "last": words[-1]}


def _days(key: str, n: int) -> str:
    if key == "older":
        return _ago(n)
    if key == "anniversary" or n < 0:
        return ngettext("in the next %(n)d day", "in the next %(n)d days", abs(n)) % {"n": abs(n)}
    return ngettext("in the last %(n)d day", "in the last %(n)d days", n) % {"n": n} if n else _("today")


def _ago(n: int) -> str:
    if n < 0:
        return ngettext("sooner than in %(n)d day", "sooner than in %(n)d days", -n) % {"n": -n}
    return ngettext("more than %(n)d day ago", "more than %(n)d days ago", n) % {"n": n} if n else _("before today")
