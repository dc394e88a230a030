"""Whatever is sent: 4xx with a sentence, and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from klientel.kernel import events
from klientel.kernel.actions import run
from klientel.kernel.api import strict
from klientel.kernel.api.urls import RESERVED
from klientel.kernel.records import all_types
from klientel.kernel.sql import Sql

DEEP = b'{"last_name": ' + b"[" * 60 + b"]" * 60 + b"}"
VERY_DEEP = b'{"last_name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

SOMEBODY = "01a203c3-0ba8-7d07-be00-bd441a9d97e3"  # nobody's id; fixed, so that every worker collects the same tests


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"[]", 400, "not_an_object"),
        (b"null", 400, "not_an_object"),
        (b"[1]", 400, "not_an_object"),
        (b'"x"', 400, "not_an_object"),
        (b"\xff\xfe{}", 400, "not_utf8"),
        (b'{"last_name": "\xfc"}', 400, "not_utf8"),
        (b"\xef\xbb\xbf{}", 400, "not_json"),
        (b'{"last_name": "a", "last_name": "b"}', 400, "key_twice"),
        (b'{"last_name": NaN}', 400, "not_a_number"),
        (b'{"last_name": Infinity}', 400, "not_a_number"),
        (b'{"last_name": -Infinity}', 400, "not_a_number"),
        (b'{"last_name": 1e999}', 422, "number_too_large"),
        (b'{"last_name": %d}' % 10**30, 422, "number_too_large"),
        (b'{"last_name": ' + b"9" * 5000 + b"}", 422, "number_too_large"),
        (DEEP, 400, "too_deep"),
        (VERY_DEEP, 400, "too_deep"),
        (b'{"last_name": "a\x00b"}', 400, "not_json"),
        (b'{"last_name": "a\\u0000b"}', 422, "control_characters"),
        (b'{"last_name": "\\ud800"}', 422, "control_characters"),
        (b'{"a\\u0000": 1}', 422, "control_characters"),
        (b'{"last_name": "a\\u0007"}', 422, "control_characters"),
        (b'{"nothing": 1}', 422, "unknown_field"),
        (b'{"last_name": 1}', 422, "wrong_type"),
        (b'{"last_name": ["a"]}', 422, "wrong_type"),
        (b'{"last_name": {"a": 1}}', 422, "wrong_type"),
        (b'{"last_name": true}', 422, "wrong_type"),
        (b'{"emails": "kim@example.org"}', 422, "wrong_type"),
        (b'{"emails": [1]}', 422, "wrong_type"),
        (b'{"emails": ["nobody"]}', 422, "not_an_email"),
        (b'{"emails": [{"value": "a@example.org", "x": 1}]}', 422, "unknown_part"),
        (b'{"stage": "x"}', 422, "not_a_choice"),
        (b'{"birthday": "32.1.2020"}', 422, "not_a_date"),
        (b'{"birthday": ""}', 422, "not_a_date"),
        (b'{"birthday": 20200101}', 422, "wrong_type"),
        (b'{"organisation": "x"}', 422, "not_a_record"),
        (b'{"organisation": 1}', 422, "wrong_type"),
        (b'{"tags": ["x"]}', 422, "not_a_record"),
        (b'{"last_name": "' + b"x" * 101 + b'"}', 422, "too_long"),
        (b'{"created_at": "2020-01-01T00:00:00Z"}', 403, "read_only"),
        (b'{"id": "x"}', 422, "unknown_field"),
        (b'{"tenant_id": "x"}', 422, "unknown_field"),
        (b'{"version": 1}', 422, "unknown_field"),
        (b'{"extra": {}}', 422, "unknown_field"),
        (b'{"restricted": false}', 422, "unknown_field"),
        (b'{"match_keys": []}', 422, "unknown_field"),
    ],
)
def test_a_bad_body_is_refused_and_nothing_written(anna, anna_api, raw, status, code):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    before = len(events.read(Sql("TRUE")))
    for answer in (anna_api.post("/persons", raw), anna_api.patch(f"/persons/{person.id}", raw)):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
        assert answer["Content-Type"] == "application/problem+json"
    assert len(events.read(Sql("TRUE"))) == before
    assert anna_api.get(f"/persons/{person.id}").json()["last_name"] == "Muster"
    assert len(anna_api.get("/persons").json()["items"]) == 1


def test_every_field_at_fault_is_named(anna_api):
    told = anna_api.post("/persons", {"last_name": 1, "nothing": 2, "birthday": 3, "changed_at": None}).json()
    assert {(e["field"], e["code"]) for e in told["errors"]} == {
        ("last_name", "wrong_type"),
        ("nothing", "unknown_field"),
        ("birthday", "wrong_type"),
        ("changed_at", "read_only"),
    }
    assert {"type", "title", "status", "code", "detail", "field", "errors"} == told.keys()


def test_sentences_come_in_the_callers_language(anna_api):
    german = anna_api.post("/persons", {"nothing": 1}, **{"Accept-Language": "de"})
    assert german["Content-Language"] == "de"


def test_a_body_that_is_too_large(anna_api):
    raw = b'{"last_name": "' + b"x" * strict.MOST_BYTES + b'"}'
    assert anna_api.post("/persons", raw).status_code == 413
    assert anna_api.post("/persons/bulk", raw + b" " * strict.MOST_BYTES_BULK).status_code == 413
    assert anna_api.post("/persons/bulk", raw).status_code == 422


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=latin-1",
    ],
)
def test_another_content_type(anna_api, kind):
    assert anna_api.post("/persons", b'{"last_name": "x"}', **{"Content-Type": kind}).status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/persons", "GET, HEAD, POST"),
        ("DELETE", "/persons", "GET, HEAD, POST"),
        ("POST", "/persons/x", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/me", "GET, HEAD"),
        ("PUT", "/undo/x", "GET, HEAD, POST"),
        ("TRACE", "/types", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("GET", "/persons/bulk", None),
    ],
)
def test_a_wrong_method(anna_api, method, path, allow):
    answer = anna_api.send(method, path)
    if allow:
        assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, allow, "wrong_method")
    else:
        assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/persons/",
        "/persons/x",
        "/persons/%00",
        "/persons/..%2f..%2fme",
        "/persons/../me/x",
        "/%2e%2e/persons",
        "/persons/" + "0" * 36,
        f"/persons/{{{SOMEBODY}}}",
        f"/persons/urn:uuid:{SOMEBODY}",
        "//persons",
        "/persons//events",
        "/kernel.role",
        "/persons%3Bx",
        "/",
        "/persons/x/y/z/w",
        f"/persons/{SOMEBODY}",
        "/p%C3%A9rsons",
        "/persons/%FF",
    ],
)
def test_an_address_that_leads_nowhere(anna_api, path):
    answer = anna_api.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_no_record_type_takes_a_word_of_the_api():
    assert not {t.slug for t in all_types()} & set(RESERVED)


def test_the_web_of_a_browser_has_no_say(anna, anna_api):
    """A cookie says nothing here, and no other site's page can read an answer."""
    anna_api.client.cookies["session"] = "x"
    answer = anna_api.get("/me")
    assert answer.status_code == 200 and "Set-Cookie" not in answer and "Access-Control-Allow-Origin" not in answer
    assert answer["Cache-Control"] == "no-store" and answer["X-Content-Type-Options"] == "nosniff"


def test_html_in_text_comes_back_as_it_is_and_never_as_a_page(anna_api):
    text = "<script>alert(1)</script>"
    answer = anna_api.post("/persons", {"last_name": text})
    assert answer.json()["record"]["last_name"] == text and answer["Content-Type"] == "application/json"


def test_no_machine_knows_our_folders(anna_api):
    answer = anna_api.get("/persons/x")
    assert str(Path.cwd()) not in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "german", "english"),
    [
        ("notice_unit", "months", "Bitte wählen Sie eines davon: day, week, month, year.",
         "Please choose one of these: day, week, month, year."),
        ("term", 0, "Bitte geben Sie eine Zahl von 1 bis 1200 ein.", "Please enter a number from 1 to 1200."),
    ],
)  # fmt: skip
def test_a_value_that_is_not_possible_is_told_what_is(anna_api, field, value, german, english):
    facts = {"name": "Wartung", "begins": "2026-01-01", field: value}
    for language, said in (("de", german), ("en", english)):
        answer = anna_api.post("/contracts", facts, **{"Accept-Language": language})
        assert (answer.status_code, answer.json()["field"], answer.json()["detail"]) == (422, field, said)
