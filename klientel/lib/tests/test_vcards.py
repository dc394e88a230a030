import io

from klientel.lib.tables import open_table
from klientel.lib.tables.writing import vcard_chunks
from klientel.lib.tests.given import given


def cards(data: bytes) -> list[dict[str, str]]:
    table = open_table(io.BytesIO(data), "x.vcf")
    return [
        {name: cell for name, cell in zip(table.columns, cells, strict=True) if cell} for _line, cells in table.rows()
    ]


def test_an_old_card_with_quoted_printable() -> None:
    card = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6=\r\n"
        "rg;;Herr Dr.\r\n"
        "TEL;CELL;PREF:0171 1\r\nTEL;WORK;FAX:030 2\r\nPHOTO;ENCODING=BASE64;JPEG:\r\n AAAA\r\n BBBB\r\n\r\n"
        "END:VCARD\r\n"
    )
    assert cards(card.encode()) == [{
        "salutation": "mr", "title": "Dr.", "first_name": "Jörg", "last_name": "Müller", "phone 1": "0171 1",
        "phone 1 purpose": "mobile",
        "phone 2": "030 2", "phone 2 purpose": "fax work",
    }]  # fmt: skip


def test_a_new_card_with_groups_labels_and_structure() -> None:
    card = (
        "BEGIN:VCARD\nVERSION:4.0\nFN:Dr. Anna von Müller\nORG:Acme\\; Söhne;Vertrieb;Nord\n"
        "item1.EMAIL:a@b.de\nitem1.X-ABLabel:_$!<Other>!$_\n"
        'EMAIL;TYPE=work;PREF=1:w@b.de\nTEL;VALUE=uri;TYPE="work,voice":tel:+49-30-1;ext=5\n'
        "ADR;TYPE=home:;;Weg 1;Ort;BY;10115;DE\n"
        "BDAY:19800102\nNOTE:a\\nb\\, c\nURL:https://x.de\nAGENT:\nBEGIN:VCARD\nFN:Inner\nEND:VCARD\nX-FOO:1\n"
        "END:VCARD\n"
    )
    assert cards(card.encode()) == [{
        "title": "Dr.", "first_name": "Anna", "last_name": "von Müller", "full_name": "Dr. Anna von Müller",
        "organisation": "Acme; Söhne",
        "department": "Vertrieb, Nord", "email 1": "w@b.de", "email 1 purpose": "work", "email 2": "a@b.de",
        "email 2 purpose": "other",
        "phone 1": "+49-30-1 ext. 5", "phone 1 purpose": "work", "address 1 street": "Weg 1", "address 1 city": "Ort",
        "address 1 state": "BY",
        "address 1 postcode": "10115", "address 1 country": "DE", "address 1 purpose": "home",
        "birthday": "1980-01-02", "note": "a\nb, c",
        "url 1": "https://x.de",
    }]  # fmt: skip


def test_a_card_without_end_is_a_problem_of_its_row() -> None:
    table = open_table(io.BytesIO(b"BEGIN:VCARD\nFN:A B\nBEGIN:VCARD\nFN:C D\nEND:VCARD\n"), "x.vcf")
    assert [row.problem.code if row.problem else "" for row in table.checked_rows()] == ["card.damaged", ""]


def test_written_cards_are_read_back() -> None:
    card = {
        "title": "Dr.", "first_name": "Änne, die; Große", "last_name": "O'Neil\\x", "full_name": "Dr. Änne",
        "organisation": "A;B", "department": "C",
        "email 1": "a@b.de", "email 1 purpose": "work", "phone 1": "+4930", "phone 1 purpose": "fax work",
        "url 1": "https://x.de/?a=1,2;3",
        "address 1 street": "Weg 1\nHof", "address 1 city": "Ort", "address 1 postcode": "10115",
        "note": "ü" * 200 + "\nEnde", "birthday": "1980-01-02",
    }  # fmt: skip
    data = b"".join(vcard_chunks([card, {"organisation": "Nur GmbH"}]))
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    assert cards(data) == [card, {"full_name": "Nur GmbH", "organisation": "Nur GmbH"}]


def test_real_cards() -> None:
    folder = given("crm_vcards")
    john = cards((folder / "roundcube/johndoe.vcf").read_bytes())[0]
    assert (john["first_name"], john["last_name"]) == ("John", "Doë")
    assert cards((folder / "roundcube/utf-16_sample.vcf").read_bytes())[0]["last_name"] == "ĽdaMonté"
    apple = cards((folder / "roundcube/apple.vcf").read_bytes())[0]
    assert (apple["organisation"], apple["address 1 city"], apple["url 1 purpose"]) == (
        "Apple Computer AG",
        "Wallisellen-Zürich",
        "homepage",
    )
    assert len(cards((folder / "ez-vcard/gmail-list.vcf").read_bytes())) == 3
