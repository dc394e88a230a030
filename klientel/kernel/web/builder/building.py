"""The two things a page does with a condition: draw one that is stored, and take one that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from klientel.kernel.conditions import check
from klientel.kernel.errors import Refused
from klientel.kernel.records import RecordType
from klientel.kernel.web.builder.drawing import Drawing, Part
from klientel.kernel.web.builder.reading import from_json
from klientel.kernel.web.builder.typed import Typed, done, from_form, pressed
from klientel.kernel.web.builder.writing import Writing


@dataclass(frozen=True)
class Sent:
    """What a form sent: the condition (none where all records are meant), how it looks now, and what is wrong.

    ``pressed`` names the button of the builder that sent it; then the form is to be drawn again, not saved.
    """

    json: Any
    part: Part
    refused: Refused | None
    pressed: str


def of(scope: Any, rtype: RecordType, json: Any, prefix: str = "where", *, blank: bool = True) -> Part:
    """A stored condition as a part to draw; ``blank`` offers a first empty clause where there is none."""
    typed = from_json(scope, rtype, json)
    if blank and not typed.parts:
        typed.parts.append(Typed())
    return _drawn(scope, rtype, typed, prefix, errors=True)[0]


def sent(scope: Any, rtype: RecordType, data: Any, prefix: str = "where") -> Sent:
    """What a form sent under ``prefix``. Clauses nobody chose anything in are left out."""
    what, at = pressed(data, prefix)
    typed = done(from_form(data, prefix), prefix, what, at)
    part, writing = _drawn(scope, rtype, typed, prefix, errors=not what)
    refused = next(iter(writing.refusals.values()), None)
    json = writing.made[prefix][1]
    if refused is None:
        try:
            check(rtype, json, scope)
        except Refused as no:
            refused = no
            part.error = str(no.message)
    empty = json in ({"all": []}, {"not": {"any": []}})
    if json == {"any": []} and refused is None:
        refused = Refused("bad_condition", _("At least one of none selects nothing."), "where")
        part.error = str(refused.message)
    return Sent(None if empty else json, part, refused, what)


def _drawn(scope: Any, rtype: RecordType, typed: Typed, prefix: str, *, errors: bool) -> tuple[Part, Writing]:
    writing = Writing(scope, prefix)
    writing.group(rtype, typed, prefix)
    drawing = Drawing(scope, writing, errors=errors)
    return drawing.group(rtype, typed, prefix), writing
