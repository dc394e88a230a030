"""Records as vCards, in the columns that reading a vCard gives."""

from __future__ import annotations

from typing import Any

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.kinds import Entries
from klientel.kernel.records import RecordType
from klientel.kernel.transfer.targets import ID, preset_of

URN = "urn:uuid:"  # before an id, RFC 6350, 6.7.6
_PLAIN = {
    "academic_title": "title", "first_name": "first_name", "last_name": "last_name", "department": "department",
    "position": "job_title", "language": "language", "description": "note",
}  # fmt: skip
_NUMBERED = {"emails": "email", "phones": "phone", "addresses": "address"}
_PARTS = {"street": "street", "postcode": "postcode", "city": "city", "region": "state", "country": "country"}
_PURPOSES = {"work": "work", "private": "home", "mobile": "mobile", "fax": "fax"}


def paths(scope: ActorScope, rtype: RecordType) -> list[str]:
    """The id and the fields that stand on a card, as far as this actor sees them."""
    wanted = (*_PLAIN, *_NUMBERED, "name", "organisation", "birthday", "website", "tags")
    visible = scope.visible(rtype)
    return [ID, *(n for n in wanted if n in visible)] if preset_of(rtype).cards else []


def card(rtype: RecordType, values: dict[str, Any], names: dict[Any, str]) -> dict[str, str]:
    """One record as the columns of a card; ``names`` are those of linked records."""
    found = {column: values.get(name) or "" for name, column in _PLAIN.items()}
    found["uid"] = f"{URN}{values[ID]}" if values.get(ID) else ""
    found["organisation"] = values.get("name") or names.get(values.get("organisation"), "")
    birthday = values.get("birthday")
    found["birthday"] = birthday.isoformat().replace("-", "") if birthday else ""
    found["url 1"] = values.get("website") or ""
    found["categories"] = ", ".join(n for t in values.get("tags") or () if (n := names.get(t)))
    for name, word in _NUMBERED.items():
        kind = rtype.fields.get(name)
        if isinstance(kind, Entries):
            _entries(found, word, values.get(name) or ())
    return {column: text for column, text in found.items() if text}


def _entries(found: dict[str, str], word: str, entries: Any) -> None:
    for number, entry in enumerate(entries, start=1):
        said = entry.get("purpose", "")
        purpose = _PURPOSES.get(said, said)
        if "value" in entry:
            found[f"{word} {number}"] = entry["value"].replace(";ext=", " ext. ")
            found[f"{word} {number} purpose"] = purpose
        else:
            parts = {f"{word} {number} {column}": entry.get(part, "") for part, column in _PARTS.items()}
            found |= parts | {f"{word} {number} purpose": purpose}
