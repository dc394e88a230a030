"""What an import tells of columns: which one a remark speaks of, which country a number is of, what each leads to."""

from __future__ import annotations

from klientel.kernel.actions import run as act
from klientel.kernel.transfer import assistant, preview


def test_what_is_left_out_names_the_column_it_stands_in(bench):
    head = ["Vorname", "Nachname", "Phone 1 - Type", "Phone 1 - Value", "Phone 2 - Type", "Phone 2 - Value"]
    head += ["Address 1 - Street", "Address 1 - City", "Address 1 - Country", "Verantwortlich"]
    row = ["Anna", "Berg", "Work", "030 5550100", "Home", "homephone", "Weg 1", "Kiel", "Mordor", "Niemand"]
    run = bench.start([head, row])
    assistant.check(run)
    [shown] = preview.rows(run)
    assert [(f["field"], f["column"]) for f in shown.told] == [
        ("addresses", "Address 1 - Country"), ("phones", "Phone 2 - Value"), ("owner", "Verantwortlich"),
    ]  # fmt: skip


def test_a_refused_row_names_what_must_be_filled_in(bench, anna):
    act(anna, "kernel.customfield.create", record_type="contacts.person", name="x_dog", kind="yes_no", label_de="Hund",
        label_en="Dog", privacy="personal")  # fmt: skip
    act(anna, "kernel.customfield.create", record_type="contacts.person", name="x_breed", kind="text", label_de="Rasse",
        label_en="Breed", privacy="personal")  # fmt: skip
    act(anna, "kernel.fieldrule.create", record_type="contacts.person", field="x_breed",
        required_when={"field": "x_dog", "op": "yes"})  # fmt: skip
    for head, column in (
        (["Vorname", "Nachname", "Hund", "Breed"], "Breed"),
        (["Vorname", "Nachname", "Hund"], "Rasse"),
    ):
        run = bench.start([head, ["Anna", "Berg", "ja", ""][: len(head)]])
        assistant.check(run)
        [shown] = preview.rows(run)
        assert [(f["state"], f["field"], f["column"]) for f in shown.told] == [("error", "x_breed", column)]
        for _moment in ("tried out", "imported"):
            assert f"{column}: " in b"".join(assistant.error_file(run)).decode()
            run = assistant.commit(run)


def test_numbers_are_read_in_the_country_of_the_row_where_it_has_such_a_number(bench):
    head = ["Vorname", "Nachname", "Telefon", "Mobil", "Land"]
    bench.run([
        head,
        ["Penny", "Moore", "020 7946 0958", "+49 170 1234567", "United Kingdom"],
        ["Urs", "Meier", "044 668 18 00", "079 123 45 67", "Schweiz"],
        ["Anna", "Berg", "030 5550100", "", ""],
        ["Jane", "Doe", "040 5550100", "", "Liechtenstein"],
    ])  # fmt: skip
    told = {r["title"]: [e["value"] for e in r["phones"]] for r in bench.people("phones")}
    assert told == {
        "Penny Moore": ["+442079460958", "+491701234567"],
        "Urs Meier": ["+41446681800", "+41791234567"],
        "Anna Berg": ["+49305550100"],
        "Jane Doe": ["+49405550100"],
    }


def test_entries_beyond_those_that_are_offered_are_called_as_they_are(bench):
    kinds = [f"E-mail {n} - {what}" for n in range(1, 6) for what in ("Type", "Value")]
    run = bench.start([["Nachname", *kinds], ["Berg", *["Work", "a@example.org"] * 5]])
    told = {t.path: (t.label, t.group) for t in assistant.describe(run).targets}
    assert told["emails.5"][0] == told["emails.2"][0].replace("2", "5")
    assert told["emails.5.purpose"][0] == told["emails.2.purpose"][0].replace("2", "5")
    assert told["emails.5"][1] == told["emails.2"][1]


def test_what_stands_before_a_name_is_read_as_salutation_and_title(bench):
    bench.run([["Name Prefix", "Given Name", "Family Name"], ["Frau Dr.", "Anna", "Berg"]])
    [anna] = bench.people("salutation", "academic_title")
    assert (anna["salutation"], anna["academic_title"]) == ("ms", "Dr.")
