"""What pages promise beyond one record type: rights, refusals, undo, filters, few statements."""

from __future__ import annotations

import re

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing import make
from klientel.work.models import Note

pytestmark = pytest.mark.django_db
CREATE = "contacts.person.create"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


def people(actor: Actor, n: int, **given: object) -> list[Person]:
    return [
        run(
            actor, "contacts.person.create", first_name=f"Nele {i}", last_name="Janssen", owner=actor.member, **given
        ).record
        for i in range(n)
    ]


def titles(answer: object) -> list[str]:
    return re.findall(r'<a class="trunc" href="/persons/[^"]+">([^<]+)</a>', answer.content.decode())  # type: ignore[attr-defined]


def test_who_is_not_signed_in_is_led_to_the_sign_in() -> None:
    answer = Client().get("/persons/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login?next=%2Fpersons%2F")
    assert Client().get("/persons/", **FETCH).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=nele",
        "/palette",
        "/palette/places",
        "/settings",
        "/settings/workspace",
        "/settings/invitations",
        "/trash",
        "/notifications",
        "/notifications/choice",
        "/notifications/latest",
        "/import",
        "/more",
        "/persons/conditions",
        "/persons/count",
        "/options/contacts.person?q=ne",
        "/options/any?q=ne",
        "/options/kernel.member",
    ],
)
def test_every_place_opens(client: Client, actor: Actor, path: str) -> None:
    people(actor, 2)
    assert client.get(path).status_code == 200


def test_what_an_address_or_a_form_says_and_no_program_would_is_refused(client: Client, actor: Actor) -> None:
    one, two = people(actor, 2)
    run(actor, "contacts.person.merge", one.pk, records=[two.pk])
    for path in (
        f"/persons/{one.pk}/unmerge?merge=abc",
        "/persons/merge?id=abc",
        "/notifications?before=abc",
    ):
        assert client.get(path).status_code == 404, path
    assert client.post("/persons/bulk/merge", {"id": ["abc", str(one.pk)]}).status_code == 404
    for version in ("²", "9" * 5000):
        assert client.post(f"/persons/{one.pk}/edit", {"version": version}).status_code < 500


def test_a_colleague_sees_only_what_the_grants_say(client: Client, actor: Actor, narrow: tuple[Client, Actor]) -> None:
    browser, boris = narrow
    [hers] = people(actor, 1, phones=[{"value": "+4940123456"}])
    his = run(
        actor,
        "contacts.person.create",
        first_name="Otto",
        last_name="Own",
        owner=boris.member,
        phones=[{"value": "+4940999888"}],
        birthday="1980-02-03",
    ).record
    assert titles(browser.get("/persons/")) == ["Otto Own"]
    assert browser.get(f"/persons/{hers.pk}/").status_code == 404
    page = browser.get(f"/persons/{his.pk}/")
    assert page.status_code == 200
    assert "999888" not in page.content.decode()
    assert "1980" not in page.content.decode()
    assert browser.get(f"/persons/{his.pk}/field/phones").status_code == 404
    assert browser.get("/tasks/").status_code == 403
    refused = browser.post(f"/persons/{his.pk}/field/stage", {"stage": "customer"}, **FETCH)
    assert refused.status_code in (403, 404)
    assert Person.objects.get(pk=his.pk).stage == ""


def test_another_tenants_record_is_not_there(client: Client, tenant: Tenant, cleo: Actor) -> None:
    with inside(cleo.tenant):
        foreign = run(cleo, "contacts.person.create", last_name="Fremd").record
    for path in ("", "edit", "peek", "field/stage", "do/archive"):
        assert client.get(f"/persons/{foreign.pk}/{path}").status_code == 404
    assert client.post(f"/persons/{foreign.pk}/do/archive").status_code == 404
    with inside(cleo.tenant):
        assert Person.objects.get(pk=foreign.pk).archived_at is None


def test_a_bulk_action_is_undone_as_one(client: Client, actor: Actor) -> None:
    some = people(actor, 3)
    answer = client.post("/persons/bulk/archive", {"id": [str(p.pk) for p in some]}, follow=True)
    assert titles(answer) == []
    undo = re.search(r'data-undo="([^"]+)"', answer.content.decode())
    assert undo
    assert client.post(undo[1], **FETCH).json()["records"] == 3
    assert len(titles(client.get("/persons/"))) == 3


