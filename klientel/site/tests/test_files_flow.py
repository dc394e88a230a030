"""Choosing files: in the user's language, by keyboard, by dropping, and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, create_person, until, violations

pytestmark = pytest.mark.flow

DROP = """([at, names]) => { const given = new DataTransfer(); const target = document.querySelector(at);
  for (const name of names) given.items.add(new File(["x".repeat(1500)], name));
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: given, bubbles: true, cancelable: true})); }"""


def file(name: str, size: int) -> dict[str, Any]:
    """A file as a browser takes it."""
    return {"name": name, "mimeType": "text/csv", "buffer": b"a" * size}


@pytest.mark.parametrize(("who", "locale", "words"), [
    ("katrin", "en-GB", ("Datei auswählen", "oder hierher ziehen", "2,5 MB", "Entfernen")),
    ("emma", "de-DE", ("Choose a file", "or drop it here", "2.5 MB", "Remove")),
])  # fmt: skip
def test_files_are_chosen_in_the_users_language(demo: Demo, who: str, locale: str, words: tuple[str, ...]) -> None:
    page = demo.page(who, locale=locale)
    page.on("filechooser", lambda _one: None)  # from here on, or the first one may open for real
    page.goto("/import")
    page.wait_for_load_state("networkidle")
    control = page.locator("[data-file]")
    assert control.inner_text().split("\n")[0].strip() == words[0]
    assert words[1] in control.inner_text()

    page.focus("#import-type")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "import-file"
    assert page.evaluate("getComputedStyle(document.querySelector('.file-box .btn')).outlineStyle") == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file("Kontakte von der Messe in Hannover.csv", 2_500_000))
    chosen = page.locator("[data-chosen]")
    assert "Kontakte von der Messe in Hannover.csv" in chosen.inner_text()
    assert words[2] in chosen.inner_text().replace("\u00a0", " ")
    assert not violations(page)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == words[3]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "import-file", "focus stays at the control"
    assert chosen.inner_text() == ""
    assert page.evaluate("document.activeElement.files.length") == 0


def test_files_are_dropped(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/import")
    page.wait_for_load_state("networkidle")
    page.evaluate(DROP, ["[data-file]", ["eins.csv", "zwei.csv"]])
    assert re.fullmatch(r"eins\.csv\s+1,5.kB\s+Entfernen", page.locator("[data-chosen]").inner_text()), "one at a time"
    at = create_person(page, first_name="Datei", last_name="Ablage")
    page.wait_for_load_state("networkidle")
    with page.expect_navigation():
        page.evaluate(DROP, ["[aria-labelledby=files-title]", ["Angebot.pdf", "Plan.pdf"]])
    kept = page.locator("[aria-labelledby=files-title] .mini a").all_inner_texts()
    assert sorted(kept) == ["Angebot.pdf", "Plan.pdf"]
    assert page.url == at
    until(page, "document.activeElement.id === 'upload'")


def test_a_file_is_chosen_without_scripts(demo: Demo) -> None:
    page = demo.new_page(demo.system.url, java_script_enabled=False, storage_state=state(demo, "katrin"))
    page.goto("/import")
    given = page.locator("#import-file")
    assert page.locator(".file-box .btn").is_hidden(), "the browser's own control is seen, it names what was chosen"
    assert given.bounding_box()["height"] > 15
    given.set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"Nachname\nOhneskript\n"})
    page.locator("main .primary").first.click()
    page.wait_for_url(re.compile(f"/import/{ID}"))


def test_a_photo_is_still_there_when_the_form_asks_back(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/leads/capture")
    page.wait_for_load_state("networkidle")
    page.set_input_files("#cap-photo", {"name": "karte.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 900})
    page.fill("#cap-last_name", "Ohneinteresse")
    page.locator(".form-foot .primary").click()
    page.locator(".errors").wait_for()
    assert page.evaluate("document.querySelector('#cap-photo').files[0].name") == "karte.jpg"
    page.locator("[data-chosen]", has_text="karte.jpg").wait_for()
    page.faults[:] = [one for one in page.faults if "422" not in one]


def state(demo: Demo, who: str) -> Any:
    """The session of somebody who is signed in."""
    demo.page(who)
    return demo.states[who]
