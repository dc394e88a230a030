from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from klientel.kernel.errors import Refused
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.identity.settings import PASSWORD_HASHERS
from klientel.kernel.identity.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_an_address_is_kept_in_lower_case_and_found_in_any(user: User) -> None:
    assert user.email == "nele.janssen@example.org"
    assert accounts.find(" NELE.janssen@EXAMPLE.org ") == user
    assert User.objects.get_by_natural_key("Nele.JANSSEN@example.org") == user


def test_a_second_login_of_the_same_address_is_refused_and_leaves_nothing(user: User) -> None:
    with pytest.raises(Refused) as refused:
        accounts.create("NELE.JANSSEN@example.ORG", name="Andere", password=PASSWORD)
    assert (refused.value.code, refused.value.field) == ("email_taken", "email")
    assert User.objects.count() == 1
    assert EmailAddress.objects.count() == 1


def test_the_database_itself_refuses_capital_letters_in_an_address(user: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email="Nele.Janssen@example.org")


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(db: None) -> None:
    with pytest.raises(Refused) as refused:
        accounts.create("no address", name=" ", password="123", language="fr")
    assert {each.field for each in refused.value.all()} == {"email", "name", "password", "language"}
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "password", ["short", "1234567890", "password1234", "nele.janssen@example.org", "tab\tinside it", "x" * 257]
)
def test_a_weak_password_is_refused(db: None, password: str) -> None:
    with pytest.raises(Refused) as refused:
        accounts.create("nele.janssen@example.org", name="Nele Janssen", password=password)
    assert refused.value.field == "password"
    assert not User.objects.exists()


def test_a_name_with_a_nul_byte_is_refused(db: None) -> None:
    with pytest.raises(Refused):
        accounts.create("a@example.org", name="a\x00b", password=PASSWORD)
    assert not User.objects.exists()


def test_passwords_are_hashed_by_argon2() -> None:
    algorithm = import_string(PASSWORD_HASHERS[0]).algorithm
    assert make_password(PASSWORD, hasher=algorithm).startswith("argon2$argon2id$")


def test_a_login_without_password_cannot_sign_in(db: None) -> None:
    made = accounts.create("later@example.org", name="Später")
    assert not made.has_usable_password()


@pytest.mark.parametrize(
    "change", [accounts.end_sessions, accounts.deactivate, lambda u: accounts.set_password(u, "Ganz anderes Wort 9")]
)
def test_sessions_end_with_the_stamp_the_password_or_the_login(user: User, change: object) -> None:
    before = user.get_session_auth_hash()
    change(user)  # type: ignore[operator]
    assert User.objects.get(pk=user.pk).get_session_auth_hash() != before


def test_preferences_are_checked_and_kept(user: User) -> None:
    accounts.set_preferences(user, name="Nele", language="en", theme="dark", density="compact", single_keys=False)
    user.refresh_from_db()
    assert (user.name, user.language, user.theme, user.density, user.single_keys) == (
        "Nele",
        "en",
        "dark",
        "compact",
        False,
    )
    with pytest.raises(Refused) as refused:
        accounts.set_preferences(user, name="Other", theme="pink")
    assert refused.value.field == "theme"
    user.refresh_from_db()
    assert (user.name, user.theme) == ("Nele", "dark")
