"""Files: whole or not at all, seen only with what they concern, never run by a browser."""

from __future__ import annotations

import io
from types import SimpleNamespace
from uuid import uuid4

import puremagic
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from PIL import Image

from klientel.kernel import events
from klientel.kernel.access import system_actor
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.files import keeping, views
from klientel.kernel.files.opening import open_file, thumbnail
from klientel.kernel.files.storing import store
from klientel.kernel.files.sweeping import orphans, sweep
from klientel.kernel.history import undo
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.lib import files
from klientel.lib.files import clean_name

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "files"
    return settings.KLIENTEL_FILES


def picture(**facts):
    out = io.BytesIO()
    Image.new("RGB", facts.pop("size", (900, 600)), "navy").save(out, "JPEG", **facts)
    return out.getvalue()


def get_it(actor, record, view=views.download):
    request = RequestFactory().get("/")
    request.actor, request.scope = actor, ActorScope(actor)
    return view(request, record.id)


def test_stands_on_the_timeline_of_all_it_concerns(anna):
    person, firm = make(anna, "contacts.person"), make(anna, "contacts.organisation")
    done = store(anna, SimpleUploadedFile("Angebot.pdf", b"%PDF-1.4 hello"), [person.id, firm.id])
    assert (done.record.media_type, done.record.size) == ("application/pdf", 14)
    for one in (person, firm):
        assert done.record.id in [e.record_id for e in events.timeline(one.id)]
    assert open_file(ActorScope(anna), done.record.id).path.read_bytes() == b"%PDF-1.4 hello"
    undo(anna, done.change_set)
    with pytest.raises(Missing):
        open_file(ActorScope(anna), done.record.id)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\Brief.doc", "Brief.doc"),
        ("a\x00b\n.txt", "ab.txt"),
        ("rechnung\u202efdp.exe", "rechnungfdp.exe"),
        ("", "file"),
        ("...", "file"),
        ("con.txt", "_con.txt"),
        ("x" * 500 + ".pdf", "x" * 116 + ".pdf"),
        ('a"b<c>.txt', "a_b_c_.txt"),
        ("Größe 1.pdf", "Größe 1.pdf"),
    ],
)
def test_names_are_harmless(given, clean):
    assert clean_name(given) == clean


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.svg", SVG),
        ("x.html", b"<html><script>alert(1)</script></html>"),
        ("x.png", b"<html><script>1</script>"),
    ],
)
def test_what_a_browser_could_run_is_a_download_of_bytes(anna, name, body):
    made = store(anna, SimpleUploadedFile(name, body, content_type="image/png")).record
    response = get_it(anna, made)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert b"".join(response) == body
    with pytest.raises(Http404):
        get_it(anna, made, views.small)


def test_too_large_leaves_nothing(anna, settings, folder):
    settings.KLIENTEL_FILE_SIZE = 10
    with pytest.raises(Refused) as no:
        store(anna, b"x" * 11, name="x.txt")
    assert no.value.code == "too_large"
    assert list(folder.rglob("*.*")) == []
    assert orphans(anna.tenant, age=0).places == []


def test_many_small_files_lie_each_at_its_place_or_none_is_taken(anna, settings, folder):
    contents = [str(n).encode() * n for n in range(50)]
    places = keeping.keep_all(anna.tenant, contents)
    assert [keeping.path_of(anna.tenant, place).read_bytes() for place in places] == contents
    settings.KLIENTEL_FILE_SIZE = 10
    with pytest.raises(Refused):
        keeping.keep_all(anna.tenant, [b"1", b"1" * 11])
    assert len(list(keeping.folder(anna.tenant).iterdir())) == 50


def test_more_files_than_are_open_together_lie_at_their_places_too(anna, folder, monkeypatch):
    monkeypatch.setattr(keeping, "AT_ONCE", 3)
    contents = [bytes([n]) * n for n in range(11)]
    places = keeping.keep_all(anna.tenant, contents)
    assert [keeping.path_of(anna.tenant, place).read_bytes() for place in places] == contents


