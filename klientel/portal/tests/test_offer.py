"""What a customer can do with the link, and what nobody can."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from PIL import Image, ImageDraw
from pypdf import PdfReader

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Mail
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.files import keeping
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser
from klientel.portal.models import Share
from klientel.portal.queries import shares
from klientel.portal.tests.conftest import LINES, again, link_in, parts
from klientel.sales.models import Quote

pytestmark = pytest.mark.django_db
YES = {"accept": "1", "name": "Eva  Sommer", "agree": "1"}


def events(kind: str = "%") -> list[dict[str, Any]]:
    """Events of a kind, each as a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e) FROM kernel_event e WHERE kind LIKE %s", [kind])
        return [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in cursor.fetchall()]


def tasks() -> list[str]:
    return list(type_of("work.task").model.objects.order_by("id").values_list("subject", flat=True))


def drawing() -> str:
    out = BytesIO()
    picture = Image.new("RGBA", (300, 90), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((10, 10, 280, 80), fill="black", width=4)
    picture.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def test_the_customer_reads_it_without_a_login_and_nothing_is_kept_of_that(
    customer: Client, link: str, quote: Quote, django_assert_max_num_queries: Any
) -> None:
    before = again(quote).version, len(events()), len(tasks())
    with django_assert_max_num_queries(15):
        page = customer.get(link)
    said = page.content.decode().replace("\xa0", " ")
    assert page.status_code == 200 and "Press for hall 3" in said and "1.190,00" in said and "Training" in said
    assert (again(quote).version, len(events()), len(tasks())) == before
    assert page["Cache-Control"] == "no-store, private" and page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"].startswith("noindex") and not page.cookies
    assert "default-src 'none'" in page["Content-Security-Policy"]
    pdf = customer.get(f"{link}/file/quote")
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    customer.post(f"{link}/opened")
    assert (len(events()), Share.objects.get().opened_at) == (before[1], None)


def test_it_is_accepted_with_options_once_and_both_get_the_document(
    customer: Client, link: str, quote: Quote, sink: Any, account: Any, anna: Actor
) -> None:
    run(anna, "kernel.member.change", anna.member, email="anna@hansewerk.de")
    before = len(tasks())
    for _click in range(2):
        answer = customer.post(link, {**YES, "option": ["1"], "drawn": drawing()}, REMOTE_ADDR="203.0.113.77")
        assert (answer.status_code, answer["Location"]) == (303, f"{link}#answer")
    made = again(quote)
    assert (made.state, made.signed_by, made.chosen) == ("accepted", "Eva Sommer", [1])
    assert (made.agreed_net["amount"], made.agreed["amount"], made.gross["amount"]) == ("1500.00", "1785.00", "1190.00")
    assert tasks()[before:] == [f"Angebot {made.number} wurde angenommen"]
    file = type_of("kernel.file").model.objects.get(pk=made.evidence)
    reader = PdfReader(keeping.path_of(anna.tenant, file.place))
    text = " ".join(reader.pages[0].extract_text().split())
    paper = type_of("kernel.file").model.objects.get(pk=made.document)
    for word in ("Eva Sommer", paper.digest, "203.0.113.0/24", "eva@beispiel.de", "1.785,00", "Training", "gewählt"):
        assert word in text.replace("\xa0", " "), word
    assert "203.0.113.77" not in text
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"] and reader.trailer["/Root"]["/Lang"] == "de-DE"
    assert len(reader.pages[0].images) == 1
    deliver(account=account.id)
    assert sorted(to for _sender, to, _message in sink.mails) == [["anna@hansewerk.de"], ["eva@beispiel.de"]]
    assert all(list(parts(message)).count("application/pdf") == 1 for *_rest, message in sink.mails)
    page = customer.get(link).content.decode()
    assert "Angenommen am" in page and 'name="accept"' not in page
    assert customer.get(f"{link}/file/acceptance").content.startswith(b"%PDF")


def test_an_alternative_is_chosen_in_place_of_its_line(customer: Client, link: str, quote: Quote, anna: Actor) -> None:
    shown = customer.post(link, {"sum": "1", "instead-0": "2"}).content.decode().replace("\xa0", " ")
    assert "2.380,00" in shown and "(1.000,00 €)" in shown and again(quote).state == "sent"
    customer.post(link, {**YES, "option": ["1"], "instead-0": "2"})
    made = again(quote)
    assert (made.state, made.chosen, made.left_out) == ("accepted", [1, 2], [0])
    assert (made.agreed_net["amount"], made.agreed["amount"]) == ("2500.00", "2975.00")
    file = type_of("kernel.file").model.objects.get(pk=made.evidence)
    text = PdfReader(keeping.path_of(anna.tenant, file.place)).pages[0].extract_text()
    assert "gewählt anstelle von „Press“" in " ".join(text.split())
    assert "ersetzt" in customer.get(link).content.decode()
    run(anna, "sales.quote.order", quote.pk)
    order = type_of("sales.order").model.objects.get(quote=quote.pk)
    assert [one["name"] for one in order.positions] == ["Training", "Other press"]
    assert order.gross == made.agreed


def test_a_name_in_signs_that_the_font_has_not_is_accepted_and_named(
    customer: Client, link: str, quote: Quote, anna: Actor
) -> None:
    assert customer.post(link, {**YES, "name": "李明 ✅"}).status_code == 303
    made = again(quote)
    assert (made.state, made.signed_by) == ("accepted", "李明 ✅")
    file = type_of("kernel.file").model.objects.get(pk=made.evidence)
    text = PdfReader(keeping.path_of(anna.tenant, file.place)).pages[0].extract_text()
    assert "U+674E U+660E" in " ".join(text.split())


def test_the_timeline_says_that_the_customer_did_it_and_the_owner_is_told(
    customer: Client, link: str, quote: Quote, anna: Actor
) -> None:
    customer.post(link, YES)
    [event] = [one for one in events("sales.quote.sign") if one["record_id"] == str(quote.pk)]
    assert (event["actor"], event["actor_name"]) == (f"portal:{Share.objects.get().pk}", "Kunde")
    assert event["parameters"]["notify"] == [str(anna.member)]
    assert "Eva" not in str(event)


def test_nobody_answers_by_hand_for_the_customer(anna: Actor, link: str, quote: Quote) -> None:
    for key, values in (("sign", {"name": "X"}), ("refuse", {}), ("ask_back", {"question": "?"}), ("open_page", {})):
        with pytest.raises(Forbidden, match="not_by_hand"):
            run(anna, f"sales.quote.{key}", quote.pk, **values)
    assert again(quote).state == "sent"


def test_a_colleague_with_the_link_sees_what_the_customer_sees_and_does_not_answer(
    tenant: Tenant, link: str, quote: Quote
) -> None:
    client, _who = at_browser(tenant, "Olaf", ALL)
    page = client.get(link).content.decode()
    assert "Sie sind als Kollege angemeldet" in page and 'name="accept"' not in page
    assert "nur der Kunde" in client.post(link, YES).content.decode()
    assert again(quote).state == "sent"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"agree": ""}, "agree"),
        ({"name": " "}, "name"),
        ({"drawn": "data:image/png;base64,AAAA"}, "drawn"),
        ({"drawn": "javascript:alert(1)"}, "drawn"),
        ({"option": ["0"]}, ""),
        ({"option": ["2"]}, ""),
        ({"option": ["99"]}, ""),
        ({"instead-0": "1"}, ""),
        ({"instead-0": "99"}, ""),
        ({"instead-0": "2", "instead-1": "3"}, ""),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_what_was_typed_stays(
    customer: Client, link: str, quote: Quote, given: dict[str, Any], field: str
) -> None:
    before = len(tasks())
    answer = customer.post(link, {**YES, "question": "Warum?", **given})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Warum?" in page
    assert f'id="{field}-error"' in page if field else 'role="alert"' in page
    assert (again(quote).state, len(tasks()), again(quote).evidence) == ("sent", before, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [({**YES, "name": ""}, "name"), ({**YES, "agree": ""}, "agree"), ({"ask": "1", "question": " "}, "question"),
     ({"decline": "1", "reason": ""}, "reason")],
)  # fmt: skip
def test_the_page_comes_back_at_the_field_that_is_wrong(
    customer: Client, link: str, given: dict[str, str], field: str
) -> None:
    page = customer.post(link, given).content.decode()
    assert re.findall(r'<[^>]+ name="(\w+)"[^>]* autofocus', page) == [field]


