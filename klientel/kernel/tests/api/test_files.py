"""Bytes of files through the API: in, beside a record, and out again, under rights."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.files import keeping
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make
from klientel.lib.ids import uuid7

RAW = {"Content-Type": "application/octet-stream"}
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}


@pytest.fixture(autouse=True)
def store_of_its_own(settings: Any, tmp_path: Any) -> None:
    settings.KLIENTEL_FILES = tmp_path


def form(*parts: tuple[str, str, bytes]) -> bytes:
    made = b""
    for name, file, body in parts:
        named = f'; filename="{file}"' if file else ""
        made += f'--cut\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + body + b"\r\n"
    return made + b"--cut--\r\n"


def test_raw_bytes_lie_beside_their_record_and_come_back_as_they_were(anna: Any, anna_api: Any) -> None:
    person = make(anna, "contacts.person")
    body = b"%PDF-1.4 " + bytes(range(256)) * 100
    made = anna_api.post(f"/files?name=Angebot.pdf&concerns={person.id}", body, **RAW)
    assert made.status_code == 201, made.json()
    record = made.json()["record"]
    assert (record["name"], record["size"], record["media_type"]) == ("Angebot.pdf", len(body), "application/pdf")
    assert record["concerns"] == [str(person.id)]
    assert made["Location"] == f"/api/v1/files/{record['id']}"
    given = anna_api.get(f"/files/{record['id']}/content")
    assert (given.status_code, b"".join(given.streaming_content)) == (200, body)
    assert given["Content-Disposition"].startswith("attachment") and "sandbox" in given["Content-Security-Policy"]


def test_a_form_with_one_file_does_the_same_and_its_key_does_it_once(anna: Any, anna_api: Any) -> None:
    person = make(anna, "contacts.person")
    body = form(("file", "Foto.html", b"<script>alert(1)</script>"), ("concerns", "", str(person.id).encode()))
    first, again = (anna_api.post("/files", body, **FORM, **{"Idempotency-Key": "k1"}) for _n in range(2))
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    given = anna_api.get(f"/files/{first.json()['record']['id']}/content")
    assert given["Content-Type"] in ("text/plain", "application/octet-stream")  # never what a browser would run
    assert given["X-Content-Type-Options"] == "nosniff"
    other = anna_api.post("/files", form(("file", "Foto.html", b"x")), **FORM, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_what_is_wrong_with_an_upload_is_told_and_nothing_stays(
    anna: Any, anna_api: Any, boris_api: Any, cleo: Any, monkeypatch: Any, settings: Any
) -> None:
    before = anna_api.get("/files?count=true").json()["count"]
    with inside(cleo.tenant):
        theirs = make(cleo, "contacts.person")
    for status, answer in (
        (404, anna_api.post("/files?concerns=nonsense", b"x", **RAW)),
        (422, anna_api.post(f"/files?concerns={uuid7()}", b"x", **RAW)),
        (422, anna_api.post(f"/files?concerns={theirs.id}", b"x", **RAW)),
        (422, anna_api.post("/files?purpose=virus", b"x", **RAW)),
        (422, anna_api.post("/files?place=abc", b"x", **RAW)),
        (422, anna_api.post("/files", form(("purpose", "", b"document")), **FORM)),
        (422, anna_api.post("/files", form(("file", "a", b"1"), ("file", "b", b"2")), **FORM)),
        (422, anna_api.post("/files", form(("file", "a", b"1"), ("place", "", b"2")), **FORM)),
        (415, anna_api.post("/files", b"x", **{"Content-Type": "text/plain"})),
    ):
        assert answer.status_code == status, (answer.wsgi_request.get_full_path(), answer.content)
    settings.KLIENTEL_FILE_SIZE = 1000
    assert anna_api.post("/files", b"x" * 1001, **RAW).status_code == 413
    assert anna_api.post("/files", form(("file", "a", b"1" * 1001)), **FORM).status_code == 422
    assert anna_api.get("/files?count=true").json()["count"] == before
    assert [p for p in keeping.folder(anna.tenant).rglob("*") if p.is_file()] == []


def test_bytes_are_given_only_to_whom_the_record_allows(
    anna: Any, anna_api: Any, boris_api: Any, cleo_api: Any
) -> None:
    person = make(anna, "contacts.person")
    made = anna_api.post(f"/files?name=a.txt&concerns={person.id}", b"geheim", **RAW).json()["record"]
    assert cleo_api.get(f"/files/{made['id']}/content").status_code == 404
    assert boris_api.get(f"/files/{made['id']}/content").status_code in (403, 404)
    assert anna_api.get(f"/files/{uuid7()}/content").status_code == 404
    empty = anna_api.post("/files", {"name": "leer.txt"}).json()["record"]  # as JSON: a record without bytes
    assert anna_api.get(f"/files/{empty['id']}/content").content == b""
