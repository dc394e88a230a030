"""What people enter is text, whatever it looks like; what they upload is never run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from klientel.site.setup import ROOT
from klientel.site.tests.looking import ID, Demo

pytestmark = pytest.mark.flow

STRINGS = ROOT.parent / "shared" / "data" / "sec_naughty_strings" / "blns.json"
HOSTILE = [
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "'\"><svg/onload=window.hit=1>",
    "javascript:window.hit=1",
    "{{ 7*7 }}{% trans %}${7*7}",
    "</textarea><script>window.hit=1</script>",
    "<a href=javascript:window.hit=1>x</a>",
    "\u202etxt.exe ‮ ﷽ Z̮̞̠͙͔ͅḀ̗̞͈̻̗",
    "＜script＞window.hit=1＜/script＞",
]
MADE = "[onerror],[onload],[href^=javascript],iframe,script:not([type$=json])"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="parent.hit=1"><script>1</script></svg>'
PERSON = ("academic_title", "first_name", "last_name", "position", "department", "source", "description")


def more_strings() -> list[str]:
    """The list of naughty strings where it is at hand: those that hold markup or scripts."""
    if not STRINGS.exists():
        return []
    found = json.loads(Path(STRINGS).read_text(encoding="utf-8"))
    return [s for s in found if re.search(r"[<>{}]|javascript", s) and 0 < len(s) <= 60]


def untouched(page: Any, at: str) -> None:
    """Nothing of what was entered has run, or became part of the page."""
    page.goto(at)
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None, at
    assert (
        page.locator("main :is([onerror],[onload],[href^='javascript'],iframe,script:not([type$=json]))").count() == 0
    )


def test_markup_in_every_field_of_text_is_shown_as_it_is(demo: Demo) -> None:
    page = demo.page("katrin")
    strings = HOSTILE + more_strings()
    made = []
    for start in range(0, len(strings), len(PERSON))[:8]:
        page.goto("/persons/new")
        for name, text in zip(PERSON, strings[start : start + len(PERSON)], strict=False):
            longest = int(page.locator(f"[name={name}]").get_attribute("maxlength") or 5000)
            page.fill(f"[name={name}]", text[:longest])
        page.fill("[name=last_name]", f"<b>Nachname</b>{start}<script>window.hit=1</script>")
        page.fill("[name=emails-0-value]", f"hit{start}@example.org")
        page.click(".form-foot .primary")
        page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
        assert "<b>Nachname</b>" in page.locator("h1").inner_text()
        made.append(page.url)
    page.fill("#capture-notes textarea", HOSTILE[1])
    page.click("#capture-notes .primary")
    page.get_by_text(HOSTILE[1]).first.wait_for()
    page.locator("[role=tab]", has_text="Aufgabe").click()
    page.fill("#capture-tasks input[name=subject]", HOSTILE[0])
    page.click("#capture-tasks .primary")
    page.get_by_text(HOSTILE[0]).first.wait_for()
    for at in (*made[:3], f"{made[-1]}edit", made[-1], "/persons/?sort=-changed_at&columns=position,source,department",
               "/", "/search?q=Nachname", "/tasks/", "/notes/", '/persons/?where=<script>window.hit=1</script>',
               "/search?q=<script>window.hit=1</script>", f"/privacy/{made[-1].split('/', 3)[3]}report"):  # fmt: skip
        untouched(page, at)
    page.goto(made[-1])
    page.keyboard.press("Control+k")
    page.keyboard.type("Nachname")
    page.locator("#palette [data-found] [role=option]").first.wait_for()
    assert page.evaluate("window.hit") is None
    page.keyboard.press("Escape")
    page.goto("/persons/new")
    page.locator("[name=emails-0-value]").press_sequentially("hit0@example.org")
    page.locator("[data-similar-box] a").first.wait_for()
    assert page.evaluate("window.hit") is None
    page.faults[:] = [f for f in page.faults if "422" not in f]  # an address that is no condition is refused


@pytest.mark.parametrize(
    ("name", "kind", "body"),
    [
        ("bild.svg", "image/svg+xml", SVG),
        ("seite.html", "text/html", b"<!doctype html><script>opener.hit=1</script>"),
        ("bild.png", "image/png", b"<!doctype html><script>opener.hit=1</script>"),
    ],
)  # fmt: skip
def test_an_uploaded_page_is_given_out_as_bytes(demo: Demo, name: str, kind: str, body: bytes) -> None:
    page = demo.page("katrin")
    page.goto("/")
    token = json.loads(page.get_attribute("body", "hx-headers:inherited"))["X-CSRFToken"]
    sent = page.request.post(
        "/files/upload",
        headers={"X-CSRFToken": token, "Referer": page.url, "Accept": "application/json"},
        multipart={"file": {"name": name, "mimeType": kind, "buffer": body}},
    )
    if sent.status == 422:
        return  # refused at once is as good
    assert sent.status in (200, 201), sent.text()
    got = page.request.get(f"/files/{sent.json()['files'][0]['id']}/{name}")
    headers = got.headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert "html" not in headers["content-type"]
    assert "svg" not in headers["content-type"]
