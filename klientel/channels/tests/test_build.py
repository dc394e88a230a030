"""The page on which a form is built, and what stands beside forms and responses."""

from __future__ import annotations

import pytest

from klientel.channels.models import Consent, Form, Response
from klientel.channels.tests.test_forms import ANSWERS, ASKED, form, purpose, send, wording
from klientel.kernel.actions import run
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser

__all__ = ["form", "purpose", "wording"]


@pytest.fixture
def browser(tenant):
    return at_browser(tenant, "Otto", ALL, "en")[0]


def typed(parts):
    found = {}
    for n, one in enumerate(parts):
        found |= {f"part-{n}-{name}": "1" if value is True else value for name, value in one.items()}
        found[f"part-{n}-place"] = str(n)
    return found


def test_parts_are_added_moved_and_saved_without_scripts(browser, form, wording):
    at = f"/forms/{form.pk}/build"
    page = browser.get(at)
    assert page.status_code == 200 and b'value="person.first_name" selected' in page.content
    sent = typed(form.parts)
    assert b'name="part-6-value"' in browser.post(at, sent | {"add": "hidden"}).content
    moved = browser.post(at, sent | {"move": "down 0"}).content.decode()
    assert moved.index('value="person.last_name" selected') < moved.index('value="person.first_name" selected')
    saved = browser.post(at, sent | {"remove": "4", "save": "1", "version": str(form.version)})
    assert saved.status_code == 302
    assert [one.get("field") for one in Form.objects.get(pk=form.pk).parts] == [
        *(one["field"] for one in ASKED[:4]), None,
    ]  # fmt: skip


def test_the_preview_follows_what_is_typed(browser, form, wording):
    at = f"/forms/{form.pk}/build"
    parts = [
        {"role": "field", "field": "person.phones", "label": "Call me"},
        {"role": "consent", "wording": str(wording.id)},
    ]
    shown = browser.post(at, typed(parts), headers={"X-Requested-With": "fetch"})
    assert b"Call me" in shown.content and b"Yes, send me the newsletter." in shown.content
    assert b"<html" not in shown.content


def test_what_is_wrong_is_said_at_its_part_and_nothing_is_saved(browser, form):
    at = f"/forms/{form.pk}/build"
    nonsense, valueless = {"role": "field", "field": "person.nonsense"}, {"role": "hidden", "field": "lead.source"}
    for part, text in ((nonsense, b"There is no such field."), (valueless, b"Please fill in this field.")):
        answer = browser.post(at, typed([*ASKED, part]) | {"save": "1"})
        assert answer.status_code == 422 and text in answer.content
    assert Form.objects.get(pk=form.pk).version == form.version


def test_the_page_of_a_form_says_where_it_stands_and_what_came_in(browser, anna, form):
    send(form)
    text = browser.get(f"/forms/{form.pk}/").content.decode()
    assert "/page/hansewerk/white-paper/form.js" in text and text.count("/form-responses/") >= 1


def test_the_page_of_a_response_shows_what_differs(browser, anna, form):
    values = {"first_name": "Eva", "last_name": "Sommer", "emails": [{"value": "eva@beispiel.de"}]}
    run(anna, "contacts.person.create", **values)
    made = send(form, ANSWERS | {"person.first_name": "Evi"})
    text = browser.get(f"/form-responses/{made.pk}/").content.decode()
    assert "Please call me in the morning." in text and 'value="person.first_name"' in text
    browser.post(f"/form-responses/{made.pk}/do/take_over", {"field": "person.first_name"})
    assert Response.objects.get(pk=made.pk).differs == {}


def test_the_proof_is_a_pdf_for_those_who_may_see_it(browser, form, wording):
    made = send(form, consents=[wording])
    answer = browser.get(f"/consents/{Consent.objects.get(response=made.pk).pk}/proof")
    assert answer.content.startswith(b"%PDF") and answer["Content-Type"] == "application/pdf"
