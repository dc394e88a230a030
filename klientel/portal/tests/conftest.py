"""A quote on its way: a real SMTP server, and customers without a login."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from klientel.channels.jobs.sending import deliver
from klientel.channels.tests.conftest import account, sink
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing.cast import anna, boris, cleo, tenant
from klientel.portal.queries import pacing
from klientel.sales.models import Quote

__all__ = ["account", "anna", "boris", "cleo", "sink", "tenant"]
LINES = [
    {"name": "Press", "quantity": "1", "price": "1000"},
    {"name": "Training", "quantity": "1", "price": "500", "role": "optional"},
    {"name": "Other press", "quantity": "1", "price": "2000", "role": "alternative"},
    {"name": "Small press", "quantity": "1", "price": "800", "role": "alternative"},
]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Nobody has come yet."""
    pacing.forget()


@pytest.fixture
def eva(anna: Actor) -> Any:
    """Who gets the quote."""
    return run(
        anna, "contacts.person.create", first_name="Eva", last_name="Sommer", salutation="ms",
        emails=[{"value": "eva@beispiel.de", "purpose": "work", "state": "ok"}],
    ).record  # fmt: skip


@pytest.fixture
def quote(anna: Actor, account: Any, eva: Any) -> Quote:
    """A draft for Eva."""
    values = {"name": "Press for hall 3", "positions": LINES, "person": eva.id, "owner": anna.member}
    return Quote.objects.get(pk=run(anna, "sales.quote.create", **values).record.pk)


def again(one: Quote) -> Quote:
    return Quote.objects.get(pk=one.pk)


def parts(message: Any) -> dict[str, bytes]:
    """The parts of a mail by their type."""
    return {one.get_content_type(): one.get_payload(decode=True) for one in message.walk() if not one.is_multipart()}


def link_in(message: Any) -> str:
    """The address in the text of a mail, below the host."""
    text = parts(message)["text/plain"].decode()
    found = re.search(r"https?://[^/]+(/offer/\S+)", text)
    assert found, text
    return found[1]


@pytest.fixture
def link(anna: Actor, account: Any, quote: Quote, sink: Any) -> str:
    """The link as Eva finds it in her mail."""
    run(anna, "sales.quote.mail", quote.pk)
    deliver(account=account.id)
    [(_sender, _to, message)] = sink.mails
    sink.mails.clear()
    return link_in(message)


@pytest.fixture
def customer(client: Client) -> Client:
    """A browser without a login."""
    return client
