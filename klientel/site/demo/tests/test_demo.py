"""The demo: the same people for the same seed, told once, whole."""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from klientel.channels.models import Fetched, Mail
from klientel.contacts.models import Organisation, Person
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy import inside, reading
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.transfer.models import ImportRun
from klientel.lib.phones import read_phone
from klientel.sales.models import Lead
from klientel.site.demo import create, filling, forms, leads, logins, mails, messy, twice
from klientel.site.demo.names import LANDLINES, MOBILES, Maker, places
from klientel.site.demo.stories import Cast, spoken, stories, told
from klientel.site.demo.words_of import words
from klientel.work.models import Task

FOR_FILMS = tuple(f"+49{start[1:]}" for start, _digits in (*LANDLINES, *MOBILES))
KEPT_FREE = re.compile(r"(.*\.example|example\.(org|com|net))\Z")


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Path:
    """A home folder of this test's own."""
    settings.KLIENTEL_HOME = tmp_path
    return tmp_path


def some(seed: int, n: int = 200) -> list[dict[str, Any]]:
    """Contacts of this seed."""
    maker = Maker(seed)
    return [made for _ in range(n) for made in (maker.firm(), maker.person("firma.example"))]


def test_the_same_seed_makes_the_same_people() -> None:
    assert some(3) == some(3)
    assert some(3) != some(4)


def test_nobody_real_can_be_called_or_written_to() -> None:
    for one in some(5):
        for phone in one["phones"]:
            assert phone["value"].startswith(FOR_FILMS)
            assert read_phone(phone["value"]).e164 == phone["value"]
        for mail in one["emails"]:
            assert KEPT_FREE.match(mail["value"].partition("@")[2])


def test_there_are_enough_words() -> None:
    assert min(len(words("women")), len(words("men"))) > 250
    assert len(words("families")) > 450
    assert len(places()) == 150


def test_a_story_bends_its_names() -> None:
    koch = {"first_name": "Otto", "last_name": "Koch", "salutation": "mr"}
    assert spoken(koch) == {"Frau": "Herr Koch", "herrn": "Herrn Koch", "sie": "er"}
    assert spoken(koch | {"salutation": "neutral"})["herrn"] == "Otto Koch"
    for story in stories():
        for one in told(story, Cast(koch, "Koch KG", ["1"], "2"), dt.date(2026, 11, 22), random.Random(1)):
            assert "{" not in "".join(str(one.values.get(part, "")) for part in ("subject", "text", "notes"))


def test_the_contact_file_is_a_mess(home: Path) -> None:
    content = messy.write().read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode()
    lines = list(csv.reader(content.decode("cp1252").splitlines(), delimiter=";"))
    assert {len(line) for line in lines} > {len(messy.HEADER)}
    assert len({tuple(line) for line in lines}) < len(lines) + 1


#: events recorded on another day than today, whose id is of another second than they are, that come before the record
#: they are of, or that change a record after its last change
_STAMPS = """
SELECT count(*) FILTER (WHERE e.recorded_at < now() - interval '1 hour' OR e.recorded_at < e.at),
    count(*) FILTER (WHERE e.id NOT BETWEEN kernel_id_at(e.at - interval '5 s')
        AND kernel_id_at(e.at + interval '5 s')),
    count(*) FILTER (WHERE e.at < p.created_at OR p.id > kernel_id_at(p.created_at + interval '5 s')),
    count(*) FILTER (WHERE e.at > p.changed_at AND e.fields <> '{}')
FROM kernel_event e LEFT JOIN contacts_person p ON p.id = e.record_id
"""


@pytest.mark.django_db
def test_it_is_made_once_and_whole(home: Path) -> None:
    first = create()
    assert [one["email"] for one in first] == [one["email"] for one in create()]
    assert stat.S_IMODE(logins.place().stat().st_mode) == 0o600
    assert User.objects.get(email="jan.koester@hansewerk.example").check_password(
        next(one["password"] for one in first if one["email"].startswith("jan"))
    )
    with inside(Tenant.objects.get(slug=filling.SLUG).id), reading():
        assert Organisation.objects.count() > filling.FIRMS
        [file] = ImportRun.objects.all()
        assert (file.state, file.encoding, file.counts["error"]) == ("done", "cp1252", 1)
        met = filling.STAFFED + filling.PRIVATE + twice.PEOPLE + leads.COUNT // 2 + forms.TAKEN
        assert Person.objects.count() == met + file.counts["new"]
        assert Lead.objects.count() == leads.COUNT + forms.TAKEN and Lead.objects.filter(deal__isnull=False).exists()
        assert Lead.objects.filter(closed_at=None, first_response_at=None).exists()
        assert Task.objects.filter(state="open", due__lt=dt.date.today()).exists()  # noqa: DTZ011
    with inside(Tenant.objects.get(slug=filling.SLUG).id), reading(), connection.cursor() as cursor:
        cursor.execute(_STAMPS)
        assert cursor.fetchone() == (0, 0, 0, 0)
        cursor.execute("SELECT count(DISTINCT date_trunc('month', at)), max(at) < now() FROM kernel_event")
        months, over = cursor.fetchone()
        assert over
        assert months > 10
        assert Person.objects.filter(created_at__lt=dt.datetime.now(dt.UTC) - dt.timedelta(days=30)).count() > 100
        person = Person.objects.order_by("created_at").first()
        assert person.changed_at >= person.created_at
    with inside(Tenant.objects.get(slug=filling.SLUG).id), reading():
        posted = Mail.objects.exclude(message_ref="").filter(state__in=("received", "elsewhere")).order_by("created_at")
        sorts = [(m.direction, m.sort) for m in posted]
        assert sorted(sorts) == [("in", s) for s in ("auto", "bounce", *["human"] * 4, "list")] + [
            ("out", "human")] * 2  # fmt: skip
        talk = [m for m in posted if mails.TOPIC in m.subject]
        assert len(talk) == 4 and len({m.thread for m in talk}) == len({m.person for m in talk}) == 1
        assert [m.created_at.date() for m in posted] == [m.sent_at.date() for m in posted]
        assert not Fetched.objects.filter(state__in=("waiting", "quarantined")).exists()
    with inside(Tenant.objects.get(slug=filling.SMALL).id), reading():
        assert Organisation.objects.count() == 6


@pytest.mark.django_db
def test_lost_passwords_are_made_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messy, "bring_in", lambda *_: None)
    before = create()
    logins.place().unlink()
    after = create()
    assert [one["email"] for one in before] == [one["email"] for one in after]
    assert not {one["password"] for one in before} & {one["password"] for one in after}
