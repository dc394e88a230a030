"""The reference says what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from klientel.kernel.docs.codes import codes_in
from klientel.kernel.docs.pages import pages, stale, table
from klientel.kernel.records import all_types

CODE = """
raise Refused("too_big", _("Too big by %(n)d.") % {"n": 1}, "size")
raise Conflict("too_big", _("Too big."))
step.require(x, "no_x", _("There is no x."))
raise kind.refuse(code, message)
"""


def test_codes_are_found_with_their_sentences(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(CODE)
    found = {c.code: c for c in codes_in(tmp_path)}
    assert found["too_big"].message == "Too big by %(n)d."
    assert found["too_big"].status == "409/422"
    assert found["no_x"].places == ("some",)
    assert len(found) == 2


def test_a_table_keeps_its_bars() -> None:
    assert table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |\n"


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, str]:
    return pages(tmp_path, {"KLIENTEL_X": "something"})


def test_every_type_has_its_chapter(wanted: dict[str, str]) -> None:
    for rtype in all_types():
        assert f"`{rtype.key}`" in wanted["records.md"]
        assert (f"`{rtype.key}.create`" in wanted["actions.md"]) == (not rtype.made_by)
    assert "KLIENTEL_X" in wanted["settings.md"]


def test_a_stale_page_is_found(wanted: dict[str, str], tmp_path: Path) -> None:
    for name, text in wanted.items():
        (tmp_path / name).write_text(text)
    assert stale(tmp_path, wanted) == []
    (tmp_path / "records.md").write_text("old")
    (tmp_path / "gone.md").write_text("of another time")
    assert stale(tmp_path, wanted) == ["gone.md", "records.md"]
