"""Many records are written by column, an import works ahead: nothing of what is written is another for that."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction

from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.sql import rowset
from klientel.kernel.transfer import assistant
from klientel.lib.ids import uuid7

TYPES = {"id": "uuid", "first_name": "varchar(100)", "match_keys": "text[]", "tags": "uuid[]", "emails": "jsonb"}
TYPES |= {"extra": "jsonb", "version": "integer", "created_at": "timestamp with time zone", "restricted": "boolean"}


def asked(text, params=()):
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall()


@pytest.mark.parametrize("odd", ['say "no"\\', "a\x1fb", "null", "", "{x,y}", "ä\n\t'%s", None])
def test_rows_sent_by_column_are_those_sent_by_name(anna, odd):
    def row(n):
        keys = [] if n == 3 else ["a:1", odd if n % 2 and odd is not None else "", f"k{n}"]
        extra = {"x_a": [odd, n, None], "x_b": odd} if n else None
        at = dt.datetime(2026, 1, 2, 3, 4, 5, n, tzinfo=dt.UTC)
        tags = [uuid7()] * (n % 3) if n else None
        return uuid7(), odd if n % 2 else "Kim", keys, tags, [{"value": odd}] * n, extra, n, at, bool(n % 2)

    rows = [row(n) for n in range(40)]
    by_column, by_name = (rowset("contacts_person", list(TYPES), rows, types) for types in (TYPES, None))
    assert asked(by_column.text, by_column.params) == asked(by_name.text, by_name.params)


def traces(record_id):
    """All that stands of a record beside its own row."""
    words = asked("SELECT field_class, text, title, alive FROM kernel_search WHERE record_id = %s", [record_id])
    event = asked("SELECT changes, fields FROM kernel_event WHERE record_id = %s", [record_id])
    private = asked("SELECT changes FROM kernel_event_private WHERE record_id = %s", [record_id])
    wrong = asked("SELECT field, code, hint FROM kernel_warning WHERE %s = ANY(about) ORDER BY 1", [record_id])
    row = asked("SELECT title, sort_key, match_keys FROM contacts_person WHERE id = %s", [record_id])
    return sorted(words), [(c, sorted(f)) for c, f in event], private, wrong, row


def test_an_imported_record_leaves_what_one_made_by_hand_leaves(anna, tmp_path, settings):
    settings.KLIENTEL_FILES = tmp_path / "files"
    firm = run(anna, "contacts.organisation.create", name="Muster GmbH").record
    path = tmp_path / "contacts.csv"
    path.write_text(
        "Vorname;Nachname;Firma;E-Mail;Telefon\nÄnne;von Groß;Muster GmbH;a@gmial.com;+49 30 123456\n;;;nur@post.de;\n"
    )
    assistant.commit(assistant.start(anna, "contacts.person", path, name="contacts.csv"))
    found = dict(asked("SELECT title, id FROM contacts_person"))
    for title, given in (
        ("Änne von Groß", {"first_name": "Änne", "last_name": "von Groß", "organisation": firm.id}),
        ("nur@post.de", {}),
    ):
        record = type_of("contacts.person").model.objects.get(pk=found[title])
        entries = {"emails": record.emails} | ({"phones": record.phones} if record.phones else {})
        imported = traces(record.id)
        assert imported[0] and imported[1] and imported[2]
        with transaction.atomic():
            by_hand = run(anna, "contacts.person.create", **given, **entries).record
            assert traces(by_hand.id) == imported
            transaction.set_rollback(True)
