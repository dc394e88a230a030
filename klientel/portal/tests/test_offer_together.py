"""The customer and colleagues at the same moment, and a process that dies in the middle, on real transactions."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from klientel.channels.models import Mail
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.portal.queries import pacing, shares
from klientel.sales.models import Quote

pytestmark = pytest.mark.django_db(transaction=True)
LINES = [{"name": "Press", "quantity": "1", "price": "1000"}]
YES = {"accept": "1", "name": "Eva Sommer", "agree": "1"}


@pytest.fixture
def dora() -> Any:
    made = make_tenant("zusammen")
    with inside(made.id), writing():
        actor = make_member("Dora", ALL)
        run(actor, "channels.account.create", name="V", address="v@hansewerk.de", host="127.0.0.1", port=9)
    with inside(made.id):
        yield actor


def sent(dora: Actor) -> tuple[Quote, str]:
    """A quote that is out, and the address of its page."""
    with writing():
        made = run(dora, "sales.quote.create", name="Press", positions=LINES, owner=dora.member).record
        run(dora, "sales.quote.send", made.id)
        quote = Quote.objects.get(pk=made.pk)
        account = type_of("channels.account").model.objects.get().pk
        _share, link = shares.make(quote, person=None, account=account, address="eva@beispiel.de", tracked=False)
    return quote, link[link.index("/offer") :]


def together(dora: Actor, *jobs: Any) -> list[Any]:
    start = Barrier(len(jobs))

    def one(job: Any) -> Any:
        try:
            with inside(dora.tenant):
                start.wait()
                return job()
        except Refused as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))


def state(quote: Quote) -> str:
    with writing():
        return str(Quote.objects.get(pk=quote.pk).state)


def test_many_clicks_at_once_are_one_acceptance_one_document_and_one_task(dora: Actor) -> None:
    quote, link = sent(dora)
    pacing.forget()
    codes = together(dora, *[lambda: Client().post(link, YES).status_code] * 6)
    assert set(codes) == {303} and state(quote) == "accepted"
    with writing():
        files = type_of("kernel.file").model.objects.filter(concerns__contains=[quote.pk], name__contains="Annahme")
        tasks = type_of("work.task").model.objects.filter(subject__contains="angenommen")
        assert (files.count(), tasks.count(), Mail.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize("n", range(3))
def test_acceptance_and_a_newer_version_at_once_never_both_count(dora: Actor, n: int) -> None:
    quote, link = sent(dora)
    pacing.forget()
    with writing():
        run(dora, "sales.quote.revise", quote.pk)
        newer = Quote.objects.get(replaces=quote.pk)
    jobs = [lambda: Client().post(link, YES).status_code, lambda: run(dora, "sales.quote.send", newer.pk) and "sent"]
    answers = together(dora, *(jobs if n % 2 else jobs[::-1]))
    assert (state(quote), state(newer)) in (("accepted", "draft"), ("superseded", "sent")), answers
    with writing():
        tasks = type_of("work.task").model.objects.filter(subject__contains="angenommen").count()
    assert tasks == (state(quote) == "accepted")


def test_acceptance_and_revision_at_once_lose_nothing(dora: Actor) -> None:
    quote, link = sent(dora)
    pacing.forget()
    answers = together(
        dora, lambda: Client().post(link, YES).status_code, lambda: run(dora, "sales.quote.revise", quote.pk) and "made"
    )
    assert state(quote) == "accepted" and answers[0] == 303
    assert answers[1] in ("made", "accepted_already")


MAKER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
django.setup()
from uuid import UUID
from klientel.kernel.access import actor_of
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import writing
print("ready", flush=True)
with working_in(UUID(sys.argv[1])):
    with writing():
        actor = actor_of(UUID(sys.argv[2]))
    line = {"name": "A", "quantity": "1", "price": "1"}
    while True:
        made = run(actor, "sales.quote.create", name="Q", positions=[line]).record
        run(actor, "sales.quote.send", made.id)
        print("sent", flush=True)
"""


def test_numbers_have_no_gaps_though_makers_and_senders_are_killed(
    dora: Actor, process_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", MAKER, str(dora.tenant), str(dora.member)]
    makers = [subprocess.Popen(command, env=process_environment, stdout=subprocess.PIPE) for _n in range(3)]
    for one in makers:
        assert one.stdout is not None
        for _line in range(1 + 4):  # it has begun, and has sent so many
            one.stdout.readline()
    for one in makers:
        time.sleep(random.uniform(0, 0.3))
        one.kill()
        one.wait()
    with writing():
        run(dora, "sales.quote.create", name="Last")
        rows = list(Quote.objects.order_by("sequence").values_list("sequence", "number", "state", "document"))
    assert len(rows) > 10
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert Counter(row[1] for row in rows) == Counter(f"AN-{today().year}-{n:05}" for n in range(1, len(rows) + 1))
    assert all((document is not None) == (state == "sent") for _n, _number, state, document in rows)