def test_each_signature_that_is_known_is_looked_for():
    heads = [b"\0" * one.offset + one.byte_match + b"rest" for one in puremagic.magic_header_array]
    for one in puremagic.magic_footer_array:
        heads.append(b"text" + one.byte_match + b" " * (-one.offset - len(one.byte_match)))
    assert [files._by_magic(head) for head in heads] == [puremagic.from_string(head, mime=True) for head in heads]
    assert files._by_magic(b"nothing that anybody knows") == ""


def test_a_refused_record_leaves_no_bytes(anna):
    with pytest.raises(Refused):
        store(anna, b"hello", [uuid4()])
    assert orphans(anna.tenant, age=0).places == []


def test_nobody_makes_a_record_of_bytes_they_did_not_upload(anna, cleo):
    kept = store(anna, b"hello").record
    for ticket in ("", "x", kept.place):
        with pytest.raises(Refused):
            run(anna, "kernel.file.upload", name="x", ticket=ticket)
    with pytest.raises(Refused):
        run(anna, "kernel.file.create", name="x", place=kept.place)
    from klientel.kernel.files.storing import ticket_of

    theirs = ticket_of(cleo.tenant, keeping.Kept(kept.place, 5, "", "text/plain"))
    again = ticket_of(anna.tenant, keeping.Kept(kept.place, 5, "", "text/plain"))
    for ticket in (theirs, again):
        with pytest.raises(Refused) as no:
            run(anna, "kernel.file.upload", name="x", ticket=ticket)
        assert no.value.code == "bad_ticket"


def test_seen_only_with_what_it_concerns(anna, cleo):
    person = make(anna, "contacts.person")
    made = store(anna, b"hello", [person.id]).record
    grants = [{"record": "kernel.file", "verb": "view"}]
    nora = make_member("Nora", grants)
    with pytest.raises(Http404):
        get_it(nora, made)
    otto = make_member("Otto", [*grants, {"record": "contacts.person", "verb": "view"}])
    assert b"".join(get_it(otto, made)) == b"hello"
    with inside(cleo.tenant), pytest.raises(Http404):
        get_it(cleo, made)


def test_signed_out_goes_to_the_sign_in(anna):
    request = RequestFactory().get("/files/x")
    request.actor, request.user = None, SimpleNamespace(is_authenticated=False)
    assert views.download(request, uuid4()).status_code == 302


def test_a_thumbnail_is_drawn_anew(anna):
    exif = Image.Exif()
    exif[0x010E] = "Kim Muster war hier"
    made = store(anna, picture(exif=exif), name="a.jpg", purpose="picture").record
    response = get_it(anna, made, views.small)
    assert isinstance(response, HttpResponse)
    assert response["Content-Type"] == "image/png"
    assert b"Muster" not in response.content
    with Image.open(io.BytesIO(response.content)) as small:
        assert max(small.size) == 480


def test_no_picture_no_thumbnail(anna):
    with pytest.raises(Refused):
        store(anna, SVG, name="a.png", purpose="picture")
    broken = store(anna, b"\x89PNG\r\n\x1a\n" + b"0" * 50, name="a.png").record
    with pytest.raises(Missing):
        thumbnail(open_file(ActorScope(anna), broken.id))


def test_the_sweep_finds_both_kinds_of_orphan(anna):
    kept, lost = store(anna, b"1").record, store(anna, b"2").record
    keeping.drop(anna.tenant, lost.place)
    stray = keeping.keep(anna.tenant, [b"3"], "x")
    assert orphans(anna.tenant).places == []  # younger than a day
    found = orphans(anna.tenant, age=0)
    assert (found.rows, found.places) == ([lost.id], [stray.place])
    assert sweep(anna.tenant, age=0) == 1
    assert keeping.path_of(anna.tenant, kept.place).exists()


def test_upload_page_stores_and_says_what_was_refused(anna, settings):
    settings.KLIENTEL_FILE_SIZE = 100
    person = make(anna, "contacts.person")
    request = RequestFactory().post(
        "/files/upload",
        {
            "file": [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b" * 200)],
            "concerns": [str(person.id)],
        },
    )
    request.actor, request.scope = anna, ActorScope(anna)
    response = views.take(request)
    assert response.status_code == 422
    assert b'"too_large"' in response.content
    assert b"a.txt" in response.content


def test_system_may_open_all(anna):
    made = store(anna, b"hello").record
    assert open_file(ActorScope(system_actor()), made.id).path is not None
