"""``klientel import`` and ``klientel export`` as programs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from klientel.kernel.testing.making import make_tenant
from klientel.site.setup import ROOT

KLIENTEL = [sys.executable, "-m", "klientel.site.cli"]
FILE = "Vorname;Nachname;E-Mail;Was\nAnna;Müller;anna@example.org;x\nBernd;Wolf;kaputt;y\n;;;nur dies\n"


@pytest.mark.django_db(transaction=True)
def test_import_and_export(process_environment, tmp_path):
    make_tenant("hansewerk")  # its language is German, and so are its refusals
    environment = process_environment | {"KLIENTEL_HOME": str(tmp_path / "home"), "LANG": "en_GB.UTF-8"}

    def klientel(*words, status=0):
        done = subprocess.run(
            [*KLIENTEL, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        return done

    file = tmp_path / "contacts.csv"
    file.write_text(FILE, encoding="cp1252")
    dry = json.loads(klientel("import", str(file), "--type", "person", "--dry-run", "--json").stdout)
    assert dry["counts"] == {"new": 2, "warning": 1, "error": 1}
    assert [o["line"] for o in dry["outcomes"]] == [2, 3, 4]

    errors = tmp_path / "errors.csv"
    words = ["import", str(file), "--type", "person", "--map", "Was=position", "--tenant", "hansewerk"]
    told = klientel(*words, "--errors", str(errors)).stdout
    assert "line      3  warning   E-Mail: " in told
    assert "2 new, 1 error, 1 warning" in told
    assert "nur dies" in errors.read_text(encoding="utf-8-sig")
    again = json.loads(klientel(*words, "--on-duplicate", "skip", "--json").stdout)
    assert again["counts"] == {"new": 1, "likely": 1, "duplicate": 1, "error": 1, "warning": 1}

    out = tmp_path / "out.csv"
    klientel("export", str(out), "--type", "persons", "--column", "last_name", "--column", "position")
    assert out.read_text(encoding="utf-8-sig").splitlines()[1:] == ["Müller;x", "Wolf;y", "Wolf;y"]

    for wrong, sentence in (
        ([str(file), "--type", "unicorn"], "There is no kind of record called “unicorn”"),
        ([str(file), "--type", "person", "--map", "X=last_name"], "Die Datei hat keine Spalte „X“."),
        ([sys.executable, "--type", "person"], "keine Tabelle"),
    ):
        no = klientel("import", *wrong, status=1)
        assert sentence in no.stderr
        assert len(no.stderr.strip().splitlines()) == 1
