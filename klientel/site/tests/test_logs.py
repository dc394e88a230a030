"""Log lines are JSON and carry no personal data."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from klientel.site.logs import Json, Text, without_personal_data


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mail to anna.muster+x@example.org failed", "mail to [e-mail] failed"),
        ("call +49 (30) 123-456 78 now", "call [number] now"),
        ("GET /persons?q=M%C3%BCller HTTP/1.1", "GET /persons?[…] HTTP/1.1"),
        ("duplicate key\nDETAIL:  Key (email)=(a@b.de) already exists.", "duplicate key\nDETAIL: […]"),
        ("job 0190f1b2-7c5e-7a3b-9d41-1c2d3e4f5a6b done", "job 0190f1b2-7c5e-7a3b-9d41-1c2d3e4f5a6b done"),
        ("took 123 ms in 4 steps?", "took 123 ms in 4 steps?"),
    ],
)
def test_personal_data_is_taken_out(text: str, clean: str) -> None:
    assert without_personal_data(text) == clean


def _record(message: str, **more: object) -> logging.LogRecord:
    record = logging.makeLogRecord({"name": "klientel.x", "levelname": "ERROR", "levelno": 40, "msg": message})
    record.__dict__.update(more)
    return record


def test_a_line_is_json_with_the_known_fields_only() -> None:
    line = json.loads(Json().format(_record("done", tenant="t1", ms=3, email="a@b.de")))
    assert (line["message"], line["tenant"], line["ms"], line["level"]) == ("done", "t1", 3, "error")
    assert "email" not in line
    assert "a@b.de" not in json.dumps(line)


def test_an_error_names_its_place_but_not_its_values() -> None:
    try:
        raise ValueError("no such person: eva@example.org")
    except ValueError:
        record = _record("failed", exc_info=sys.exc_info())
    line = json.loads(Json().format(record))
    assert (line["error"], line["reason"]) == ("ValueError", "no such person: [e-mail]")
    assert "test_logs.py" in line["stack"][-1]
    assert "eva@" not in Text().format(record)
