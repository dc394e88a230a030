"""The mapping of a file's columns to targets: guessed, or as somebody chose it, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import LANGUAGES, Refused, filled
from klientel.kernel.kinds import Addresses, Entries, Kind, Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.transfer.taking import id_in
from klientel.kernel.transfer.targets import ID, id_label, names, offered, parse, preset_of, targets
from klientel.lib.tables import Table
from klientel.lib.tables.mapping import guess
from klientel.lib.words import fold

#: columns that the error file adds; never mapped
LINE, PROBLEM = "Klientel: line", "Klientel: problem"
#: what reading a vCard calls its columns, and where they lead
_CARD = {
    "address": "addresses",
    "email": "emails",
    "phone": "phones",
}
_CARD_PARTS = {"state": "region", "": "value"}
_UID = "uid"  # what reading a card calls the column of its id
_KIND_WORDS = ("type", "typ", "label", "art")
_SAMPLE = 50
_SEVERAL = re.compile(r"[,\n|]")
_NUMBER = re.compile(r"(\d+)")


def guessed(scope: ActorScope, rtype: RecordType, table: Table) -> dict[str, str]:
    """Column -> path for every column that seems to fit."""
    columns = [c for c in table.columns if c not in (LINE, PROBLEM)]
    known = targets(scope, rtype)
    exact = {c: path for c in columns if (path := _exact(c, scope.writable(rtype), set(known)))}
    exact = {c: p for c, p in exact.items() if p != ID} | _ids(columns, table, scope.writable(rtype))
    if table.kind == "vcf":
        exact |= {c: p for c in columns if (p := _of_card(c, scope.writable(rtype)))}
    taken = set(exact.values())
    left = {path: labels for path, labels in names(scope, rtype).items() if path not in taken}
    positions = [n for n, c in enumerate(table.columns) if c in columns and c not in exact]
    sample = [[row[n] for n in positions] for row in table.sample(_SAMPLE)]
    found = guess([table.columns[n] for n in positions], sample, left)
    values = {table.columns[n]: [row[k] for row in sample if row[k].strip()] for k, n in enumerate(positions)}
    fields = scope.writable(rtype)
    found = _whole_address(_doubted(rtype, found, values), values, fields)
    found = _further(columns, exact | found, fields)
    return _with_purposes(columns, found, fields)


def _ids(columns: Sequence[str], table: Table, fields: Mapping[str, Kind]) -> dict[str, str]:
    """The columns of our own exports that say which record a row is and which it leads to: full of our ids."""
    wanted = {ID: ID, _UID: ID} if table.kind == "vcf" else {ID: ID}
    for language in LANGUAGES:
        with override(language):
            for name, kind in fields.items():
                if isinstance(kind, Link | Links):
                    wanted[id_label(kind).lower()] = f"{name}.{ID}"
    found: dict[str, str] = {}
    for column in columns:
        path = wanted.get(column.strip().lower())
        if path is not None and path not in found.values():
            place = table.columns.index(column)
            values = [v for row in table.sample(_SAMPLE) for v in row[place].split(";") if v.strip()]
            if (values or path != ID) and all(_ours(v, column) for v in values):
                found[column] = path
    return found


def _ours(value: str, column: str) -> bool:
    """Whether a value is an id; cards of others have ids of their own, of other versions."""
    found = id_in(value)
    return found is not None and (column != _UID or found.version == 7)


def _doubted(rtype: RecordType, mapping: dict[str, str], values: dict[str, list[str]]) -> dict[str, str]:
    """Columns whose values do not look like what their name says go where such values belong."""
    for path, place in preset_of(rtype).doubts.items():
        for column, chosen in mapping.items():
            if chosen == path and (some := values.get(column, [])):
                better = place(some)
                mapping = mapping | {column: "" if better != path and better in mapping.values() else better}
    return {c: p for c, p in mapping.items() if p}


def _whole_address(mapping: dict[str, str], values: dict[str, list[str]], fields: Mapping[str, Kind]) -> dict[str, str]:
    """A column "Address" is a whole address where it has several parts and no column gives the town."""
    for column, path in mapping.items():
        name = path.split(".")[0]
        if not isinstance(fields.get(name), Addresses):
            continue
        alone = not any(p.startswith(f"{name}.") for c, p in mapping.items() if c != column)
        composed = sum(1 for v in values.get(column, []) if _SEVERAL.search(v)) * 2 > len(values.get(column, []))
        if path == name and not (alone and composed):
            slot = f"{name}.1.street"
            taken = slot in mapping.values()
            mapping = mapping | {column: "" if taken else slot}
        elif path.endswith(".street") and alone and composed:
            mapping = mapping | {column: name}
        elif (
            path.endswith(".postcode")
            and sum(p.startswith(path.removesuffix("postcode")) for p in mapping.values()) == 1
        ):
            mapping = mapping | {column: ""}  # a number of four or five digits alone is no address
    return {c: p for c, p in mapping.items() if p}


def _further(columns: Sequence[str], mapping: dict[str, str], fields: Mapping[str, Kind]) -> dict[str, str]:
    """Columns numbered beyond what is offered follow the second: "E-mail 4 - Value" as "E-mail 2 - Value"."""
    for column in columns:
        digits = [part for part in _NUMBER.split(column) if part.isdigit()]
        if column in mapping or len(digits) != 1 or not 2 < int(digits[0]) < 30:
            continue
        path = mapping.get(column.replace(digits[0], "2"), "").split(".")
        if len(path) > 1 and path[1] == "2" and path[0] in fields:
            mapping = mapping | {column: ".".join((path[0], digits[0], *path[2:]))}
    return mapping


def _exact(column: str, fields: Mapping[str, Kind], known: set[str]) -> str:
    """A column that is named by a path, as our own exports do."""
    if column in known:
        return column
    return column if "." in column and parse(column, dict(fields)) is not None else ""


def _of_card(column: str, fields: Mapping[str, Kind]) -> str:
    if column == "organisation" and column not in fields and "name" in fields:
        return "name"  # the card of an organisation
    word, _space, rest = column.partition(" ")
    number, _space, part = rest.partition(" ")
    name = _CARD.get(word, "")
    if name not in fields or not number.isdigit():
        return ""
    kind, part = fields[name], _CARD_PARTS.get(part, part)
    if not isinstance(kind, Entries) or part not in (*kind.parts, "purpose"):
        return ""
    slot = f"{name}.{number}"
    return slot if part == "value" and not isinstance(kind, Addresses) else f"{slot}.{part}"


def _with_purposes(columns: Sequence[str], mapping: dict[str, str], fields: Mapping[str, Kind]) -> dict[str, str]:
    """A column such as "E-mail 1 - Type" tells the purpose of the entry whose value stands in "E-mail 1 - Value"."""
    for column in columns:
        words = fold(column).split()
        if column in mapping or len(words) < 2 or words[-1] not in _KIND_WORDS:
            continue
        for other, path in mapping.items():
            name, _dot, rest = path.partition(".")
            slot = rest.partition(".")[0]
            if not isinstance(fields.get(name), Entries) or fold(other).split()[:-1] != words[:-1]:
                continue
            if not rest and f"{name}.1" not in mapping.values():
                slot = "1"
                mapping = mapping | {other: f"{name}.1"}
            if slot.isdigit():
                mapping = mapping | {column: f"{name}.{slot}.purpose"}
                break
    return {c: mapping[c] for c in columns if c in mapping}


def checked(
    scope: ActorScope, rtype: RecordType, columns: Sequence[str], mapping: Mapping[str, str], keys: Sequence[str] = ()
) -> dict[str, str]:
    """A mapping somebody chose, without the columns that are left out; :class:`Refused` where it leads nowhere.

    What must be filled in needs a column, unless the rows say by id or by all ``keys`` which record they mean.
    """
    found: dict[str, str] = {}
    for column, path in mapping.items():
        if not path:
            continue
        if column not in columns:
            raise Refused(
                "no_such_column", filled(_("The file has no column “%(name)s”."), {"name": str(column)[:80]}), "mapping"
            )
        found |= one_checked(scope, rtype, column, path)
    if not found.keys() - {c for c, p in found.items() if p == ID}:
        raise Refused("nothing_mapped", _("Please say for at least one column where it belongs."), "mapping")
    told = ID in found.values() or (keys and all(_covers(found, key) for key in keys))
    must = [] if told else [t for t in targets(scope, rtype).values() if t.required]
    missing = [t.label for t in must if not _covers(found, t.field)]
    if missing:
        raise Refused(
            "required_unmapped",
            filled(_("No column leads to “%(field)s”, which must be filled in."), {"field": missing[0]}),
            "mapping",
        )
    return found


def one_checked(scope: ActorScope, rtype: RecordType, column: str, path: str) -> dict[str, str]:
    """One column and where it leads; nothing where it leads nowhere, :class:`Refused` where that is no field."""
    fields = scope.writable(rtype)
    parts = {p.path for p in preset_of(rtype).parts if all(f in fields for f in p.fields)}
    parts |= {one.path for one in offered(scope, rtype)}
    lines = preset_of(rtype).lines
    if lines is not None and lines.field in fields and lines.part(path):
        return {column: path}
    if not path:
        return {}
    if path not in parts and path != ID and (not isinstance(path, str) or parse(path, fields) is None):
        raise Refused(
            "no_such_field",
            filled(_("“%(path)s” is no field that can be imported."), {"path": str(path)[:80]}),
            "mapping",
        )
    return {column: path}


def _covers(mapping: Mapping[str, str], name: str) -> bool:
    return any(path == name or path.startswith(f"{name}.") for path in mapping.values())
