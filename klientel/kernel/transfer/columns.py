"""The columns of an export: which SQL they read and how what comes back becomes a cell. A whole column at a time.

A column is named by the path of an import target (``first_name``, ``emails.work``, ``addresses.1.city``), by
``id``, or by a
link with ``.id``: then it is not the linked record's name but its id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import (
    Addresses,
    Choices,
    Country,
    Date,
    DateTime,
    Decimal,
    Entries,
    Json,
    Kind,
    Language,
    Link,
    Links,
    Text,
    Whole,
    YesNo,
)
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql
from klientel.kernel.transfer import cells
from klientel.kernel.transfer.targets import Path, id_label, parse, targets

Cells = list[Any]
_BAR, _NONE = " | ", (None, "[]")
_TYPED = (Whole, Decimal, YesNo, Date)  # real cells of a workbook


@dataclass(frozen=True)
class Column:
    """One column: its name in the file, what it reads, and how a whole column of that is written."""

    path: str
    label: str
    kind: Kind | None
    sql: Sql
    at: Path
    written: bool = False  # the database gives the text of the cell already
    unread: bool = False  # entries stay the JSON text of the database until they are written

    @property
    def links(self) -> bool:
        """Whether it shows the names of other records."""
        return isinstance(self.kind, Link | Links) and self.at.part != "id" and self.kind.to != "kernel.user"

    @property
    def harmless(self) -> bool:
        """Whether no value of it can look like a formula: ids, days, instants and words we chose ourselves."""
        kind = self.kind
        return kind is None or isinstance(kind, Date | DateTime | YesNo | Country | Language) or self.at.part == "id"

    def canonical(self, raw: Cells) -> Cells:
        """What the database gave, as canonical values."""
        kind = self.kind
        if kind is None or self.written or self.unread or (isinstance(kind, Links) and not kind.custom):
            return raw
        if isinstance(kind, Entries | Json) or kind.key == "money" or kind.db_type_name == "jsonb":
            raw = [orjson.loads(v) if isinstance(v, str | bytes) else v for v in raw]
        if kind.custom:
            return [kind.blank_value() if v is None else kind.from_database(v) for v in raw]
        return raw


def choose(scope: ActorScope, rtype: RecordType, paths: Iterable[str] | None, *, text: bool = False) -> list[Column]:
    """The columns of these names, or all that the actor may see; :class:`Refused` where there is no such one.

    ``text``: all is to be written as text, so that days and instants need not become objects first.
    """
    visible = scope.visible(rtype)
    wanted = list(paths) if paths is not None else default_paths(rtype, visible)
    labels = {path: target.label for path, target in targets(scope, rtype).items()}
    found = [_column(path, visible, labels) for path in dict.fromkeys(wanted)]
    return [_as_text(column) for column in found] if text else found


def _as_text(column: Column) -> Column:
    """The column as the database writes it, where that is what the kind writes."""
    x, params, kind = column.sql.text, column.sql.params, column.kind
    if kind is None:
        return replace(column, sql=Sql(f"{x}::text", params), written=True)
    if isinstance(kind, Date):
        return replace(column, sql=Sql(f"coalesce(to_char({x}, 'YYYY-MM-DD'), '')", params), written=True)
    if isinstance(kind, DateTime):
        form = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
        return replace(column, sql=Sql(f"coalesce(to_char({x} AT TIME ZONE 'UTC', {form}), '')", params), written=True)
    if column.at.part == "id" and not kind.custom:
        text = f"array_to_string({x}, '; ')" if isinstance(kind, Links) else f"{x}::text"
        return replace(column, sql=Sql(text, params), written=True)
    if column.links and not kind.custom:  # ids are only looked up in what they are called: as text that costs less
        many = "[]" if isinstance(kind, Links) else ""
        return replace(column, sql=Sql(f"{x}::text{many}", params))
    if isinstance(kind, Entries) and not kind.custom and not column.at.slot:
        return replace(column, sql=Sql(f"{x}::text", params), unread=True)
    return column


def default_paths(rtype: RecordType, visible: dict[str, Kind]) -> list[str]:
    """Every field in the order of the form, and the ids of the record and of all it leads to: names are not unique."""
    ordered = [n for _title, names in rtype.sections for n in names if n in visible]
    ordered += [n for n in visible if n not in ordered]
    left_out = {n for n in ordered if isinstance(visible[n], Json) or visible[n].key == "file"} | {"archived_at"}
    found = ["id"]
    for name in ordered:
        kind = visible[name]
        if name not in left_out:
            found += [name, f"{name}.id"] if isinstance(kind, Link | Links) and kind.to != "kernel.user" else [name]
    return found


def _column(path: str, visible: dict[str, Kind], labels: dict[str, str]) -> Column:
    if path == "id":
        return Column("id", "ID", None, Sql("t.id"), Path("id"))
    name, _dot, part = path.partition(".")
    kind = visible.get(name)
    if isinstance(kind, Link | Links) and part == "id":
        return Column(path, id_label(kind), kind, kind.sql("t"), Path(name, "", "id"))
    at = parse(path, visible)
    if kind is None or at is None:
        raise Refused("no_such_field", _("There is no such field."), path[:80])
    return Column(path, labels.get(path) or _label(kind), kind, kind.sql("t"), at)


def _label(kind: Kind) -> str:
    text = str(kind.verbose_name)
    return text[:1].upper() + text[1:]


def heads(columns: Sequence[Column]) -> list[str]:
    """The names of the columns, each once: where two are called the same, the second is named by its path."""
    seen: set[str] = set()
    found = []
    for column in columns:
        name = column.path if column.label in seen else column.label
        seen.add(name)
        found.append(name)
    return found


def _turned(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows as columns; what stands behind the columns, such as the id that pages go by, is left out."""
    return list(zip(*rows, strict=True))[: len(columns)] if rows else [() for _column in columns]


