"""A colleague writes down that the customer has said yes: to which options, how, and on which day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.sales.models import Quote

pytestmark = pytest.mark.django_db
LINES = [
    {"name": "Press", "quantity": 1, "price": "1000"},
    {"name": "Training", "quantity": 1, "price": "500", "role": "optional"},
    {"name": "Other press", "quantity": 1, "price": "2000", "role": "alternative"},
]


@pytest.fixture(autouse=True)
def _files_elsewhere(settings: Any, tmp_path: Any) -> None:
    settings.KLIENTEL_FILES = tmp_path / "files"


def sent(anna: Actor, **values: Any) -> Quote:
    made = run(anna, "sales.quote.create", **{"name": "Offer", "positions": LINES, "owner": anna.member, **values})
    run(anna, "sales.quote.send", made.record.pk)
    return again(made.record)


def again(quote: Any) -> Quote:
    return Quote.objects.get(pk=quote.pk)


def paper(anna: Actor, quote: Quote) -> str:
    file = type_of("kernel.file").model.objects.get(pk=quote.evidence)
    text = PdfReader(keeping.path_of(anna.tenant, file.place)).pages[0].extract_text()
    return " ".join(text.replace("\xa0", " ").split())


def test_what_was_chosen_counts_and_a_document_says_who_said_it_how_and_who_noted_it(anna: Actor) -> None:
    quote, day = sent(anna), today()
    done = run(
        anna, "sales.quote.accept", quote.pk, name=" Eva  Sommer ", how="phone", said_on=day, note="Call at noon",
        chosen=[1], alternatives=[2],
    )  # fmt: skip
    made = again(quote)
    assert (made.state, made.signed_by, made.chosen, made.left_out) == ("accepted", "Eva Sommer", [1, 2], [0])
    assert (made.agreed_net["amount"], made.agreed["amount"]) == ("2500.00", "2975.00")
    text = paper(anna, made)
    for word in ("Eva Sommer", "telefonisch", "Anna Alster", "Call at noon", "2.975,00", "anstelle von „Press“"):
        assert word in text, word
    assert "Unterschrift" not in text and "Link" not in text
    run(anna, "sales.quote.order", quote.pk)
    assert [one["name"] for one in type_of("sales.order").model.objects.get().positions] == ["Training", "Other press"]
    undo(anna, done.change_set)
    assert (again(quote).state, again(quote).chosen, again(quote).evidence) == ("sent", [], None)


def test_what_cannot_be_chosen_and_days_that_cannot_be_are_refused_and_nothing_is_written(anna: Actor) -> None:
    quote = sent(anna)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"chosen": [0]}, "no_option"),
        ({"alternatives": [1]}, "no_alternative"),
        ({"said_on": today() + dt.timedelta(days=1)}, "in_the_future"),
        ({"how": "pigeon"}, "not_a_choice"),
    ]
    for values, code in wrong:
        with pytest.raises(Refused) as no:
            run(anna, "sales.quote.accept", quote.pk, name="Eva", **values)
        assert no.value.code == code
    assert (again(quote).state, again(quote).signed_by) == ("sent", "")


def test_a_yes_after_the_end_is_refused_one_that_came_in_time_is_not(anna: Actor) -> None:
    end = today()
    quote = sent(anna, valid_until=end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("klientel.sales.actions.quote.today", lambda: end + dt.timedelta(days=1))
        with pytest.raises(Refused) as no:
            run(anna, "sales.quote.accept", quote.pk)
        assert (no.value.code, no.value.field) == ("past", "said_on")
        run(anna, "sales.quote.accept", quote.pk, said_on=end)
    assert again(quote).state == "accepted"


def test_its_owner_gets_the_task_where_somebody_else_noted_it(anna: Actor) -> None:
    boris = make_member("Boris", [{"record": "*", "verb": "*"}])
    tasks = type_of("work.task").model.objects.filter(subject__contains="angenommen")
    run(anna, "sales.quote.accept", sent(anna).pk, name="Eva")
    assert not tasks.exists()
    quote = sent(anna)
    run(boris, "sales.quote.accept", quote.pk, name="Eva", note="calls back")
    [task] = tasks
    assert (task.owner, task.concerns, task.description) == (anna.member, [quote.pk], "calls back")


def test_the_page_adds_up_what_is_chosen_and_writes_it_down(client: Client, actor: Actor, tenant: Any) -> None:
    person = run(actor, "contacts.person.create", first_name="Eva", last_name="Sommer").record
    quote = sent(actor, person=person.pk)
    at = f"/quotes/{quote.pk}/do/accept"
    page = client.get(at).content.decode()
    assert 'value="Eva Sommer"' in page and 'name="option"' in page and 'value="main" checked' in page
    shown = client.post(at, {"sum": "1", "option": "1", "instead-0": "2", "name": "Eva"}).content.decode()
    assert "2,975.00" in shown and again(quote).state == "sent"
    late = {"option": "1", "name": "Eva", "said_on": "2199-01-01"}
    answer = client.post(at, late)
    assert answer.status_code == 422 and b"said_on-error" in answer.content and again(quote).state == "sent"
    answer = client.post(
        at, {"option": "1", "instead-0": "2", "name": "Eva", "how": "phone", "said_on": "", "note": ""}
    )
    assert answer.status_code == 302
    assert (again(quote).state, again(quote).chosen) == ("accepted", [1, 2])
    assert "Nothing is to be noted" in client.get(at).content.decode()
