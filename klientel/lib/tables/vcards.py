"""Reading vCards as a flat table: one row a card, repeated properties numbered ("email 2", "email 2 purpose")."""

import re
from collections.abc import Iterator
from itertools import islice

from klientel.lib.names import split_name
from klientel.lib.tables.encodings import decoded_lines, guess_encoding
from klientel.lib.tables.sources import Source
from klientel.lib.tables.table import NotATable, Problem, Row, Table
from klientel.lib.tables.vcard_lines import Property, cards

SINGLE = (
    "salutation", "title", "first_name", "middle_name", "last_name", "suffix", "full_name", "nickname", "organisation",
    "department",
    "job_title", "role", "birthday", "gender", "language",
)  # fmt: skip
ADDRESS_PARTS = ("street", "postcode", "city", "state", "country", "purpose")
LAST = ("categories", "note", "uid")
_MOST = 20
_APPLE_LABEL = re.compile(r"^_\$!<(.*)>!\$_$")
_KINDS = (
    ("cell", "mobile"),
    ("mobile", "mobile"),
    ("iphone", "mobile"),
    ("fax", "fax"),
    ("pager", "pager"),
    ("video", "video"),
)
_PURPOSES = (("work", "work"), ("home", "home"), ("other", "other"))
_DAY = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?$")
_DAY_WITHOUT_YEAR = re.compile(r"^--(\d{2})-?(\d{2})$")


def is_vcard(start: bytes) -> bool:
    """Whether a file begins with a card."""
    text = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text[:40].upper().replace(b" ", b"").startswith(b"BEGIN:VCARD")


def open_vcards(source: Source) -> Table:
    """The cards of a .vcf file (2.1, 3.0, 4.0, mixed).

    The file is read once for the columns, then once for each `rows()`.
    """
    with source.opened() as stream:
        encoding = guess_encoding(stream)
    seen: set[str] = set()
    count = 0
    for _line, card, _whole in _cards(source, encoding):
        count += 1
        seen.update(flat(card))
    if not count or not seen:
        raise NotATable("table.no_card")
    columns = _ordered(seen)

    def rows() -> Iterator[Row]:
        for line, card, whole in _cards(source, encoding):
            values = flat(card)
            yield Row(line, [values.get(column, "") for column in columns], None if whole else Problem("card.damaged"))

    shown = "utf-8" if encoding == "utf-8-sig" else encoding
    return Table("vcf", columns, rows, encoding=shown, header_line=0)


def _cards(source: Source, encoding: str) -> Iterator[tuple[int, list[Property], bool]]:
    with source.opened() as stream:
        yield from cards(decoded_lines(stream, encoding, longest=1_000_000))


def _ordered(seen: set[str]) -> list[str]:
    order = [column for column in SINGLE if column in seen]
    for kind in ("email", "phone", "address", "url"):
        for number in range(1, _MOST + 1):
            parts = ADDRESS_PARTS if kind == "address" else ("", "purpose")
            names = [f"{kind} {number} {part}".strip() for part in parts]
            order += [name for name in names if name in seen]
    return order + [column for column in LAST if column in seen]


def flat(card: list[Property]) -> dict[str, str]:
    """A card as column -> value; empty values are left out."""
    labels = {one.group: _label(one.text()) for one in card if one.group and one.name == "X-ABLABEL"}
    values: dict[str, str] = {}
    for one in card:
        _single(one, values)
    _name(card, values)
    for kind, name in (("email", "EMAIL"), ("phone", "TEL"), ("url", "URL")):
        found = [one for one in _preferred_first(card, name) if one.value.strip()]
        for number, one in enumerate(islice(found, _MOST), start=1):
            values[f"{kind} {number}"] = _number_text(one) if kind == "phone" else one.text().removeprefix("mailto:")
            values[f"{kind} {number} purpose"] = _purpose(one, labels)
    addresses = [one for one in _preferred_first(card, "ADR") if any(one.parts())]
    for number, one in enumerate(islice(addresses, _MOST), start=1):
        for part, text in zip(ADDRESS_PARTS, (*_address(one.parts()), _purpose(one, labels)), strict=True):
            values[f"address {number} {part}"] = text
    return {column: value for column, value in values.items() if value}


