"""What a workflow asks a person to fill in: fields of the record itself, so that answers are values like any other,
and questions of its own, whose answers stand in the request (`answers`). See `docs/decisions/`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models.questions import kinds_of
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, types_of
from klientel.kernel.errors import Missing, Refused, together
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, type_of


def askable(scope: ActorScope, rtype: RecordType) -> dict[str, Kind]:
    """The fields of a type that somebody can be asked for."""
    return {
        n: k for n, k in scope.writable(rtype).items()
        if not k.computed and k.cell != "json" and k.widget not in ("file", "emails", "phones", "addresses")
    }  # fmt: skip


def subject(scope: ActorScope, request: Any) -> tuple[RecordType, Any] | None:
    """The record that a request is about; none where it is gone or not to be seen by who answers."""
    known = types_of(request.concerns[:1])
    try:
        return next((type_of(key), get(scope, type_of(key), pk)) for pk, key in known.items())
    except (StopIteration, Missing):
        return None


def unfilled(scope: ActorScope, request: Any) -> list[Kind]:
    """The fields that a yes needs and that are still empty; :class:`Missing` where the record cannot be seen."""
    needed = request.asked.get("needed") or []
    if not needed:
        return []
    about = subject(scope, request)
    if about is None:
        raise Missing("record_gone", _("The record is gone, or you may not see it."))
    rtype, record = about
    kinds = askable(scope, rtype)
    return [kinds[n] for n in needed if n in kinds and rtype.value(record, n) in (None, "", [])]


def asked_of(request: Any) -> dict[str, Kind]:
    """The questions of a request as kinds, by the names that the answers have."""
    return kinds_of(request.asked.get("questions") or [])


def answered(request: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Answers as they are kept, plain; each is checked by its kind, and what is needed has to be there."""
    kinds, made, refusals = asked_of(request), dict[str, Any](), list[Refused]()
    if unknown := next((name for name in given if name not in kinds), None):
        raise Refused("unknown_field", _("There is no such field."), unknown)
    for name, kind in kinds.items():
        try:
            made[name] = kind.plain(kind.accept(given.get(name)))
        except Refused as no:
            refusals.append(no)
    if refusals:
        raise together(refusals)
    return made


def replies(scope: ActorScope, request: Any) -> list[tuple[str, str]]:
    """What was answered to the questions of a request, for people: question and answer, as far as they may see it."""
    if "answers" not in scope.visible(type_of("automation.request")):
        return []
    given = [(kind, request.answers.get(name)) for name, kind in asked_of(request).items()]
    return [(str(k.verbose_name), k.show(k.from_plain(v))) for k, v in given if v not in (None, "")]
