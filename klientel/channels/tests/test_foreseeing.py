"""An import says whose address is barred, and that nobody agrees to anything by being imported."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import translation

from klientel.channels.queries import suppression
from klientel.kernel.tenancy import reading
from klientel.kernel.tests.transfer.conftest import Bench
from klientel.kernel.transfer import assistant, effects, preview
from klientel.kernel.transfer.models import ImportRun

HEAD = ["Vorname", "Nachname", "E-Mail"]
BARRED = "an address is barred: it objected, or does not exist"


@pytest.fixture(autouse=True)
def _files_elsewhere(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"


def test_barred_addresses_are_told_at_their_rows_and_counted(anna):
    with transaction.atomic():
        suppression.suppress(["Gesperrt+x@example.org"], reason="objection")
    rows = [HEAD, ["Eva", "Ost", "gesperrt@example.org"], ["Udo", "West", "frei@example.org"]]
    begun = Bench(anna).start(rows)
    assistant.check(begun)
    found = ImportRun.objects.get(pk=begun.pk)
    with translation.override("en"), reading():
        assert [[*effects.phrases(r.follows).values()] for r in preview.rows(found)] == [[BARRED], []]
        lines = effects.told(found)
    assert f"1 × {BARRED}" in lines
    assert "2 persons come in without a consent: no advertising until there is one." in lines
