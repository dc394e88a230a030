"""Promises of privacy, for every record type that is declared: reported, erased, restricted, by declaration alone."""

from __future__ import annotations

import os
from uuid import UUID

import orjson
import pytest
from django.db import connection

from klientel.kernel import events, tenancy, writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.files.storing import store
from klientel.kernel.kinds import Links, Privacy, Text
from klientel.kernel.kinds.choice import Choice
from klientel.kernel.records import all_types, reverses, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.kernel.transfer.models import ImportRow, ImportRun, StagedRow
from klientel.privacy import erasing, ledger, restricting
from klientel.privacy.models import Erasure
from klientel.privacy.report import PARTS, report
from klientel.privacy.subject import for_privacy

PERSONAL = [t.key for t in all_types() if t.personal]
TOKEN = "Zyxqua"


def filled(actor, key, token=TOKEN, **given):
    """A person whose every personal word holds the token."""
    values = {}
    for name, kind in type_of(key).fields.items():
        if kind.privacy != Privacy.PUBLIC and type(kind).key in ("text", "long_text", "rich_text"):
            values[name] = f"{token}{name} {token}sen"[: kind.max_length or None]
    values |= {
        "emails": [f"{token}@example.org", f"old.{token}@example.org"],
        "phones": ["+49 30 5551234"],
        "addresses": [{"street": f"{token}weg 5", "city": f"{token}stadt", "country": "DE"}],
        "website": f"https://{token}.example.org",
    }
    known = type_of(key).fields
    return make(actor, key, **{n: v for n, v in values.items() if n in known} | given)


