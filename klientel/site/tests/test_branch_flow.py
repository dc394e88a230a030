"""The branch an import is, in a real browser: shown, corrected, decided, carried out; wide, narrow, light, dark."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from klientel.site.browser import System
from klientel.site.tests.looking import scrolls_sideways, violations

pytestmark = pytest.mark.flow

FIRST = """Anrede;Titel;Vorname;Nachname;Firma;E-Mail;Telefon;Position
Herr;Dr.;Jörg;Müller;Bergmann Feinmechanik GmbH;joerg.mueller@example.org;040 6696911;Leiter Einkauf
Frau;;Anneliese;Öztürk;Nordlicht Logistik AG;a.oeztuerk@example.org;030 2312544;Disponentin
"""
SECOND = """Anrede;Titel;Vorname;Nachname;Firma;E-Mail;Telefon;Position
Herr;Dr.;Jörg;Müller;Bergmann Feinmechanik GmbH;joerg.mueller@example.org;040 6696999;Geschäftsführer
Frau;;Anneliese;Öztürk;Nordlicht Logistik AG;a.oeztuerk@example.org;030 2312544;Disponentin
Frau;;Tamara;Neu;Neue Werke GmbH;tamara@example.org;kaputt;Vorständin
;;;;;;040 33;
"""


@pytest.fixture(scope="module")
def place(system: System) -> System:
    system.run("tenant", "create", "Branch GmbH", "--slug", "branch", "--language", "de")
    made = system.run("user", "create", "anna@branch.example", "--tenant", "branch", "--name", "Anna Alster",
                      "--role", "administration", "--language", "de", "--json")  # fmt: skip
    system.environment["PASSWORD"] = re.search(r'"password": "([^"]+)"', made.stdout)[1]
    return system


def look(page: Any, name: str) -> list[str]:
    """What axe finds, and whether it scrolls sideways, as people look at it."""
    wrong = []
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        wrong += [f"{name} ({width}, {scheme}): {one}" for one in violations(page)]
        wrong += [f"{name} scrolls sideways at {width}"] if scrolls_sideways(page) else []
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    return wrong


def upload(page: Any, text: str) -> None:
    page.goto("/import")
    page.set_input_files("#import-file", {"name": "kontakte.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.click("main form .primary")
    page.get_by_role("button", name="Ausprobieren").wait_for()


def test_shown_corrected_decided_and_carried_out(place: System, new_page: Callable[..., Any]) -> None:
    page = new_page(place.url, reduced_motion="reduce")
    page.goto("/account/login")
    page.fill("#id_login", "anna@branch.example")
    page.fill("#id_password", place.environment["PASSWORD"])
    page.click("main .primary")
    page.wait_for_url("**/")
    upload(page, FIRST)
    page.get_by_role("button", name="Ausprobieren").click()
    page.click("main form .primary:has-text('importieren')")
    page.get_by_text("Der Import ist abgeschlossen").wait_for(timeout=30_000)

    upload(page, SECOND)
    wrong = look(page, "mapping")
    page.check("input[name=mute]")
    page.get_by_role("button", name="Ausprobieren").click()
    page.get_by_text("Nichts wurde geändert").wait_for()
    assert page.get_by_text("Neue Werke GmbH (neu)").count() == 1
    wrong += look(page, "check")
    page.select_option("#all-choice", "update")
    page.get_by_role("button", name="Auf alle anwenden").click()
    page.get_by_text("für diesen Import stumm geschaltet").wait_for()
    page.locator("tr", has_text="kaputt").get_by_role("link", name="Korrigieren").click()
    page.get_by_role("heading", name="Zeile korrigieren").wait_for()
    wrong += look(page, "row")
    page.get_by_label("Telefon").fill("0171 3920012")
    page.get_by_role("button", name="Diese Zeile noch einmal ausprobieren").click()
    page.get_by_text("Zeile 4 wurde korrigiert").wait_for()
    page.click("main form .primary:has-text('importieren')")
    page.get_by_text("Der Import ist abgeschlossen").wait_for(timeout=30_000)
    wrong += look(page, "result")
    assert not wrong, "\n".join(wrong)
