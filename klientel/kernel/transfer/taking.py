"""From the cells of a row to the values of a record: pure Python, no database. What is wrong is told, never raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.beforehand import Forerunner
from klientel.kernel.actions.drafting import fresh
from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds import (
    NUMBERS,
    Addresses,
    Choice,
    Choices,
    Country,
    Date,
    Entries,
    Kind,
    Language,
    Link,
    Links,
    LongText,
    Phones,
)
from klientel.kernel.kinds.base import region
from klientel.kernel.records import RecordType
from klientel.kernel.transfer import cells as cell_texts
from klientel.kernel.transfer import lining, readers, saying
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.targets import ADDED, ID, Part, Path, parse, preset_of
from klientel.lib import numbers, phones
from klientel.lib.tables import Row, Table

_REPEATING = ("choice", "choices", "country", "language", "yes_no", "date", "money", "whole")


@dataclass(slots=True)
class Fault:
    """What is wrong with a row ("error"), was left out of it ("warning") or which record it perhaps repeats ("likely"):
    as a sentence and for machines.
    """

    state: str
    code: str
    message: object  # a sentence, put together when it is read; as it was stored: in each language
    field: str = ""
    column: str = ""
    value: str = ""


@dataclass(slots=True)
class Taken:
    """A row as values of a record: ``values`` are canonical, ``links`` are still texts that name other records."""

    line: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    record: Any = None  # of these values, in memory
    related: dict[str, str] = field(default_factory=dict)  # path -> text of a record beside it
    leads: dict[str, list[UUID]] = field(default_factory=dict)  # field -> ids of records it leads to
    named: UUID | None = None  # the id of the record that the row says it is
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> the column that leads to it

    def put(self, kind: Kind, value: Any) -> None:
        """Set a value that was found out later, such as a link."""
        self.values[kind.name] = value
        if self.record is not None:
            if kind.custom:
                self.record.extra[kind.name] = kind.plain(value)
            else:
                setattr(self.record, kind.name, value)

    @property
    def refused(self) -> bool:
        """Whether the row as a whole cannot be taken."""
        return any(f.state == "error" for f in self.faults)


@dataclass(slots=True)
class _Entry:
    """One entry on its way: its parts, and the column that each came from."""

    parts: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    def add(self, part: str, text: str, column: str, *, joint: str) -> None:
        """Another text for a part, behind what it holds."""
        self.parts[part] = f"{self.parts[part]}{joint}{text}" if part in self.parts else text
        self.columns.setdefault(part, column)


def id_in(text: str) -> UUID | None:
    """The id that a cell holds, if it is one; a card writes ``urn:uuid:`` before it."""
    text = text.strip().removeprefix("urn:uuid:")
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None


def _country(taken: Taken) -> str:
    """The country of the row's first address that has one, where that is not the one numbers are read in anyway."""
    values = [e for v in taken.values.values() if isinstance(v, list) for e in v if isinstance(e, dict)]
    found = next((str(e["country"]) for e in values if e.get("country")), "")
    return found if found != region() else ""


def _at_home(entries: list[_Entry], country: str) -> None:
    """Numbers without a country code as those of the country the row speaks of, where it has such a number."""
    for entry in entries if country else ():
        with suppress(ValueError):
            entry.parts["value"] = phones.read_phone(entry.parts.get("value", ""), country).stored


