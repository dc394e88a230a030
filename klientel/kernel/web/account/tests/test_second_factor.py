from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client

from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.web.account.tests.conftest import PASSWORD, code_of, confirm, is_signed_in, set_up_app, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def protected(client: Client, user: User) -> tuple[str, list[str]]:
    """The login with an authenticator app; its seed and recovery codes."""
    sign_in(client)
    return set_up_app(client)


def second_step(client: Client, code: str) -> int:
    return int(client.post("/account/login/code", {"code": code}).status_code)


def test_the_password_alone_opens_nothing_any_more(protected: tuple[str, list[str]]) -> None:
    other = Client()
    assert sign_in(other)["Location"] == "/account/login/code"
    assert not is_signed_in(other)
    assert other.get("/account/login/code").status_code == 200
    assert second_step(other, "000000") == 422
    assert not is_signed_in(other)
    assert second_step(other, code_of(protected[0])) == 302
    assert is_signed_in(other)


def test_a_code_counts_once_even_while_the_tolerance_takes_it(protected: tuple[str, list[str]]) -> None:
    code = code_of(protected[0])
    first, second = Client(), Client()
    sign_in(first)
    sign_in(second)
    assert second_step(first, code) == 302
    keys = f"allauth.mfa.totp.used?user={Authenticator.objects.get(type='totp').user_id}&code={code}"
    cache.delete(keys)  # as if allauth's own mark had run out
    assert second_step(second, code) == 422
    assert not is_signed_in(second)


def test_codes_far_from_now_are_refused(protected: tuple[str, list[str]]) -> None:
    other = Client()
    sign_in(other)
    assert second_step(other, code_of(protected[0], -2)) == 422
    assert second_step(other, code_of(protected[0], 2)) == 422
    assert second_step(other, code_of(protected[0], 1)) == 302


def test_a_recovery_code_lets_in_once(protected: tuple[str, list[str]]) -> None:
    _seed, codes = protected
    assert len(codes) == 10
    first, second = Client(), Client()
    sign_in(first)
    sign_in(second)
    assert second_step(first, codes[3]) == 302
    assert second_step(second, codes[3]) == 422
    assert second_step(second, codes[4]) == 302


def test_wrong_codes_are_limited_per_person_for_every_browser(protected: tuple[str, list[str]]) -> None:
    for _ in range(5):
        other = Client()
        sign_in(other)
        assert second_step(other, "000000") == 422
    late = Client()
    sign_in(late)
    assert second_step(late, code_of(protected[0])) == 422
    assert not is_signed_in(late)


def test_the_seed_is_sealed_and_opens_for_its_owner_only(protected: tuple[str, list[str]], user: User) -> None:
    seed, _codes = protected
    stored = Authenticator.objects.get(type="totp")
    assert seed not in str(stored.data)
    assert stored.data["secret"].startswith("s1.")
    thief = accounts.create("thief@example.org", name="Thief", password=PASSWORD)
    Authenticator.objects.create(user=thief, type="totp", data=stored.data)
    other = Client(raise_request_exception=False)
    sign_in(other, email="thief@example.org")
    assert other.post("/account/login/code", {"code": code_of(seed)}).status_code == 500
    assert not is_signed_in(other)


def test_setting_up_needs_the_password_again_and_the_right_code(client: Client, user: User) -> None:
    sign_in(client)
    assert client.get("/account/security/app")["Location"].startswith("/account/confirm?")
    assert confirm(client, "wrong password").status_code == 422
    assert client.get("/account/security/app").status_code == 302
    assert confirm(client)["Location"] == "/account/security"
    page = client.get("/account/security/app").content.decode()
    assert client.post("/account/security/app", {"code": "000000"}).status_code == 422
    assert not Authenticator.objects.exists()
    assert '<img src="/account/security/app/qr.svg"' in page
    picture = client.get("/account/security/app/qr.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<?xml")
    assert "no-store" in picture["Cache-Control"]


def test_switching_it_on_and_off_ends_all_other_sessions_and_is_told_by_mail(client: Client, user: User) -> None:
    sign_in(client)
    other = Client()
    sign_in(other)
    seed, codes = set_up_app(client)
    assert is_signed_in(client)
    assert not is_signed_in(other)
    sign_in(other)
    second_step(other, codes[0])
    assert is_signed_in(other)
    assert client.get("/account/security/app/remove").status_code == 200
    assert client.post("/account/security/app/remove").status_code == 302
    assert not Authenticator.objects.exists()
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert len(mail.outbox) == 2
    assert all(sent.to == [user.email] for sent in mail.outbox)
    assert all(seed not in sent.body and code not in sent.body for sent in mail.outbox for code in codes)


def test_recovery_codes_are_shown_once_and_new_ones_replace_them(
    client: Client, protected: tuple[str, list[str]]
) -> None:
    _seed, old = protected
    again = client.get("/account/security/codes").content.decode()
    assert not any(code in again for code in old)
    assert client.post("/account/security/codes/new").status_code == 302
    new = re.findall(r"<b>(\d{10})</b>", client.get("/account/security/codes").content.decode())
    assert len(new) == 10
    assert not set(new) & set(old)
    other = Client()
    sign_in(other)
    assert second_step(other, old[0]) == 422
    assert second_step(other, new[0]) == 302


def test_the_second_step_cannot_be_had_without_the_first(client: Client, protected: tuple[str, list[str]]) -> None:
    other = Client()
    answer = other.post("/account/login/code", {"code": code_of(protected[0])})
    assert (answer.status_code, answer["Location"]) == (302, "/account/login")
    assert not is_signed_in(other)


def test_removing_needs_a_recent_confirmation(protected: tuple[str, list[str]]) -> None:
    _seed, codes = protected
    other = Client()
    sign_in(other)
    second_step(other, codes[0])
    answer = other.post("/account/security/app/remove")
    assert answer["Location"].startswith("/account/confirm/code?")
    assert Authenticator.objects.filter(type="totp").exists()


def test_a_known_password_is_not_enough_to_take_the_second_factor_away(protected: tuple[str, list[str]]) -> None:
    seed, codes = protected
    other = Client()
    sign_in(other)
    second_step(other, codes[0])
    assert confirm(other)["Location"].startswith("/account/confirm/code")
    assert other.get("/account/confirm/code").status_code == 200
    assert other.post("/account/confirm/code", {"code": "000000"}).status_code == 422
    other.post("/account/security/app/remove")
    assert Authenticator.objects.filter(type="totp").exists()
    proof = {"code": code_of(seed, 1), "next": "/account/security/app/remove"}
    assert other.post("/account/confirm/code", proof).status_code == 302
    assert not Authenticator.objects.exists()
