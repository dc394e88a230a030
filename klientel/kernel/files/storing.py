"""Taking a file in: bytes first, then the record by an action. The ticket between them vouches for the bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Done, Step, action, run
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.files.models import PURPOSES, File
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Choice, Links, Privacy, Text
from klientel.kernel.tenancy import current
from klientel.lib.files import clean_name

_SALT = "klientel.kernel.files"
_LIFETIME = 600  # seconds between the bytes and the record


def ticket_of(tenant: UUID, kept: keeping.Kept) -> str:
    """A signed text that stands for bytes in the store, for ten minutes."""
    facts = {"tenant": str(tenant), **vars(kept)}
    return signing.dumps(facts, salt=_SALT)


def _read(ticket: str) -> keeping.Kept:
    try:
        facts = signing.loads(ticket, salt=_SALT, max_age=_LIFETIME)
    except signing.BadSignature:
        facts = {}
    if facts.pop("tenant", "") != str(current()):
        raise Refused("bad_ticket", _("This upload has ended. Please choose the file again."), "ticket")
    return keeping.Kept(**facts)


@action(
    "kernel.file",
    _("Upload"),
    said=_("uploaded the file"),
    needs="create",
    new=True,
    icon="upload",
    writes={},
)
def upload(
    step: Step,
    *,
    name: Annotated[str, Text(_("file name"), max_length=500, privacy=Privacy.PERSONAL)],
    ticket: Annotated[str, Text(_("ticket"), max_length=1000, privacy=Privacy.PERSONAL)],
    concerns: Annotated[list[UUID], Links("*", _("concerns"))] = [],  # noqa: B006  never changed
    purpose: Annotated[str, Choice(_("purpose"), of=PURPOSES)] = "document",
) -> Any:
    """Put a file beside the records it concerns."""
    kept = _read(ticket)
    if purpose == "picture":
        step.require(
            kept.media_type in keeping.PICTURES, "not_a_picture", _("Please choose a PNG, JPEG or WebP picture.")
        )
    taken = File.objects.filter(place=kept.place).exists()
    step.require(not taken, "bad_ticket", _("This upload has ended. Please choose the file again."), "ticket")
    return step.create(
        "kernel.file",
        name=clean_name(name),
        purpose=purpose or "document",
        concerns=concerns,
        media_type=kept.media_type,
        size=kept.size,
        digest=kept.digest,
        place=kept.place,
        owner=step.actor.member,
    )


def store(
    actor: Actor, given: Any, concerns: Iterable[UUID] = (), *, name: str = "", purpose: str = "document"
) -> Done:
    """Keep a file (a Django upload, an open binary file or bytes) and make its record; all or nothing."""
    title = clean_name(name or getattr(given, "name", "") or "file")
    kept = keeping.keep(actor.tenant, _chunks(given), title)
    try:
        return run(
            actor,
            "kernel.file.upload",
            name=title,
            ticket=ticket_of(actor.tenant, kept),
            concerns=list(concerns),
            purpose=purpose,
        )
    except BaseException:
        keeping.drop(actor.tenant, kept.place)
        raise


def _chunks(given: Any) -> Iterable[bytes]:
    if isinstance(given, bytes | bytearray):
        return [bytes(given)]
    if hasattr(given, "chunks"):
        return given.chunks()  # type: ignore[no-any-return]
    return iter(lambda: given.read(2**16), b"")
