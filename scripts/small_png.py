"""Pictures of pages as small PNGs: their colours put into a palette of 256, without any library."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = 200  # the most frequent colours stay as they are; the rest of the palette is coarser ones
Colour = tuple[int, int, int]


def smaller(png: bytes) -> bytes:
    """The picture (8 bits a channel, RGB or RGBA, not interlaced) with a palette; text and lines keep their colours."""
    width, height, step, lines = _read(png)
    pixels = [list(zip(line[0::step], line[1::step], line[2::step], strict=True)) for line in lines]
    often = Counter(colour for line in pixels for colour in line)
    coarse = Counter(_coarse(colour) for colour, _n in often.most_common()[KEPT:])
    palette = [*(c for c, _n in often.most_common(KEPT)), *(c for c, _n in coarse.most_common(256 - KEPT))]
    place = {colour: n for n, colour in enumerate(palette[:KEPT])}
    for colour in often:
        if colour not in place:
            place[colour] = min(range(len(palette)), key=lambda n: _distance(palette[n], colour))
    rows = b"".join(b"\0" + bytes(place[c] for c in line) for line in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = bytes(part for colour in palette for part in colour)
    made = [(b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in made)


def _coarse(colour: Colour) -> Colour:
    return (colour[0] & 0xE0 | 0x10, colour[1] & 0xE0 | 0x10, colour[2] & 0xE0 | 0x10)


def _distance(one: Colour, other: Colour) -> int:
    return 2 * (one[0] - other[0]) ** 2 + 4 * (one[1] - other[1]) ** 2 + 3 * (one[2] - other[2]) ** 2


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _read(png: bytes) -> tuple[int, int, int, Iterator[bytearray]]:
    chunks, at = {}, len(SIGNATURE)
    data = b""
    while at < len(png):
        (size,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        if name == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        chunks[name] = png[at + 8 : at + 8 + size]
        at += size + 12
    width, height, bits, kind, _c, _f, laced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if bits != 8 or kind not in (2, 6) or laced:
        raise ValueError("only plain RGB and RGBA pictures are understood")
    step = 3 if kind == 2 else 4
    return width, height, step, _lines(zlib.decompress(data), width * step, step)


def _lines(data: bytes, size: int, step: int) -> Iterator[bytearray]:
    """The lines with their filters taken back, as the PNG specification (RFC 2083, section 6) defines them."""
    before = bytearray(size)
    for at in range(0, len(data), size + 1):
        way, line = data[at], bytearray(data[at + 1 : at + 1 + size])
        if way == 1:
            for n in range(step, size):
                line[n] = (line[n] + line[n - step]) & 255
        elif way == 2:
            line = bytearray((a + b) & 255 for a, b in zip(line, before, strict=True))
        elif way == 3:
            for n in range(size):
                line[n] = (line[n] + ((line[n - step] if n >= step else 0) + before[n] >> 1)) & 255
        elif way == 4:
            for n in range(size):
                left, corner = (line[n - step], before[n - step]) if n >= step else (0, 0)
                line[n] = (line[n] + _paeth(left, before[n], corner)) & 255
        before = line
        yield line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
    return left if a <= b and a <= c else up if b <= c else corner
