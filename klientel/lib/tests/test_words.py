import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from klientel.lib.words import fold, initials, koelner, similarity


@pytest.mark.parametrize("variants", [
    ("Müller", "Mueller", "Muller", "MÜLLER", "Mu\u0308ller", "Müeller"),
    ("Strauß", "Strauss", "STRAUẞ"),
    ("Jörg Øster", "Joerg  Oster"),
    ("Łódź", "lodz"),
    ("O'Brien-Smith", "o brien smith"),
])  # fmt: skip
def test_spellings_of_one_word_meet(variants: tuple[str, ...]) -> None:
    assert len({fold(variant) for variant in variants}) == 1


@pytest.mark.parametrize(
    "text", ["Äöüß", "aee uee", "Crème-Brûlée & Co.", "Мария", "ﬁn", "", "  ", "x" * 500 + "ue", "İstanbul"]
)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(st.sampled_from("aeouhAEOU äÖüßẞéèñłøŒ…–„“\u00a0\u0301İı中Кирβ,._1²½ﬁ\n")), min_size=1))
@example(["Größere „Wörter“"])
@example(["Мария", "Müller"])
def test_a_long_text_is_folded_as_its_pieces_are(pieces: list[str]) -> None:
    short = " ".join(filter(None, (fold(piece[:200]) for piece in pieces)))
    assert fold("\n".join(piece[:200] for piece in [*pieces, " " * 200])) == short


def test_fold_leaves_single_blanks_and_other_scripts() -> None:
    assert fold("  A\t&--b, «c» ") == "a b c"
    assert fold("Мария") == "мария"


@pytest.mark.parametrize(("word", "code"), [
    ("Müller-Lüdenscheidt", "65752682"), ("Wikipedia", "3412"), ("Breschnew", "17863"), ("Müller", "657"),
    ("schmidt", "862"), ("schneider", "8627"), ("fischer", "387"), ("weber", "317"), ("meyer", "67"), ("wagner",
    "3467"),
    ("schulz", "858"), ("becker", "147"), ("hoffmann", "0366"), ("schäfer", "837"), ("Heithabu", "021"), ("Xaver",
    "4837"),
    ("Philipp", "351"), ("", ""), ("123", ""),
])  # fmt: skip
def test_koelner_phonetik_gives_the_published_codes(word: str, code: str) -> None:
    assert koelner(word) == code


def test_initials() -> None:
    assert initials("Anna-Lena von Müller") == "AM"
    assert initials("Österreich AG") == "ÖA"
    assert initials("") == ""
    assert initials("...") == ""


def test_similarity_is_one_for_spelling_variants_and_low_for_strangers() -> None:
    assert similarity("Müller", "Mueller") == 1.0
    assert similarity("Hans Meier", "Meier Hans") == 1.0
    assert similarity("Schmidt", "Schmitt") > 0.85
    assert similarity("Schmidt", "Okonkwo") < 0.6
    assert similarity("", "x") == 0.0