def test_a_drawn_signature_is_not_drawn_twice(customer: Client, link: str) -> None:
    drawn = drawing()
    assert f'name="drawn" value="{drawn}"' in customer.post(link, {**YES, "name": "", "drawn": drawn}).content.decode()
    assert 'name="drawn" value=""' in customer.post(link, {**YES, "drawn": "javascript:alert(1)"}).content.decode()


@pytest.mark.parametrize("options", [LINES, LINES[:1]])
def test_no_key_in_a_field_answers_the_quote_as_the_first_button_only_adds_up(
    customer: Client, link: str, quote: Quote, anna: Actor, options: list[dict[str, Any]]
) -> None:
    run(anna, "sales.quote.revise", quote.pk)
    newer = Quote.objects.get(replaces=quote.pk)
    run(anna, "sales.quote.change", newer.pk, positions=options)
    run(anna, "sales.quote.send", newer.pk)
    address = shares.make(again(newer), person=None, account=None, address="", tracked=False)[1]
    page = customer.get(urlsplit(address).path).content.decode()
    assert re.findall(r'<button[^>]* name="(\w+)"', page)[0] == "sum"


def test_it_is_declined_with_a_reason(customer: Client, link: str, quote: Quote) -> None:
    customer.post(link, {"decline": "1", "reason": "Zu teuer"})
    assert (again(quote).state, again(quote).reason) == ("declined", "Zu teuer")
    assert tasks()[-1] == f"Angebot {quote.number} wurde abgelehnt"
    customer.post(link, YES)
    assert again(quote).state == "declined"


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_it_is_not_declined_without_a_reason(customer: Client, link: str, quote: Quote, reason: str | None) -> None:
    before = len(tasks())
    answer = customer.post(link, {"decline": "1"} | ({} if reason is None else {"reason": reason}))
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="reason-error"' in page and "Bitte nennen Sie den Grund." in page
    assert (again(quote).state, len(tasks())) == ("sent", before)


