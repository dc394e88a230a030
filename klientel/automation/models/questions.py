"""Questions of a workflow's own, that no field of its record has a place for: their shape, and what kinds they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import count
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Date, Decimal, Kind, LongText, Text, Whole, YesNo
from klientel.lib.words import fold

MOST = 20  # of one step
LONGEST = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
BEFORE = "answer_"  # what names of answers begin with, so that they never meet a field
#: what can be asked: the kind, and what it is called
SORTS: dict[str, tuple[type[Kind], Any]] = {
    "text": (Text, _("text, one line")),
    "long_text": (LongText, _("text, several lines")),
    "whole": (Whole, _("whole number")),
    "decimal": (Decimal, _("decimal number")),
    "date": (Date, _("day")),
    "yes_no": (YesNo, _("yes or no")),
    "choice": (Choice, _("one of several")),
}


def check(questions: Any) -> None:
    """Refuse what is not a list of questions: ``{"name", "label", "sort", "of"?, "needed"?}`` each."""
    known = {"name", "label", "sort", "of", "needed"}
    if not isinstance(questions, list) or len(questions) > MOST:
        raise _bad()
    for one in questions:
        if not isinstance(one, dict) or not set(one) <= known or not _NAME.match(str(one.get("name", ""))):
            raise _bad()
        label, of = one.get("label"), one.get("of", [])
        if not isinstance(label, str) or not 0 < len(label.strip()) <= LONGEST or one.get("sort") not in SORTS:
            raise Refused("bad_question", _("Please write each question, and choose what kind of answer it wants."))
        if not isinstance(of, list) or not all(isinstance(o, str) and 0 < len(o) <= LONGEST for o in of):
            raise _bad()
        if one["sort"] == "choice" and len(set(of)) < 2:
            raise Refused("no_choice", _("Please name at least two answers to choose from."))
    names = [one["name"] for one in questions]
    if len(names) != len(set(names)):
        raise Refused("twice", _("Two questions have the same name."))


def is_one(question: Any) -> bool:
    """Whether this has the parts of a question, each of its sort."""
    if not isinstance(question, dict) or question.get("sort") not in list(SORTS):
        return False
    of = question.get("of", [])
    named = all(isinstance(question.get(part), str) for part in ("name", "label"))
    return named and isinstance(of, list) and all(isinstance(one, str) for one in of)


def _bad() -> Refused:
    return Refused("bad_question", _("This is not a list of questions."))


def named(label: str, taken: Collection[str]) -> str:
    """A name for a new question, made of its words, that no other one has."""
    base = "_".join(re.findall(r"[a-z0-9]+", fold(label)))[:30].strip("_")
    base = base if base[:1].isalpha() else f"q_{base}".strip("_")
    return next(name for n in count(1) if (name := base if n == 1 else f"{base}_{n}") not in taken)


def facts_of(one: dict[str, Any]) -> dict[str, Any]:
    """What the kind of a question is made with, beside its label."""
    return {"of": tuple((o, o) for o in one["of"])} if one["sort"] == "choice" else {}


def kinds_of(some: Iterable[dict[str, Any]]) -> dict[str, Kind]:
    """What people fill in, by the names that the answers have as fields."""
    made: dict[str, Kind] = {}
    for one in some:
        kind: Any = SORTS[one["sort"]][0](one["label"], **facts_of(one))
        kind.name, kind.required = BEFORE + one["name"], bool(one.get("needed"))
        made[kind.name] = kind
    return made
