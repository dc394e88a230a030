"""Workers killed at random moments: every mail accounted for, none twice on the wire."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from klientel.channels.models import Delivery, Mail
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel.actions import run
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant

CONNECTIONS = 2  # of the account: on each one letter may be under way when a worker is killed
WORKER = """
import datetime as dt, os, sys, time, django
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
django.setup()
from uuid import UUID
from klientel.channels.jobs.sending import deliver
from klientel.channels.queries import outbox
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import writing
outbox.LEASE = outbox.CLAIM_LEASE = dt.timedelta(seconds=3)
print("ready", flush=True)
with working_in(UUID(sys.argv[1])):
    while True:
        deliver(account=UUID(sys.argv[2]))
        with writing():
            if outbox.next_due() is None:
                break
        time.sleep(0.2)
"""


def start(tenant, account, environment):
    command = [sys.executable, "-c", WORKER, str(tenant), str(account)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    process.stdout.readline()  # it works from here on
    return process


def send_under_fire(sink, environment, *, mails, kills, seed):
    """Send ``mails`` with two workers of which one is killed ``kills`` times; what became of the rows."""
    chance = random.Random(seed)
    sink.pause = 0.02
    tenant = make_tenant(f"fire-{seed}")
    with inside(tenant.pk):
        with writing():
            anna = make_member("Anna", ALL)
            pace = {"connections": CONNECTIONS, "per_second": 500, "per_domain": 9000, "per_day": 90_000}
            account = run(anna, "channels.account.create", name="Fire", address="fire@hansewerk.de", host="127.0.0.1",
                          port=sink.port, security="none", **pace).record  # fmt: skip
            for n in range(mails):
                write_to(anna, person(anna, n))
        environment = environment | {"KLIENTEL_EGRESS_ALLOW": "*=127.0.0.1"}
        for n in range(kills):
            if n == kills // 2:
                other = start(tenant.pk, account.id, environment)
            process = start(tenant.pk, account.id, environment)
            time.sleep(chance.uniform(0.1, 0.5))
            process.kill()
            process.wait()
        last = start(tenant.pk, account.id, environment)
        assert (other.wait(120), last.wait(120)) == (0, 0)
        with writing():
            return dict(Delivery.objects.values_list("id", "state")), dict(Mail.objects.values_list("id", "state"))


def judge(sink, rows, mails, *, sent, kills):
    assert set(rows.values()) <= {"accepted", "unclear"}
    assert len(rows) == sent
    assert sorted(mails.values()) == sorted(rows.values())
    assert set(sink.ids.values()) <= {1}
    arrived = {message.split(".")[0].strip("<") for message in sink.ids}
    assert {str(i) for i, state in rows.items() if state == "accepted"} <= arrived
    assert sum(state == "unclear" for state in rows.values()) <= kills * CONNECTIONS


@pytest.mark.django_db(transaction=True)
def test_killed_workers_send_nothing_twice_and_lose_nothing(sink, process_environment):
    rows, mails = send_under_fire(sink, process_environment, mails=60, kills=4, seed=7)
    judge(sink, rows, mails, sent=60, kills=4)


@pytest.mark.skipif("SLOW" not in os.environ, reason="some minutes: SLOW=1 runs it")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_often_too(sink, process_environment, seed):
    rows, mails = send_under_fire(sink, process_environment, mails=1000, kills=20, seed=seed)
    judge(sink, rows, mails, sent=1000, kills=20)
