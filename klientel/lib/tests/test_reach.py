"""Phones, mail and web addresses, bank and tax numbers, countries."""

import csv
import random
import re
from xml.etree import ElementTree

import phonenumbers
import pytest

from klientel.lib.bank import read_bic, read_iban, read_vat, show_iban
from klientel.lib.countries import COUNTRIES, country_choices, country_name, language_name, read_country, read_language
from klientel.lib.emails import company_domain, email_key, read_email, show_email
from klientel.lib.phones import in_use, read_phone, read_phone_leniently, show_phone
from klientel.lib.sentences import Unreadable
from klientel.lib.tests.given import given
from klientel.lib.urls import domain_of, read_url, show_url


def refused(function: object, *arguments: object) -> str:
    with pytest.raises(Unreadable) as caught:
        function(*arguments)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize(("text", "stored"), [
    ("+49 (0)30 20181000", "+493020181000"), ("030/123456-0", "+49301234560"), ("0049 30 123456", "+4930123456"),
    ("Tel.: 030 123456 ext. 12", "+4930123456;ext=12"), ("+4930123456;ext=12", "+4930123456;ext=12"), ("0171 1234567",
    "+491711234567"),
    ("+43 1 5880", "+4315880"),
])  # fmt: skip
def test_phones_become_e164(text: str, stored: str) -> None:
    phone = read_phone(text, "DE")
    assert phone.stored == stored
    assert read_phone(phone.stored, "US") == phone


def test_what_is_no_phone_is_refused() -> None:
    assert refused(read_phone, "abc") == "phone.unreadable"
    assert refused(read_phone, "1" * 80) == "phone.unreadable"
    assert refused(read_phone, "110") == "phone.invalid"
    assert read_phone_leniently("1-955-371-0847 x371", "US").stored == "+19553710847;ext=371"


def test_phones_are_shown_at_home_and_abroad() -> None:
    assert show_phone("+4930123456", "DE") == "030 123456"
    assert show_phone("+4930123456;ext=12", "AT") == "+49 30 123456 ext. 12"
    assert show_phone("internal 12") == "internal 12"


@pytest.mark.parametrize("code", ["49", "43", "41"])
def test_example_numbers_of_the_numbering_plans_are_read(code: str) -> None:
    with given(f"ref_phone/metadata/{code}/examples.csv").open(encoding="utf-8") as stream:
        rows = [[cell.strip(' "') for cell in row] for row in csv.reader(stream, delimiter=";")][1:]
    assert len(rows) > 4
    for region, kind, number in rows:
        phone = read_phone(f"+{code}{number}", region)
        assert phone.e164 == f"+{code}{number}"
        assert phone.kind == "mobile" if kind == "MOBILE" else True


def test_addresses_are_spelt_one_way() -> None:
    assert read_email(" mailto:Anna@MÜLLER.de ") == "Anna@xn--mller-kva.de"
    assert show_email("Anna@xn--mller-kva.de") == "Anna@müller.de"
    assert email_key("Anna@Müller.DE") == email_key("anna@xn--mller-kva.de")
    assert company_domain("a@gmail.com") == ""
    assert company_domain("a@acme.de") == "acme.de"


@pytest.mark.parametrize(("text", "code"), [
    ("", "email.empty"), ("a@b.de\nBcc: x@y.de", "email.control"), ("a@b.de\x00", "email.control"), ("a\u202e@b.de",
    "email.control"),
    ("a b@c.de", "email.local"), (".a@b.de", "email.local"), ("a..b@c.de", "email.local"), ("a@b", "email.domain"),
    ("a@-b.de", "email.domain"),
    ("a@b_c.de", "email.domain"), ("a@[127.0.0.1]", "email.domain"), ("a@@b.de", "email.at"), ("x" * 65 + "@b.de",
    "email.long"),
    ('"a b"@c.de', "email.local"), ("a(comment)@b.de", "email.local"), ("a@b.de.", "email.domain"), ("a@1.2.3.4",
    "email.domain"),
])  # fmt: skip
def test_what_is_no_address_is_refused_with_a_reason(text: str, code: str) -> None:
    assert refused(read_email, text) == code


@pytest.mark.parametrize("name", ["tests.xml", "tests-original.xml"])
def test_known_addresses_get_the_expected_verdict(name: str) -> None:
    """Errors are always refused.

    Plain valid addresses with two labels are accepted; odd but legal forms we refuse by choice.
    """
    tree = ElementTree.parse(given(f"sec_email_addresses/{name}"))  # noqa: S314
    wrong = []
    for test in tree.iter("test"):
        address = re.sub(
            "[\u2400-\u241f]", lambda match: chr(ord(match.group()) - 0x2400), test.findtext("address") or ""
        )
        category = test.findtext("category") or ""
        try:
            read_email(address)
            accepted = True
        except Unreadable:
            accepted = False
        top = address.rpartition("@")[2].rpartition(".")
        if category == "ISEMAIL_ERR" and accepted:
            wrong.append((address, category))
        if (
            category in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN")
            and not accepted
            and top[0]
            and len(top[2]) > 1
            and top[2].isalpha()
        ):
            wrong.append((address, category))
    assert wrong == []


