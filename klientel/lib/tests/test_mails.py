"""Mail of every kind is read, sorted and bounded; what people sent elsewhere, and look-alikes of our own."""

import time
from pathlib import Path

import pytest

from klientel.lib.mails import folders, headers, replies, sorting
from klientel.lib.mails.apart import Reader
from klientel.lib.mails.reading import read
from klientel.lib.sentences import Unreadable
from klientel.lib.tests.given import given, given_files

CORPORA = ("mail_codealltag_s", "mail_flanker", "mail_mime_parser_php", "mail_reply_parsing", "mail_sisimai_bounces",
           "mail_stalwart")  # fmt: skip
ENDS = {"mail", "human", "list", "auto", "bounce", "complaint"}


@pytest.fixture(scope="module")
def reader():
    with Reader() as made:
        yield made


def test_every_mail_that_others_collected_is_read_or_says_why_not(reader):
    found = [p for p in given_files(*CORPORA) if p.suffix not in (".json", ".png", ".doc", ".md", ".py", ".dat")]
    if not found:
        pytest.skip("the collections of mail are not there")
    codes = {}
    for path in found:
        told = reader.read(path.read_bytes())
        if "code" in told:
            codes.setdefault(told["code"], []).append(path)
            continue
        assert told["sort"] in ENDS
        assert len(told["text"]) <= 100_000
        assert "<script" not in told["html"].lower()
    assert set(codes) == {"mail.empty", "mail.header_too_large"}
    assert len(codes["mail.header_too_large"]) == 2
    assert all(not p.read_bytes().strip() or p.read_bytes().startswith(b"From ") for p in codes["mail.empty"])


def test_bounces_of_a_hundred_servers_are_known_and_letters_are_none(reader):
    bounces = sorted((given("mail_sisimai_bounces") / "maildir" / "bsd").iterdir())
    told = {p.name: reader.read(p.read_bytes())["sort"] for p in bounces if not p.name.startswith("rfc3834")}
    assert sum(sort in ("bounce", "complaint") for sort in told.values()) / len(told) >= 0.96
    letters = [
        reader.read(p.read_bytes())["sort"] for p in sorted((given("mail_codealltag_s") / "emails").glob("*.txt"))
    ]
    assert (len(letters), set(letters)) == (800, {"human"})


def test_what_was_written_is_told_from_what_is_quoted():
    root = given("mail_reply_parsing") / "discourse_trimmer"
    same = [
        " ".join(replies.apart((root / "emails" / wanted.name).read_text(errors="replace"))[0].split())
        == " ".join(wanted.read_text(errors="replace").split())
        for wanted in sorted((root / "trimmed").glob("*.txt"))
        if (root / "emails" / wanted.name).exists()
    ]
    assert sum(same) / len(same) >= 0.75


def nested(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return b"From: a@b.example\n" + head + b"Content-Type: text/plain\n\nx\n"


def many_parts(n: int) -> bytes:
    return b'From: a@b.example\nContent-Type: multipart/mixed; boundary="x"\n\n' + b"--x\n\npart\n" * n + b"--x--\n"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (nested(1600), "mail.too_deep"),
        (many_parts(1600), "mail.too_many_parts"),
        (b"To: " + b", ".join(b"k%d@kunde.example" % n for n in range(40_000)) + b"\n\nx", "mail.header_too_large"),
        (b"\n\n\n", "mail.empty"),
        (b"x" * (41 * 2**20), "mail.too_large"),
    ],
    ids=["deep", "parts", "addresses", "empty", "large"],
)
def test_what_goes_beyond_the_bounds_is_said_and_the_next_mail_is_read(reader, raw, code):
    assert reader.read(raw) == {"code": code}
    assert reader.read(b"From: a@b.example\nSubject: next\n\nx")["subject"] == "next"


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"=?utf-8?q?=C3?=" * 5000 + b"\n\nx",
        b"From: " + b"(" * 30_000 + b"\n\nx",
        b"From: " + b'"' * 30_000 + b"<" * 30_000 + b"\n\nx",
        b"References: " + b"<" * 100_000 + b"\n\nx",
        b"Content-Type: text/plain; " + b"a*0*=x;" * 9000 + b"\n\nx",
        b"Content-Type: text/html\n\n" + b"<div>" * 100_000,
        b"Content-Type: text/html\n\n" + b"<a href='" * 50_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 2900,
        b"Content-Type: text/plain; charset=utf-7\n\n+" + b"A" * 200_000,
        b"Content-Type: text/plain\n\n" + b"> " * 100_000,
        b"\n\n" + b"On 1 2 3 " * 50_000,
        b"\n\n" + b"Am 1 2 <a@b.example> 1 1 1 1 1 1 1 1 1:\n" * 4000,
        b"x" + b"\nVon: x" * 100_000,
        bytes(range(256)) * 2000,
    ],
)
def test_hostile_mail_is_read_or_given_up_in_bounded_time(reader, raw):
    begun = time.monotonic()
    told = reader.read(raw)
    assert "sort" in told or told["code"].startswith("mail.")
    assert time.monotonic() - begun < 40  # the bound of the reader itself


