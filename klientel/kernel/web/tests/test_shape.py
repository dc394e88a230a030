"""The settings of fields: rules by the builder, choices, layouts; and how they show in forms and pages."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of

ORG = "contacts.organisation"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
LARGE = {"required_when:how": "all", "required_when:0:what": "field:employees", "required_when:0:op": "over",
         "required_when:0:v": "100", "visible_when:how": "all"}  # fmt: skip


def test_a_rule_is_made_by_the_page_and_tells_itself_in_the_form(client: Client, actor: Actor) -> None:
    at = reverse("settings_field", args=["organisations", "vat_id"])
    assert client.get(at).status_code == 200
    assert client.post(at, LARGE).status_code == 302
    assert "Must be filled in when: number of employees over 100" in client.get(
        reverse("settings_fields", args=["organisations"])
    ).content.decode()  # fmt: skip
    form = client.get("/organisations/new").content.decode()
    assert 'data-ruled="/organisations/shown"' in form
    refused = client.post("/organisations/new", {"name": "Large", "employees": "300"})
    assert refused.status_code == 422
    shown = client.post("/organisations/shown", {"employees": "300"}, **FETCH).json()
    assert shown == {"hidden": [], "needed": ["vat_id"]}
    assert client.post(at, {"required_when:how": "all", "visible_when:how": "all"}).status_code == 302
    assert client.post("/organisations/new", {"name": "Large", "employees": "300"}).status_code == 302


def test_a_rule_of_nonsense_is_refused_at_its_part_and_a_button_saves_nothing(client: Client) -> None:
    at = reverse("settings_field", args=["organisations", "vat_id"])
    answer = client.post(at, LARGE | {"required_when:0:v": "many"})
    assert answer.status_code == 422
    assert 'value="many"' in answer.content.decode()
    assert client.post(at, LARGE | {"required_when!": "add required_when"}).status_code == 200
    assert not type_of("kernel.fieldrule").model.objects.exists()


def test_what_does_not_apply_is_not_on_the_page(client: Client, actor: Actor) -> None:
    firm = run(actor, f"{ORG}.create", name="Firm", employees=3, vat_id="DE136695976").record
    at = reverse("record", args=["organisations", firm.id])
    assert "DE136695976" in client.get(at).content.decode()
    large = {"field": "employees", "op": "over", "value": 100}
    run(actor, "kernel.fieldrule.create", record_type=ORG, field="vat_id", visible_when=large)
    assert "DE136695976" not in client.get(at).content.decode()


def test_choices_are_edited_as_rows(client: Client) -> None:
    at = reverse("settings_field", args=["organisations", "stage"])
    page = client.get(at).content.decode()
    sent = dict(re.findall(r'name="(choice-\d+-key)" value="([^"]*)"', page))
    fields = dict(re.findall(r'name="(choice-\d+-(?:de|en|place))" value="([^"]*)"', page))
    first = next(iter(sent.values()))
    sent = sent | fields | {"choice-0-retired": "1", "choice-0-de": "Früher", "choice-0-en": "Former"}
    new = {"choice-90-de": "Wunschkunde", "choice-90-en": "Dream", "choice-90-place": "1", "choice-90-tone": "plum"}
    rules = {"required_when:how": "all", "visible_when:how": "all"}
    answer = client.post(at, sent | new | rules)
    assert answer.status_code == 302, answer.content.decode()
    stage = type_of(ORG).fields["stage"]
    assert stage.options()[0][0] == "wunschkunde"
    assert stage.retired == {first}
    form = client.get("/organisations/new").content.decode()
    assert ">Dream<" in form
    assert ">Former<" not in form


def test_a_layout_is_edited_and_shapes_form_and_page(client: Client, actor: Actor) -> None:
    made = run(actor, "kernel.layout.create", name="Short", record_type=ORG, active=True).record
    at = reverse("settings_layout", args=[made.id])
    assert client.get(at).status_code == 200
    sent = {"de": ["Kurz"], "en": ["Short one"], "field": ["stage", "name"], "section": ["1", "1"], "place": ["2", "1"]}
    assert client.post(at, sent).status_code == 302
    form = client.get("/organisations/new").content.decode()
    assert "Short one" in form
    assert 'name="vat_id"' not in form
    firm = run(actor, f"{ORG}.create", name="Firm", vat_id="DE136695976").record
    assert "DE136695976" not in client.get(reverse("record", args=["organisations", firm.id])).content.decode()
    refused = client.post(at, sent | {"field": ["stage", "vat_id"]})
    assert refused.status_code == 422


def test_who_may_not_shape_does_not(narrow: tuple[Client, Actor]) -> None:
    browser, _boris = narrow
    assert browser.get(reverse("settings_fields", args=["organisations"])).status_code == 403
    assert browser.post(reverse("settings_field", args=["organisations", "vat_id"]), LARGE).status_code == 403
    assert not type_of("kernel.fieldrule").model.objects.exists()


def test_a_roll_up_says_which_records_it_counts(client: Client, actor: Actor) -> None:
    run(actor, "kernel.customfield.create", record_type=ORG, name="x_people", label_de="Leute", kind="roll_up",
        privacy="public", roll_by="contacts.person.organisation", roll_what="count")  # fmt: skip
    at = reverse("settings_field", args=["organisations", "x_people"])
    assert "field:last_name" in client.get(at).content.decode()
    sent = {"roll_where:how": "all", "roll_where:0:what": "field:last_name", "roll_where:0:op": "is",
            "roll_where:0:v": "Alster"}  # fmt: skip
    assert client.post(at, sent).status_code == 302
    firm = run(actor, f"{ORG}.create", name="Firm").record
    for name in ("Alster", "Bille"):
        run(actor, "contacts.person.create", last_name=name, organisation=firm.id)
    page = client.get(f"/organisations/?columns=x_people&where=%7B%22id%22%3A%5B%22{firm.id}%22%5D%7D").content.decode()
    assert re.search(r'<td class="[^"]*num[^"]*"[^>]*>1</td>', page)


def test_a_view_says_on_its_page_where_it_is_used(client: Client, actor: Actor) -> None:
    views = [
        run(actor, "kernel.view.create", name=name, record_type=ORG, owner=actor.member, shared="own",
            condition={"in": f"view:{asked}"} if asked else {}).record
        for name, asked in (("Base", ""),)
    ]  # fmt: skip
    above = run(actor, "kernel.view.create", name="Above", record_type=ORG, owner=actor.member, shared="own",
                condition={"in": f"view:{views[0].id}"}).record  # fmt: skip
    page = client.get(reverse("record", args=["views", views[0].id])).content.decode()
    assert f"/views/{above.id}/" in page
    answer = client.post(reverse("view_delete", args=[views[0].id]))
    assert answer.status_code == 422
    assert "Above" in answer.content.decode()


def test_only_types_with_a_place_in_the_sidebar_have_a_tab(client, actor):
    page = client.get(reverse("settings_fields", args=["persons"])).content.decode()
    tabs = page.partition('<nav class="tabs bar"')[2].partition("</nav>")[0]
    assert reverse("settings_fields", args=["organisations"]) in tabs
    assert reverse("settings_fields", args=["not-duplicates"]) not in tabs
    assert reverse("settings_fields", args=["files"]) not in tabs
