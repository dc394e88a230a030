"""Giving a file out: who may have it, and pictures made small and harmless."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.reading import get, types_of, visible_ids
from klientel.kernel.errors import Missing
from klientel.kernel.files import keeping
from klientel.kernel.kinds import File as FileKind
from klientel.kernel.records import reverses, type_of
from klientel.kernel.sql import Sql, both

LARGEST = 40_000_000  # pixels that are decoded at most
SMALL = 480


@dataclass(frozen=True)
class Opened:
    """A file that the actor may have; without a path it is empty."""

    record: Any
    path: Path | None


def open_file(scope: ActorScope, file_id: UUID) -> Opened:
    """The file, where the actor sees its record and one record it concerns, or owns it; else :class:`Missing`."""
    record = get(scope, type_of("kernel.file"), file_id, archived=False)
    if not may_open(scope, record):
        raise _missing()
    if not record.place:
        return Opened(record, None)
    path = keeping.path_of(record.tenant_id, record.place)
    if not path.is_file():
        raise _missing()
    return Opened(record, path)


def _missing() -> Missing:
    return Missing("missing", _("There is no such record, or you may not see it."))


def may_open(scope: ActorScope, record: Any) -> bool:
    """Whether the actor may have the bytes of a file whose record they see."""
    if scope.actor.kind == "system" or record.created_by == scope.actor.ref:
        return True
    if scope.me is not None and record.owner == scope.me:
        return True
    by_type: dict[str, list[UUID]] = {}
    for record_id, key in types_of(record.concerns).items():
        by_type.setdefault(key, []).append(record_id)
    return any(visible_ids(scope, type_of(key), ids) for key, ids in by_type.items()) or _in_a_field(scope, record.id)


def _in_a_field(scope: ActorScope, file_id: UUID) -> bool:
    """Whether a record that the actor sees names the file in a field that the actor sees."""
    for way in reverses(type_of("kernel.file")).values():
        kind = scope.visible(way.source).get(way.field)
        if not isinstance(kind, FileKind):
            continue
        parts = [
            Sql("t.tenant_id = %s AND t.archived_at IS NULL", (scope.tenant,)),
            allowed(scope, way.source, "view", "t"),
        ]
        if (base := way.source.base("t")) is not None:
            parts.append(base)
        holds = kind.sql("t")
        inside = both([*parts, Sql(f"{holds.text} = %s", (*holds.params, file_id))])
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {way.source.table} t WHERE {inside.text} LIMIT 1", inside.params)
            if cursor.fetchone():
                return True
    return False


def thumbnail(opened: Opened, side: int = SMALL) -> bytes:
    """A small picture drawn anew (PNG): nothing of the upload's own bytes, no place or camera in it."""
    if opened.path is None or opened.record.media_type not in keeping.PICTURES:
        raise _missing()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(opened.path, formats=("PNG", "JPEG", "WEBP")) as picture:
                if picture.width * picture.height > LARGEST:
                    raise _missing()
                picture.draft("RGB", (side * 2, side * 2))
                small = ImageOps.exif_transpose(picture)
                small.thumbnail((side, side))
                flat = small.convert("RGBA" if "A" in small.getbands() else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _missing() from error
    clean = Image.new(flat.mode, flat.size)
    clean.paste(flat)
    out = io.BytesIO()
    clean.save(out, "PNG")
    return out.getvalue()
