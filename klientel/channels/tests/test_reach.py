"""A call list passes the gate like a mail does: who is left out is named with the reason."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from klientel.channels.models import Consent
from klientel.channels.tests.test_forms import purpose
from klientel.channels.views import reach
from klientel.kernel.actions import run
from klientel.kernel.testing.cast import ALL, NARROW
from klientel.kernel.web.tests.conftest import at_browser

__all__ = ["purpose"]


@pytest.fixture
def people(anna, purpose):
    made = [
        run(anna, "contacts.person.create", first_name=name, last_name="Muster", phones=[{"value": phone}],
            emails=[{"value": f"{name.lower()}@beispiel.de"}]).record
        for name, phone in (("Ada", "+49 40 123456"), ("Ben", "+49 40 654321"))
    ]  # fmt: skip
    values = {"given_at": "2026-01-05T10:00:00Z", "source": "fair", "proof": "on paper", "wording": "Yes, call me"}
    run(anna, "channels.consent.create", person=made[0].id, purpose=purpose.id, channel="phone",
        phone="+49 40 123456", **values)  # fmt: skip
    run(anna, "channels.consent.create", person=made[1].id, purpose=purpose.id, channel="mail",
        email="ben@beispiel.de", **values)  # fmt: skip
    return made


def sheet_of(browser, asked):
    return b"".join(browser.post(f"/persons/reach?{urlencode(asked)}").streaming_content).decode()


def test_the_list_has_the_number_that_was_agreed_to_and_no_other(anna, tenant, people, purpose):
    """It is judged by every number that is not dead, and names nothing else by which somebody is reached."""
    more = [{"value": "+49 40 999999"}, {"value": "+49 40 111111", "state": "former"}, {"value": "+49 40 123456"}]
    run(anna, "contacts.person.change", people[0].id, phones=more)
    browser = at_browser(tenant, "Otto", ALL, "en")[0]
    sheet = sheet_of(browser, {"purpose": str(purpose.id), "channel": "phone"})
    [head, row] = [line.split(";") for line in sheet.removeprefix("\ufeff").splitlines()]
    assert (head[-1], row[-1].strip("'").replace(" ", "")) == ("phone", "+4940123456")
    assert "999999" not in sheet and "111111" not in sheet and "@beispiel.de" not in sheet


def test_a_dead_address_is_none_and_a_list_that_is_too_long_says_so(anna, tenant, people, purpose, monkeypatch):
    run(anna, "contacts.person.change", people[1].id, emails=[{"value": "ben@beispiel.de", "state": "bounced"}])
    browser = at_browser(tenant, "Otto", ALL, "en")[0]
    asked = {"purpose": str(purpose.id), "channel": "mail"}
    text = browser.get("/persons/reach", asked).content.decode()
    assert "0 of 2 may be reached" in text and "There is no address." in text and "were asked" not in text
    monkeypatch.setattr(reach, "MOST", 1)
    monkeypatch.setattr(reach, "PIECE", 1)
    assert "Only the first 1 persons of this list were asked." in browser.get("/persons/reach", asked).content.decode()


def test_consent_to_mail_puts_nobody_on_a_call_list(tenant, people, purpose):
    browser = at_browser(tenant, "Otto", ALL, "en")[0]
    asked = {"purpose": str(purpose.id), "channel": "phone"}
    text = browser.get("/persons/reach", asked).content.decode()
    assert "1 of 2 may be reached" in text and "Ben Muster" in text and "There is no consent" in text
    sheet = sheet_of(browser, asked)
    assert "Ada" in sheet and "Ben" not in sheet


@pytest.mark.parametrize(("channel", "used"), [("phone", ["Ada"]), ("mail", [])])
def test_a_call_list_notes_the_use_of_each_consent_and_looking_notes_none(tenant, people, purpose, channel, used):
    browser = at_browser(tenant, "Otto", ALL, "en")[0]
    asked = {"purpose": str(purpose.id), "channel": channel}
    browser.get("/persons/reach", asked | {"download": "1"})
    assert not Consent.objects.exclude(used_at=None).exists()
    sheet_of(browser, asked)
    persons = list(Consent.objects.exclude(used_at=None).values_list("person", flat=True))
    assert persons == [one.id for one in people if one.first_name in used]


def test_who_may_not_export_gets_no_list(tenant, people, purpose):
    browser = at_browser(tenant, "Bodo", NARROW, "en")[0]
    assert browser.get("/persons/reach", {"purpose": str(purpose.id), "channel": "phone"}).status_code == 403
