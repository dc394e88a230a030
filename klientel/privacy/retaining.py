"""What the law wants kept although a person is erased (Art. 17 (3) (b) GDPR): papers stay byte for byte, restricted.

Of a record whose very words must be kept, such as a consent to calls (§ 7a UWG), a paper is made that stays instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.files.storing import store
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import File
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.records.types import Why
from klientel.kernel.trash.hanging import Found, Web, ids_in
from klientel.privacy.restricting import RETENTION, note, set_restricted

Evidence = Callable[[Any], tuple[str, bytes]]
_evidence: dict[str, Evidence] = {}


@dataclass(frozen=True)
class Held:
    """A paper that stays, and why and until when in one sentence."""

    rtype: RecordType
    record: Any
    why: Why


def proven_by(key: str) -> Callable[[Evidence], Evidence]:
    """Declare what is drawn of a record of this type that must be kept: name and bytes of a file that says it all."""

    def declared(draw: Evidence) -> Evidence:
        _evidence[key] = draw
        return draw

    return declared


def is_paper(held: Held) -> bool:
    """Whether it is, or will be, a file that stays."""
    return held.rtype.key in ("kernel.file", *_evidence)


def hold(web: Web) -> tuple[list[Held], dict[UUID, Found]]:
    """Take out of what goes whatever must be kept; its papers are neither deleted nor changed.

    Also what stays although it is about this person alone: all that is personal in it is emptied.

    The record itself stays without the person, so that its figures still add up; what it says of the person stands in
    its papers alone, and those are to be restricted.
    """
    held: list[Held] = []
    emptied: dict[UUID, Found] = {}
    for record_id, one in [*web.gone.items(), *web.kept.items()]:
        why = Why() if one.rtype.personal or one.rtype.retained is None else one.rtype.retained(one.record)
        if not why:
            continue
        if one.rtype.key in _evidence:  # it goes; what proves it stays
            held.append(Held(one.rtype, one.record, why))
        elif record_id in web.gone:
            web.kept[record_id] = emptied[record_id] = web.gone.pop(record_id)
        for paper in _papers(one):
            web.gone.pop(paper.pk, None)
            web.kept.pop(paper.pk, None)
            held.append(Held(type_of("kernel.file"), paper, why))
    return held, emptied


def written_down(held: list[Held]) -> list[Held]:
    """With a paper for each record that goes although its evidence must stay: made now, while it can still be read."""
    made = []
    for one in held:
        draw = _evidence.get(one.rtype.key)
        if draw is None:
            made.append(one)
            continue
        name, content = draw(one.record)
        done = store(system_actor(str(_("Retention"))), content, name=name)
        made.append(Held(type_of("kernel.file"), done.record, one.why))
    return made


def _papers(found: Found) -> list[Any]:
    names = [name for name, kind in found.rtype.links.items() if isinstance(kind, File)]
    ids = [one for name in names for one in ids_in(found.rtype, found.record, name)]
    return list(type_of("kernel.file").model.objects.filter(pk__in=ids).order_by("pk"))


def restrict_all(actor: Actor, held: list[Held]) -> None:
    """Hide the papers from everybody without the right to work on data protection, and note why."""
    with writing.door():
        for one in held:
            set_restricted(one.rtype, one.record.pk, True)
            until = {"until": one.why.until.isoformat()} if one.why.until else {}
            note(actor, "privacy.restricted", one.rtype, one.record.pk, {"ground": RETENTION, "why": one.why} | until)
