"""Whether a file is a font in which paper can be set: one that the compiler of the paper reads and may embed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from klientel.lib.sentences import Unreadable

LARGEST = 5 << 20
_KINDS = (b"\0\1\0\0", b"true", b"OTTO")
#: OS/2 fsType, bits 0 to 3: what the licence permits (OpenType 1.9, table OS/2); 2 forbids every embedding
_FORBIDDEN = 2
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz ÄÖÜäöüß 0123456789 .,:;-()%€"
_TRIAL = (
    '#set document(title: "x", date: datetime(year: 2026, month: 1, day: 1))\n'
    "#set text(font: sys.inputs.family, fallback: false)\n#sys.inputs.letters"
)


@dataclass(frozen=True)
class Face:
    """One cut of a family: "normal" or "italic", weight from 100 to 900 (400 is regular, 700 bold)."""

    family: str
    style: str
    weight: int


def face(data: bytes) -> Face:
    """The face of a TrueType or OpenType font. Raises Unreadable (font.…) where paper cannot be set in it."""
    if len(data) > LARGEST:
        raise Unreadable("font.large", most=LARGEST >> 20)
    if data[:4] not in _KINDS:
        raise Unreadable("font.none")
    tables = _tables(data)
    if "fvar" in tables:
        raise Unreadable("font.variable")
    if _permission(data, tables) == _FORBIDDEN:
        raise Unreadable("font.forbidden")
    with TemporaryDirectory(prefix="klientel-font-") as folder:
        Path(folder, "font.ttf").write_bytes(data)
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]).fonts()
        if len(found) != 1:
            raise Unreadable("font.none")
        made = Face(found[0].family, found[0].style, found[0].weight)
        _try(folder, made)
    return made


def _tables(data: bytes) -> dict[str, int]:
    """Where each table of a font begins (OpenType 1.9, table directory)."""
    try:
        (count,) = struct.unpack_from(">H", data, 4)
        rows = [struct.unpack_from(">4s4xI", data, 12 + 16 * n) for n in range(count)]
    except struct.error:
        raise Unreadable("font.none") from None
    return {name.decode("latin-1"): begin for name, begin in rows}


def _permission(data: bytes, tables: dict[str, int]) -> int:
    if "OS/2" not in tables:
        return 0
    try:
        return int(struct.unpack_from(">H", data, tables["OS/2"] + 8)[0]) & 0xF
    except struct.error:
        raise Unreadable("font.none") from None


def _try(folder: str, made: Face) -> None:
    """Set what German and English papers need, in this font alone."""
    source = Path(folder) / "trial.typ"
    source.write_text(_TRIAL)
    try:
        typst.compile(
            str(source), root=folder, format="pdf", pdf_standards="a-3b", ignore_system_fonts=True,
            font_paths=[folder], sys_inputs={"family": made.family, "letters": _LETTERS},
        )  # fmt: skip
    except typst.TypstError:
        raise Unreadable("font.letters", family=made.family) from None
