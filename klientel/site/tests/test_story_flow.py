"""The main job in a real browser, on real processes: contacts in, one found by typing, a call and a follow-up written
down, and a colleague with fewer rights who sees exactly what he may."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from klientel.site.browser import System

pytestmark = pytest.mark.flow

ROWS = """Anrede;Titel;Vorname;Nachname;Firma;E-Mail;Telefon;Mobil;PLZ;Ort;Geburtstag
Herr;Dr.;Jörg;Müller;Bergmann Feinmechanik GmbH;joerg.mueller@example.org;040 6696911;0171 3920012;20457;Hamburg;5.5.80
Frau;;Anneliese;Öztürk;Nordlicht Logistik AG;a.oeztuerk@example.org;030 2312544;;10115;Berlin;
;;Kim;Weiß;;keine-adresse;;;;;31.02.1990
"""


@pytest.fixture(scope="module")
def place(system: System) -> System:
    """A tenant with an administrator and a colleague in sales."""
    system.run("tenant", "create", "Flow GmbH", "--slug", "flow", "--language", "en")
    for email, name, role in (
        ("anna@flow.example", "Anna Alster", "administration"),
        ("jan@flow.example", "Jan Köster", "sales"),
    ):
        words = ["user", "create", email, "--tenant", "flow", "--name", name, "--role", role, "--language", "en"]
        made = system.run(*words, "--json")
        assert '"password"' in made.stdout
        system.environment[f"PASSWORD_{role}"] = re.search(r'"password": "([^"]+)"', made.stdout)[1]
    return system


def sign_in(page: Any, email: str, password: str) -> None:
    page.goto("/account/login")
    page.fill("#id_login", email)
    page.fill("#id_password", password)
    page.click("main .primary")
    page.wait_for_url("**/")


def test_from_a_file_to_a_follow_up_and_what_the_colleague_sees(place: System, new_page: Callable[..., Any]) -> None:
    page = new_page(place.url, locale="en-GB")
    sign_in(page, "anna@flow.example", place.environment["PASSWORD_administration"])

    page.goto("/import")
    page.set_input_files(
        "#import-file", {"name": "kontakte.csv", "mimeType": "text/csv", "buffer": ROWS.encode("cp1252")}
    )
    page.click("main form .primary")
    page.click("main form .primary:has-text('Try out')")
    page.get_by_text("Nothing was changed").wait_for()
    page.click("main form .primary:has-text('Import')")
    page.get_by_text("The import is finished").wait_for(timeout=30_000)

    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("Mueller", delay=30)
    page.locator("#palette [role=option]", has_text="Jörg Müller").first.click()
    page.get_by_role("heading", name="Dr. Jörg Müller").wait_for()
    at = page.url
    assert page.get_by_text("joerg.mueller@example.org").count() > 0

    page.click("#capture [role=tab]:has-text('Call')")
    page.fill("#capture-calls input[name=subject]", "Wartungsvertrag besprochen")
    page.click("#capture-calls .primary")
    page.get_by_text("Wartungsvertrag besprochen").first.wait_for()
    page.click("#capture [role=tab]:has-text('Task')")
    page.fill("#capture-tasks input[name=subject]", "Angebot nachfassen")
    page.fill("#capture-tasks input[name=due]", "2031-12-01")
    page.click("#capture-tasks .primary")
    page.get_by_text("Angebot nachfassen").first.wait_for()

    other = new_page(place.url, locale="en-GB")
    sign_in(other, "jan@flow.example", place.environment["PASSWORD_sales"])
    other.goto(at)
    other.get_by_role("heading", name="Dr. Jörg Müller").wait_for()  # nobody's yet, so sales may see him

    page.goto("/persons/new")
    page.fill("input[name=last_name]", "Vertraulich")
    page.click(".form-foot .primary")
    page.get_by_role("heading", name="Vertraulich").wait_for()
    mine = page.url
    other.goto("/persons/")
    other.get_by_text("Jörg Müller").first.wait_for()
    assert other.get_by_text("Vertraulich").count() == 0
    other.goto(mine)
    other.get_by_text("There is no such record").first.wait_for()
    other.faults.clear()  # the 404 is what is promised
