"""A quote on paper: archivable, tagged, in the language of its recipient, and only for whoever may see it."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files.storing import store
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser
from klientel.sales.models import Quote
from klientel.sales.tests.test_quote import LINES, again, quote

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(anna: Actor) -> Any:
    picture = BytesIO()
    Image.new("RGB", (300, 100), "navy").save(picture, "PNG")
    logo = store(anna, picture.getvalue(), name="logo.png", purpose="picture").record
    return run(
        anna, "sales.quoteform.create", name="Usual", company="Hansewerk",
        sender="Speicherstraße 7\n20457 Hamburg",
        footer="HRB 12345 · USt-IdNr. DE136695976", terms="Zahlbar in *14* Tagen.\n\nEs gelten unsere #AGB.",
        terms_en="Payable within 14 days.", introduction="vielen Dank für Ihre Anfrage.", logo=logo.id,
    ).record  # fmt: skip


def sent_to(anna: Actor, **values: Any) -> Quote:
    firm = run(
        anna, "contacts.organisation.create", name="Müller & Söhne KG",
        addresses=[{"street": "Ring 3", "postcode": "1010", "city": "Wien", "country": "AT"}],
    ).record  # fmt: skip
    person = run(
        anna, "contacts.person.create", first_name="Eva", last_name="von Gruber", salutation="ms", academic_title="Dr."
    ).record
    return quote(anna, organisation=firm.id, person=person.id, **values)


def read(client: Client, made: Quote) -> tuple[str, PdfReader, bytes]:
    answer = client.get(reverse("quote_pdf", args=[made.pk]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pdf = PdfReader(BytesIO(answer.content))
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split()), pdf, answer.content


def test_a_german_quote_says_everything_once(client: Client, actor: Actor, form: Any) -> None:
    made = sent_to(actor, discount="5", date="2026-03-01")
    text, pdf, _bytes = read(client, made)
    for words in (
        "Müller & Söhne KG Dr. Eva von Gruber Ring 3 1010 Wien ÖSTERREICH", "Sehr geehrte Frau Dr. von Gruber,",
        made.number, "1. März 2026", "31. März 2026", "2.085,62 €", "USt. 19 % auf 1.710,00 €", "(500,00 €)",
        "Zahlbar in *14* Tagen.", "unsere #AGB", "HRB 12345", "Speicherstraße 7", "(optional)", "− 10 %",
    ):  # fmt: skip
        assert words in text, words
    assert len(pdf.pages[0].images) == 1


def test_an_english_quote_is_english(client: Client, actor: Actor, form: Any) -> None:
    text, pdf, _bytes = read(client, sent_to(actor, language="en", date="2026-03-01"))
    for words in (
        "Dear Dr von Gruber,",
        "1 March 2026",
        "AUSTRIA",
        "Payable within 14 days.",
        "VAT 19% on",
        "€2,195.39",
    ):
        assert words in text, words
    assert pdf.trailer["/Root"]["/Lang"] == "en-GB"


def test_it_is_archivable_tagged_and_carries_its_fonts(client: Client, actor: Actor, form: Any) -> None:
    _text, pdf, data = read(client, quote(actor))
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert b"<pdfaid:part>3</pdfaid:part>" in data and b"<pdfaid:conformance>B</pdfaid:conformance>" in data
    fonts = [font.get_object() for font in pdf.pages[0]["/Resources"]["/Font"].values()]
    inner = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert fonts and all("/FontFile2" in one or "/FontFile3" in one for one in inner)


def test_200_lines_go_over_pages_and_repeat_their_heading(client: Client, actor: Actor, form: Any) -> None:
    text, pdf, _bytes = read(client, quote(actor, positions=LINES[1:2] * 200))
    assert len(pdf.pages) > 3 and text.count("Bezeichnung") >= len(pdf.pages) - 1
    assert f"/ {len(pdf.pages)}" in text


def test_hostile_words_stay_words(client: Client, actor: Actor, form: Any) -> None:
    nasty = '#read("/etc/passwd") $x$ [*_`] \\ "quoted" <img> {{ 7*7 }}'
    text, _pdf, _bytes = read(client, quote(actor, name=nasty, positions=[{"name": nasty, "text": nasty}]))
    assert '#read("/etc/passwd")' in text and "root:" not in text and "{{ 7*7 }}" in text


def test_it_is_for_those_who_see_the_quote_and_its_lines(client: Client, actor: Actor, tenant: Tenant) -> None:
    made = quote(actor)
    hidden = [*ALL[1:], {"record": "sales.quote", "verb": "view", "hidden": ["positions"]}]
    stranger, _who = at_browser(tenant, "Otto", [one for one in hidden if one["record"] != "*"])
    assert stranger.get(reverse("quote_pdf", args=[made.pk])).status_code == 403
    assert client.get(reverse("quote_pdf", args=["01a20503-80d7-702d-a3e0-ad17c82ff23c"])).status_code == 404


def test_what_was_sent_stays_byte_for_byte_as_it_was(client: Client, actor: Actor, form: Any) -> None:
    made = sent_to(actor)
    draft = read(client, made)[2]
    run(actor, "sales.quote.send", made.pk)
    sent = read(client, again(made))[2]
    run(actor, "sales.quoteform.change", form.id, company="Other Name GmbH", footer="")
    assert read(client, again(made))[2] == sent
    assert len(draft) > 1000 and "Hansewerk" in read(client, again(made))[0]
    kept = type_of("kernel.file").model.objects.get(pk=again(made).document)
    assert (kept.digest, kept.concerns) == (hashlib.sha256(sent).hexdigest(), [made.pk])


def test_a_sign_that_no_font_has_is_told_and_nothing_is_sent(client: Client, actor: Actor) -> None:
    made = quote(actor, positions=[{"name": "Presse 李", "price": "1"}])
    page = client.get(reverse("quote_pdf", args=[made.pk]))
    assert page.status_code == 422 and "no sign for “李”" in page.content.decode()
    with pytest.raises(Refused) as no:
        run(actor, "sales.quote.send", made.pk)
    assert no.value.code == "no_sign" and again(made).state == "draft"
