"""What a request costs in statements. More is a decision: change the number here and say why.

Savepoints of the test stand for BEGIN and COMMIT of a real request; the backend's ``set_config`` for the tenant is not
counted. Of the rest, one statement finds token, login and tenant.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel.actions import run

EIGHT = "first_name,last_name,organisation,emails,phones,stage,owner,changed_at"

#: begin, read only, token, what was asked for, end
READING = {"list": 5, "get": 5, "events": 6, "count": 6, "types": 4, "me": 5}
#: begin, token, (duplicates | lock), one message with row, search, event, its personal values, timeline and wake, end
WRITING = {"bulk of new ones": 6, "create": 5, "change": 5, "change a public field": 5, "archive": 5, "bulk": 7}
KEY = 2  # an Idempotency-Key: look and keep


def cost(ask):
    """Statements of the second of two requests, when types, rights and allowance are known."""
    assert ask(1).status_code < 300
    with CaptureQueriesContext(connection) as captured:
        assert ask(2).status_code < 300
    return len(captured)


def persons(anna, number):
    return [run(anna, "contacts.person.create", last_name=f"M{n}", first_name="Kim").record for n in range(number)]


@pytest.mark.parametrize("rows", [3, 12])
def test_reading(anna, anna_api, rows):
    one = persons(anna, rows)[0].id
    found = {
        "list": cost(lambda _n: anna_api.get(f"/persons?fields={EIGHT}")),
        "get": cost(lambda _n: anna_api.get(f"/persons/{one}")),
        "events": cost(lambda _n: anna_api.get(f"/persons/{one}/events")),
        "count": cost(lambda _n: anna_api.get("/persons?count=true")),
        "types": cost(lambda _n: anna_api.get("/types")),
        "me": cost(lambda _n: anna_api.get("/me")),
    }
    assert found == READING


CREATE = "/persons?on_duplicate=report"  # they are all called Kim


@pytest.mark.parametrize("rows", [3, 12])
def test_writing(anna, anna_api, rows):
    some = [p.id for p in persons(anna, rows)]
    one, items = some[0], [{"id": str(i), "params": {}} for i in some]
    given = {"first_name": "Kim", "emails": [{"value": "kim@example.org"}]}

    def bulk(n):
        todo = [i | {"params": {"last_name": f"Alle{n}"}} for i in items]
        return anna_api.post("/persons/bulk", {"verb": "change", "items": todo})

    def bulk_of_new(n):
        todo = [{"params": {"last_name": f"Neu{n} {at}"}} for at in range(rows)]
        return anna_api.post("/persons/bulk", {"verb": "create", "items": todo})

    found = {
        "bulk of new ones": cost(bulk_of_new),
        "create": cost(lambda n: anna_api.post(CREATE, given | {"last_name": f"Neu{n}"})),
        "change": cost(lambda n: anna_api.patch(f"/persons/{one}", {"last_name": f"Meister{n}"})),
        "change a public field": cost(lambda n: anna_api.patch(f"/persons/{one}", {"source": f"Messe {n}"})),
        "bulk": cost(bulk),
        "archive": cost(lambda n: anna_api.delete(f"/persons/{some[n]}")),
    }
    assert found == WRITING


def test_a_key_costs_two(anna_api):
    def ask(n):
        return anna_api.post(CREATE, {"last_name": f"Neu{n}"}, **{"Idempotency-Key": f"key{n}"})

    assert cost(ask) == WRITING["create"] + KEY


def test_narrow_grants_cost_little(boris, boris_api):
    given = {"first_name": "Kim", "emails": [{"value": "kim@example.org"}], "owner": str(boris.member)}
    made = [boris_api.post(CREATE, given | {"last_name": f"Neu{n}"}).json()["record"] for n in range(3)]
    assert cost(lambda _n: boris_api.get("/persons?fields=first_name,last_name")) == READING["list"]
    # the link to the owner, rights on the result, whether it may be seen
    assert cost(lambda n: boris_api.post(CREATE, given | {"last_name": f"Ganz{n}"})) == WRITING["create"] + 3
    assert cost(lambda n: boris_api.patch(f"/persons/{made[0]['id']}", {"last_name": f"A{n}"})) == WRITING["change"] + 2


def test_the_allowance_is_one_small_write_for_many_requests(anna_api):
    with CaptureQueriesContext(connection) as captured:
        for _n in range(60):
            anna_api.get("/me")
    assert len([q for q in captured if "kernel_allowance" in q["sql"]]) == 2
