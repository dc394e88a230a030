"""Formulas and roll-ups: exact, null-safe, under the viewer's rights, never in a circle, refused at the character."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.lib.formulas import FormulaError, parse

ORG = "contacts.organisation"


def declare(actor: Actor, name: str, kind: str = "formula", record_type: str = ORG, **facts: Any) -> Any:
    return run(actor, "kernel.customfield.create", record_type=record_type, name=name, label_de=name, kind=kind,
               privacy=facts.pop("privacy", "public"), **facts).record  # fmt: skip


def worth(actor: Actor, formula: str, **values: Any) -> Any:
    """What a formula yields for one organisation with these values."""
    name = f"x_f{uuid4().hex[:12]}"
    declare(actor, name, formula=formula)
    firm = run(actor, f"{ORG}.create", name="Werft", **values).record
    scope = ActorScope(actor)
    where = {"id": [str(firm.id)]}
    [row] = select(scope, type_of(ORG), columns=[name], where=where).rows
    alone = get(scope, type_of(ORG), firm.id)
    assert type_of(ORG).value(alone, name) == row.values[name]
    return row.values[name]


YIELDS = [
    ("employees + 1", Decimal(8)), ("employees / 0", None), ("employees / 2", Decimal("3.5")),
    ("0.1 + 0.2", Decimal("0.3")), ("round(employees / 3, 2)", Decimal("2.33")), ("-employees * 2", Decimal(-14)),
    ('if(employees > 5, "large", "small")', "large"), ('if(employees > 9, "a", employees > 6, "b", "c")', "b"),
    ('wenn(employees > 5 und nicht isempty(industry); "ja"; "nein")', "ja"),
    ('upper(left(name, 2)) & "-" & employees', "WE-7"), ('name & ", " & industry', "Werft, it"),
    ('contains(name, "ERF")', True), ('industry = "it"', True), ('name <> "x"', True),
    ("isempty(turnover)", False), ("amount(turnover) * 1.19", Decimal("119")), ("currency(turnover)", "EUR"),
    ('date("2026-01-31") + 1', dt.date(2026, 2, 1)), ('addmonths(date("2026-01-31"), 1)', dt.date(2026, 2, 28)),
    ('days(date("2026-01-01"), date("2026-03-01"))', Decimal(59)),
    ('years(date("2000-02-29"), date("2026-02-28"))', Decimal(25)),
    ('date("2026-01-31") + 99999999999999', None), ('number("12,5") + 1', Decimal("13.5")), ('number("zwölf")', None),
    ("min(employees, 3, empty)", Decimal(3)), ("ifempty(empty, employees)", Decimal(7)), ("2 + 3 * 4 - 1", Decimal(13)),
    ('replace(name, "er", "ö")', "Wöft"), ("mod(employees, 4)", Decimal(3)), ("len(name) >= 5 and true", True),
    ("9999999 * 9999999 * 9999999 * 9999999", None), ("today() - today()", Decimal(0)), ('"50 %" & ""', "50 %"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "value"), YIELDS)
def test_a_formula_yields(anna: Actor, formula: str, value: Any) -> None:
    facts = {"employees": 7, "industry": "it", "turnover": {"amount": "100", "currency": "EUR"}}
    found = worth(anna, formula, **facts)
    assert found == value
    assert type(found) is type(value)


def test_what_is_empty_stays_empty_and_breaks_nothing(anna: Actor) -> None:
    assert worth(anna, "employees * 2 + 1") is None
    assert worth(anna, 'if(employees > 1, "much", "little")') == "little"
    assert worth(anna, 'industry & "-" & employees') == "-"
    assert worth(anna, "amount(turnover)") is None


WRONG = [
    ("employees +", "unfinished", 11), ("employees + name", "wrong_type", 12), ("x_gone", "no_such_field", 0),
    ("sql(1)", "no_such_function", 0), ('if(employees, 1, 2)', "wrong_type", 3), ("1 $ 2", "bad_sign", 2),
    ('industry = "softwear"', "no_such_choice", 11), ("(1", "expected", 2), ('"a', "not_closed", 0),
    ("turnover + 1", "wrong_type", 0), ("1; drop table x", "unexpected", 1), ("(" * 90, "too_deep", 40),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "code", "at"), WRONG)
def test_a_wrong_formula_is_refused_at_the_character(anna: Actor, formula: str, code: str, at: int) -> None:
    with pytest.raises(Refused) as no:
        declare(anna, "x_wrong", formula=formula)
    assert (no.value.code, no.value.field, no.value.details["at"]) == (f"formula_{code}", "formula", at)
    assert "x_wrong" not in type_of(ORG).fields


def test_formulas_lead_in_no_circle(anna: Actor) -> None:
    first = declare(anna, "x_one", formula="employees + 1")
    declare(anna, "x_two", formula="x_one * 2")
    for formula in ("x_one", "x_two + 1"):
        with pytest.raises(Refused) as no:
            run(anna, "kernel.customfield.change", first.id, formula=formula)
        assert no.value.code == "formula_in_a_circle"
    firm = run(anna, f"{ORG}.create", name="Werft", employees=4).record
    assert select(ActorScope(anna), type_of(ORG), columns=["x_two"]).rows[0].values["x_two"] == 10
    assert get(ActorScope(anna), type_of(ORG), firm.id).computed["x_two"] == 10


def test_formulas_that_grow_without_end_are_refused(anna: Actor) -> None:
    declare(anna, "x_g0", formula="employees + 1")
    for n in range(1, 6):
        declare(anna, f"x_g{n}", formula=f"x_g{n - 1} + x_g{n - 1} + x_g{n - 1}")
    with pytest.raises(Refused) as no:
        declare(anna, "x_g6", formula="x_g5 + x_g5 + x_g5")
    assert no.value.code == "formula_too_long"


def test_a_formula_filters_sorts_and_pages(anna: Actor) -> None:
    declare(anna, "x_double", formula="employees * 2")
    for n in (3, 1, 2):
        run(anna, f"{ORG}.create", name=f"W{n}", employees=n)
    scope, rtype = ActorScope(anna), type_of(ORG)
    first = select(scope, rtype, columns=["x_double"], sort="-x_double", limit=2)
    assert [r.values["x_double"] for r in first.rows] == [6, 4]
    rest = select(scope, rtype, columns=["x_double"], sort="-x_double", limit=2, after=first.after)
    assert [r.values["x_double"] for r in rest.rows] == [2]
    where = {"field": "x_double", "op": "over", "value": 3}
    assert {r.title for r in select(scope, rtype, where=where).rows} == {"W2", "W3"}


def test_nobody_sets_a_computed_field(anna: Actor) -> None:
    declare(anna, "x_double", formula="employees * 2")
    with pytest.raises(Refused) as no:
        run(anna, f"{ORG}.create", name="W", x_double=3)
    assert no.value.code == "read_only"


def test_a_formula_over_a_hidden_field_is_hidden_however_far_it_reads(anna: Actor) -> None:
    declare(anna, "x_one", formula="employees + 1")
    declare(anna, "x_two", formula="x_one * 2")
    declare(anna, "x_other", formula="upper(name)")
    dora = make_member("Dora", [{"record": ORG, "verb": "view", "hidden": ["employees"]}])
    seen = ActorScope(dora).visible(type_of(ORG))
    assert "x_other" in seen
    assert not {"x_one", "x_two", "employees"} & set(seen)
    with pytest.raises(Refused):
        select(ActorScope(dora), type_of(ORG), where={"field": "x_two", "op": "over", "value": 1})


def test_a_field_that_goes_leaves_its_formula_empty_and_every_list_works(anna: Actor) -> None:
    own = declare(anna, "x_budget", "whole")
    declare(anna, "x_more", formula="x_budget * 2")
    firm = run(anna, f"{ORG}.create", name="Werft", x_budget=4).record
    assert get(ActorScope(anna), type_of(ORG), firm.id).computed["x_more"] == 8
    run(anna, "kernel.customfield.archive", own.id)
    rows = select(ActorScope(anna), type_of(ORG), columns=["x_more"]).rows
    assert not rows[0].values["x_more"]


def test_a_formula_is_as_private_as_what_it_reads(anna: Actor) -> None:
    declare(anna, "x_named", record_type="contacts.person", formula="upper(last_name)")
    assert type_of("contacts.person").fields["x_named"].privacy == "personal"


# -- roll-ups -----------------------------------------------------------------------------------------------------


def rolled(actor: Actor, name: str, firm: Any) -> Any:
    return get(ActorScope(actor), type_of(ORG), firm.id).computed[name]


def people(actor: Actor, firm: Any, *positions: str, **facts: Any) -> None:
    for n, position in enumerate(positions):
        run(actor, "contacts.person.create", last_name=f"N{n}", position=position, organisation=firm.id, **facts)


def test_a_roll_up_counts_what_leads_here_where_a_condition_holds(anna: Actor) -> None:
    declare(anna, "x_people", "roll_up", roll_by="contacts.person.organisation", roll_what="count")
    declare(anna, "x_bosses", "roll_up", roll_by="contacts.person.organisation", roll_what="count",
            roll_where={"field": "position", "op": "contains", "value": "boss"})  # fmt: skip
    firm, other = (run(anna, f"{ORG}.create", name=n).record for n in ("A", "B"))
    people(anna, firm, "Boss", "Clerk")
    assert (rolled(anna, "x_people", firm), rolled(anna, "x_bosses", firm)) == (2, 1)
    assert (rolled(anna, "x_people", other), rolled(anna, "x_bosses", other)) == (0, 0)
    where = {"field": "x_people", "op": "over", "value": 1}
    found = select(ActorScope(anna), type_of(ORG), columns=["x_people"], where=where, sort="-x_people").rows
    assert [(r.title, r.values["x_people"]) for r in found] == [("A", 2)]


def test_a_roll_up_of_the_tree_takes_the_subsidiaries_in(anna: Actor) -> None:
    declare(anna, "x_group", "roll_up", roll_by="contacts.person.organisation", roll_what="count", roll_tree=True)
    declare(
        anna, "x_staff", "roll_up", roll_by=f"{ORG}.parent", roll_what="sum", roll_field="employees", roll_tree=True
    )
    top = run(anna, f"{ORG}.create", name="Top").record
    middle = run(anna, f"{ORG}.create", name="Middle", parent=top.id, employees=5).record
    low = run(anna, f"{ORG}.create", name="Low", parent=middle.id, employees=2).record
    people(anna, top, "a")
    people(anna, low, "b", "c")
    assert [rolled(anna, "x_group", f) for f in (top, middle, low)] == [3, 2, 2]
    assert [rolled(anna, "x_staff", f) for f in (top, middle, low)] == [7, 2, None]


def test_a_roll_up_knows_sum_least_most_average_and_the_newest(anna: Actor) -> None:
    for what in ("sum", "min", "max", "avg", "latest"):
        declare(anna, f"x_{what}", "roll_up", roll_by=f"{ORG}.parent", roll_what=what, roll_field="employees")
    declare(anna, "x_money", "roll_up", roll_by=f"{ORG}.parent", roll_what="sum", roll_field="turnover")
    top = run(anna, f"{ORG}.create", name="Top").record
    for n in (4, 8, 5):
        money = {"amount": f"{n}.10", "currency": "EUR"}
        run(anna, f"{ORG}.create", name=f"U{n}", employees=n, turnover=money, parent=top.id)
    found = get(ActorScope(anna), type_of(ORG), top.id).computed
    assert [found[f"x_{w}"] for w in ("sum", "min", "max", "latest")] == [17, 4, 8, 5]
    assert found["x_avg"] == Decimal("5.666667")
    assert found["x_money"] == {"amount": "17.30", "currency": "EUR"}
    run(anna, f"{ORG}.create", name="CH", turnover={"amount": "1", "currency": "CHF"}, parent=top.id)
    assert rolled(anna, "x_money", top) is None


def test_a_roll_up_counts_only_what_the_viewer_may_see(anna: Actor) -> None:
    declare(anna, "x_people", "roll_up", roll_by="contacts.person.organisation", roll_what="count")
    declare(anna, "x_more", formula="x_people + 1")
    firm = run(anna, f"{ORG}.create", name="A").record
    own = [{"record": ORG, "verb": "view"}, {"record": "contacts.person", "verb": "view",
            "where": {"field": "owner", "op": "is", "value": {"me": True}}}]  # fmt: skip
    dora, emil = make_member("Dora", own), make_member("Emil", own[:1])
    people(anna, firm, "a", "b")
    people(anna, firm, "c", owner=dora.member)
    assert rolled(anna, "x_more", firm) == 4
    assert rolled(dora, "x_more", firm) == 2
    assert "x_people" not in ActorScope(emil).visible(type_of(ORG))
    assert "x_more" not in ActorScope(emil).visible(type_of(ORG))


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"roll_by": "contacts.person.organisation", "roll_what": "sum"}, "roll_field"),
        ({"roll_by": "contacts.person.organisation", "roll_what": "sum", "roll_field": "position"}, "roll_field"),
        ({"roll_by": "work.task.owner", "roll_what": "count"}, "roll_by"),
        ({"roll_by": "contacts.person.organisation"}, "roll_what"),
        ({"roll_by": "contacts.person.organisation", "roll_what": "count",
          "roll_where": {"field": "nothing", "op": "empty"}}, "roll_where"),
    ],
)  # fmt: skip
def test_a_roll_up_that_makes_no_sense_is_refused_at_its_part(anna: Actor, facts: Any, field: str) -> None:
    with pytest.raises(Refused) as no:
        declare(anna, "x_no", "roll_up", **facts)
    assert no.value.field == field


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text)
    except FormulaError as error:
        assert 0 <= error.at <= len(text)


def test_today_is_the_tenants(anna: Actor) -> None:
    assert worth(anna, "today()") == today()
