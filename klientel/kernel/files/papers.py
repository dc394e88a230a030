"""Papers: a PDF drawn from a template of Typst and the content that stands on it, archivable (PDF/A-3b) and tagged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled

MOST_SIGNS = 60  # of different ones, before it is given up
_NO_SIGN = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]{1,6})\}")  # as the compiler writes what cannot be seen


def drawn(content: dict[str, Any], files: Mapping[str, bytes], template: Path) -> bytes:
    """The PDF of this content, compiled in a folder of its own with these files, out of which it cannot read.

    :class:`Refused` (``no_sign``) where the font has no sign for something that stands on it.
    """
    with TemporaryDirectory(prefix="klientel-paper-") as folder:
        source = Path(folder) / template.name
        source.write_bytes(template.read_bytes())
        fonts = Path(folder) / "fonts"
        fonts.mkdir()
        for name, file in files.items():
            (Path(folder) / name).write_bytes(file)
        try:
            pdf: bytes = typst.compile(
                str(source), root=folder, format="pdf", sys_inputs={"quote": json.dumps(content)},
                pdf_standards="a-3b", ignore_system_fonts=True, font_paths=[str(fonts)],
            )  # fmt: skip
        except typst.TypstError as failure:
            raise _without_sign(failure) or failure from failure
    return pdf


def drawn_surely(content: dict[str, Any], files: Mapping[str, bytes], template: Path) -> bytes:
    """As :func:`drawn`; a sign that the font has not is named by its number, as evidence must not fail for a name."""
    for _n in range(MOST_SIGNS):
        try:
            return drawn(content, files, template)
        except Refused as no:
            if no.code != "no_sign":
                raise
            content = _named(content, no.details["sign"])
    return drawn(content, files, template)


def _named(value: Any, sign: str) -> Any:
    """The same with U+674E in place of a sign, wherever it stands."""
    if isinstance(value, str):
        return value.replace(sign, " ".join(f"U+{ord(one):04X}" for one in sign) + " ")
    if isinstance(value, list):
        return [_named(one, sign) for one in value]
    return {name: _named(one, sign) for name, one in value.items()} if isinstance(value, dict) else value


def _without_sign(failure: Exception) -> Refused | None:
    """What is said where a text has a sign that the font has not: an archivable PDF shows all its text."""
    found = _NO_SIGN.search(str(failure))
    if found is None:
        return None
    sign = _ESCAPED.sub(lambda one: chr(int(one[1], 16)), found[1])
    text = _("The font of the paper has no sign for “%(sign)s”. Please write it otherwise.")
    return Refused("no_sign", filled(text, {"sign": sign}), details={"sign": sign})