def test_a_question_becomes_a_task_once(customer: Client, link: str, quote: Quote, anna: Actor) -> None:
    before = len(tasks())
    for _click in range(2):
        assert customer.post(link, {"ask": "1", "question": "Wann?", "name": "Eva"}).status_code == 303
    [task] = type_of("work.task").model.objects.order_by("id")[before:]
    assert (task.description, task.owner, again(quote).state) == ("Wann?\nEva", anna.member, "sent")
    assert "Ihre Frage ist bei uns" in customer.get(f"{link}?asked=1").content.decode()


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_an_expired_quote_is_not_accepted(customer: Client, link: str, quote: Quote) -> None:
    with looking_at(again(quote).valid_until + dt.timedelta(days=1)):
        answer = customer.post(link, YES)
    assert answer.status_code == 422 and "nicht mehr gültig" in answer.content.decode()
    assert again(quote).state == "sent"


def test_a_superseded_quote_is_not_accepted(customer: Client, link: str, quote: Quote, anna: Actor) -> None:
    run(anna, "sales.quote.revise", quote.pk)
    newer = Quote.objects.get(replaces=quote.pk)
    run(anna, "sales.quote.mail", newer.pk)
    answer = customer.post(link, YES)
    assert answer.status_code == 422 and "neuere Version" in answer.content.decode()
    assert (again(quote).state, again(newer).state) == ("superseded", "sent")


def test_a_version_is_not_sent_after_the_one_before_was_accepted(
    customer: Client, link: str, quote: Quote, anna: Actor
) -> None:
    run(anna, "sales.quote.revise", quote.pk)
    customer.post(link, YES)
    assert again(quote).state == "accepted"
    newer = Quote.objects.get(replaces=quote.pk)
    with pytest.raises(Exception, match="accepted_already"):
        run(anna, "sales.quote.send", newer.pk)
    assert again(newer).state == "draft"


