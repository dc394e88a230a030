"""A font is one that paper can be set in, or it is said why not."""

import pytest

from klientel.lib.fonts import LARGEST, face
from klientel.lib.sentences import Unreadable
from klientel.lib.tests.lettered import font


def test_a_font_says_its_family_and_weight() -> None:
    regular, bold = face(font()), face(font(bold=True))
    assert (regular.family, regular.style, regular.weight) == ("Probe Sans", "normal", 400)
    assert (bold.family, bold.weight) == ("Probe Sans", 700)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "font.none"),
        (b"wOF2" + font()[4:], "font.none"),
        (b"ttcf" + font()[4:], "font.none"),
        (font()[:200], "font.none"),
        (font()[:12], "font.none"),
        (b"%PDF-1.7", "font.none"),
        (font(permission=2), "font.forbidden"),
        (font(last=0x7E), "font.letters"),
        (font().replace(b"post", b"fvar"), "font.variable"),
        (font() + b"\0" * LARGEST, "font.large"),
    ],
)
def test_what_paper_cannot_be_set_in_is_told(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as no:
        face(data)
    assert no.value.code == code
