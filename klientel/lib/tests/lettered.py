"""Fonts made in memory: every letter is the same box. As OpenType 1.9 has the tables of a TrueType font."""

from __future__ import annotations

import struct


def _box() -> bytes:
    """One contour of four points, each written as two words."""
    flags, xs, ys = bytes([1, 1, 1, 1]), (100, 400, 0, -400), (0, 0, 700, 0)
    points = b"".join(struct.pack(">h", one) for one in (*xs, *ys))
    glyph = struct.pack(">hhhhh", 1, 100, 0, 500, 700) + struct.pack(">HH", 3, 0) + flags + points
    return glyph + b"\0" * (-len(glyph) % 4)


def font(family: str = "Probe Sans", *, bold: bool = False, permission: int = 0, last: int = 0x2FFF) -> bytes:
    """A font whose letters go from the space to ``last``; ``permission`` is its fsType."""
    box, style = _box(), "Bold" if bold else "Regular"
    names = {1: family, 2: style, 4: f"{family} {style}", 6: f"{family}-{style}".replace(" ", "")}
    texts, rows = b"", b""
    for key, text in names.items():
        data = text.encode("utf-16-be")
        rows += struct.pack(">HHHHHH", 3, 1, 0x409, key, len(data), len(texts))
        texts += data
    weight = 700 if bold else 400
    tables = {
        b"OS/2": struct.pack(">HhHHH", 4, 600, weight, 5, permission) + b"\0" * 22 + b"\0" * 10 + b"\0" * 16 + b"TEST"
        + struct.pack(">HHHhhhHH", 0x20 if bold else 0x40, 0x20, 0xFFFF, 750, -250, 0, 750, 250) + b"\0" * 8
        + struct.pack(">hhHHH", 500, 700, 0, 0x20, 1),
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 13, 0, 28, 0, 1)
        + struct.pack(">III", 0x20, last, 1),
        b"glyf": box * 2,
        b"head": struct.pack(
            ">HHIIIHHqqhhhhHHhhh", 1, 0, 0x10000, 0, 0x5F0F3CF5, 3, 1000, 0, 0, 100, 0, 500, 700, int(bold), 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">HHhhhHhhhhhhhhhhhH", 1, 0, 750, -250, 0, 600, 100, 100, 500, 1, 0, 0, 0, 0, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", 600, 100, 600, 100),
        b"loca": struct.pack(">III", 0, len(box), 2 * len(box)),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": struct.pack(">HHH", 0, len(names), 6 + len(rows)) + rows + texts,
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }  # fmt: skip
    return _packed(tables)


def _packed(tables: dict[bytes, bytes]) -> bytes:
    begin, head, body = 12 + 16 * len(tables), b"", b""
    for name, data in sorted(tables.items()):
        head += struct.pack(">4sIII", name, 0, begin + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return struct.pack(">4sHHHH", b"\0\1\0\0", len(tables), 16, 0, 0) + head + body