def all_words():
    """Every row of every table of the database, as text; as the database's owner sees it."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND has_table_privilege(c.oid, 'select')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(x)::text, ' '), '') FROM {table} x")
            found[table] = cursor.fetchone()[0].lower()
    return found


def where(word):
    with inside(tenancy.current(), purpose="privacy"):
        return [t for t, text in all_words().items() if word.lower() in text]


def ways():
    """Every link of every type that can lead to a person."""
    return [(key, way.source.key, way.field) for key in PERSONAL for way in reverses(type_of(key)).values()]


def linked_from(actor, source, field, ids, **given):
    """A record of this type that leads to these records by this field; its other required links lead there too."""
    rtype = type_of(source)
    many = isinstance(rtype.fields[field], Links)
    return make(actor, source, 7, **{field: ids if many else ids[0]} | given)


def test_there_are_ways():
    assert PERSONAL == ["contacts.person"] and len(ways()) > 8


@pytest.mark.parametrize(("key", "source", "field"), ways())
def test_whatever_leads_to_a_person_is_reported_and_does_not_keep_them(anna, key, source, field):
    person = filled(anna, key)
    rtype = type_of(source)
    words = {
        n: f"{TOKEN}{n}"
        for n, k in rtype.fields.items()
        if isinstance(k, Text)
        and not isinstance(k, Choice)
        and k.privacy != Privacy.PUBLIC
        and not k.readonly
        and type(k).key in ("text", "long_text", "rich_text")
    }
    about_only = field in rtype.concerns or rtype.fields[field].required
    record = linked_from(anna, source, field, [person.id], **(words if about_only and not rtype.personal else {}))
    told = orjson.dumps(report(anna, type_of(key), person.id)).decode()
    assert str(record.id) in told or rtype.system
    erasing.erase(anna, type_of(key), person.id, "request")
    assert where(TOKEN) == []
    assert where("5551234") == []
    if not about_only:
        assert get(ActorScope(anna), rtype, record.id)


@pytest.mark.parametrize("key", PERSONAL)
def test_the_report_holds_every_personal_value_in_thirteen_parts(anna, key):
    person = filled(anna, key)
    told = report(anna, type_of(key), person.id)
    assert [p["key"] for p in told["parts"]] == list(PARTS) and len(PARTS) == 13
    rtype = type_of(key)
    copied = {f["name"]: f["value"] for f in told["parts"][1]["entries"][0]["fields"]}
    for name in rtype.personal_fields():
        value = rtype.value(person, name)
        if not rtype.fields[name].is_empty(value):
            assert copied[name] == rtype.fields[name].plain(value), name
    assert all(p["entries"] or p["empty"] for p in told["parts"])
    assert "Anna Alster" not in orjson.dumps([p for p in told["parts"] if p["key"] == "access_log"]).decode()


@pytest.mark.parametrize("key", PERSONAL)
def test_custom_fields_are_reported_and_erased_too(anna, key):
    run(
        anna,
        "kernel.customfield.create",
        record_type=key,
        name="x_hobby",
        label_de="Hobby",
        kind="text",
        privacy="personal",
    )
    run(
        anna,
        "kernel.customfield.create",
        record_type="contacts.organisation",
        name="x_contact",
        label_de="Kontakt",
        kind="link",
        target=key,
        privacy="public",
    )
    person = filled(anna, key, x_hobby=f"{TOKEN}hobby")
    firm = make(anna, "contacts.organisation", x_contact=person.id)
    assert f"{TOKEN}hobby" in orjson.dumps(report(anna, type_of(key), person.id)).decode()
    erasing.erase(anna, type_of(key), person.id, "request")
    assert where(TOKEN) == []
    assert str(person.id) not in str(get(ActorScope(anna), type_of("contacts.organisation"), firm.id).extra)


def test_history_keeps_who_when_and_which_field_but_no_value(anna):
    person = filled(anna, "contacts.person")
    run(anna, "contacts.person.change", person.id, emails=[f"new.{TOKEN}@example.org"], first_name=f"{TOKEN}neu")
    erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    told = events.read(Sql("e.record_id = %s", (person.id,)))
    assert [e.kind for e in told] == ["contacts.person.create", "contacts.person.change", "privacy.erased"]
    assert all(not e.changes for e in told)
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields FROM kernel_event WHERE record_id = %s ORDER BY id", [person.id])
        assert set(cursor.fetchall()[1][0]) == {"emails", "first_name"}
    assert where(TOKEN) == []


def test_files_go_and_what_is_about_others_stays_without_the_person(anna, folders):
    person = make(
        anna, "contacts.person", first_name="Kim", last_name="Zyxmuster", emails=["kim@zyx.example.org"], phones=[]
    )
    firm = make(anna, "contacts.organisation", emails=["info@zyx.example.org"], description="Frag kim@zyx.example.org")
    mine = store(anna, b"geheim", [person.id], name="Lebenslauf Kim.txt").record
    ours = store(anna, b"offen", [person.id, firm.id], name="Angebot Kim Zyxmuster.txt").record
    note = run(
        anna,
        "work.note.create",
        text="<p>Kim Zyxmuster rief an: KIM@zyx.example.org</p>",
        concerns=[person.id, firm.id],
    ).record
    run(anna, "contacts.person.comment", person.id, text="nett")
    done = erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    assert {"type": "kernel.file", "id": str(ours.id)} in done.review  # what is in it a human has to look through
    scope = ActorScope(anna)
    with pytest.raises(Missing):
        get(scope, type_of("kernel.file"), mine.id)
    assert [p.name for p in (folders / "files" / str(anna.tenant)).iterdir()] == [ours.place]
    kept = get(scope, type_of("work.note"), note.id)
    assert (kept.text, kept.concerns) == ("<p>[…] rief an: […]</p>", [firm.id])
    assert get(scope, type_of("kernel.file"), ours.id).name == "Angebot […].txt"
    assert get(scope, type_of("contacts.organisation"), firm.id).description == "Frag […]"
    assert get(scope, type_of("contacts.organisation"), firm.id).emails[0]["value"] == "info@zyx.example.org"
    assert where("zyxmuster") == [] and where("kim@zyx") == []


def test_another_of_the_same_name_and_a_shared_address_stay(anna):
    one = make(
        anna, "contacts.person", first_name="Kim", last_name="Zyxmuster", emails=["info@zyx.example.org"], phones=[]
    )
    two = make(
        anna, "contacts.person", first_name="Kim", last_name="Zyxmuster", emails=["info@zyx.example.org"], phones=[]
    )
    plan = erasing.plan(anna, type_of("contacts.person"), one.id)
    assert [t.record_id for t in plan.review] == [two.id] and plan.identity.shared == ["info@zyx.example.org"]
    erasing.erase(anna, type_of("contacts.person"), one.id, "request")
    left = get(ActorScope(anna), type_of("contacts.person"), two.id)
    assert left.title.endswith("Kim Zyxmuster")
    assert left.emails[0]["value"] == "info@zyx.example.org"


def test_a_duplicate_that_was_merged_into_the_person_goes_too(anna):
    run(anna, "kernel.customfield.create", record_type="contacts.person", name="x_merged", label_de="Aufgegangen in",
        kind="link", target="contacts.person", privacy="public")  # fmt: skip
    person, friend = make(anna, "contacts.person", 1), make(anna, "contacts.person", 2)
    double = filled(anna, "contacts.person", x_merged=person.id)
    mentions = make(anna, "contacts.organisation", description=f"früher {TOKEN}@example.org")
    type_of("contacts.person").fields["x_merged"].on_erase = "with"
    run(anna, "contacts.person.change", friend.id, description="Freund von jemandem")
    erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    with pytest.raises(Missing):
        get(ActorScope(anna), type_of("contacts.person"), double.id)
    assert get(ActorScope(anna), type_of("contacts.organisation"), mentions.id).description == "früher […]"
    assert get(ActorScope(anna), type_of("contacts.person"), friend.id)
    assert where(TOKEN) == []


def test_what_imports_keep_goes_too(anna, folders):
    person = filled(anna, "contacts.person")
    folder = folders / "files" / str(anna.tenant) / "imports"
    folder.mkdir(parents=True)
    (folder / "abc").write_bytes(f"name;mail\nKim;{TOKEN}@example.org\n".encode())
    (folder / "def").write_bytes(b"name;mail\nOther;other@example.org\n")
    with writing.door():
        run_ = ImportRun.objects.create(record_type="contacts.person", file="abc", name="a.csv", state="done")
        ImportRun.objects.create(record_type="contacts.person", file="def", name="b.csv", state="done")
        for cells, record in (
            ([f"{TOKEN}@example.org", "Muttername"], None),
            (["Geheimes"], person.id),
            (["Other"], None),
        ):
            ImportRow.objects.create(run=run_.pk, line=2, state="error", code="x", cells=cells, record=record)
        waiting = [[f"{TOKEN}@example.org", "Wartend"], ["Other"], ["Repeats"]]
        for n, (cells, record) in enumerate(zip(waiting, (None, None, person.id), strict=True)):
            StagedRow.objects.create(
                run=run_.pk, line=n, state="new", cells=cells, values={"first_name": cells[0]}, record=record
            )
    assert "Wartend" in orjson.dumps(report(anna, type_of("contacts.person"), person.id)).decode()
    assert "Muttername" in orjson.dumps(report(anna, type_of("contacts.person"), person.id)).decode()
    erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    assert sorted(ImportRow.objects.values_list("cells", flat=True)) == [[], [], ["Other"]]
    assert list(StagedRow.objects.values_list("cells", flat=True)) == [["Other"]]
    assert sorted(ImportRun.objects.values_list("file", flat=True)) == ["", "def"]
    assert [p.name for p in folder.iterdir()] == ["def"]
    assert where(TOKEN) == []


def test_a_colleague_who_is_a_contact_too_keeps_their_place(anna):
    run(anna, "kernel.member.change", anna.member, email="anna@zyx.example.org")
    person = make(anna, "contacts.person", emails=["anna@zyx.example.org"], phones=[])
    erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    assert get(ActorScope(anna), type_of("kernel.member"), anna.member).email == "anna@zyx.example.org"


def test_a_view_that_searches_for_the_person_forgets_the_address(anna):
    person = filled(anna, "contacts.person")
    clause = {"field": "emails", "op": "contains", "value": f"{TOKEN}@example.org"}
    view = run(anna, "kernel.view.create", name="V", record_type="contacts.person", condition=clause).record
    erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    assert get(ActorScope(anna), type_of("kernel.view"), view.id).condition["value"] == "[…]"
    assert where(TOKEN) == []


def test_another_tenant_is_untouched(anna, cleo):
    with inside(cleo.tenant):
        theirs = filled(cleo, "contacts.person", first_name="Kim")
    mine = filled(anna, "contacts.person", first_name="Kim")
    erasing.erase(anna, type_of("contacts.person"), mine.id, "request")
    assert where(TOKEN) == []
    with inside(cleo.tenant):
        assert get(ActorScope(cleo), type_of("contacts.person"), theirs.id).emails[0]["value"].startswith(TOKEN)
        with pytest.raises(Missing):
            erasing.erase(anna, type_of("contacts.person"), theirs.id, "request")


def test_without_the_right_nothing_happens(anna, boris):
    person = filled(anna, "contacts.person", owner=boris.member)
    other = filled(anna, "contacts.person", token="Andere", owner=anna.member)
    rtype, before = type_of("contacts.person"), all_words()["kernel_event"]
    for record, error in ((person, Forbidden), (other, Missing)):
        for act in (
            lambda r: report(boris, rtype, r.id),
            lambda r: erasing.plan(boris, rtype, r.id),
            lambda r: erasing.erase(boris, rtype, r.id, "request"),
            lambda r: restricting.restrict(boris, rtype, r.id, "claims"),
        ):
            with pytest.raises(error):
                act(record)
    with pytest.raises(Missing):
        report(anna, type_of("contacts.organisation"), person.id)
    assert all_words()["kernel_event"] == before and not Erasure.objects.exists()


def test_a_wrong_name_or_ground_erases_nothing(anna):
    person = filled(anna, "contacts.person")
    for facts in ({"ground": "request", "confirm": "Kim"}, {"ground": "whim"}):
        with pytest.raises(Refused):
            erasing.erase(anna, type_of("contacts.person"), person.id, **facts)
    assert get(ActorScope(anna), type_of("contacts.person"), person.id)


@pytest.mark.parametrize("step", range(len(erasing.STEPS)))
def test_an_interrupted_erasure_goes_on(anna, monkeypatch, step):
    person, rtype = filled(anna, "contacts.person"), type_of("contacts.person")
    store(anna, b"x", [person.id], name=f"{TOKEN}.txt")

    def killed(_facts):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "STEPS", (*erasing.STEPS[:step], killed, *erasing.STEPS[step + 1 :]))
        with pytest.raises(KeyboardInterrupt):
            erasing.erase(anna, rtype, person.id, "request")
    assert erasing.unfinished() != []
    with pytest.raises(Missing):
        get(ActorScope(anna), rtype, person.id)  # locked meanwhile
    assert erasing.erase(anna, rtype, person.id, "request").state == "done"
    assert where(TOKEN) == [] and erasing.unfinished() == []
    assert len(list(ledger.lines())) == 1


def test_the_ledger_proves_without_naming(anna, folders):
    for token in (TOKEN, "Andere"):
        person = filled(anna, "contacts.person", token=token, phones=[])
        erasing.erase(anna, type_of("contacts.person"), person.id, "request")
    [file] = (folders / "ledger").iterdir()
    assert os.stat(file).st_mode & 0o777 == 0o600 and TOKEN.lower() not in file.read_text().lower()
    first, second = ledger.lines()
    assert ledger.recognises(first, anna.tenant, f"{TOKEN}@example.org") and not ledger.recognises(
        second, anna.tenant, f"{TOKEN}@example.org"
    )
    assert ledger.recognises(second, anna.tenant, str(person.id))
    assert second["previous"] == first["hash"] and ledger.broken([first, second]) == []
    assert (
        ledger.broken([first | {"ground": "purpose"}, second]) != []
        and ledger.broken([second | {"previous": "0"}]) != []
    )


def test_a_line_written_before_a_crash_breaks_no_chain(anna, monkeypatch):
    rtype, people = (
        type_of("contacts.person"),
        [filled(anna, "contacts.person", token=t, phones=[]) for t in ("Aaaaaa", "Bbbbbb")],
    )

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "note", killed)  # after the file was written, before the commit
        with pytest.raises(KeyboardInterrupt):
            erasing.erase(anna, rtype, people[0].id, "request")
    for person in people:
        assert erasing.erase(anna, rtype, person.id, "request").state == "done"
    told = list(ledger.lines())
    assert [line["number"] for line in told] == [1, 1, 2]
    assert ledger.broken(told) == []
    assert ledger.broken(told[2:]) != []  # the beginning was cut off


def test_restricted_is_gone_for_all_but_privacy(anna):
    person, rtype = filled(anna, "contacts.person"), type_of("contacts.person")
    restricting.restrict(anna, rtype, person.id, "contested")
    assert select(ActorScope(anna), rtype).rows == []
    with pytest.raises(Missing):
        run(anna, "contacts.person.change", person.id, first_name="X")
    with pytest.raises(Refused):
        run(anna, "work.task.create", subject="x", concerns=[person.id])
    assert report(anna, rtype, person.id)["restricted"]
    plain = make_member("Nora", [{"record": "contacts.person", "verb": "view"}])
    with pytest.raises(Missing):
        report(plain, rtype, person.id)
    with pytest.raises(Refused):
        restricting.lift(anna, rtype, person.id, None)
    from klientel.kernel.kinds import today

    restricting.lift(anna, rtype, person.id, today())
    assert len(select(ActorScope(anna), rtype).rows) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_and(alive) FROM kernel_search WHERE record_id = %s", [person.id])
        assert cursor.fetchone()[0]


def test_what_stays_sealed_is_opened_by_nobody_else(anna, monkeypatch):
    person = filled(anna, "contacts.person")
    with for_privacy(anna.tenant):
        plan = erasing._plan(type_of("contacts.person"), get(ActorScope(anna), type_of("contacts.person"), person.id))
        begun = erasing._begin(anna, plan, "request")
    assert TOKEN.lower() not in begun.sealed.lower() and isinstance(begun.id, UUID)
