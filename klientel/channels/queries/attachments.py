"""Files that go along with a mail: who may send them, how much they may be, and their bytes, unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.channels.queries.mime import Attachment
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Refused, filled
from klientel.kernel.files import keeping
from klientel.kernel.files.opening import open_file
from klientel.kernel.records import type_of

MOST = 18 * 2**20  # in all; many servers take 25 MB, and base64 makes a third more of it


def check(scope: ActorScope, files: Sequence[UUID]) -> None:
    """Refuse files that the sender may not open, and too many bytes; :class:`Missing` where one is not there."""
    total = sum(open_file(scope, one).record.size or 0 for one in files)
    if total > MOST:
        message = _("The attachments are too large: together at most %(n)d MB are possible.")
        raise Refused("attachments_too_large", filled(message, {"n": MOST // 2**20}), "files")


def read(files: Sequence[UUID]) -> list[Attachment] | None:
    """The files of a mail; nothing where one is gone or not as it was when it was stored."""
    model: Any = type_of("kernel.file").model
    known = {one.pk: one for one in model.objects.filter(pk__in=files)}
    found = []
    for one in files:
        record = known.get(one)
        content = keeping.intact(record) if record is not None else None
        if record is None or content is None:
            return None
        found.append(Attachment(record.name, record.media_type, content))
    return found
