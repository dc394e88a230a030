from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from klientel.kernel.identity.models import User
from klientel.kernel.tenancy.models import Installation
from klientel.kernel.web.account.tests.conftest import EMAIL, PASSWORD, code_of, is_signed_in, set_up_app, sign_in

pytestmark = pytest.mark.django_db

NEW = "Wolken über Husum 12"


def ask(client: Client, email: str = EMAIL) -> str:
    """Ask for a reset link; the mail's text."""
    answer = client.post("/account/password/reset", {"email": email})
    assert (answer.status_code, answer["Location"]) == (302, "/account/password/reset/sent")
    return str(mail.outbox[-1].body)


def link_in(text: str) -> str:
    found = re.search(r"http://testserver(/account/password/reset/\S+)", text)
    assert found is not None
    return found[1]


def choose(client: Client, link: str, password: str = NEW) -> int:
    """Follow the link and choose a password."""
    page = client.get(link, follow=True)
    where = page.redirect_chain[-1][0] if page.redirect_chain else link
    return int(client.post(where, {"password1": password, "password2": password}).status_code)


def test_a_reset_changes_the_password_ends_all_sessions_and_signs_nobody_in(client: Client, user: User) -> None:
    old = Client()
    sign_in(old)
    assert choose(client, link_in(ask(client))) == 302
    assert not is_signed_in(client)
    assert not is_signed_in(old)
    assert sign_in(Client()).status_code == 422
    assert sign_in(client, password=NEW).status_code == 302
    assert is_signed_in(client)


def test_a_reset_does_not_skip_the_second_factor(client: Client, user: User) -> None:
    owner = Client()
    sign_in(owner)
    seed, _codes = set_up_app(owner)
    assert choose(client, link_in(ask(client))) == 302
    assert not is_signed_in(client)
    assert sign_in(client, password=NEW)["Location"] == "/account/login/code"
    assert not is_signed_in(client)
    client.post("/account/login/code", {"code": code_of(seed)})
    assert is_signed_in(client)


def test_known_and_unknown_addresses_get_the_same_page_and_a_mail_each(client: Client, user: User) -> None:
    known = client.post("/account/password/reset", {"email": EMAIL}, follow=True)
    unknown = client.post("/account/password/reset", {"email": "nobody@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    token = rb'"X-CSRFToken":"\w+"'
    assert re.sub(token, b"", known.content) == re.sub(token, b"", unknown.content)
    first, second = mail.outbox
    assert (first.to, second.to) == ([EMAIL], ["nobody@example.org"])
    assert "/account/password/reset/" in first.body
    assert "http" not in second.body


def test_a_link_works_once_and_not_when_changed_or_old(client: Client, user: User, settings: object) -> None:
    link = link_in(ask(client))
    changed = link[:-1] + ("a" if link[-1] != "a" else "b")
    assert 'type="password"' not in client.get(changed, follow=True).content.decode()
    assert choose(client, link) == 302
    assert 'type="password"' not in Client().get(link, follow=True).content.decode()
    assert choose(Client(), link, "Noch ein anderes 99") != 302
    later = link_in(ask(client))
    settings.PASSWORD_RESET_TIMEOUT = -1  # type: ignore[attr-defined]
    assert 'type="password"' not in Client().get(later, follow=True).content.decode()
    assert sign_in(client, password=NEW).status_code == 302


@pytest.mark.parametrize(
    "link",
    [
        "/account/password/reset/x-y",
        "/account/password/reset/0-set-password",
        "/account/password/reset/" + "f" * 32 + "-abc-def",
    ],
)
def test_a_made_up_link_is_told_to_be_invalid(client: Client, link: str) -> None:
    answer = client.get(link)
    assert answer.status_code in (200, 422)
    assert 'type="password"' not in answer.content.decode()


def test_the_token_does_not_stay_in_the_address(client: Client, user: User) -> None:
    page = client.get(link_in(ask(client)), follow=True)
    assert page.redirect_chain[-1][0].endswith("-set-password")
    assert page["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("password", ["1234567890", "kurz", EMAIL])
def test_a_weak_password_is_refused_and_the_old_one_stays(client: Client, user: User, password: str) -> None:
    assert choose(client, link_in(ask(client)), password) == 422
    assert sign_in(client).status_code == 302


def test_reset_mails_to_one_address_are_limited(client: Client, user: User) -> None:
    for _ in range(3):
        ask(client)
    answer = Client().post("/account/password/reset", {"email": EMAIL.upper()})
    assert answer.status_code == 429
    assert len(mail.outbox) == 3


def test_a_closed_login_gets_no_link(client: Client, user: User) -> None:
    user.is_active = False
    user.save()
    assert "http" not in ask(client)


def test_changing_the_password_needs_the_old_one_and_ends_the_other_sessions(client: Client, user: User) -> None:
    sign_in(client)
    other = Client()
    sign_in(other)
    wrong = {"oldpassword": "not it at all", "password1": NEW, "password2": NEW}
    assert client.post("/account/password/change", wrong).status_code == 422
    assert is_signed_in(other)
    assert client.post("/account/password/change", {**wrong, "oldpassword": PASSWORD}).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert [sent.to for sent in mail.outbox] == [[EMAIL]]
    assert NEW not in mail.outbox[0].body


def test_a_restored_system_sends_no_mail_until_it_is_released(client: Client, user: User) -> None:
    Installation.objects.update_or_create(id=1, defaults={"quarantined_at": timezone.now()})
    assert client.post("/account/password/reset", {"email": EMAIL}).status_code == 302
    assert mail.outbox == []
    Installation.objects.update(quarantined_at=None)
    ask(client)


@pytest.mark.parametrize(("language", "word"), [("de", "Passwort"), ("en", "password")])
def test_mails_speak_the_language_of_the_page(client: Client, user: User, language: str, word: str) -> None:
    client.post("/account/password/reset", {"email": EMAIL}, headers={"accept-language": language})
    assert word in mail.outbox[0].body
    assert "&" not in mail.outbox[0].body.replace("&amp;", "")
