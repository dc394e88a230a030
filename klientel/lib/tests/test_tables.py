import csv
import io
import json
import random
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from klientel.lib.sentences import SENTENCES
from klientel.lib.tables import NotATable, Table, open_table, workbooks
from klientel.lib.tables.encodings import decoded_lines
from klientel.lib.tables.writing import write_xlsx
from klientel.lib.tests.given import given, given_files


def table_of(data: bytes, name: str = "x.csv") -> Table:
    return open_table(io.BytesIO(data), name)


def refusal(data: bytes, name: str = "x.csv") -> str:
    with pytest.raises(NotATable) as caught:
        list(table_of(data, name).rows())
    return caught.value.code


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "cp850"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_texts_are_read_in_any_dress(encoding: str, delimiter: str, end: str) -> None:
    rows = [["Vorname", "Nachname", "Straße"], ["Jörg", "Müller", "Größe 5\nHof"], ["Zoë", "Weiß", 'Am "Ring"']]
    text = end.join(delimiter.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows) + end
    table = table_of(text.encode(encoding))
    assert table.columns == rows[0]
    assert [cells for _line, cells in table.rows()] == rows[1:]
    assert table.delimiter == delimiter
    assert list(table.rows()) == list(table.rows())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "cp850"])
def test_a_file_whose_encoding_is_known_is_read_the_same_without_reading_it_all(encoding: str) -> None:
    data = ("Name;Ort\n" + "Müller;Köln\n" * 50).encode(encoding)
    first = table_of(data)
    again = open_table(io.BytesIO(data), "x.csv", encoding=first.encoding)
    assert (again.columns, list(again.rows())) == (["Name", "Ort"], list(first.rows()))


def test_what_is_known_of_a_file_is_not_guessed_again() -> None:
    table = open_table(io.BytesIO("Name;Ort\nMüller;Köln\n".encode("cp1252")), "x.csv", encoding="cp850")
    assert next(table.rows())[1] == ["M³ller", "K÷ln"]


def test_problems_of_rows_are_told_not_raised() -> None:
    table = table_of(b"a,b,c\n1,2,3\n1,2\n\n1,2,3,4\nx\x00,2,3\n" + b"7,8,9\n" * 9 + b'1,"open,3\n4,5,6\n')
    rows = list(table.checked_rows())
    assert [(row.line, row.problem.code, row.problem.harmless) for row in rows if row.problem] == [
        (3, "row.too_short", True), (5, "row.too_long", False), (6, "row.nul", True), (16, "row.quote", False),
    ]  # fmt: skip
    assert [row.cells for row in rows[-2:]] == [["1", "open,3\n", ""], ["4", "5", "6"]]
    assert all(len(row.cells) == 3 for row in rows)
    long = next(row.problem for row in rows if row.problem and row.problem.code == "row.too_long")
    assert long.details["rest"] == ["4"]
    assert long.message == "The row has 4 values, but the table has 3 columns."


def test_title_rows_declared_delimiters_and_doubtful_names() -> None:
    table = table_of(b"sep=;\nKundenliste 2026\n\nName;Tel;Tel;\nAnna;1;2;3\nBoris;4;5;6\n")
    assert table.header_line == 4
    assert table.columns == ["Name", "Tel", "Tel (2)"]
    assert [cells for _line, cells in table_of(b"a@b.de,Anna\nc@d.de,Boris\n").rows()] == [
        ["a@b.de", "Anna"],
        ["c@d.de", "Boris"],
    ]
    assert open_table(io.BytesIO(b"x,y\n1,2\n"), "x.csv", header=False).columns == ["Column 1", "Column 2"]


