"""What a workflow asks a person to fill in: fields of the record itself, so that answers are values like any other.

Conditions, later steps, the past and erasure know them without a word; see `docs/decisions/`.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, types_of
from klientel.kernel.errors import Missing
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
