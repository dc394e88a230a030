"""What a PDF/A-3 file must be, as far as it can be seen without drawing it: ISO 19005-3:2012, clause by clause.

No replacement for a validator: colours inside content streams and the shape of every glyph are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

_XMP = {"part": rb"pdfaid:part(?:>|=[\"'])3", "conformance": rb"pdfaid:conformance(?:>|=[\"'])[BbUuAa]"}
_ACTIONS = {
    "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/SetOCGState", "/Rendition",
    "/Trans", "/GoTo3DView",
}  # fmt: skip
_ANNOTATIONS = {"/3D", "/Sound", "/Screen", "/Movie"}
_FORBIDDEN = {
    "6.1.7": ("/F", "/FFilter", "/FDecodeParms"), "6.2.8": ("/Alternates", "/OPI"), "6.2.9": ("/PS", "/Ref"),
    "6.2.5": ("/TR", "/HTO"),
}  # fmt: skip


def faults(content: bytes) -> list[str]:
    """The clauses that a file breaks, with a word each; empty for one that keeps what is looked at."""
    found = list(_file(content))
    if b"/Encrypt" in content[content.rfind(b"trailer") :]:
        return [*found, "6.1.3 encrypted"]
    reader = PdfReader(BytesIO(content))
    root = reader.trailer["/Root"]
    objects = list(_objects(reader))
    for check in (_trailer, _metadata, _colour, _tags, _attachments):
        found += check(reader, root)
    for one in objects:
        found += _object(one)
    return sorted(set(found))


def _objects(reader: PdfReader) -> Iterator[Any]:
    for number in range(1, int(reader.trailer["/Size"])):
        one = reader.get_object(IndirectObject(number, 0, reader))
        if one is not None:
            yield from _within(one)


def _within(one: Any) -> Iterator[Any]:
    if isinstance(one, DictionaryObject):
        yield one
        for value in one.values():
            yield from () if isinstance(value, IndirectObject) else _within(value)
    elif isinstance(one, ArrayObject):
        for value in one:
            yield from () if isinstance(value, IndirectObject) else _within(value)


def _file(content: bytes) -> Iterator[str]:
    lines = content[:40].splitlines()
    if not re.fullmatch(rb"%PDF-1\.[0-7]", lines[0]):
        yield "6.1.2 header"
    if len(lines) < 2 or lines[1][:1] != b"%" or sum(byte > 127 for byte in lines[1][1:5]) < 4:
        yield "6.1.2 binary comment"
    if content[content.rfind(b"%%EOF") :].strip() != b"%%EOF":
        yield "6.1.3 data after the end"


def _trailer(reader: PdfReader, root: Any) -> Iterator[str]:
    if len(reader.trailer.get("/ID", ())) != 2:
        yield "6.1.3 no ID"
    for name in ("/AA", "/NeedsRendering", "/Requirements"):
        if name in root:
            yield f"6.6.1 {name}"
    form = root.get("/AcroForm", {})
    if form.get("/NeedAppearances") or "/XFA" in form:
        yield "6.4.1 form"


def _metadata(reader: PdfReader, root: Any) -> Iterator[str]:
    if "/Metadata" not in root:
        yield "6.6.2 no XMP"
        return
    xmp = root["/Metadata"].get_data()
    for name, pattern in _XMP.items():
        if not re.search(pattern, xmp):
            yield f"6.6.4 {name}"
    title = (reader.metadata or {}).get("/Title")
    if title and str(title).replace("&", "&amp;").encode() not in xmp:
        yield "6.6.2.2 title differs"


def _colour(_reader: PdfReader, root: Any) -> Iterator[str]:
    profiles = [one.get_object() for one in root.get("/OutputIntents", ())]
    ours = [one for one in profiles if one.get("/S") == "/GTS_PDFA1"]
    if len(ours) != 1:
        yield "6.2.3 output intent"
        return
    icc = ours[0]["/DestOutputProfile"]
    data = icc.get_data()
    if data[36:40] != b"acsp" or data[8] > 4 or {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}.get(data[16:20]) != icc["/N"]:
        yield "6.2.3 profile"


def _tags(_reader: PdfReader, root: Any) -> Iterator[str]:
    if not root.get("/MarkInfo", {}).get("/Marked") or "/StructTreeRoot" not in root or not root.get("/Lang"):
        yield "6.7 tags"


def _attachments(_reader: PdfReader, root: Any) -> Iterator[str]:
    tree = root.get("/Names", {}).get("/EmbeddedFiles", {}).get("/Names", ())
    associated = [one.get_object() for one in root.get("/AF", ())]
    for one in tree[1::2]:
        spec = one.get_object()
        if spec not in associated or "/AFRelationship" not in spec:
            yield "6.8 no relationship"
        if "/F" not in spec or "/UF" not in spec:
            yield "6.8 no name"
        if not spec["/EF"]["/F"].get_object().get("/Subtype"):
            yield "6.8 no type"


def _object(one: Any) -> Iterator[str]:
    kind, sub = one.get("/Type"), one.get("/Subtype")
    if isinstance(one, StreamObject):
        filters = one.get("/Filter", ())
        if "/LZWDecode" in (filters if isinstance(filters, list) else [filters]):
            yield "6.1.7.2 LZW"
        for clause, names in _FORBIDDEN.items():
            yield from (f"{clause} {name}" for name in names if name in one)
        if sub == "/Image" and one.get("/Interpolate"):
            yield "6.2.8 interpolated"
    if one.get("/S") in _ACTIONS:
        yield f"6.5.1 {one['/S']}"
    if kind == "/Annot":
        yield from _annotation(one, sub)
    if kind == "/Font" and sub != "/Type3":
        yield from _font(one, sub)
    if kind == "/Page" and ("/AA" in one or "/PresSteps" in one):
        yield "6.6.1 page"


def _annotation(one: Any, sub: Any) -> Iterator[str]:
    if sub in _ANNOTATIONS:
        yield f"6.3.1 {sub}"
    flags = int(one.get("/F", 0))
    if sub != "/Popup" and (not flags & 4 or flags & 0b100100011):
        yield "6.3.2 flags"


def _font(one: Any, sub: Any) -> Iterator[str]:
    if sub == "/Type0":
        if "/ToUnicode" not in one:
            yield "6.2.11.7 no Unicode"
        return
    written = one.get("/FontDescriptor", {})
    if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(written):
        yield "6.2.11.4 not embedded"
    if sub == "/CIDFontType2" and "/CIDToGIDMap" not in one:
        yield "6.2.11.3 no map"