def _preferred_first(card: list[Property], name: str) -> list[Property]:
    return sorted((one for one in card if one.name == name), key=lambda one: "pref" not in one.types)


_PLAIN = {
    "FN": "full_name",
    "TITLE": "job_title",
    "ROLE": "role",
    "UID": "uid",
    "LANG": "language",
    "X-DEPARTMENT": "department",
}


def _single(one: Property, values: dict[str, str]) -> None:
    if one.name in _PLAIN:
        values.setdefault(_PLAIN[one.name], one.text())
    elif one.name == "NICKNAME":
        values["nickname"] = ", ".join(filter(None, (values.get("nickname", ""), *one.items())))
    elif one.name == "CATEGORIES":
        values["categories"] = ", ".join(filter(None, (values.get("categories", ""), *one.items())))
    elif one.name == "NOTE":
        values["note"] = "\n".join(filter(None, (values.get("note", ""), one.text())))
    elif one.name == "ORG":
        parts = one.parts()
        values.setdefault("organisation", parts[0])
        values.setdefault("department", ", ".join(part for part in parts[1:] if part))
    elif one.name == "BDAY":
        values.setdefault("birthday", _day(one.text()))
    elif one.name in ("GENDER", "X-GENDER"):
        values.setdefault("gender", one.parts()[0])


def _name(card: list[Property], values: dict[str, str]) -> None:
    structured = next((one.lists() for one in card if one.name == "N"), [])
    parts = [
        (", " if position == 4 else " ").join(one for one in part if one) for position, part in enumerate(structured)
    ]
    names = ("last_name", "first_name", "middle_name", "title", "suffix")
    values.update({name: " ".join(part.split()) for name, part in zip(names, parts, strict=False)})
    company = any(one.name == "X-ABSHOWAS" and one.text().upper() == "COMPANY" for one in card)
    if spoken := values.get("title", ""):
        prefix = split_name(f"{spoken} X")
        values.update(salutation=prefix.salutation, title=prefix.title or ("" if prefix.salutation else spoken))
    full = values.get("full_name", "")
    if (
        values.get("last_name")
        or values.get("first_name")
        or not full
        or "@" in full
        or company
        or full == values.get("organisation")
    ):
        return
    guess = split_name(full)
    values.update(
        first_name=guess.first_name,
        last_name=guess.last_name,
        title=guess.title,
        salutation=guess.salutation,
        suffix=guess.suffix,
    )


def _label(text: str) -> str:
    found = _APPLE_LABEL.match(text)
    return (found.group(1) if found else text).strip().lower()


def _purpose(one: Property, labels: dict[str, str]) -> str:
    """ "work", "home", "mobile", "fax work", or the sender's own label."""
    own = labels.get(one.group, "") if one.group else ""
    words = " ".join((*one.types, own))
    kind = next((meaning for sign, meaning in _KINDS if sign in words), "")
    purpose = next((meaning for sign, meaning in _PURPOSES if re.search(rf"\b{sign}(?!page)", words)), "")
    if kind == "mobile" and purpose != "work":
        return kind
    return " ".join(filter(None, (kind, purpose))) or own


def _number_text(one: Property) -> str:
    text = one.text()
    if text[:4].lower() == "tel:":
        return text[4:].replace(";ext=", " ext. ").partition(";")[0]
    return text


def _address(parts: list[str]) -> tuple[str, str, str, str, str]:
    box, extended, street, city, state, postcode, country = [*parts, "", "", "", "", "", "", ""][:7]
    lines = [line for line in (street, extended, box) if line]
    return "\n".join(lines), postcode, city, state, country


def _day(text: str) -> str:
    """The day as ISO, --MM-DD where the year is unknown; anything else as it came."""
    if found := _DAY.match(text):
        return "-".join(found.groups())
    if found := _DAY_WITHOUT_YEAR.match(text):
        return f"--{found[1]}-{found[2]}"
    return text