@pytest.mark.parametrize(("data", "code"), [
    (b"", "table.empty"), (b" \n\n", "table.empty"), (b"%PDF-1.7 x", "table.pdf"), (b"\x89PNG\r\n\x1a\n",
    "table.image"),
    (b"\xff\xd8\xff\xe0", "table.image"), (b"<!DOCTYPE html><html>", "table.web_page"), (b'{"a": 1}',
    "table.structured"),
    (b"\x1f\x8b\x08", "table.archive"), (b"hello", "table.short"), (bytes(range(256)) * 8, "table.binary"),
    (b"PK\x03\x04xx", "table.damaged"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "table.binary"), (b"BEGIN:VCARD\nEND:VCARD\n", "table.no_card"),
])  # fmt: skip
def test_what_is_no_table_is_refused_with_one_reason(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_huge_line_and_a_swallowing_quote_stay_bounded() -> None:
    rows = list(table_of(b"a,b\n1,2\n" + b"x" * 3_000_000 + b"\n3,4\n").checked_rows())
    assert [row.problem.code if row.problem else row.cells for row in rows] == [["1", "2"], "row.huge", ["3", "4"]]
    swallowed = b"a,b\n" + b'1,"2\n' + b"3,4\n" * 100_000
    problems = [row.problem.code for row in table_of(swallowed).checked_rows() if row.problem]
    assert "row.quote" in problems


def test_a_large_file_streams(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("id;name\n")
        stream.writelines(f"{number};Müller {number}\n" for number in range(200_000))
    table = open_table(path, path.name)
    rows = table.rows()
    assert next(rows) == (2, ["0", "Müller 0"])
    rows.close()  # type: ignore[attr-defined]
    assert sum(1 for _row in table.rows()) == 200_000


def workbook(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def test_bombs_are_refused_before_they_go_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAXIMUM_UNPACKED", 1_000_000)
    bomb = workbook(**{"xl/workbook.xml": "<x/>", "xl/media/a": "0" * 5_000_000})
    assert refusal(bomb, "x.xlsx") == "table.too_large"
    wide = workbook(**{"xl/workbook.xml": "<x/>", "xl/worksheets/sheet1.xml": '<c r="A1"/><c r="XFD1048576"/>'})
    assert refusal(wide, "x.xlsx") == "table.too_large"
    row = '<table:table-row table:number-rows-repeated="1000000">'
    cell = row + '<table:table-cell office:value-type="float" table:number-columns-repeated="99"/>'
    sheet = workbook(mimetype="application/vnd.oasis.opendocument.spreadsheet", **{"content.xml": cell})
    assert refusal(sheet, "x.ods") == "table.too_large"
    assert refusal(workbook(**{"word/document.xml": "x"}), "x.docx") == "table.document"
    assert refusal(workbook(**{"a.txt": "x"}), "x.zip") == "table.archive"


def test_a_workbook_of_our_own_is_read_back() -> None:
    buffer = io.BytesIO()
    assert write_xlsx(buffer, ["Name", "Umsatz"], [["=1+1", 12.5], ["Jörg", 3]]) == 2
    table = table_of(buffer.getvalue(), "x.xlsx")
    assert (table.kind, table.columns, table.decimal, table.sheets) == ("xlsx", ["Name", "Umsatz"], ".", ("Klientel",))
    assert list(table.rows()) == [(2, ["=1+1", "12.5"]), (3, ["Jörg", "3"])]
    with pytest.raises(NotATable, match="no sheet named"):
        open_table(io.BytesIO(buffer.getvalue()), sheet="Tabelle9")


def test_more_columns_than_anybody_could_say_where_they_lead_are_refused() -> None:
    wide = ";".join(f"Spalte {n}" for n in range(1001)) + "\n" + ";".join("x" * 1001)
    assert refusal(wide.encode()) == "table.too_many_columns"
    assert len(table_of(wide.replace(";Spalte 1000", "").encode()).columns) == 1000
    buffer = io.BytesIO()
    write_xlsx(buffer, [f"Spalte {n}" for n in range(1001)], [["x"] * 1001])
    assert refusal(buffer.getvalue(), "x.xlsx") == "table.too_many_columns"


FOLDERS = ("crm_export_fixtures", "crm_csv_torture", "crm_xlsx_messy", "crm_vcards")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_real_file_is_a_table_or_has_one_reason(folder: str) -> None:
    given(folder)
    outcomes: dict[str, int] = {}
    for path in given_files(folder):
        try:
            table = open_table(path, path.name)
            assert all(len(cells) == len(table.columns) > 0 for _line, cells in table.rows())
            assert len(set(table.columns)) == len(table.columns)
            outcomes["table"] = outcomes.get("table", 0) + 1
        except NotATable as reason:
            outcomes[reason.code] = outcomes.get(reason.code, 0) + 1
    assert outcomes["table"] > 20


def test_csv_spectrum_gives_the_expected_rows() -> None:
    """The copy of `newlines_crlf.csv` has plain line feeds, so both sides are compared with them."""
    folder = given("crm_csv_torture/csv-spectrum")
    compared = 0
    for path in sorted((folder / "csvs").glob("*.csv")):
        table = open_table(path, path.name)
        expected = json.loads(
            (folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8").replace(r"\r\n", r"\n")
        )
        assert [dict(zip(table.columns, cells, strict=True)) for _line, cells in table.rows()] == expected, path.name
        compared += 1
    assert compared >= 10


def test_csv_test_data_gives_the_expected_rows() -> None:
    """Blank rows are no rows to us, and a table of one cell is none: those two files are left to the test of all
    files.
    """
    folder = given("crm_csv_torture/csv-test-data")
    compared = 0
    for path in sorted((folder / "csv").glob("*.csv")):
        place = folder / "json" / f"{path.stem}.json"
        if not place.exists() or path.stem in ("all-empty", "empty-one-column"):
            continue
        expected = json.loads(place.read_text(encoding="utf-8"))
        table = open_table(path, path.name)
        rows = [cells for _line, cells in table.rows()]
        if expected and isinstance(expected[0], dict):
            assert [dict(zip(table.columns, cells, strict=True)) for cells in rows] == expected, path.name
        elif expected:
            assert [table.columns, *rows] == expected, path.name
        else:
            assert rows == []
        compared += 1
    assert compared >= 14


def test_days_of_both_calendars_are_the_same() -> None:
    folder = given("crm_xlsx_messy/tests/testthat/sheets")
    days = [open_table(folder / name, name, header=False).sample()[0] for name in ("dates-1900.xls", "dates-1904.xls")]
    assert days[0] == days[1]
    assert days[0][0] == "2000-01-01"


def test_a_header_is_found_under_title_rows() -> None:
    table = open_table(given("crm_xlsx_messy/inst/extdata/deaths.xlsx"), "deaths.xlsx")
    assert table.columns == ["Name", "Profession", "Age", "Has kids", "Date of birth", "Date of death"]
    assert table.sample(1)[0] == ["David Bowie", "musician", "69", "true", "1947-01-08", "2016-01-10"]


def test_random_bytes_never_break_the_reader() -> None:
    dice = random.Random(7)
    heads = (
        b"",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"BEGIN:VCARD\n",
        b"a,b\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    )
    refusals: set[str] = set()
    for _round in range(150):
        data = dice.choice(heads) + dice.randbytes(dice.randrange(2000))
        try:
            for row in table_of(data).checked_rows():
                assert isinstance(row.cells, list)
        except NotATable as reason:
            refusals.add(reason.code)
    assert refusals <= set(SENTENCES)


def test_python_s_own_writer_is_read_back() -> None:
    dice = random.Random(3)
    for _round in range(60):
        rows = [
            ["".join(dice.choice('ab",;\n|ä ') for _n in range(dice.randrange(1, 9))) + "x" for _c in range(3)]
            for _r in range(6)
        ]
        buffer = io.StringIO()
        csv.writer(buffer, quoting=csv.QUOTE_ALL, delimiter=";").writerows([["first", "second", "third"], *rows])
        table = table_of(buffer.getvalue().encode())
        assert [cells for _line, cells in table.rows()] == rows


def test_json_lines_are_a_table_of_all_their_keys() -> None:
    second = {"b": True, "list": ["p", 2], "deep": [{"c": "d"}], "m": {"amount": "2.50", "currency": "EUR"}}
    data = b'{"a": "x", "n": 1.5}\r\n' + json.dumps(second).encode()
    table = table_of(data, "x.txt")
    assert (table.kind, table.columns, table.decimal) == ("jsonl", ["a", "n", "b", "list", "deep", "m"], ".")
    assert list(table.rows()) == [
        (1, ["x", "1.5", "", "", "", ""]),
        (2, ["", "", "true", "p; 2", '[{"c":"d"}]', "2.50 EUR"]),
    ]
    assert table_of(b'{"a": 1}', "one.jsonl").columns == ["a"]


def test_a_huge_line_of_json_lines_is_one_broken_line() -> None:
    rows = list(table_of(b'{"a": 1}\n{"a": "' + b"x" * 3_000_000 + b'"}\n{"a": 3}\n').checked_rows())
    assert [(r.line, r.problem.code if r.problem else r.cells) for r in rows] == [
        (1, ["1"]),
        (2, "row.huge"),
        (3, ["3"]),
    ]


def test_a_note_beside_the_table_is_told_and_no_record() -> None:
    text = (
        "Vorname;Nachname;E-Mail;Ort\nEva;Lang;e@l.example;Bonn\nKurz\n\n\nErstellt am 1.2.\nVertraulich\nUdo;Berg;;\n"
    )
    told = [
        (row.line, row.cells[0], row.problem and row.problem.code)
        for row in open_table(io.BytesIO(text.encode())).checked_rows()
    ]
    assert told == [
        (2, "Eva", None), (3, "Kurz", "row.too_short"), (6, "Erstellt am 1.2.", "row.note"),
        (7, "Vertraulich", "row.note"), (8, "Udo", None),
    ]  # fmt: skip


def test_the_sheet_behind_a_cover_is_the_table() -> None:
    cover, list_ = ["Bitte lesen"], ["Vorname", "Nachname"]
    assert open_table(_workbook({"Hinweise": [cover], "Kontakte": [list_, ["Eva", "Lang"]]})).sheet == "Kontakte"
    assert open_table(_workbook({"Namen": [["Name"], ["Eva"]], "Leer": []})).sheet == "Namen"


def _workbook(sheets: dict[str, list[list[str]]]) -> io.BytesIO:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return target


def test_lines_are_the_same_however_the_pieces_fall() -> None:
    part = 1 << 16
    for lines in (
        ["a" * (part - 1) + "\r", "b\n"],
        ["a" * (part - 1) + "\r\n", "b"],
        ["ä" * 90_000 + "\n", "\n", "c\r"],
    ):
        text = "".join(lines)
        assert list(decoded_lines(io.BytesIO(text.encode()), "utf-8", longest=1_000_000)) == lines
    pieces = list(decoded_lines(io.BytesIO(b"x" * 3_000_000 + b"\ny"), "utf-8", longest=1_000_000))
    assert "".join(pieces) == "x" * 3_000_000 + "\ny"
    assert max(map(len, pieces)) < 1_000_000 + 2 * part


class _Counted(io.BytesIO):
    """Bytes that know how many of them were read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


def test_one_line_without_end_is_not_read_for_every_dialect() -> None:
    body = b'Name;"Firma";' * 1_200_000
    file = _Counted(body)
    with pytest.raises(NotATable) as caught:
        open_table(file)
    assert caught.value.code == "table.short"
    assert file.taken < 6 * len(body)


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("rows", [3, 40_000])
def test_a_quotation_mark_never_closed_costs_its_own_line_alone(rows: int, end: str) -> None:
    lines = [
        "Name;Mail",
        "Anna;a@b.de",
        'Bert "Kunz;b@b.de',
        'Carla;"c@b.de',
        *(f"P{n};p{n}@b.de" for n in range(rows)),
    ]
    told = list(table_of(("\n".join(lines) + end).encode()).checked_rows())
    assert [row.line for row in told] == list(range(2, rows + 5))
    assert [(row.line, row.problem.code) for row in told if row.problem and not row.problem.harmless] == [
        (4, "row.quote")
    ]
    assert told[2].cells[0] == "Carla"
    assert [row.cells for row in told[3:]] == [[f"P{n}", f"p{n}@b.de"] for n in range(rows)]


def test_lines_of_a_cell_never_closed_that_are_no_rows_stay_in_it() -> None:
    data = b'Name;Mail;Note\nAnna;a@b.de;x\nBert;b@b.de;"first line\nsecond, longer line\nthird line\n'
    *_good, last = table_of(data).checked_rows()
    assert (last.line, last.problem and last.problem.code) == (3, "row.quote")
    assert last.cells == ["Bert", "b@b.de", "first line\nsecond, longer line\nthird line\n"]


def test_lines_longer_than_what_is_read_at_once_come_in_pieces() -> None:
    pieces = [b"x" * 50_000, b"\r\n", b"y" * 70_000, b"\n", b"z" * 1_500_000]
    whole = b"".join(pieces)
    lines = list(decoded_lines(io.BytesIO(whole), "utf-8", longest=1_000_000))
    assert ([len(line) for line in lines[:2]], "".join(lines)) == ([50_002, 70_001], whole.decode())
    assert max(map(len, lines)) < 1_100_000
