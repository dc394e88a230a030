"""What became part of a person is the person's: reported, restricted and erased with them, under any of their ids."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection

from klientel.kernel.actions import run
from klientel.kernel.errors import Missing
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.privacy import erasing, restricting
from klientel.privacy.report import report
from klientel.privacy.subject import for_privacy

PERSON = "contacts.person"


@pytest.fixture
def merged(anna):
    kept = make(anna, PERSON, 1, last_name="Behalten", emails=["kept@altona.example"])
    lost = make(anna, PERSON, 2, last_name="Verschwunden", emails=["lost@altona.example"], description="Geheimnis 77")
    run(anna, "work.note.create", text="Notiz zu Verschwunden", concerns=[lost.id])
    run(anna, f"{PERSON}.merge", kept.id, records=[lost.id], fields={"emails": [str(kept.id)]})
    return kept, lost


def test_the_report_holds_both_under_either_id(anna, merged):
    kept, lost = merged
    for one in merged:
        told = orjson.dumps(report(anna, type_of(PERSON), one.id)).decode()
        assert all(word in told for word in ("Verschwunden", "Behalten", "Geheimnis 77", str(lost.id), str(kept.id)))


def test_a_restriction_holds_for_both_and_nobody_takes_them_apart_meanwhile(anna, merged):
    kept, lost = merged
    restricting.restrict(anna, type_of(PERSON), lost.id, "claims")
    assert not type_of(PERSON).model.objects.filter(pk__in=[kept.id, lost.id]).exists()
    with pytest.raises(Missing):
        run(anna, f"{PERSON}.unmerge", kept.id, records=[lost.id])


@pytest.mark.parametrize("which", [0, 1])
def test_an_erasure_under_either_id_leaves_nothing_of_both(anna, merged, which):
    done = erasing.erase(anna, type_of(PERSON), merged[which].id, "request")
    assert done.state == "done"
    with for_privacy(anna.tenant), connection.cursor() as cursor:
        for table in ("kernel_alias", "kernel_merge", "kernel_moved", "contacts_person"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
        cursor.execute("SELECT count(*) FROM kernel_event_private WHERE changes::text ~ 'Verschwunden|lost@altona'")
        assert cursor.fetchone() == (0,)
