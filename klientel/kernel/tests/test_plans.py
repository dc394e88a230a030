"""Plans that the database keeps."""

import datetime as dt
from uuid import UUID

import pytest
from django.db import NotSupportedError, connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.kernel import plans
from klientel.kernel.plans import Lasting
from klientel.kernel.sql import Sql
from klientel.kernel.statements import ask
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.making import make
from klientel.lib.ids import uuid7

pytestmark = pytest.mark.django_db

MINE = Lasting("SELECT count(*) FROM contacts_person WHERE id = %s", (uuid7(),))


def known() -> int:
    """How many plans this connection keeps."""
    return int(ask(Sql("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'klientel%%'"))[0][0][0])


def test_a_statement_that_lasts_is_planned_once_for_a_connection(anna):
    with writing():
        before = known()
        for n in range(3):
            found = ask(Lasting("SELECT 'once', %s + 1, '%%'", (n,)), Sql("SELECT 2"))
            assert found == [[("once", n + 1, "%")], [(2,)]]
        assert known() == before + 1


def test_values_arrive_as_they_do_without_a_plan(anna, settings):
    values = (uuid7(), [uuid7(), uuid7()], 7, 2**40, True, "it's 100 %", dt.datetime.now(dt.UTC), dt.date(2026, 2, 1))
    text = "SELECT " + ", ".join(f"%s AS v{n}" for n in range(len(values))) + ", %s IS NULL"
    for keep in (True, False):
        settings.KLIENTEL_KEEP_PLANS = keep
        with writing():
            [[found]] = ask(Lasting(text.replace("%s IS", "%s::text IS"), (*values, None)))
        assert found == (*values, True)


def test_a_plan_shows_each_tenant_its_own(anna, cleo):
    mine = make(anna, "contacts.person")
    with inside(cleo.tenant):
        theirs = make(cleo, "contacts.person")
    for _n in range(7):  # from the sixth time on the plan hangs on no value
        for actor, own, foreign in ((anna, mine, theirs), (cleo, theirs, mine)):
            with inside(actor.tenant), writing():
                seen = [ask(Lasting(MINE.text, (r.pk,)))[0][0][0] for r in (own, foreign)]
            assert seen == [1, 0]


def test_where_pgbouncer_stands_between_nothing_is_kept(anna, settings):
    settings.KLIENTEL_KEEP_PLANS = False
    with writing(), CaptureQueriesContext(connection) as seen:
        before = known()
        ask(MINE)
        assert known() == before
    assert not [q for q in seen if "EXECUTE" in q["sql"]]


def test_a_plan_stays_where_its_transaction_is_rolled_back(anna):
    made = Lasting("SELECT 'rolled back', %s", (UUID(int=1),))
    with writing():
        ask(made)
        transaction.set_rollback(True)
    with writing():
        assert ask(made) == [[("rolled back", UUID(int=1))]]


def test_a_statement_that_fails_is_asked_anew(anna):
    wrong = Lasting("SELECT 1 / %s", (0,))
    with writing():
        for divisor in (0, 1):
            try:
                with transaction.atomic():
                    found = ask(Lasting(wrong.text, (divisor,)))
            except Exception as no:  # noqa: BLE001
                assert "division" in str(no)
        assert found == [[(1,)]]


def test_when_a_migration_has_changed_a_type_the_next_one_plans_anew(anna):
    asked = Lasting("SELECT n FROM told WHERE n::text = %s", ("1",))
    with writing(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE told (n int) ON COMMIT DROP")
        cursor.execute("INSERT INTO told VALUES (1)")
        assert ask(asked) == [[(1,)]]
        cursor.execute("ALTER TABLE told ALTER n TYPE text")
        with pytest.raises(NotSupportedError), transaction.atomic():
            ask(asked)
        assert ask(asked) == [[("1",)]]


def test_a_connection_keeps_so_many_plans_and_then_begins_anew(anna, monkeypatch):
    monkeypatch.setattr(plans, "MOST", known_names() + 3)
    with writing():
        for n in range(9):
            assert ask(Lasting(f"SELECT {n} + %s", (1,))) == [[(n + 1,)]]
            assert known() <= plans.MOST


def known_names() -> int:
    """How many plans this connection is known to keep."""
    return len(plans._here().names)
