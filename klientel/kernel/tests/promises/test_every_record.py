"""Promises kept by every record type, present and future, declared by a model or by a row. Nobody writes these
twice."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel import actions, conditions, events, history
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Link, Links, Privacy
from klientel.kernel.records import all_types, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import NoTenant, NoTransaction, inside
from klientel.kernel.testing import make
from klientel.kernel.testing.making import maker
from klientel.kernel.writing import WriteOutsideAction

ROW_DECLARED = "custom.machine"
KEYS = [*(t.key for t in all_types()), ROW_DECLARED]
every = pytest.mark.parametrize("key", KEYS)


@pytest.fixture
def machine(anna):
    """A record type that a row declares, with a field of each kind that a row can name."""
    run(
        anna, "kernel.customtype.create", name="machine", label_de="Maschine", plural_de="Maschinen", label_en="Machine"
    )
    for kind in (
        "text",
        "long_text",
        "rich_text",
        "email",
        "phone",
        "url",
        "choice",
        "choices",
        "whole",
        "decimal",
        "money",
        "date",
        "date_time",
        "yes_no",
        "link",
        "links",
        "file",
        "country",
        "language",
    ):
        target = {"target": "contacts.person"} if kind in ("link", "links") else {}
        choices = {"choices": [["a", "Alpha"], ["b", "Beta", "Beta"]]} if kind in ("choice", "choices") else {}
        run(
            anna,
            "kernel.customfield.create",
            record_type=ROW_DECLARED,
            name=f"x_{kind}",
            kind=kind,
            label_de=kind,
            privacy="public",
            **target,
            **choices,
        )
    run(
        anna,
        "kernel.customfield.create",
        record_type="contacts.person",
        name="x_shoe",
        kind="whole",
        label_de="Schuhgröße",
        privacy="personal",
    )


@pytest.fixture
def rtype(key, anna, request):
    if key in (ROW_DECLARED, "contacts.person"):
        request.getfixturevalue("machine")
    return type_of(key)


def made(anna, rtype, n=1):
    return make(anna, rtype, n, **fitting(rtype, n))


RULED = ("source", "position", "department", "website", "birthday", "emails", "phones", "addresses", "stage", "channel",
         "first_name", "academic_title", "salutation", "description", "owner", "tags")  # fmt: skip


def fitting(rtype, n):
    """What generic samples cannot know: values that must fit one another."""
    known = {
        "kernel.customfield": {
            "record_type": "contacts.person",
            "name": f"x_n{n}",
            "kind": "text",
            "target": "",
            "choices": [],
        },
        "kernel.customtype": {"name": f"made_{n}"},
        "kernel.fieldrule": {"record_type": "contacts.person", "field": RULED[n % len(RULED)], "choices": []},
        "kernel.view": {"record_type": "contacts.person", "condition": {}, "columns": [], "sort": "name"},
        "kernel.relationkind": {"from_type": "", "to_type": ""},
        "channels.consent": {"source": ""},  # evidence that is complete does not change any more
    }
    return known.get(rtype.key, {})


@every
def test_is_created_with_one_event_that_holds_every_value(anna, rtype):
    record = made(anna, rtype)
    [event] = events.read(Sql("e.record_id = %s", (record.id,)))
    assert (
        event.kind == f"{rtype.key}.create" and event.record_type == rtype.key and event.actor == maker(anna, rtype).ref
    )
    again = get(ActorScope(anna), rtype, record.id)
    for name, (old, new) in event.changes.items():
        assert old is None and rtype.fields[name].plain(rtype.value(again, name)) == new


@pytest.mark.parametrize("key", [t.key for t in all_types() if t.made_by])
def test_what_only_others_make_is_made_by_nobody_by_hand(anna, rtype):
    assert not ActorScope(anna).may(rtype, "create")
    with pytest.raises(Forbidden) as no:
        run(anna, f"{rtype.key}.create")
    assert no.value.code == "not_by_hand"


@every
def test_personal_values_stand_apart_from_the_event(anna, rtype):
    record = made(anna, rtype)
    with connection.cursor() as cursor:
        cursor.execute("SELECT changes FROM kernel_event WHERE record_id = %s", [record.id])
        public = orjson.loads(cursor.fetchone()[0])
    assert not set(public) & set(rtype.personal_fields())


@every
def test_is_invisible_to_another_tenant(anna, cleo, rtype):
    record = made(anna, rtype)
    with inside(cleo.tenant):
        assert not rtype.model.objects.filter(pk=record.pk).exists()
        if rtype.custom_id is None:
            with pytest.raises(Missing):
                run(cleo, f"{rtype.key}.archive", record.pk)
            assert select(ActorScope(cleo), rtype, where={"id": [str(record.pk)]}).rows == []
    assert get(ActorScope(anna), rtype, record.pk).archived_at is None


@every
def test_row_level_security_hides_it_without_the_managers_filter(anna, cleo, rtype):
    record = made(anna, rtype)
    with inside(cleo.tenant), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {rtype.table} WHERE id = %s", [record.pk])
        assert cursor.fetchone() == (0,)


@every
def test_refuses_a_query_outside_any_tenant(rtype):
    with pytest.raises(NoTenant), inside(None):
        rtype.model.objects.count()


@every
def test_is_hidden_from_whoever_holds_no_grant(anna, rtype):
    record = made(anna, rtype)
    nobody = Actor("portal", record.id, "Niemand", anna.tenant)
    for verb in ("change", "archive", "comment", "assign"):
        with pytest.raises(Refused):
            run(nobody, f"{rtype.key}.{verb}", record.pk, **({"text": "x"} if verb == "comment" else {}))
    assert select(ActorScope(nobody), rtype).rows == []
    assert get(ActorScope(anna), rtype, record.pk).version == 1


@every
def test_is_archived_restored_and_undone(anna, rtype):
    record = made(anna, rtype)
    done = run(anna, f"{rtype.key}.archive", record.pk)
    assert record.pk not in [r.id for r in select(ActorScope(anna), rtype).rows]
    assert record.pk in [r.id for r in select(ActorScope(anna), rtype, archived=True).rows]
    with pytest.raises(Missing):
        run(anna, f"{rtype.key}.change", record.pk)
    assert history.undo(anna, done.change_set).records == 1
    assert record.pk in [r.id for r in select(ActorScope(anna), rtype).rows]


@every
def test_every_field_changes_and_is_undone(anna, rtype):
    record = made(anna, rtype, 1)
    before = rtype.sample(1) | fitting(rtype, 1)
    after = rtype.sample(2) | fitting(rtype, 2)
    changing = {n: v for n, v in after.items() if v != before.get(n)}
    done = run(anna, f"{rtype.key}.change", record.pk, **changing)
    [event] = done.events
    fields = type_of(rtype.key).fields
    assert {n for n in event.changes if n in changing or not fields[n].readonly} == set(changing)
    again = get(ActorScope(anna), rtype, record.pk)
    assert {n: fields[n].plain(rtype.value(again, n)) for n in event.changes} == {
        n: e[1] for n, e in event.changes.items()
    }
    result = history.undo(anna, done.change_set)
    assert [r.code for _e, r in result.refused] == []
    again = get(ActorScope(anna), rtype, record.pk)
    assert {n: fields[n].plain(rtype.value(again, n)) for n in event.changes} == {
        n: e[0] for n, e in event.changes.items()
    }


@every
def test_every_field_is_emptied_and_undone(anna, rtype):
    record = made(anna, rtype, 1)
    before = get(ActorScope(anna), rtype, record.pk)
    emptied = {
        n: None for n, k in rtype.fields.items() if not k.readonly and not k.required and n not in fitting(rtype, 1)
    }
    done = run(anna, f"{rtype.key}.change", record.pk, **emptied)
    again = get(ActorScope(anna), rtype, record.pk)
    for name in emptied:
        kind = type_of(rtype.key).fields[name]
        assert kind.is_empty(rtype.value(again, name)) or kind.key == "yes_no", name
    if done.events:
        assert history.undo(anna, done.change_set).refused == []
    again = get(ActorScope(anna), rtype, record.pk)
    for name in emptied:
        assert rtype.value(again, name) == rtype.value(before, name), name


@every
def test_a_stale_version_is_a_conflict(anna, rtype):
    record = made(anna, rtype)
    with pytest.raises(Conflict):
        run(anna, f"{rtype.key}.archive", record.pk, version=7)
    assert get(ActorScope(anna), rtype, record.pk).archived_at is None


@every
def test_every_field_answers_all_its_operators(anna, rtype):
    record = made(anna, rtype)
    scope = ActorScope(anna)
    for name, kind in rtype.fields.items():
        for op in kind.operators:
            json = {"field": name, "op": op, "value": value_for(kind, op, record)}
            found = select(scope, rtype, where=json).rows
            others = select(scope, rtype, where={"not": json}).rows
            everything = {r.id for r in select(scope, rtype).rows}
            assert {r.id for r in found} | {r.id for r in others} == everything, (name, op)
            assert not {r.id for r in found} & {r.id for r in others}, (name, op)
            assert conditions.say(rtype, json, scope), (name, op)


def value_for(kind, op, record):
    takes = conditions.OPERATORS[op].takes
    plain = kind.plain(kind.sample(1)) if not isinstance(kind, Link | Links) else str(record.id)
    one = plain[0] if isinstance(plain, list) and plain else plain
    one = next(iter(one.values())) if isinstance(one, dict) and "value" in one else one
    one = one["street"] if isinstance(one, dict) and "street" in one else one
    return {
        "none": None,
        "one": one,
        "text": "e",
        "days": 7,
        "many": [one],
        "period": {"this": "week"},
        "range": [one, one],
    }[takes]


@every
def test_sorts_and_pages_by_every_sortable_field(anna, rtype):
    for n in (1, 2, 3):
        made(anna, rtype, n)
    scope = ActorScope(anna)
    for name in ("name", *(n for n, k in rtype.fields.items() if k.sortable)):
        for sort in (name, f"-{name}"):
            whole = [r.id for r in select(scope, rtype, sort=sort).rows]
            walked, page = [], select(scope, rtype, sort=sort, limit=1)
            while True:
                walked += [r.id for r in page.rows]
                if page.after is None:
                    break
                page = select(scope, rtype, sort=sort, limit=1, after=page.after)
            assert walked == whole, sort
            back = [r.id for r in page.rows]
            while page.before is not None:
                page = select(scope, rtype, sort=sort, limit=1, before=page.before)
                back += [r.id for r in page.rows]
            assert back == whole[::-1], sort


@every
def test_its_title_and_order_tell_no_field_that_it_does_not_name(anna, rtype):
    """What is hidden from somebody must not be told by the title: so each type says what its titles are made of."""
    record = made(anna, rtype)
    for name, kind in rtype.static.items():
        if kind.readonly or name in (*rtype.made_of, *rtype.stand_ins):
            continue
        title = rtype.title_of(record)
        before = title, rtype.sort_of(record, title)
        rtype.put(record, name, kind.blank_value())
        title = rtype.title_of(record)
        assert (title, rtype.sort_of(record, title)) == before, name
    assert set(rtype.made_of) | set(rtype.stand_ins) <= set(rtype.fields)
    assert rtype.made_of


@every
def test_its_lists_have_an_order_of_their_own(anna, rtype):
    made(anna, rtype)
    assert select(ActorScope(anna), rtype, sort=rtype.order).rows
    assert rtype.order == "title" or rtype.fields[rtype.order.removeprefix("-")].sortable


@every
def test_a_list_costs_one_statement_for_3_and_for_12(anna, rtype):
    scope, costs = ActorScope(anna), []
    for some in (range(1, 4), range(4, 13)):
        for n in some:
            made(anna, rtype, n)
        assert type_of(rtype.key).fields  # a tenant's own fields are read once and remembered
        with CaptureQueriesContext(connection) as spent:
            select(scope, rtype, columns=list(scope.visible(rtype)))
        costs.append(len(spent))
    assert costs == [1, 1]


@every
def test_cells_read_back_what_they_wrote(anna, rtype):
    for name, kind in rtype.fields.items():
        if isinstance(kind, Link | Links) or kind.key == "json":
            continue
        for n in (1, 2):
            value = kind.accept(kind.sample(n))
            assert kind.read(kind.write(value)) == value or kind.key in ("emails", "phones", "addresses"), name
            assert kind.from_plain(orjson.loads(orjson.dumps(kind.plain(value)))) == value, name


STRANGE = (
    "1e999", "-1e999", "1e-999", "9" * 400, "1e5", float("inf"), float("nan"), 1e300, -0.0, "0000-00-00", "9999-12-31",
    "31.12.99999", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "\u202e", "\ud800", "javascript:alert(1)",
    "http://[", "@", "a@b", "+" * 50, "{" * 400, "[]", [None], [{}], {"": None}, [[1]], 10**4000,
)  # fmt: skip


@every
def test_whatever_comes_a_kind_takes_it_or_refuses_it(anna, rtype):
    for kind in rtype.fields.values():
        for strange in STRANGE:
            for way in (kind.accept, kind.read) if isinstance(strange, str) else (kind.accept,):
                try:
                    taken = way(strange)
                except Refused as no:
                    assert str(no.message)
                else:
                    assert isinstance(kind.show(taken), str) and isinstance(kind.write(taken), str)
                    orjson.dumps(kind.plain(taken))


@every
def test_refuses_wrong_types_and_stores_nothing(anna, rtype):
    values = rtype.sample(1) | fitting(rtype, 1)
    before = {r.id for r in select(ActorScope(anna), rtype).rows}
    for name, kind in rtype.fields.items():
        if kind.readonly:
            continue
        for wrong in ({"a": {"b": 1}}, [[[]]], "\x00", 10**40, True if kind.key != "yes_no" else "vielleicht"):
            if kind.key in ("json",):
                continue
            try:
                accepted = kind.accept(wrong)
            except Refused as no:
                assert no.field == name and str(no.message)
                with pytest.raises(Refused):
                    run(anna, f"{rtype.key}.create", **values | {name: wrong})
            else:
                assert "\x00" not in str(accepted)
    assert {r.id for r in select(ActorScope(anna), rtype).rows} == before


@every
def test_unknown_fields_are_refused(anna, rtype):
    record = made(anna, rtype)
    for name in ("nonsense", "tenant_id", "id", "version", "title", "restricted", "extra"):
        [outcome] = actions.run_many(anna, f"{rtype.key}.change", [actions.Item(record.pk, {name: "1"})])
        assert outcome.refused is not None and outcome.refused.field == name
    assert get(ActorScope(anna), rtype, record.pk).version == 1


@every
def test_cannot_be_written_without_an_action(anna, rtype):
    record = made(anna, rtype)
    for attempt in (
        record.save,
        record.delete,
        rtype.model.objects.all().delete,
        lambda: rtype.model.objects.update(version=9),
        lambda: rtype.model.objects.bulk_create([record]),
    ):
        with pytest.raises(WriteOutsideAction):
            attempt()


@every
def test_what_looks_personal_says_so(rtype):
    hints = ("email", "phone", "birthday", "first_name", "last_name", "address", "salutation")
    for name, kind in rtype.fields.items():
        if any(h in name for h in hints) and rtype.key not in ("contacts.organisation", "custom.machine"):
            assert kind.privacy != Privacy.PUBLIC, f"{rtype.key}.{name} looks personal"


@every
def test_every_action_is_described(rtype):
    for action in actions.actions_on(rtype):
        assert str(action.label) and action.icon
        for name, kind in action.params_of(rtype).items():
            assert isinstance(kind.schema(), dict) and str(kind.verbose_name), f"{action.key} {name}"


@pytest.mark.django_db(transaction=True)
def test_a_tenant_query_outside_a_transaction_raises():
    from uuid import uuid4

    with inside(uuid4()), pytest.raises(NoTransaction):
        type_of("contacts.person").model.objects.count()
