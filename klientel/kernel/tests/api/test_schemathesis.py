"""Schemathesis believes the document and tries to prove it wrong, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from klientel.kernel.api import guessing
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make, make_member, make_tenant
from klientel.kernel.tests.api.conftest import token_of
from klientel.site.setup import ROOT

OPERATIONS = (  # one of each sort: with its own cases for every address the tool would take half an hour
    r"^contacts\.person\.list$|^kernel\.tag\.(create|get|change|archive|events)$"
    r"|^kernel\.file\.(create|content)$|^work\.task\.(bulk|actions\.postpone)$|^(me|types|undo|document)$"
)


@pytest.mark.django_db(transaction=True)
def test_the_document_holds(live_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MOST", 1_000_000)  # it tries wrong tokens by the hundred
    tenant = make_tenant("hansewerk", settings={"api_per_minute": 1_000_000})
    with inside(tenant.id), writing():
        anna = make_member("Anna Alster", ALL)
        make(anna, "contacts.person")
    token = token_of(anna)
    command = [
        Path(sys.executable).parent / "schemathesis",
        "--config-file",
        ROOT / "schemathesis.toml",
        "run",
        f"{live_server.url}/api/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {token}",
        "--header",
        "Accept-Language: en",
        "--include-operation-id-regex",
        OPERATIONS,
        "--max-examples",
        "4",
        "--seed",
        "4711",
        "--workers",
        "1",
        "--no-color",
        "--generation-database",
        "none",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ), check=False)
    told = "\n".join(line[:400] for line in (done.stdout + done.stderr).splitlines())
    assert done.returncode == 0, told[-20_000:]
    with inside(tenant.id), writing():
        assert Tenant.objects.filter(pk=tenant.id).exists()
