"""Export: records out as CSV, workbook, vCard or JSON lines, in pages of their own transactions, memory bounded.

Only records with the right to export and fields the actor may see; that somebody took them is written down first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel import events, tenancy
from klientel.kernel.access import reading, seen
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import Step, action
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.events import Event
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, both, comma
from klientel.kernel.transfer import cards, columns
from klientel.kernel.transfer.calm import calm
from klientel.kernel.transfer.columns import Column
from klientel.kernel.transfer.targets import preset_of
from klientel.lib.ids import uuid7
from klientel.lib.tables.writing import csv_columns, vcard_chunks, write_xlsx

FORMATS = (("csv", "CSV"), ("xlsx", "Excel (XLSX)"), ("vcf", "vCard"), ("jsonl", "JSON lines"))
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8", "vcf": "text/vcard; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
_PAGE = 1000
_PIECE = 1 << 16
EXPORTED = "kernel.member.exported"

Rows = list[tuple[Any, ...]]


@action(
    "kernel.member",
    _("Export"),
    said=_("exported records"),
    needs="export",
    undoable=False,
    icon="download",
)
def exported(step: Step, _member: Any) -> None:
    """Somebody took records out: written by :func:`stream` itself, with what was taken; nothing to be done by hand."""
    step.require(False, "only_by_export", _("This is written down when something is exported."))


@dataclass(frozen=True)
class Export:
    """What is to be taken out."""

    scope: ActorScope
    rtype: RecordType
    where: Any
    columns: list[Column]
    format: str


def formats(rtype: RecordType) -> list[tuple[str, str]]:
    """The formats that a type can be written in, with labels."""
    return [(key, label) for key, label in FORMATS if key != "vcf" or preset_of(rtype).cards]


def export(
    scope: ActorScope,
    rtype: RecordType,
    where: Any = None,
    paths: Iterable[str] | None = None,
    format: str = "csv",  # noqa: A002
    out: BinaryIO | None = None,
) -> int:
    """Write the records that the condition selects to ``out``; the number of bytes.

    ``paths`` names columns as import targets do; without them every field that the actor may see is written.
    """
    size = 0
    for piece in stream(scope, rtype, where, paths, format):
        size += len(piece)
        if out is not None:
            out.write(piece)
    return size


def stream(
    scope: ActorScope,
    rtype: RecordType,
    where: Any = None,
    paths: Iterable[str] | None = None,
    format: str = "csv",  # noqa: A002
) -> Iterator[bytes]:
    """The same in pieces, for an answer that streams. Refused before the first piece, never in the middle."""
    with _open():
        if not scope.may(rtype, "export"):
            raise Forbidden("forbidden", _("You may not export these records."))
        if format not in dict(formats(rtype)):
            raise Refused("no_such_format", _("These records cannot be written in this format."), "format")
        chosen = cards.paths(scope, rtype) if format == "vcf" else paths
        wanted = Export(scope, rtype, where, columns.choose(scope, rtype, chosen, text=format == "csv"), format)
        reading.which(scope, rtype, where, verb="export")
    _record(wanted)
    return _calmly(_WRITERS[format](wanted))


def _calmly(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with calm():
        yield from pieces


@contextmanager
def _open() -> Iterator[None]:
    with transaction.atomic():
        yield


def _record(wanted: Export) -> None:
    """That it was taken, by whom and what; the values of a condition may be personal and are not kept."""
    actor = wanted.scope.actor
    parameters = {
        "record_type": wanted.rtype.key, "format": wanted.format, "columns": [c.path for c in wanted.columns],
        "selected": bool(wanted.where),
    }  # fmt: skip
    event = Event(
        kind=EXPORTED, record_type="kernel.member", record_id=actor.member or actor.id, actor=actor.ref,
        actor_name=actor.name, change_set=uuid7(), parameters=parameters,
    )  # fmt: skip
    with tenancy.writing():
        events.write([event])


def pages(wanted: Export) -> Iterator[tuple[Rows, dict[Any, str]]]:
    """Rows in the order they were made, which never changes, with the names of what they lead to; a page at a time."""
    after: UUID | None = None
    names: dict[Any, str] = {}
    while True:
        with _open():
            rows = _page(wanted, after)
            names = columns.linked(wanted.scope, wanted.columns, rows, names)
        if rows:
            after = rows[-1][-1]
            seen.note(wanted.scope.actor, wanted.rtype, (row[-1] for row in rows), seen.How.EXPORTED)
            yield rows, names
        if len(rows) < _PAGE:
            return


def _page(wanted: Export, after: UUID | None) -> Rows:
    parts = [reading.which(wanted.scope, wanted.rtype, wanted.where, verb="export")]
    if after is not None:
        parts.append(Sql("t.id > %s", (after,)))
    inside = both(parts)
    picked = comma([*(c.sql for c in wanted.columns), Sql("t.id")])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {picked.text} FROM {wanted.rtype.table} t WHERE {inside.text} ORDER BY t.id LIMIT {_PAGE}",
            [*picked.params, *inside.params],
        )
        found: Rows = cursor.fetchall()
        return found


# -- formats ------------------------------------------------------------------------------------------------------


def _csv(wanted: Export) -> Iterator[bytes]:
    heads = [[head] for head in columns.heads(wanted.columns)]
    yield f"\ufeff{csv_columns(heads, harmless=[False] * len(heads))}".encode()
    harmless = [c.harmless for c in wanted.columns]
    for rows, names in pages(wanted):
        yield csv_columns(columns.texts(wanted.columns, rows, names), harmless=harmless).encode()


def _xlsx(wanted: Export) -> Iterator[bytes]:
    with TemporaryDirectory() as place:
        path = Path(place) / "export.xlsx"
        rows = (
            row
            for some, names in pages(wanted)
            for row in zip(*columns.typed(wanted.columns, some, names), strict=True)
        )
        write_xlsx(str(path), columns.heads(wanted.columns), rows, sheet=str(wanted.rtype.plural))
        with path.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece


def _jsonl(wanted: Export) -> Iterator[bytes]:
    names = [c.path for c in wanted.columns]
    for rows, _linked in pages(wanted):
        found = zip(*columns.plain(wanted.columns, rows), strict=True)
        yield b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in found)


def _vcf(wanted: Export) -> Iterator[bytes]:
    names = [c.path for c in wanted.columns]
    for rows, linked in pages(wanted):
        values = [c.canonical([row[n] for row in rows]) for n, c in enumerate(wanted.columns)]
        found = (
            cards.card(wanted.rtype, dict(zip(names, row, strict=True)), linked) for row in zip(*values, strict=True)
        )
        yield b"".join(vcard_chunks(found))


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "jsonl": _jsonl, "vcf": _vcf}