def test_a_reader_that_is_killed_begins_anew(reader):
    reader.read(b"Subject: a\n\nx")
    reader._process.kill()
    reader._process.wait()
    assert reader.read(b"Subject: b\n\nx")["subject"] == "b"


@pytest.mark.parametrize("name", ["INBOX", "Entwürfe", "Gelöschte & alte", 'mit "Zeichen" \\', "日本語", "a&b-c"])
def test_names_of_folders_come_back_as_they_were(name):
    written = folders.written(name)
    assert written.isascii()
    assert folders.read(written[1:-1].replace('\\"', '"').replace("\\\\", "\\")) == name


@pytest.mark.parametrize(
    ("head", "sort"),
    [
        ("Auto-Submitted: no", "human"),
        ("Auto-Submitted: NO (a person)", "human"),
        ("Auto-Submitted: auto-replied", "auto"),
        ("Auto-Submitted: Auto-Generated; x=y", "auto"),
        ("Subject: Automatische Antwort: Angebot", "auto"),
        ("Subject: Abwesenheitsnotiz", "auto"),
        ("List-Id: <x.example>", "list"),
        ("Precedence: bulk", "list"),
        ("X-Auto-Response-Suppress: All", "human"),
        ("Subject: Autohaus Müller: Angebot", "human"),
    ],
)
def test_who_wrote_is_told_from_what_a_program_wrote(head, sort):
    assert read(f"From: a@b.example\n{head}\n\nx".encode())["sort"] == sort


@pytest.mark.parametrize(
    ("subject", "bare", "answer", "forward"),
    [
        ("AW: Angebot", "Angebot", True, False),
        ("WG: AW: Angebot", "Angebot", True, True),
        ("Antw: Re[2]: Fwd: Angebot", "Angebot", True, True),
        ("SV:Angebot", "Angebot", True, False),
        ("Reise: Angebot", "Reise: Angebot", False, False),
        ("AWO: Kita", "AWO: Kita", False, False),
    ],
)
def test_prefixes_of_subjects_are_known(subject, bare, answer, forward):
    assert sorting.bare_subject(subject) == (bare, answer, forward)


@pytest.mark.parametrize(
    ("field", "people"),
    [
        ('"Sommer, Eva" <eva@x.example>, b@x.example (Bo)', [("Sommer, Eva", "eva@x.example"), ("Bo", "b@x.example")]),
        ("Team: a@x.example, Eva <e@x.example>;", [("", "a@x.example"), ("Eva", "e@x.example")]),
        ("=?iso-8859-1?q?M=FCller=2C_Eva?= <m@x.example>", [("Müller, Eva", "m@x.example")]),
        ("undisclosed-recipients:;", []),
        ("<nobody>", [("nobody", "")]),
    ],
)
def test_addresses_are_read_as_they_come(field, people):
    assert headers.addresses(field) == people


def test_a_report_says_whom_it_did_not_reach_and_which_mail_it_was():
    told = read(Path(__file__).with_name("mails").joinpath("report.eml").read_bytes())
    assert (told["sort"], told["originals"]) == ("bounce", ["0199@hansewerk.de"])
    assert [(f["address"], f["status"], f["final"]) for f in told["failures"]] == [("weg@kunde.example", "5.1.1", True)]


def test_the_bounds_are_held_in_this_process_too():
    with pytest.raises(Unreadable, match="too deep"):
        read(nested(30))


def test_what_stops_the_process_stops_none_of_the_mails_handed_over_with_it(reader, monkeypatch):
    fine = b"From: a@b.example\nSubject: Gut\n\nText"
    monkeypatch.setattr("klientel.lib.mails.apart.MOST_ANSWER", 2000)
    found = reader.read_all([fine, fine + b"x" * 9000, fine])
    assert [one.get("code", one.get("subject")) for one in found] == ["Gut", "mail.too_large", "Gut"]
