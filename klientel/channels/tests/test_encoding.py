"""Subjects as other programs read them."""

from __future__ import annotations

import re
from email import message_from_string
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from klientel.channels.queries.mime import _encoded, _sender

SUBJECTS = (
    "Grüße", "ä", "Ihre Anfrage: Maße für Küche und Flur, mit Preisen in € und Terminen bis Ende März",
    "あ" * 250, "👩‍👩‍👧‍👦" * 30, "x" * 248 + "ü", "  zwei Leerzeichen – und ein Strich  ", "é" * 42,
    "Zeile\r\nBcc: a@b.ü",
)  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_read_as_it_was_written_and_no_line_is_too_long(subject):
    written = _encoded(subject)
    lines = f"Subject: {written}".split("\r\n")
    assert str(make_header(decode_header(written))) == subject
    assert all(len(line) <= 76 for line in lines)
    assert all(re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/]+=*\?=", line) for line in written.split("\r\n "))
    for line in written.split("\r\n "):  # each word by itself holds whole letters
        assert decode_header(line)[0][0].decode("utf-8")


def test_a_plain_subject_stays_as_it_is():
    assert _encoded("Ihre Anfrage 17") == "Ihre Anfrage 17"


@pytest.mark.parametrize("name", ["Müller, Söhne & Co. Großhandelsgesellschaft für Bürobedarf mbH", "あ" * 100])
def test_the_name_of_a_sender_is_read_as_it_was_written_and_no_word_is_too_long(name):
    lines = f"From: {_sender(name, 'vertrieb@hansewerk.de')}".split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    read, address = parseaddr(message_from_string("\r\n".join(lines))["From"].replace("\r\n", ""))
    assert (str(make_header(decode_header(read))), address) == (name, "vertrieb@hansewerk.de")


def test_a_plain_name_of_a_sender_stays_as_it_is():
    assert _sender("Hansewerk", "vertrieb@hansewerk.de") == "Hansewerk <vertrieb@hansewerk.de>"
