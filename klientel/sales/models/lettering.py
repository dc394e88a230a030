"""The fonts of a letterhead: checked when they are chosen, so that no paper fails or is set in another one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from klientel.kernel.errors import Missing, Refused, phrased
from klientel.kernel.files.opening import open_file
from klientel.lib.fonts import Face, face
from klientel.lib.sentences import Unreadable

USUAL = "Libertinus Serif"  # comes with the program
FILES = ("font", "font_bold")
_SENTENCES = {
    "font.none": gettext_noop("This is no TrueType or OpenType font (TTF, OTF)."),
    "font.large": gettext_noop("A font has at most {most} MB."),
    "font.variable": gettext_noop(
        "This is a variable font. Please upload its regular and its bold cut as files of their own."
    ),
    "font.forbidden": gettext_noop("The licence of this font forbids to embed it in documents."),
    "font.letters": gettext_noop("The font {family} lacks letters that German papers need."),
}


def derive(step: Any, draft: Any) -> None:
    """Refuse a font in which the papers of this form cannot be set, or two that are not of one family."""
    form = draft.record
    if not set(FILES) & draft.changes.keys():
        return
    faces = {name: _face(step.scope, getattr(form, name), name) for name in FILES if getattr(form, name) is not None}
    if "font_bold" in faces and "font" not in faces:
        raise Refused("font_missing", _("Please upload the regular font as well."), "font")
    if len({one.family for one in faces.values()}) > 1:
        raise Refused("other_family", _("Both fonts have to be of one family."), "font_bold")


def _face(scope: Any, file: UUID, field: str) -> Face:
    try:
        return face(_bytes(scope, file))
    except Missing as no:
        raise Refused("not_a_record", no.message, field) from no
    except Unreadable as no:
        raise Refused(no.code, phrased(_SENTENCES[no.code], no.details), field) from no


def _bytes(scope: Any, file: UUID) -> bytes:
    opened = open_file(scope, file)
    return opened.path.read_bytes() if opened.path is not None else b""


@lru_cache(maxsize=64)
def _family(data: bytes) -> str:
    return face(data).family


def fonts_of(scope: Any, form: Any) -> tuple[list[str], dict[str, bytes]]:
    """The families that a paper is set in, the first one that has a sign; and the files they are in, by their names.

    The usual one alone where there is no other, or the scope may not open it.
    """
    try:
        files = {
            f"fonts/{name}.ttf": _bytes(scope, getattr(form, name)) for name in FILES if getattr(form, name) is not None
        }
        families = dict.fromkeys(_family(data) for data in files.values())
    except (Missing, Unreadable):
        return [USUAL], {}
    return [*families, USUAL], files
