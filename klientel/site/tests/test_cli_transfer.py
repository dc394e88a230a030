"""``klientel import`` and ``klientel export`` as programs."""

from __future__ import annotations

import json
import subprocess
import sys
from uuid import uuid4

import pytest
from django.test import override_settings

from klientel.kernel.access import system_actor
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.transfer import assistant, running
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
        ([str(file), "--type", "person", "--map", "X=last_name"], "The file has no column “X”."),
        ([sys.executable, "--type", "person"], "not a table"),
    ):
        no = klientel("import", *wrong, status=1)
        assert sentence in no.stderr
        assert len(no.stderr.strip().splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_an_import_that_was_stopped_goes_on(process_environment, tmp_path):
    home = tmp_path / "home"
    environment = process_environment | {"KLIENTEL_HOME": str(home), "LANG": "en_GB.UTF-8"}
    tenant = make_tenant("hansewerk")
    file = tmp_path / "contacts.csv"
    file.write_text("Nachname\n" + "".join(f"Name{n}\n" for n in range(5)), encoding="utf-8")

    def klientel(*words):
        return subprocess.run(
            [*KLIENTEL, "import", *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def interrupted(_run):
        raise KeyboardInterrupt

    with override_settings(KLIENTEL_HOME=home, KLIENTEL_FILES=home / "files"), inside(tenant.id):
        run = assistant.start(system_actor(), "contacts.person", file)
        with pytest.raises(KeyboardInterrupt):
            running.carry_out(run.pk, tell=interrupted, chunk=2)
        assert assistant.progress(run).done == 2
    done = klientel("--continue", str(run.pk), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["rows"], told["counts"]) == ("done", 5, {"new": 5})
    assert "There is no such import" in klientel("--continue", str(uuid4())).stderr
    assert klientel().returncode == 2