def test_a_withdrawn_link_says_so_and_shows_nothing(customer: Client, link: str, quote: Quote, anna: Actor) -> None:
    run(anna, "sales.quote.revoke_link", quote.pk)
    for answer in (customer.get(link), customer.post(link, YES)):
        assert answer.status_code == 410 and "Press" not in answer.content.decode()
    assert customer.get(f"{link}/file/quote").status_code == 404
    assert again(quote).state == "sent"


def test_a_tampered_link_leads_nowhere_and_tells_nothing(
    customer: Client, link: str, quote: Quote, cleo: Actor
) -> None:
    head, tail = link[:-44], link[-43:]
    other = f"/offer/ks_{cleo.tenant.hex}_{tail}"
    flipped = "A" if tail[-1] != "A" else "B"
    pages = [
        customer.get(at)
        for at in (f"{head}_{tail[:-1]}{flipped}", other, f"/offer/ks_{'0' * 32}_{tail}", "/offer/x", f"{link}x")
    ]
    assert {one.status_code for one in pages} == {404}
    assert len({one.content for one in pages}) == 1
    for one in pages:
        assert one["Cache-Control"] == "no-store, private" and "Hansewerk" not in one.content.decode()
    assert customer.post(other, YES).status_code == 404
    assert again(quote).state == "sent"


def test_another_site_cannot_answer_for_the_customer(customer: Client, link: str, quote: Quote) -> None:
    assert customer.post(link, YES, HTTP_SEC_FETCH_SITE="cross-site").status_code == 403
    assert again(quote).state == "sent"


def test_whoever_comes_too_often_waits(customer: Client, link: str) -> None:
    codes = [customer.get("/offer/x").status_code for _n in range(40)]
    assert codes[0] == 404 and codes[-1] == 429
    answers = [customer.post(link, {"accept": "1"}).status_code for _n in range(14)]
    assert answers[0] == 422 and answers[-1] == 429


def test_a_quote_in_the_trash_leads_nowhere(customer: Client, link: str, quote: Quote, anna: Actor) -> None:
    run(anna, "sales.quote.archive", quote.pk)
    assert customer.get(link).status_code == 404 and customer.post(link, YES).status_code == 404


# -- measuring ---------------------------------------------------------------------------------------------------------


def consent(anna: Actor, eva: Any) -> Any:
    purpose = run(anna, "channels.purpose.create", name="Angebote").record
    return run(
        anna, "channels.consent.create", person=eva.id, purpose=purpose.id, channel="tracking", email="eva@beispiel.de",
        given_at="2026-01-01T10:00:00Z", wording="Ja, Sie dürfen messen.", source="Messe", proof="Karte",
    ).record  # fmt: skip


def test_opening_is_kept_with_consent_to_it_and_only_as_long(
    customer: Client, anna: Actor, quote: Quote, eva: Any, account: Any, sink: Any
) -> None:
    given = consent(anna, eva)
    run(anna, "sales.quote.mail", quote.pk)
    deliver(account=account.id)
    link = link_in(sink.mails[0][2])
    assert f'data-opened="{link}/opened"' in customer.get(link).content.decode()
    assert not events("sales.quote.open_page")
    for _n in range(2):
        customer.post(f"{link}/opened")
    assert len(events("sales.quote.open_page")) == 1
    run(anna, "channels.consent.withdraw", given.id)
    with looking_at(today() + dt.timedelta(days=1)):
        customer.post(f"{link}/opened")
    assert len(events("sales.quote.open_page")) == 1
    assert Mail.objects.count() == 1


def test_other_tenants_see_nothing_of_an_answer(customer: Client, link: str, quote: Quote, cleo: Actor) -> None:
    customer.post(link, YES)
    with inside(cleo.tenant):
        assert not Quote.objects.exists() and not Share.objects.exists()
        with pytest.raises(Missing):
            run(cleo, "sales.quote.revoke_link", quote.pk)
