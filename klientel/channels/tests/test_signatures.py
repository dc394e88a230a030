"""The closest signature stands under a mail, can be changed there, and plain text has no marks."""

import base64

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Mail
from klientel.channels.queries import signatures
from klientel.channels.queries.mime import html_of
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser

HOUSE = "**{{sender}}**\n{{sender_position}}\nTel. {{sender_phone}}\n{{workspace}}, https://hansewerk.de"


def sign(anna, name, **more):
    return run(anna, "channels.signature.create", name=name, **more).record


def test_the_closest_one_is_taken_in_the_language_of_the_recipient(anna, account):
    sign(anna, "house", text="Haus")
    assert signatures.signature_of(anna.member, account.id, "de") == "Haus"
    sign(anna, "account", text="Konto", account=account.id)
    assert signatures.signature_of(anna.member, account.id, "de") == "Konto"
    assert signatures.signature_of(anna.member, None, "de") == "Haus"
    sign(anna, "mine", text="Ich", member=anna.member, language="de")
    assert signatures.signature_of(anna.member, account.id, "de") == "Ich"
    assert signatures.signature_of(anna.member, account.id, "en") == "Konto"
    assert signatures.signature_of(None, account.id, "de") == "Konto"


def test_that_of_the_house_is_filled_with_what_is_known_and_lines_without_it_are_left_out(anna, account):
    sign(anna, "house", text=HOUSE)
    lines = signatures.signature_of(anna.member, account.id, "de").splitlines()
    assert lines == ["**Anna Alster**", "Hansewerk, https://hansewerk.de"]
    sign(anna, "anna", member=anna.member, position="Vertrieb", phone="+49 40 1234567")
    lines = signatures.signature_of(anna.member, account.id, "de").splitlines()
    assert lines[1] == "Vertrieb" and lines[2].startswith("Tel. ") and "1234567" in lines[2].replace(" ", "")


def test_a_placeholder_of_a_person_is_refused_in_a_signature(anna):
    with pytest.raises(Refused, match="no_placeholder"):
        sign(anna, "wrong", text="{{first_name}}")


def test_a_template_takes_it_on_and_marks_are_bold_in_the_formatted_part_only(anna, account, sink):
    sign(anna, "house", text=HOUSE)
    template = run(anna, "channels.template.create", name="Dank", subject="Danke", text="Vielen Dank").record
    write_to(anna, person(anna), template=template.id, subject="", text="")
    mail = Mail.objects.get()
    assert mail.text == "Vielen Dank\n\n-- \n**Anna Alster**\nHansewerk, https://hansewerk.de" and mail.formatted
    deliver(account=account.id)
    parts = [base64.b64decode(p.get_payload()).decode() for p in sink.mails[0][2].get_payload()]
    assert "\r\n-- \r\nAnna Alster\r\n" in parts[0] and "**" not in parts[0]
    assert "<b>Anna Alster</b>" in parts[1] and "**" not in parts[1]


def test_what_somebody_wrote_is_sent_as_it_was_written(anna, account):
    sign(anna, "house", text=HOUSE)
    assert write_to(anna, person(anna), text="Nur das").text == "Nur das"


def test_marks_are_no_way_into_an_address_or_the_page():
    html = html_of("x\n-- \nhttps://a.de/**b** **<script>**")
    assert "<script>" not in html and 'href="https://a.de/**b**"' in html and "<b>&lt;script&gt;</b>" in html


def test_the_forms_of_a_mail_and_of_an_answer_begin_with_it(anna, tenant, account):
    sign(anna, "house", text="Mit Gruß vom Hafen")
    page = at_browser(tenant, "Petra", ALL, "de")[0]
    who = person(anna)
    assert "Mit Gruß vom Hafen" in page.get(f"/persons/{who.id}/do/send_mail").content.decode()
    mail = write_to(anna, who, text="Hallo")
    shown = page.get(f"/mails/{mail.id}/answer/reply").content.decode()
    assert shown.index("Mit Gruß vom Hafen") < shown.index("&gt; Hallo")


def test_marks_are_explained_where_they_are_written_and_read_as_they_arrived(anna, tenant, account):
    sign(anna, "house", text=HOUSE)
    page = at_browser(tenant, "Petra", ALL, "en")[0]
    written = page.get("/mails/new").content.decode()
    assert "**Petra" in written and "arrives in bold" in written
    mail = write_to(anna, person(anna), text="2**3**\n\n-- \n**Anna Alster**")
    shown = page.get(f"/mails/{mail.id}/conversation").content.decode()
    assert "2**3**" in shown and "**Anna Alster**" not in shown and "Anna Alster" in shown