def test_a_bulk_action_asks_for_what_it_needs(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    asked = client.post("/persons/bulk/tag", {"id": [str(person.pk)], "ask": "1"})
    assert asked.status_code == 200
    assert str(person.pk) in asked.content.decode()
    tag = make(actor, "kernel.tag")
    client.post("/persons/bulk/tag", {"id": [str(person.pk)], "_field": "tags", "tags": str(tag.pk)})
    assert Person.objects.get(pk=person.pk).tags == [tag.pk]


def test_a_field_changes_in_place_and_a_stale_version_does_not(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    at = f"/persons/{person.pk}/field/position"
    done = client.post(at, {"position": "<b>Chefin</b>", "version": 1, "cell": 1}, **FETCH)
    assert done.json()["html"] == "&lt;b&gt;Chefin&lt;/b&gt;"
    assert done.json()["version"] == 2
    stale = client.post(at, {"position": "Andere", "version": 1, "cell": 1}, **FETCH)
    assert stale.status_code == 409
    assert Person.objects.get(pk=person.pk).position == "<b>Chefin</b>"
    assert client.post(done.json()["undo"], **FETCH).status_code == 200
    assert Person.objects.get(pk=person.pk).position == ""


def test_an_edit_that_came_too_late_shows_both_values(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    run(actor, "contacts.person.change", person.pk, position="Hers")
    late = client.post(f"/persons/{person.pk}/edit", {"_field": "position", "position": "Mine", "version": 1})
    assert late.status_code == 409
    assert "Hers" in late.content.decode()
    assert "Mine" in late.content.decode()


def test_a_filter_selects_and_says_so(client: Client, actor: Actor) -> None:
    people(actor, 2)
    run(actor, "contacts.person.create", last_name="Allein", stage="lead")
    where = orjson.dumps({"all": [{"field": "stage", "op": "is", "value": "lead"}]}).decode()
    answer = client.get("/persons/", {"where": where})
    assert titles(answer) == ["Allein"]
    assert "Lifecycle stage is Lead" in answer.content.decode() or "lifecycle stage is Lead" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"where": "{"},
        {"where": '{"field":"nothing","op":"is","value":1}'},
        {"where": '{"any":' * 40 + "[]" + "}" * 40},
        {"sort": "secret"},
        {"after": "%%%"},
        {"where": "x" * 30_000},
    ],
)
def test_what_an_address_says_wrongly_is_refused_in_a_sentence(
    client: Client, actor: Actor, query: dict[str, str]
) -> None:
    people(actor, 1)
    answer = client.get("/persons/", query)
    assert answer.status_code in (200, 422)
    assert 'class="alert bad"' in answer.content.decode() or "Nothing was changed." in answer.content.decode()
    assert titles(answer) == []


def test_pages_follow_each_other_without_gap(client: Client, actor: Actor) -> None:
    made = people(actor, 120)
    seen: list[str] = []
    at: str | None = "/persons/?sort=first_name"
    while at:
        answer = client.get(at)
        seen += titles(answer)
        found = re.search(r'rel="next"[^>]* href="([^"]+)"', answer.content.decode())
        at = found[1].replace("&amp;", "&") if found else None
    assert sorted(seen) == sorted(p.title for p in made)


def test_a_view_is_saved_and_found_again(client: Client, actor: Actor) -> None:
    people(actor, 1)
    run(actor, "contacts.person.create", last_name="Allein", stage="lead")
    where = '{"all":[{"field":"stage","op":"is","value":"lead"}]}'
    saved = client.post(
        "/persons/views", {"name": "Leads", "where": where, "columns": "stage", "sort": "-changed_at", "shared": "own"}
    )
    assert saved.status_code == 302
    assert titles(client.get(saved["Location"])) == ["Allein"]


