"""Every page of the product, as customers see it: light and dark, on desk, tablet and phone, in German and English.

axe finds nothing, the console stays quiet, nothing scrolls sideways, nothing is left in English, nothing is too heavy.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, first_of, packed, scrolls_sideways, violations

pytestmark = pytest.mark.flow

BUSINESS = ("persons", "organisations", "affiliations", "tasks", "meetings", "calls", "notes")
INNER = ("members", "teams", "roles", "tags", "views", "fields", "relation-types")
PLAIN = {
    "home": "/",
    "more": "/more",
    "search": "/search?q=müller",
    "nothing found": "/search?q=xyzzyxyzzy",
    "notifications": "/notifications",
    "what I am told": "/notifications/choice",
    "trash": "/trash",
    "settings": "/settings",
    "audit": "/settings/audit",
    "workspace": "/settings/workspace",
    "invite": "/settings/invitations",
    "imports": "/import",
    "filter by hand": "/persons/conditions?field=stage",
    "sorted": "/persons/?sort=-changed_at&columns=stage,owner,tags,birthday,addresses",
    "no match": '/persons/?where={"field":"last_name","op":"is","value":"Xyzzy"}',
    "broken filter": "/persons/?where={",
}
#: what is seen most is looked at in every combination, the rest in two
MAIN = ("home", "list persons", "record persons", "edit persons", "new tasks", "settings", "rights", "import", "report")
LOOKS = {
    "desk": (1440, 900, "light"),
    "phone, dark": (390, 844, "dark"),
    "tablet": (768, 1024, "light"),
    "desk, dark": (1440, 900, "dark"),
    "tablet, dark": (768, 1024, "dark"),
    "phone": (390, 844, "light"),
}
WIDTHS = (1440, 768, 390, 320)
#: words that stand on no German page
ENGLISH = re.compile(
    r"\b(the|and|of|with|were|your|this|not|added|changed|created|removed|deleted|assigned|Save|Cancel|Delete|Edit|"
    r"Search|Settings|Nothing|Show|Next|Previous|Further|details|Undo|Close|Create|Remove|Owner|Tags|All|yes|no|people|"
    r"record|records|empty|Home|More|New)\b"
)
TEXTS = """() => { const found = [document.body.innerText], add = (text) => found.push(text || "");
  for (const el of document.querySelectorAll("[aria-label],[placeholder],[title]"))
    for (const name of ["aria-label", "placeholder", "title"]) add(el.getAttribute(name));
  for (const el of document.querySelectorAll("select:not([name=time_zone]) option")) add(el.textContent);
  return found.join("\\n"); }"""
BUDGETS = {"html": 15, "css": 20, "js": 45, "icons": 8, "font": 50}


def every_page(page: Any) -> dict[str, str]:
    """All pages by what they are."""
    found = dict(PLAIN)
    for slug in (*BUSINESS, *INNER):
        answer = page.request.get(f"/{slug}/")
        if slug in INNER and answer.status == 404:
            continue
        found[f"list {slug}"], found[f"new {slug}"] = f"/{slug}/", f"/{slug}/new"
        if at := re.search(rf"/{slug}/{ID}/", answer.text()):
            found[f"record {slug}"], found[f"edit {slug}"] = at[0], f"{at[0]}edit"
    person = found["record persons"]
    found |= {f"do {verb}": f"{person}do/{verb}" for verb in ("tag", "assign", "link", "comment")}
    found |= {"postpone": first_of(page, "tasks") + "do/postpone", "trash of calls": "/trash/calls"}
    role = found["record roles"].split("/")[2]
    found |= {"rights": f"/settings/roles/{role}/grants"}
    found |= {"right": f"/settings/roles/{role}/grants/line?record=contacts.person"}
    found |= {"report": f"/privacy{person}report", "erase": f"/privacy{person}erase"}
    run = re.search(rf"/import/{ID}", page.request.get("/import").text())
    view = re.search(rf"/persons/\?view={ID}", page.request.get("/persons/").text())
    assert run and view
    return found | {"import": f"{run[0]}/result", "view": view[0]}


def look(page: Any, name: str, how: str) -> list[str]:
    """What axe finds wrong with the page that is open, looked at in one way."""
    width, height, scheme = LOOKS[how]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    return [f"{name} ({how}): {one}" for one in violations(page)]


def too_wide(page: Any, name: str) -> list[str]:
    """The widths at which the page that is open scrolls sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{name} scrolls sideways at {width}"] if scrolls_sideways(page) else []
    return found


@pytest.mark.parametrize("part", [0, 1])
def test_every_page_in_german(demo: Demo, part: int) -> None:
    page = demo.page("katrin", reduced_motion="reduce")
    wrong: list[str] = []
    for name, at in list(every_page(page).items())[part::2]:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(at)
        lines = page.evaluate(TEXTS).splitlines()
        wrong += [f"{name}: {found[0]} in {line!r}" for line in lines if (found := ENGLISH.search(line))]
        for how in list(LOOKS)[: 6 if name in MAIN else 2]:
            wrong += look(page, name, how)
        wrong += too_wide(page, name)
    page.faults[:] = [one for one in page.faults if "422" not in one]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_main_pages_in_english(demo: Demo) -> None:
    page = demo.page("emma", locale="en-GB", reduced_motion="reduce")
    wrong: list[str] = []
    pages = every_page(page)
    for name in (*MAIN, "list tasks", "search", "trash", "imports", "do link", "new persons"):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(pages[name])
        assert page.locator("html").get_attribute("lang") == "en"
        wrong += [f"{name}: {found[0]}" for found in re.finditer(
            r"\b(Speichern|Abbrechen|Bearbeiten|Suchen|Einstellungen|Personen|Aufgaben|Weiter)\b",
            page.locator("nav.side, header.top, .form-foot, .bar").all_inner_texts().__str__())]  # fmt: skip
        for how in ("desk, dark", "phone"):
            wrong += look(page, name, how)
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize("at", ["/", "/persons/", "person", "/persons/new", "/settings"])
def test_no_page_is_too_heavy(demo: Demo, at: str) -> None:
    page = demo.page("katrin")
    at = first_of(page, "persons") if at == "person" else at
    weights = dict.fromkeys(BUDGETS, 0.0)
    bodies: dict[str, bytes] = {}
    page.on("requestfinished", lambda asked: bodies.setdefault(asked.url, b""))
    page.goto(at)
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    for url in list(bodies):
        if "/live" not in url and not url.startswith("data:"):
            answer = page.request.get(url)
            kind = kind_of(answer.headers.get("content-type", ""), url)
            body = answer.body()
            weights[kind] += len(body) / 1024 if kind == "font" else packed(body)
    too_heavy = {kind: round(n, 1) for kind, n in weights.items() if n > BUDGETS[kind]}
    assert not too_heavy
    assert sum(weights.values()) <= 120


def kind_of(content_type: str, url: str) -> str:
    """Which budget an answer counts against."""
    if "font" in content_type or url.endswith(".woff2"):
        return "font"
    if "svg" in content_type:
        return "icons"
    if "css" in content_type:
        return "css"
    return "js" if "javascript" in content_type else "html"
