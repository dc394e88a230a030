import pytest

from klientel.lib.salutation import address_lines_name, letter_salutation


@pytest.mark.parametrize(("given", "line"), [
    ({"salutation": "mr", "title": "Dr.", "last_name": "von Müller"}, "Sehr geehrter Herr Dr. von Müller"),
    ({"salutation": "Frau", "title": "Prof. Dr. med.", "last_name": "Meier"}, "Sehr geehrte Frau Professorin Meier"),
    ({"salutation": "mr", "title": "Prof.", "last_name": "Meier"}, "Sehr geehrter Herr Professor Meier"),
    ({"salutation": "mr", "title": "Dr. Dr. h.c.", "last_name": "Meier"}, "Sehr geehrter Herr Dr. Meier"),
    ({"salutation": "mr", "title": "Dipl.-Ing.", "last_name": "Huber"}, "Sehr geehrter Herr Huber"),
    ({"salutation": "mr", "title": "Mag.", "last_name": "Huber", "country": "AT"}, "Sehr geehrter Herr Mag. Huber"),
    ({"salutation": "family", "last_name": "Huber"}, "Sehr geehrte Familie Huber"),
    ({"first_name": "Kim", "last_name": "Muster"}, "Guten Tag Kim Muster"),
    ({"salutation": "mx", "title": "Dr.", "first_name": "Kim", "last_name": "Muster"}, "Guten Tag Dr. Kim Muster"),
    ({"salutation": "mr", "first_name": "Kim", "last_name": ""}, "Guten Tag Kim"),
    ({"last_name": ""}, "Guten Tag"),
    ({"salutation": "ms", "title": "Dr.", "last_name": "Miller", "language": "en"}, "Dear Dr Miller"),
    ({"salutation": "ms", "title": "Prof. Dr.", "last_name": "Miller", "language": "en-GB"}, "Dear Professor Miller"),
    ({"salutation": "ms", "last_name": "Miller", "language": "en"}, "Dear Ms Miller"),
    ({"first_name": "Kim", "last_name": "Muster", "language": "en"}, "Dear Kim Muster"),
    ({"last_name": "", "language": "en"}, "Hello"),
    ({"first_name": "Kim", "last_name": "Muster", "informal": True}, "Hallo Kim"),
])  # fmt: skip
def test_the_first_line_of_a_letter(given: dict[str, str], line: str) -> None:
    assert letter_salutation(**given) == line  # type: ignore[arg-type]


def test_the_line_in_the_window() -> None:
    assert (
        address_lines_name(salutation="mr", title="Prof. Dr.", first_name="Hans", last_name="M")
        == "Herrn Prof. Dr. Hans M"
    )
    assert address_lines_name(salutation="ms", first_name="Ann", last_name="M", language="en") == "Ms Ann M"