def test_a_note_stands_on_the_timeline_as_it_was_typed(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    client.post(
        "/notes/new",
        {
            "_field": ["concerns", "text"],
            "concerns": str(person.pk),
            "text-plain": "1",
            "text": "1 < 2\n<script>alert(1)</script>",
            "next": f"/persons/{person.pk}/",
        },
    )
    assert Note.objects.get().text == "<p>1 &lt; 2<br>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    page = client.get(f"/persons/{person.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "1 &lt; 2" in page


def test_likely_duplicates_are_named_while_typing(client: Client, actor: Actor) -> None:
    run(
        actor,
        "contacts.person.create",
        first_name="Sabine",
        last_name="Hofmann",
        emails=[{"value": "s.hofmann@example.org"}],
    )
    answer = client.post(
        "/persons/similar",
        {
            "_field": ["first_name", "last_name", "emails"],
            "first_name": "Sabine",
            "last_name": "Hofman",
            "emails-0-value": "s.hofmann@example.org",
        },
        **FETCH,
    )
    assert "Sabine Hofmann" in answer.content.decode()


def test_another_site_is_never_where_a_form_leads(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    for evil in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"):
        answer = client.post(f"/persons/{person.pk}/do/assign", {"next": evil, "_field": "owner", "owner": ""})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/persons/")


@pytest.mark.parametrize(("path", "most"), [("/persons/", 16), ("/palette?q=nele", 10), ("/", 22)])
def test_statements_do_not_grow_with_the_rows(client: Client, actor: Actor, path: str, most: int) -> None:
    people(actor, 3)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(path)
    people(actor, 9)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)
    assert len(few) <= most, [q["sql"][:120] for q in few]


def test_a_record_page_costs_few_statements(client: Client, actor: Actor) -> None:
    firm = run(actor, "contacts.organisation.create", name="Hansewerk").record
    [person] = people(actor, 1, organisation=str(firm.pk))
    for n in range(5):
        run(actor, "work.task.create", subject=f"Task {n}", concerns=[str(person.pk)], owner=actor.member)
        run(actor, "work.note.create", text="Note", concerns=[str(person.pk)])
    client.get(f"/persons/{person.pk}/")
    with CaptureQueriesContext(connection) as found:
        assert client.get(f"/persons/{person.pk}/").status_code == 200
    assert len(found) <= 34, [q["sql"][:120] for q in found]


def test_a_list_leaves_as_a_file_with_harmless_cells(
    client: Client, actor: Actor, narrow: tuple[Client, Actor]
) -> None:
    run(actor, CREATE, last_name="=HYPERLINK(1)")
    answer = client.get("/persons/export?format=csv")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="persons.csv"'
    assert b"=HYPERLINK" in body
    assert b"\n=HYPERLINK" not in body
    assert b";=HYPERLINK" not in body
    assert narrow[0].get("/persons/export?format=csv").status_code == 403
    assert client.get("/persons/export?format=exe").status_code == 422


def test_all_of_a_filtered_list_is_what_the_page_says(client: Client, actor: Actor) -> None:
    people(actor, 60, stage="lead")
    run(actor, CREATE, last_name="Bleibt", stage="customer")
    page = client.get("/persons/", {"where": '{"all":[{"field":"stage","op":"is","value":"lead"}]}'}).content.decode()
    kept = re.search(r"""<input type="hidden" name="where" value='([^']*)'""", page)
    assert kept
    client.post("/persons/bulk/archive", {"all": "1", "where": kept[1], "id": []})
    assert titles(client.get("/persons/")) == ["Bleibt"]


def test_a_field_of_ones_own_is_in_form_list_filter_and_timeline(client: Client, actor: Actor) -> None:
    given = {"record_type": "contacts.person", "name": "x_rank", "kind": "choice", "privacy": "public"}
    given |= {"label_de": "Rang", "label_en": "Rank", "choices": "a = Gold | gold\nb = Silber | silver"}
    answer = client.post("/fields/new", {"_field": list(given), **given})
    assert answer.status_code == 302, answer.content.decode()
    assert 'name="x_rank"' in client.get("/persons/new").content.decode()
    made = client.post("/persons/new", {"_field": ["last_name", "x_rank"], "last_name": "Janssen", "x_rank": "a"})
    page = client.get(made["Location"]).content.decode()
    assert "Rank" in page
    assert "gold" in page
    where = '{"all":[{"field":"x_rank","op":"is","value":"a"}]}'
    listed = client.get("/persons/", {"columns": "x_rank", "where": where, "sort": "x_rank"})
    assert titles(listed) == ["Janssen"]
    assert "gold" in listed.content.decode()


def test_a_page_offers_what_fits_its_record(client: Client, actor: Actor) -> None:
    tasks = [run(actor, "work.task.create", subject=name).record for name in ("Anrufen", "Schreiben")]
    run(actor, "work.task.complete", tasks[1].id)
    for task, offered, not_offered in ((tasks[0], "complete", "reopen"), (tasks[1], "reopen", "complete")):
        menu = client.get(f"/tasks/{task.id}/").text.partition('id="m-more"')[2]
        assert f"/do/{offered}" in menu
        assert f"/do/{not_offered}" not in menu


def test_a_file_stands_on_the_record_it_was_given_to(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1)
    sent = {"file": SimpleUploadedFile("offer.txt", b"ten chairs"), "concerns": str(person.pk)}
    assert client.post("/files/upload", sent).status_code == 201
    page = client.get(f"/persons/{person.pk}/").content.decode()
    assert "offer.txt" in page


PLACES = ["/", "/persons/", "/organisations/", "/search?q=a", "/palette", "/notifications", "/settings", "/import"]


@pytest.mark.parametrize("path", PLACES)
def test_places_open_for_narrow_rights_too(narrow: tuple[Client, Actor], path: str) -> None:
    run(narrow[1], CREATE, last_name="Own", owner=narrow[1].member)
    assert narrow[0].get(path).status_code == 200


def test_a_cancel_link_leads_to_our_own_pages_only(client: Client) -> None:
    for evil in ("javascript:alert(1)", "https://evil.example/", "//evil.example"):
        for path in ("/persons/new", "/tasks/new"):
            assert evil not in client.get(path, {"next": evil}).content.decode()


def test_a_favourite_view_stands_in_the_sidebar_of_whoever_may_use_it(
    client: Client, actor: Actor, narrow: tuple[Client, Actor]
) -> None:
    kept = {"where": "", "columns": "stage", "sort": "name", "favourite": "1"}
    client.post("/persons/views", {"name": "Only mine", "shared": "own", **kept})
    client.post("/persons/views", {"name": "For all", "shared": "all", **kept})
    mine, his = (c.get("/").content.decode() for c in (client, narrow[0]))
    assert "Only mine" in mine
    assert "For all" in mine
    assert "Only mine" not in his
    assert "For all" in his


def test_a_warning_stands_on_the_page_until_it_is_acknowledged(client: Client, actor: Actor) -> None:
    [person] = people(actor, 1, emails=[{"value": "nele@gmial.com"}])
    page = client.get(f"/persons/{person.pk}/").content.decode()
    assert "nele@gmail.com" in page
    accept = re.search(r'action="(/warnings/[^"]+/do/accept)"', page)
    assert accept is not None
    assert client.post(accept[1]).status_code == 302
    assert "nele@gmail.com" not in client.get(f"/persons/{person.pk}/").content.decode()


def test_each_page_shows_what_leads_to_its_own_record_and_names_where_it_leads(client: Client, actor: Actor) -> None:
    firm, other = (run(actor, "contacts.organisation.create", name=name).record for name in ("Elbwerk", "Moorhof"))
    nele, jana = (
        run(actor, CREATE, first_name=name, last_name="Janssen", organisation=at.pk).record
        for name, at in (("Nele", firm), ("Jana", other))
    )
    for at, own, foreign in ((firm, nele, jana), (other, jana, nele), (firm, nele, jana)):
        page = client.get(f"/organisations/{at.pk}/").content.decode()
        assert (own.title in page, foreign.title in page) == (True, False)
        assert at.title in client.get(f"/persons/{own.pk}/").content.decode()
    later = run(actor, CREATE, first_name="Ole", last_name="Janssen", organisation=firm.pk).record
    assert later.title in client.get(f"/organisations/{firm.pk}/").content.decode()


NOTHING_NEXT = "No next step is planned"


def test_what_comes_next_is_asked_where_somebody_keeps_after_a_record_and_told_wherever_it_is(
    client: Client, actor: Actor
) -> None:
    def page(slug: str, record: object) -> str:
        return client.get(f"/{slug}/{record.pk}/").content.decode()  # type: ignore[attr-defined]

    [person] = people(actor, 1)
    task = run(actor, "work.task.create", subject="Call", due="2199-01-05").record
    product = run(actor, "sales.product.create", name="Crate").record
    assert NOTHING_NEXT in page("persons", person)
    for slug, record in (("tasks", task), ("products", product)):
        assert "Next step" not in page(slug, record)
    times = {"begins": "2199-01-05T10:00:00Z", "ends": "2199-01-05T11:00:00Z"}
    run(actor, "work.meeting.create", subject="Visit", concerns=[person.pk, product.pk], **times)
    for slug, record in (("persons", person), ("products", product)):
        shown = page(slug, record)
        assert NOTHING_NEXT not in shown
        assert re.search(r'id="next-title".*?</h2>.*?>Visit</a>', shown, re.DOTALL)


def test_what_comes_after_an_entry_stands_on_its_page_and_is_not_made_by_hand(client: Client, actor: Actor) -> None:
    first = run(actor, "work.task.create", subject="Report", due="2026-11-24", repeats="weekly").record
    run(actor, "work.task.complete", first.pk)
    page = client.get(f"/tasks/{first.pk}/").content.decode()
    after = re.search(r'href="(/tasks/[^/"]+/)"[^>]*>[^<]*Report', page)
    assert "Comes next" in page
    assert after is not None
    assert "?follows=" not in page
    assert "Comes next" not in client.get(after[1]).content.decode()
