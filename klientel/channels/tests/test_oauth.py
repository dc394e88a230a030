"""Signing in by OAuth2 at a real IMAP server that asks a provider whose a token is."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django.utils.translation import override

from klientel.channels.models import Mail, Secret
from klientel.channels.queries import accounts
from klientel.channels.tests.test_fetching import box, letter
from klientel.channels.tests.test_pages import page
from klientel.kernel import writing
from klientel.kernel.actions import run
from klientel.kernel.errors import read_out

__all__ = ["box", "page"]


@pytest.fixture
def provider(anna, box):
    """The provider, at which the mailbox has a refresh token."""
    made = box.server.provider
    made.asked.clear()
    made.seconds = 3600
    made.refresh["first"] = box.user
    given = {"sign_in": "oauth2", "token_url": f"http://127.0.0.1:{made.port}/token", "client_id": "klientel"}
    run(anna, "channels.account.change", box.account.id, **given)
    run(anna, "channels.account.set_tokens", box.account.id, refresh="first", client="hidden")
    box.folder()
    box.put(letter(1))
    return made


def test_a_token_is_fetched_once_and_kept_sealed_until_its_end(box, provider):
    assert [box.fetch(), box.fetch()] == ["", ""]
    assert (Mail.objects.count(), len(provider.asked)) == (1, 1)
    assert provider.asked[0] == {
        "grant_type": "refresh_token", "refresh_token": "first", "client_id": "klientel", "client_secret": "hidden",
    }  # fmt: skip
    kept = Secret.objects.get()
    assert not any(word in f"{kept.access}{kept.refresh}{kept.client}" for word in ("access-", "refresh-", "hidden"))


def test_a_token_that_ends_soon_is_renewed_with_the_newest_refresh_token(box, provider):
    box.fetch()
    with writing.door():
        Secret.objects.update(access_until=timezone.now() + dt.timedelta(seconds=30))
    assert box.fetch() == ""
    assert [form["refresh_token"] for form in provider.asked] == ["first", f"refresh-{box.user}-1"]


def test_a_token_that_was_withdrawn_before_its_end_is_renewed_at_once(box, provider):
    box.fetch()
    provider.access.clear()
    box.put(letter(2))
    assert box.fetch() == ""
    assert (Mail.objects.count(), len(provider.asked)) == (2, 2)


def test_who_gets_no_token_any_more_reads_why_on_the_page_of_the_account(anna, page, box, provider):
    provider.refresh.clear()
    trouble = box.fetch()
    assert "(invalid_grant)" in trouble
    with override("de"):
        assert read_out(trouble) in page.get(f"/mail-accounts/{box.account.id}/").content.decode()
    provider.refresh["again"] = box.user
    run(anna, "channels.account.set_tokens", box.account.id, refresh="again", client="hidden")
    assert (box.fetch(), Mail.objects.count()) == ("", 1)


def test_a_token_of_somebody_else_opens_no_mailbox(anna, box, provider):
    provider.refresh["first"] = "somebody"
    assert box.fetch()
    assert Mail.objects.count() == 0
    assert accounts.tokens_of(box.account.id)[0].startswith("access-somebody")