def texts(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], names: dict[Any, str]) -> list[Cells]:
    """Rows as columns of text, for CSV; nothing is guarded yet."""
    raw = _turned(columns, rows)
    return [_writer(column, names)(column.canonical(list(values))) for column, values in zip(columns, raw, strict=True)]


def typed(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], names: dict[Any, str]) -> list[Cells]:
    """Rows as columns of values for a workbook: numbers, days and yes or no stay what they are."""
    raw = _turned(columns, rows)
    found = []
    for column, values in zip(columns, raw, strict=True):
        canonical = column.canonical(list(values))
        found.append(canonical if isinstance(column.kind, _TYPED) else _writer(column, names)(canonical))
    return found


def plain(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[Cells]:
    """Rows as columns of JSON values."""
    raw = _turned(columns, rows)
    found = []
    for column, values in zip(columns, raw, strict=True):
        canonical, kind = column.canonical(list(values)), column.kind
        if column.at.slot:
            found.append(_writer(column, {})(canonical))
        else:
            found.append([str(v) if kind is None else kind.plain(v) for v in canonical])
    return found


def _writer(column: Column, names: dict[Any, str]) -> Callable[[Cells], Cells]:
    kind = column.kind
    if column.written:
        return lambda values: values
    if kind is None:
        return lambda values: [str(v) for v in values]
    if isinstance(kind, Entries):
        if column.unread:
            return _unread(kind)
        one = _slot(column.at) if column.at.slot else _whole(kind)
        return lambda values: [one(v) if v else "" for v in values]
    if column.links:
        if isinstance(kind, Links):
            return lambda values: ["; ".join([n for i in v if (n := names.get(i))]) if v else "" for v in values]
        return lambda values: [names.get(v, "") for v in values]
    if isinstance(kind, Links):
        return lambda values: ["; ".join(map(str, v or ())) for v in values]
    if type(kind).write is Kind.write and isinstance(kind, Text):
        return lambda values: values  # a cell of nothing is empty
    if kind.options() or isinstance(kind, YesNo):
        return _remembering(kind)
    return lambda values: [kind.write(v) if v is not None else "" for v in values]


class _Remembered(dict[Any, str]):
    """What a kind writes, each value once."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__({None: ""})
        self._write = write

    def __missing__(self, value: Any) -> str:
        found = self[value] = self._write(list(value) if isinstance(value, tuple) else value)
        return found


def _remembering(kind: Kind) -> Callable[[Cells], Cells]:
    told = _Remembered(kind.write).__getitem__
    if isinstance(kind, Choices):
        return lambda values: [told(None if v is None else tuple(v)) for v in values]
    return lambda values: list(map(told, values))


def _whole(kind: Entries) -> Callable[[Any], str]:
    if isinstance(kind, Addresses):
        return lambda value: cells.write(kind, value)
    usual = kind.purposes[0]

    def one(value: list[dict[str, str]]) -> str:
        if len(value) == 1:
            entry = value[0]
            text = entry["value"]
            if entry["purpose"] == usual and entry["state"] == "ok" and ";" not in text and "\\" not in text:
                return text
        return cells.write(kind, value)

    return one


def _unread(kind: Entries) -> Callable[[Cells], Cells]:
    """Entries from the JSON text of the database, a page of them at once; most have one or none, none becomes objects.

    Relies on how ``jsonb`` is written: keys by length and then by bytes, no line ends. What looks otherwise is read as
    any JSON.
    """
    keys = sorted((*kind.parts, "purpose", "state"), key=lambda k: (len(k), k))
    text_of = r'"([^"\\|;()\n]*)"'
    whole_entry = ", ".join(f'"{k}": {text_of}' for k in keys)  # as kinds keep them; others leave keys out
    lines = re.compile(rf"^(?:\[\{{{whole_entry}\}}\]|(.*))$", re.MULTILINE)
    entry = r"\{" + "".join(rf'(?:"{k}": {text_of}(?:, (?!\{{)|\}}))?' for k in keys)
    some, told, whole = re.compile(rf"\[{entry}(?:, {entry})?\]"), _told(kind, keys), _whole(kind)

    def one(text: str) -> str:
        found = some.fullmatch(text) if text.isprintable() else None
        if found is None:
            return whole(orjson.loads(text))
        groups, more = found.groups(""), found.start(len(keys) + keys.index(kind.parts[0]) + 1) >= 0
        return "; ".join(told([groups, groups[len(keys) :]] if more else [groups]))

    def every(values: Cells) -> Cells:
        full = [v for v in values if v not in _NONE]
        text = "\n".join(full)
        if not text.replace("\n", "").isprintable():
            return ["" if v in _NONE else one(v) for v in values]
        found = lines.findall(text) if full else []
        made = told(found)
        if any(map(itemgetter(-1), found)):
            made = [one(groups[-1]) if groups[-1] else said for groups, said in zip(found, made, strict=True)]
        rest = iter(made)
        return made if len(full) == len(values) else ["" if v in _NONE else next(rest) for v in values]

    return every


class _Tails(dict[tuple[str, str], str]):
    """What is said of an entry behind it, by its purpose and state; each worked out once."""

    def __init__(self, usual: str) -> None:
        super().__init__()
        self._usual = usual

    def __missing__(self, mark: tuple[str, str]) -> str:
        found = self[mark] = _said(mark, self._usual)
        return found


def _told(kind: Entries, keys: list[str]) -> Callable[[Sequence[Sequence[str]]], list[str]]:
    """Writes entries from the values of their keys."""
    parts, tails = [keys.index(p) for p in kind.parts], _Tails(kind.purposes[0])
    purpose, state = keys.index("purpose"), keys.index("state")
    if len(parts) == 1:
        [value] = parts
        return lambda some: [groups[value] + tails[groups[purpose], groups[state]] for groups in some]
    return lambda some: [
        _BAR.join([groups[n] for n in parts]).rstrip(_BAR) + tails[groups[purpose], groups[state]] for groups in some
    ]


def _said(mark: tuple[str, str], usual: str) -> str:
    """What is said of an entry behind it: its purpose and state where they are not the usual ones."""
    words = [word for word, plain in zip(mark, (usual, "ok"), strict=True) if word not in ("", plain)]
    return f" ({', '.join(words)})" if words else ""


def _slot(at: Path) -> Callable[[Any], str]:
    number = int(at.slot.lstrip("abcdefghijklmnopqrstuvwxyz") or 1)
    part = at.part or "value"

    def one(value: list[dict[str, str]]) -> str:
        some = [e for e in value if not at.purpose or e.get("purpose") == at.purpose]
        return some[number - 1].get(part, "") if len(some) >= number else ""

    return one


_MOST_NAMES = 50_000


def linked(
    scope: ActorScope, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], known: dict[Any, str]
) -> dict[Any, str]:
    """The names of the records that these rows lead to, as far as the actor may see them.

    ``known`` are those of earlier rows by id, or by its text where the columns give that, "" for one that may not be
    seen; it is added to and kept small.
    """
    wanted: dict[str, set[Any]] = {}
    for position, column in enumerate(columns):
        if not column.links:
            continue
        kind = column.kind
        assert isinstance(kind, Link | Links)
        values = map(itemgetter(position), rows)
        found = column.canonical(list(values)) if kind.custom else values
        wanted.setdefault(kind.to, set()).update(*filter(None, found) if isinstance(kind, Links) else (found,))
    if len(known) > _MOST_NAMES:
        known.clear()
    for to, ids in wanted.items():
        if new := {i: i if isinstance(i, UUID) else UUID(i) for i in ids - known.keys() if i}:
            called = reading.names(scope, new.values(), to)
            known.update({i: called[key].title if key in called else "" for i, key in new.items()})
    return known