class Taker:
    """Reads the rows of one file into values of one type. Made once for an import."""

    def __init__(
        self,
        rtype: RecordType,
        fields: Mapping[str, Kind],
        columns: Sequence[str],
        mapping: Mapping[str, str],
        options: Options,
        *,
        sample: Sequence[Sequence[str]] = (),
        decimal: str | None = None,
    ) -> None:
        self.rtype, self.fields, self.options, self.decimal = rtype, dict(fields), options, decimal
        self.preset, self._forerunner = preset_of(rtype), Forerunner(rtype, self.fields)
        self.columns = list(columns)
        self._parts = {p.path: p for p in self.preset.parts if all(f in fields for f in p.fields)}
        self._plain: list[tuple[int, str]] = []
        self._entries: list[tuple[int, Path]] = []
        self._composed: list[tuple[int, Part]] = []
        self._column_of: dict[str, str] = {}
        self._readers: dict[str, Callable[[str], Any]] = {}
        self._id_at = -1
        self._leads: list[tuple[int, str]] = []
        self._beside = {one.path for one in self.preset.beside}
        self._related: list[tuple[int, str]] = []
        self._lines = self._lined(mapping, sample)
        for position, column in enumerate(self.columns):
            self._aim(position, column, mapping.get(column, ""), sample)

    def _aim(self, position: int, column: str, path: str, sample: Sequence[Sequence[str]]) -> None:
        if not path:
            return
        if path == ID:
            self._id_at = position
            return
        if path in self._beside:
            self._related.append((position, path))
            return
        if self._lines is not None and position in self._lines.parts:
            return
        if path in self._parts:
            self._composed.append((position, self._parts[path]))
            for name in self._parts[path].fields:
                self._column_of.setdefault(name, column)
            return
        aim = parse(path, self.fields)
        if aim is None:
            message = filled(_("“%(path)s” is no field that can be imported."), {"path": path[:80]})
            raise Refused("no_such_field", message, "mapping")
        if aim.part == ID:
            self._leads.append((position, aim.field))
            return
        self._column_of.setdefault(aim.field, column)
        if isinstance(self.fields[aim.field], Entries):
            self._entries.append((position, aim))
            return
        self._plain.append((position, aim.field))
        self._make_reader(aim.field, [row[position] for row in sample if position < len(row)])

    def _lined(self, mapping: Mapping[str, str], sample: Sequence[Sequence[str]]) -> lining.Columns | None:
        """Which columns are parts of lines; nothing where none is."""
        lines = self.preset.lines
        if lines is None or lines.field not in self.fields:
            return None
        found = lining.Columns.of(self.columns, mapping, lines)
        self._line_parts = [lines.part(mapping[self.columns[n]]) for n in found.parts]
        self._line_columns = {part: self.columns[n] for part, n in zip(self._line_parts, found.parts, strict=True)}
        self._line_decimal = self.decimal or lining.decimal_sign(found, sample)
        return found if found.parts else None

    def rows(self, table: Table) -> Iterator[Row]:
        """The rows of the file, those that are lines of one record put together."""
        return table.checked_rows() if self._lines is None else lining.put_together(table, self._lines)

    def take(self, row: Row) -> Taken:
        """The values of a row."""
        taken = Taken(row.line, row.cells, columns=self._column_of)
        if row.problem is not None:
            problem = row.problem
            message = saying.later(problem.code, problem.details, problem.message)
            if rest := [str(v) for v in problem.details.get("rest", ()) if v]:  # type: ignore[attr-defined]
                taken.cells = [*row.cells, *rest]
                left = {"what": message, "values": "; ".join(rest)[:200]}
                message = filled(_("%(what)s Left over: %(values)s"), left)
            taken.faults.append(Fault("warning" if problem.harmless else "error", problem.code, message))
            if taken.refused:
                return taken
        self._take_plain(taken)
        if self._entries:
            self._take_entries(taken)
        if self._lines is not None:
            self._take_lines(taken, self._lines)
        taken.record = fresh(self.rtype, self.fields, taken.values)
        self._forerunner.look(taken.record, taken.values)
        for position, path in self._related:
            if text := taken.cells[position].strip():
                taken.related[path] = f"{taken.related[path]}\n\n{text}" if path in taken.related else text
        for position, name in self._leads:
            ids = [i for v in taken.cells[position].split(";") if (i := id_in(v)) is not None]
            if ids:
                taken.leads[name] = ids
        if self._id_at >= 0:
            taken.named = id_in(taken.cells[self._id_at])
        return taken

    def _take_plain(self, taken: Taken) -> None:
        texts: dict[str, Any] = {}
        cells = taken.cells
        for position, name in self._plain:
            text = cells[position].strip()
            if text:
                if name not in texts:
                    texts[name] = text
                elif isinstance(self.fields[name], LongText) and text != texts[name]:
                    texts[name] += f"\n\n{text}"
        for position, part in self._composed:
            text = cells[position].strip()
            if text:
                part.read(text, texts)
        for name, text in texts.items():
            kind = self.fields.get(name)
            if kind is None:  # a part of a name that this actor may not set
                continue
            if isinstance(kind, Link | Links):
                known = self.preset.values.get(name)
                taken.links[name] = known(text) if known else text
                continue
            try:
                taken.values[name] = (self._readers.get(name) or self._make_reader(name, ()))(text)
            except Refused as no:
                self._leave_out(taken, kind, text, no)

    def _leave_out(self, taken: Taken, kind: Kind, text: str, no: Refused, column: str = "") -> None:
        hard = self.options.strict or kind.required
        state = "error" if hard else "warning"
        left_out = _("Not taken over: “%(value)s”. %(reason)s")
        message = no.message if hard else filled(left_out, {"value": text[:80], "reason": no.message})
        column = column or self._column_of.get(kind.name, "")
        taken.faults.append(Fault(state, no.code, message, kind.name, column, text[:200]))

    def _take_lines(self, taken: Taken, columns: lining.Columns) -> None:
        """All lines of the record; with one that cannot be read the row is refused, never half of them taken."""
        lines = self.preset.lines
        assert lines is not None
        texts = lining.taken_apart(taken.cells, columns, self._line_parts)
        try:
            taken.values[lines.field] = self.fields[lines.field].accept(lines.read(texts, self._line_decimal))
        except Refused as no:
            for one in no.all():
                column = self._line_columns.get((one.field or "").rpartition(".")[2], "")
                taken.faults.append(Fault("error", one.code, one.message, one.field or lines.field, column))

    # -- entries --------------------------------------------------------------------------------------------------

    def _take_entries(self, taken: Taken) -> None:
        slots: dict[tuple[str, str], _Entry] = {}
        found: dict[str, list[_Entry]] = {}
        for position, aim in self._entries:
            text, column = taken.cells[position].strip(), self.columns[position]
            if not text:
                continue
            if aim.slot:
                entry = slots.get((aim.field, aim.slot))
                if entry is None:
                    entry = slots[aim.field, aim.slot] = _Entry()
                    found.setdefault(aim.field, []).append(entry)
                self._put(entry, aim, text, found[aim.field], column)
            else:
                kind = self.fields[aim.field]
                assert isinstance(kind, Entries)
                read = cell_texts.read(kind, text)
                found.setdefault(aim.field, []).extend(_Entry(e, dict.fromkeys(e, column)) for e in read)
        for name in sorted(found, key=lambda n: not isinstance(self.fields[n], Addresses)):
            if isinstance(self.fields[name], Phones):
                _at_home(found[name], _country(taken))
            self._accept_entries(taken, name, found[name])

    def _put(self, entry: _Entry, aim: Path, text: str, entries: list[_Entry], column: str) -> None:
        part = aim.part or "value"
        if part == "purpose":
            entry.parts["purpose"] = cell_texts.purpose_of(text)
            return
        if part in ADDED:
            entry.add(ADDED[part], text, column, joint=" " if part == "house_number" else ", ")
            return
        if part in entry.parts and part == "value":  # two columns for one slot: two entries
            entry = _Entry()
            entries.append(entry)
        entry.add(part, text, column, joint=", ")
        if aim.purpose:
            entry.parts.setdefault("purpose", aim.purpose)

    def _accept_entries(self, taken: Taken, name: str, entries: list[_Entry]) -> None:
        kind = self.fields[name]
        assert isinstance(kind, Entries)
        full = [e for e in entries if any(p in e.parts for p in kind.parts)]
        try:
            taken.values[name] = kind.take([e.parts for e in full])
            return
        except Refused:
            pass
        good: list[dict[str, str]] = []
        for entry in full:
            good += self._accept_one(taken, kind, entry.parts, entry.columns)
        if good:
            taken.values[name] = kind.take(good[: kind.most])

    def _accept_one(
        self, taken: Taken, kind: Entries, entry: dict[str, str], columns: Mapping[str, str]
    ) -> list[dict[str, str]]:
        """One entry of a doubtful list: as it is, taken apart, without its wrong part, or not at all."""
        try:
            return kind.take([entry])
        except Refused as no:
            said = {k: v for k, v in entry.items() if k in ("purpose", "state")}
            if not isinstance(kind, Addresses):
                pieces = [p for p in re.split(r"[;,/\n]|\s\|\s|\s{3,}", entry["value"]) if p.strip()]
                if len(pieces) > 1:
                    some = [{"value": p.strip()} | said for p in pieces]
                    return [e for one in some for e in self._accept_one(taken, kind, one, columns)]
            elif "country" in entry and len(entry) > 1:
                self._leave_out(taken, kind, entry["country"], no, columns.get("country", ""))
                rest = {k: v for k, v in entry.items() if k != "country"}
                return self._accept_one(taken, kind, rest, columns)
            text = " ".join(v for k, v in entry.items() if k not in said)
            self._leave_out(taken, kind, text, no, next(iter(columns.values()), ""))
            return []

    # -- readers --------------------------------------------------------------------------------------------------

    def _make_reader(self, name: str, sample: Sequence[str]) -> Callable[[str], Any]:
        if name in self._readers:
            return self._readers[name]
        kind = self.fields[name]
        read: Callable[[str], Any] = kind.read
        if isinstance(kind, Choice | Choices) and not isinstance(kind, Country | Language):
            read = readers.choosing(kind)
        elif isinstance(kind, Date):
            read = readers.dating(kind, self.options.date_order or readers.order(sample))
        elif kind.key in NUMBERS and (sign := self.decimal or numbers.guess_decimal(sample)):
            read = readers.settling(kind, sign)
        if (known := self.preset.values.get(name)) is not None:
            read = readers.after(known, read)
        self._readers[name] = readers.remembering(read) if kind.key in _REPEATING else read
        return self._readers[name]