@pytest.mark.parametrize(("text", "url"), [
    ("www.Example.DE/", "https://www.example.de"), ("http://müller.de/Pfad?q=1#x",
    "http://xn--mller-kva.de/Pfad?q=1#x"),
    ("example.de:8080/a", "https://example.de:8080/a"), ("//example.de", "https://example.de"), ("http://127.0.0.1/x",
    "http://127.0.0.1/x"),
])  # fmt: skip
def test_web_addresses_are_completed(text: str, url: str) -> None:
    assert read_url(text) == url


def test_dangerous_web_addresses_are_refused() -> None:
    assert refused(read_url, "javascript:alert(1)") == "url.scheme"
    assert refused(read_url, "https://user:pass@example.de") == "url.unreadable"
    assert refused(read_url, "https://example.de/a b") == "url.unreadable"
    assert refused(read_url, "hello") == "url.unreadable"
    assert refused(read_url, "https://exa\\mple.de") == "url.unreadable"
    assert refused(read_url, "https://[::1") == "url.unreadable"
    assert domain_of("https://www.xn--mller-kva.de/x") == "xn--mller-kva.de"
    assert show_url("https://www.xn--mller-kva.de/x/") == "müller.de/x"


def test_bank_and_tax_numbers_are_checked() -> None:
    assert read_iban("de89 3704 0044 0532 0130 00") == "DE89370400440532013000"
    assert show_iban("DE89370400440532013000") == "DE89 3704 0044 0532 0130 00"
    assert refused(read_iban, "DE89 3704 0044 0532 0130 01") == "iban.invalid"
    assert read_bic("deutdeff") == "DEUTDEFF"
    assert refused(read_bic, "DEUT") == "bic.invalid"
    assert read_vat("136,695 976", "DE") == "DE136695976"
    assert read_vat("CHE-107.787.577 MWST") == "CHE107787577"
    assert read_vat("ATU13585627") == "ATU13585627"
    assert refused(read_vat, "DE136695977") == "vat.invalid"
    assert refused(read_vat, "") == "vat.invalid"


def test_ibans_of_the_reference_are_accepted() -> None:
    text = given("ref_iban_vat/stdnum_vectors/test_iban.doctest").read_text(encoding="utf-8")
    valid, *others = text.split(">>> numbers = '''")[1:]
    pattern = re.compile(r"^\.\.\. ([A-Z]{2}\d{2}[A-Z0-9 ]{11,})$", flags=re.MULTILINE)
    numbers = pattern.findall(valid)
    assert len(numbers) > 100
    assert all(read_iban(number) for number in numbers)
    assert {refused(read_iban, number) for number in pattern.findall(others[0])} == {"iban.invalid"}


def test_countries_and_languages_by_any_name() -> None:
    names = ("D", "Deutschland", "Germany", "deu", "U.S.A.", "UK", "Oesterreich", "Suisse")
    assert [read_country(name) for name in names] == ["DE", "DE", "DE", "DE", "US", "GB", "AT", "CH"]
    assert refused(read_country, "Atlantis") == "country.unknown"
    assert (country_name("CH"), country_name("CH", "en"), country_name("??")) == ("Schweiz", "Switzerland", "??")
    assert len(COUNTRIES) == len(country_choices()) == 249
    assert [read_language(name) for name in ("Deutsch", "german", "de-AT", "français")] == ["de", "de", "de", "fr"]
    assert refused(read_language, "Klingonisch") == "language.unknown"
    assert language_name("de_CH", "en") == "German"


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_every_country_is_found_by_its_own_names(code: str) -> None:
    assert read_country(country_name(code, "de")) == code
    assert read_country(country_name(code, "en")) == code


@pytest.mark.parametrize("region", ["DE", "AT", "CH", "FR", "GB", "US", "IT", "PL"])
def test_a_number_is_in_use_exactly_where_the_large_way_says_so(region: str) -> None:
    dice = random.Random(region)
    code = phonenumbers.country_code_for_region(region)
    given = str(phonenumbers.example_number(region).national_number)
    for _turn in range(300):
        digits = list(given)
        for _slip in range(dice.randint(0, 3)):
            digits[dice.randrange(len(digits))] = dice.choice("0123456789")
        stored = f"+{code}{''.join(digits)[: dice.randint(4, 14)]}"
        try:
            valid = phonenumbers.is_valid_number(phonenumbers.parse(stored))
        except phonenumbers.NumberParseException:
            valid = False
        assert in_use(stored) == valid, stored
