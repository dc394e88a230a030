"""Fetchers killed at random moments: every message here once, none lost, none twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from klientel.channels.models import Fetched, Mail, Position
from klientel.channels.tests.test_fetching import Box, letter
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant

WORKER = """
import os, sys, time, django
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
django.setup()
from uuid import UUID
from django.conf import settings
from klientel.channels.jobs import fetching, reading
from klientel.channels.models import Fetched
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import writing
from django.db import connection
settings.KLIENTEL_FILES = sys.argv[3]
fetching.BATCH = 7
with working_in(UUID(sys.argv[1])):
    with writing(), connection.cursor() as cursor:  # who was killed reads no more
        cursor.execute("UPDATE channels_fetched SET lease_until = NULL, tries = 0 WHERE state = 'waiting'")
    print("ready", flush=True)
    fetching.fetch(account=UUID(sys.argv[2]))
    reading.read_mail(account=UUID(sys.argv[2]))
"""


def under_fire(anna, dovecot, environment, folder, *, mails, kills, seed):
    chance = random.Random(seed)
    box = Box(anna, dovecot)
    box.folder()
    box.put(*(letter(n, ident="" if n % 9 == 0 else None) for n in range(mails)))
    command = [sys.executable, "-c", WORKER, str(anna.tenant), str(box.account.id), str(folder)]
    return box, chance, command, environment, kills


def run_under_fire(box, chance, command, environment, kills):
    for _n in range(kills):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(chance.uniform(0.02, 0.5))
        process.kill()
        process.wait()
    last = subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=120, check=False)
    assert last.returncode == 0


def all_here(tenant, mails):
    with inside(tenant), writing():
        assert sorted(Fetched.objects.values_list("uid", flat=True)) == list(range(1, mails + 1))
        assert set(Fetched.objects.values_list("state", flat=True)) == {"mail"}
        assert Mail.objects.count() == mails
        assert Fetched.objects.values("mail_id").distinct().count() == mails
        assert (Position.objects.get().total, Position.objects.get().missing) == (mails, 0)


def story(dovecot, environment, tmp_path, settings, authority, *, mails, kills, seed):
    settings.KLIENTEL_EGRESS_ALLOW = "*=127.0.0.1"
    environment = environment | {"KLIENTEL_EGRESS_ALLOW": "*=127.0.0.1", "SSL_CERT_FILE": str(authority / "ca.pem")}
    tenant = make_tenant(f"fetch-{seed}").pk
    with inside(tenant), writing():
        anna = make_member("Anna", ALL)
        found = under_fire(anna, dovecot, environment, tmp_path, mails=mails, kills=kills, seed=seed)
    run_under_fire(*found)
    all_here(tenant, mails)


@pytest.mark.django_db(transaction=True)
def test_killed_fetchers_lose_nothing_and_double_nothing(dovecot, process_environment, tmp_path, settings, authority):
    story(dovecot, process_environment, tmp_path, settings, authority, mails=60, kills=2, seed=3)


@pytest.mark.skipif("SLOW" not in os.environ, reason="some minutes: SLOW=1 runs it")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_often_too(dovecot, process_environment, tmp_path, settings, authority, seed):
    story(dovecot, process_environment, tmp_path, settings, authority, mails=1000, kills=20, seed=seed)
