"""The condition builder: parts come and go by form posts, say themselves, refuse at the part, and lose nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.conditions import say
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.kernel.web import builder
from klientel.kernel.web.builder.reading import from_json
from klientel.kernel.web.builder.writing import Writing

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
STORED: list[Any] = [
    {"all": [{"field": "stage", "op": "is", "value": "customer"}]},
    {"any": [{"field": "first_name", "op": "starts", "value": "An"},
             {"field": "owner", "op": "is", "value": {"me": True}}]},
    {"not": {"any": [{"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}]}},
    {"not": {"all": [{"field": "birthday", "op": "before", "value": {"days_ago": 3}}]}},
    {"all": [{"field": "birthday", "op": "after", "value": {"days_ago": -3}}]},
    {"all": [{"field": "birthday", "op": "during", "value": {"this": "quarter"}}]},
    {"all": [{"field": "birthday", "op": "during", "value": {"last": 3, "unit": "month"}}]},
    {"all": [{"field": "birthday", "op": "between", "value": ["2020-01-01", "2021-02-03"]}]},
    {"all": [{"field": "changed_at", "op": "within", "value": -30}]},
    {"all": [{"field": "organisation.employees", "op": "between", "value": [10, 500]}]},
    {"all": [{"field": "first_name", "op": "one_of", "value": ["Anna", "Otto"]}]},
    {"all": [{"field": "birthday", "op": "empty"}, {"any": [{"all": []}]}]},
    {"all": [{"has": "work.task.concerns", "times": {"over": 2},
              "where": {"any": [{"field": "subject", "op": "contains", "value": "a"}]}}]},
    {"all": [{"happened": "work.call.create", "within": {"days": 30}, "times": {"is": 1}}]},
    {"all": [{"happened": "contacts.person.change"}]},
]  # fmt: skip


@pytest.mark.parametrize("json", STORED)
def test_what_is_stored_comes_back_as_it_was(anna: Actor, json: Any) -> None:
    scope, rtype = ActorScope(anna), type_of("contacts.person")
    writing = Writing(scope, "where")
    made = writing.group(rtype, from_json(scope, rtype, json), "where")
    assert not writing.refusals
    assert made == json


@pytest.mark.parametrize("json", STORED)
def test_what_is_drawn_and_sent_is_what_was_stored(client: Client, actor: Actor, json: Any) -> None:
    address = reverse("conditions", args=["persons"])
    page = client.get(address, {"where": orjson.dumps(json).decode()})
    answer = client.post(address, _controls(page.content.decode()))
    assert answer.status_code == 302, answer.content.decode()
    assert orjson.loads(parse_qs(urlsplit(answer["Location"]).query)["where"][0]) == json


def _controls(html: str) -> dict[str, list[str]]:
    """What a browser would send of this page."""
    from html.parser import HTMLParser

    class Form(HTMLParser):
        sent: dict[str, list[str]] = {}
        select = ""
        first: list[str] = []
        many = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            a = {k: v or "" for k, v in attrs}
            name = a.get("name", "")
            if tag == "select":
                self.select, self.first, self.many = name, [], "multiple" in a
            elif tag == "option" and self.select:
                self.first.append(a.get("value", ""))
                if "selected" in a:
                    self.sent.setdefault(self.select, []).append(a.get("value", ""))
            elif tag == "input" and name.startswith("where") and ("checked" in a or a.get("type") != "checkbox"):
                self.sent.setdefault(name, []).append(a.get("value", ""))

        def handle_endtag(self, tag: str) -> None:
            if tag == "select":
                if self.select not in self.sent and not self.many and self.first:
                    self.sent[self.select] = self.first[:1]
                self.select = ""

    form = Form()
    form.sent = {}
    form.feed(html)
    return {k: v for k, v in form.sent.items() if k.startswith("where")}


def test_a_part_is_added_and_taken_away_without_scripts_and_the_rest_stays_as_typed(client: Client) -> None:
    address = reverse("conditions", args=["persons"])
    typed = {"where:how": "any", "where:0:what": "field:first_name", "where:0:op": "starts", "where:0:v": "Zoë <b>"}
    more = client.post(address, typed | {"where!": "add where"}).content.decode()
    assert more.count('class="clause"') == 2
    assert "Zoë &lt;b&gt;" in more
    less = client.post(address, _controls(more) | {"where!": "drop where:1"}).content.decode()
    assert less.count('class="clause"') == 1
    nested = client.post(address, _controls(less) | {"where!": "group where"}).content.decode()
    assert nested.count("<fieldset") == 2
    assert "Zoë &lt;b&gt;" in nested


def test_nonsense_is_refused_at_the_part_and_nothing_typed_is_lost(client: Client) -> None:
    address = reverse("conditions", args=["persons"])
    sent = {
        "where:how": "all",
        "where:0:what": "field:first_name", "where:0:op": "is", "where:0:v": "Anna",
        "where:1:what": "field:birthday", "where:1:op": "before", "where:1:v": "soon",
        "where:2:what": "has:work.task.concerns", "where:2:w:how": "all",
        "where:2:w:0:what": "field:due", "where:2:w:0:op": "within", "where:2:w:0:n": "many",
    }  # fmt: skip
    answer = client.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="where:1:error">' in page
    assert 'id="where:2:w:0:error">' in page
    assert 'id="where:0:error" hidden' in page
    assert 'value="soon"' in page
    assert 'value="many"' in page


def test_each_part_says_itself_while_it_is_typed(client: Client) -> None:
    typed = {"prefix": "where", "where:how": "all", "where!": "say where", "where:0:what": "field:birthday",
             "where:0:op": "during", "where:0:when": "last", "where:0:n": "2", "where:0:unit": "week"}  # fmt: skip
    answer = client.post(reverse("builder", args=["persons"]), typed, **FETCH)
    assert "birthday: the last 2 weeks" in answer.content.decode()


def test_a_hidden_field_is_neither_offered_nor_taken(narrow: tuple[Client, Actor]) -> None:
    browser, _boris = narrow
    address = reverse("conditions", args=["persons"])
    assert "field:birthday" not in browser.get(address).content.decode()
    sent = {"where:how": "all", "where:0:what": "field:birthday", "where:0:op": "not_empty"}
    assert browser.post(address, sent).status_code == 422


def test_a_filter_becomes_the_address_of_the_list(client: Client, actor: Actor) -> None:
    make(actor, "contacts.person", first_name="Anna", last_name="Alster")
    make(actor, "contacts.person", 2, first_name="Otto", last_name="Elbe")
    sent = {"where:how": "any", "where:0:what": "field:first_name", "where:0:op": "is", "where:0:v": "anna"}
    answer = client.post(reverse("conditions", args=["persons"]), sent, follow=True)
    assert "Anna Alster" in answer.content.decode()
    assert "Otto Elbe" not in answer.content.decode()


def test_clauses_nobody_chose_anything_in_are_no_filter(client: Client) -> None:
    answer = client.post(reverse("conditions", args=["persons"]), {"where:how": "all", "where:0:what": ""})
    assert answer.status_code == 302
    assert "where" not in answer["Location"]


PERIODS = [
    ({"this": "day"}, 0, True), ({"previous": "day"}, -1, True), ({"previous": "day"}, 0, False),
    ({"coming": "day"}, 1, True), ({"last": 3, "unit": "day"}, -2, True), ({"last": 3, "unit": "day"}, -3, False),
    ({"next": 1, "unit": "week"}, 6, True), ({"next": 1, "unit": "week"}, 7, False),
    ({"last": 1, "unit": "year"}, 1, False),
]  # fmt: skip


@pytest.mark.parametrize(("value", "days", "found"), PERIODS)
def test_periods_begin_and_end_where_they_should(anna: Actor, value: Any, days: int, found: bool) -> None:
    day = (today() + dt.timedelta(days=days)).isoformat()
    run(anna, "contacts.person.create", last_name="Tag", birthday=day)
    where = {"field": "birthday", "op": "during", "value": value}
    assert bool(select(ActorScope(anna), type_of("contacts.person"), where=where).rows) is found


@pytest.mark.parametrize(
    "value", [None, {}, {"this": "age"}, {"last": 0, "unit": "day"}, {"last": 1}, {"this": "day", "x": 1}]
)
def test_a_period_that_is_none_is_refused(anna: Actor, value: Any) -> None:
    with pytest.raises(Refused):
        select(ActorScope(anna), type_of("contacts.person"),
               where={"field": "birthday", "op": "during", "value": value})  # fmt: skip


def test_a_saved_view_is_asked_by_name_and_ends_where_it_leads_to_itself(anna: Actor) -> None:
    scope, rtype = ActorScope(anna), type_of("contacts.person")
    make(anna, rtype, first_name="Anna")
    make(anna, rtype, 2, first_name="Otto")
    view = run(anna, "kernel.view.create", name="Annas", record_type=rtype.key, owner=anna.member,
               condition={"field": "first_name", "op": "is", "value": "Anna"}).record  # fmt: skip
    where = {"in": f"view:{view.id}"}
    assert len(select(scope, rtype, where=where).rows) == 1
    with translation.override("en"):
        assert say(rtype, where, scope) == "in the view “Annas”"
    assert builder.of(scope, rtype, where).parts[0].typed.word("view") == str(view.id)
    with pytest.raises(Refused):
        run(anna, "kernel.view.change", view.id, condition=where)
    with pytest.raises(Refused):
        select(scope, type_of("contacts.organisation"), where=where)
