"""The forecast: sums beside targets, what changed adds up, what was said is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import translation

from klientel.insights.dashboards import Asked, asked, dashboard
from klientel.insights.figures import Table
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history.past import Then
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.kinds import today, zone
from klientel.kernel.testing.making import make_member
from klientel.lib import clock
from klientel.lib.dates import add_months
from klientel.sales.jobs.forecast import keep_forecast
from klientel.sales.models import CloseReason, ForecastDay, Stage
from klientel.sales.queries.changes import Move, moved, open_in_period

pytestmark = pytest.mark.django_db
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def month(n: int = 0) -> dt.date:
    return add_months(today().replace(day=1), n)


def eur(amount: int | str) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}


def deal(actor: Actor, name: str, amount: int, on: dt.date | None = None, **values: Any) -> Any:
    day = (on or month(1)).isoformat()
    return run(actor, "sales.deal.create", name=name, value=eur(amount), expected_close=day, **values).record


def close(actor: Actor, record: Any, outcome: str = "win") -> None:
    reason = CloseReason.objects.filter(outcome="won" if outcome == "win" else "lost").order_by("id")[0]
    run(actor, f"sales.deal.{outcome}", record.pk, reason=str(reason.pk))


def asking(actor: Actor, **query: str) -> Asked:
    scope = ActorScope(actor)
    return asked(scope, dashboard(scope, "forecast"), query)


def table(actor: Actor, key: str, **query: str) -> Table:
    board = dashboard(ActorScope(actor), "forecast")
    with translation.override("en"):
        return next(f for f in board.figures if f.key == key).draw(asking(actor, **query))


def values(found: Table) -> dict[str, dict[str, Any]]:
    return {
        label.text: {c.label: cell.value for c, cell in zip(found.columns, cells, strict=True)}
        for label, cells in found.rows
    }


def foot(found: Table) -> dict[str, Any]:
    return {c.label: cell.value for c, cell in zip(found.columns, found.foot, strict=True)}


def test_open_weighted_committed_and_won_stand_in_the_month_they_count_in(anna: Actor, stages: list[Stage]) -> None:
    deal(anna, "A", 1000, probability=10)
    deal(anna, "B", 500, probability=50, category="committed")
    deal(anna, "Left out", 7000, category="omitted")
    close(anna, deal(anna, "Won", 300))
    rows = list(values(table(anna, "months")).values())
    assert [rows[0][n] for n in ("Won", "Weighted", "Committed", "Open amount")] == [300, 0, 0, 0]
    assert [rows[1][n] for n in ("Won", "Weighted", "Committed", "Open amount")] == [0, 350, 500, 1500]
    assert foot(table(anna, "months"))["Open amount"] == 1500


def test_quarters_add_up_their_months_and_one_of_which_only_a_part_is_asked_about_says_so(
    anna: Actor, stages: list[Stage], behind: Any
) -> None:
    begin = month().replace(month=(month().month - 1) // 3 * 3 + 1)
    for n in range(3):
        deal(anna, f"D{n}", 100, add_months(begin, n) + dt.timedelta(days=20))
    run(anna, "sales.target.create", begins=begin.isoformat(), span="quarter", amount=eur(900))
    found = table(anna, "months", period="quarters")
    label, cells = found.rows[0]
    assert (found.head, len(found.rows)) == ("Quarter", 4)
    assert (label.text, cells[2].value, cells[4].value) == (f"Q{begin.month // 3 + 1} {begin.year}", 900, 300)
    assert behind(anna, cells[4].url) == 3
    some = {"from": add_months(begin, 1).isoformat(), "to": (add_months(begin, 3) - dt.timedelta(days=1)).isoformat()}
    label, cells = table(anna, "months", step="quarter", **some).rows[0]
    assert label.text.endswith("(a part)")
    assert (cells[2].value, cells[4].value, behind(anna, cells[4].url)) == (600, 200, 2)
    assert len(table(anna, "months", period="quarters", step="month").rows) == 12
    with pytest.raises(Refused):
        table(anna, "months", step="week")


def test_a_target_of_a_quarter_falls_into_its_months_and_nothing_of_it_is_lost(
    anna: Actor, stages: list[Stage]
) -> None:
    run(anna, "sales.target.create", begins=month().isoformat(), span="quarter", amount=eur("1000"))
    found = values(table(anna, "months"))
    assert [row["Target"] for row in found.values()][:4] == [
        Decimal("333.33"),
        Decimal("333.33"),
        Decimal("333.34"),
        None,
    ]


def test_coverage_is_what_is_weighted_of_what_is_missing(anna: Actor, stages: list[Stage]) -> None:
    run(anna, "sales.target.create", begins=month().isoformat(), amount=eur(1000))
    close(anna, deal(anna, "Won", 600))
    deal(anna, "Open", 1000, month() + dt.timedelta(days=27), probability=50)
    first = next(iter(values(table(anna, "months")).values()))
    assert (first["Still missing"], first["Coverage"]) == (Decimal(400), Decimal("125.0"))


def test_the_target_of_somebody_is_not_that_of_all_where_there_is_one_for_all(anna: Actor, stages: list[Stage]) -> None:
    whose = str(anna.member)
    run(anna, "sales.target.create", begins=month().isoformat(), member=whose, amount=eur(100))
    assert foot(table(anna, "months"))["Target"] == 100
    run(anna, "sales.target.create", begins=month().isoformat(), amount=eur(900))
    assert foot(table(anna, "months"))["Target"] == 900
    assert foot(table(anna, "months", owner=whose))["Target"] == 100


def rep(name: str, own: bool = True, **facts: Any) -> Actor:
    """Somebody who sees the deals of their own, or of their teams too, and submits forecasts."""
    where = OWN if own else {"any": [OWN, {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}]}
    grants = [
        {"record": key, "verb": verb, "where": where}
        for key in ("sales.deal", "sales.submission")
        for verb in ("view", "create")
    ]
    return make_member(name, [*grants, {"record": "sales.target", "verb": "view"}], **facts)


@pytest.fixture
def teams(anna: Actor) -> dict[str, UUID]:
    """North and below it Coast; South beside them."""
    made = {n: run(anna, "kernel.team.create", name=n).record.pk for n in ("North", "South")}
    return made | {"Coast": run(anna, "kernel.team.create", name="Coast", parent=str(made["North"])).record.pk}


def set_target(anna: Actor, amount: int, **whose: UUID | None) -> None:
    run(
        anna,
        "sales.target.create",
        begins=month().isoformat(),
        amount=eur(amount),
        **{k: str(v) for k, v in whose.items()},
    )


def test_the_target_beside_the_sums_is_of_those_whose_deals_one_sees(
    anna: Actor, stages: list[Stage], teams: dict[str, UUID]
) -> None:
    own = rep("Rita Reuter", team=str(teams["Coast"]))
    lead = rep("Lars Lotse", own=False, team=str(teams["North"]))
    set_target(anna, 9000)
    assert foot(table(own, "months"))["Target"] is None
    set_target(anna, 30, member=own.member)
    set_target(anna, 700, team=teams["South"])
    assert foot(table(own, "months"))["Target"] == 30
    assert foot(table(lead, "months"))["Target"] == 30  # of the teams only she has one
    set_target(anna, 40, team=teams["Coast"])
    assert foot(table(lead, "months"))["Target"] == 40
    set_target(anna, 500, team=teams["North"])
    assert foot(table(lead, "months"))["Target"] == 500  # of which Coast's is a part
    assert foot(table(own, "months"))["Target"] == 30
    assert foot(table(anna, "months"))["Target"] == 9000


def test_a_team_counts_once_in_the_target_of_all_however_many_are_below_it(
    anna: Actor, stages: list[Stage], teams: dict[str, UUID]
) -> None:
    for name, amount in (("North", 500), ("Coast", 40), ("South", 700)):
        set_target(anna, amount, team=teams[name])
    assert foot(table(anna, "months"))["Target"] == 1200


def test_a_submitted_forecast_counts_for_the_team_of_its_owner(
    anna: Actor, stages: list[Stage], teams: dict[str, UUID]
) -> None:
    own, other = rep("Rita Reuter", team=str(teams["Coast"])), rep("Sven Segel", team=str(teams["South"]))
    for who, amount in ((own, 70), (other, 5)):
        run(who, "sales.submission.create", begins=month().isoformat(), amount=eur(amount))
        deal(anna, "A", 1000, owner=str(who.member))
    lead = rep("Lars Lotse", own=False, team=str(teams["North"]))
    said = {
        name: foot(table(who, "months"))["Submitted"] for name, who in (("own", own), ("lead", lead), ("all", anna))
    }
    assert said == {"own": 70, "lead": 70, "all": 75}
    assert foot(table(anna, "months", **{"owner.team": str(teams["Coast"])}))["Submitted"] == 70
    assert {n: row["Submitted"] for n, row in values(table(anna, "teams")).items()} == {"Coast": 70, "South": 5}


def test_a_target_counts_from_the_month_of_its_first_day_on(anna: Actor, stages: list[Stage]) -> None:
    run(anna, "sales.target.create", begins=(month() + dt.timedelta(days=9)).isoformat(), amount=eur(7))
    assert next(iter(values(table(anna, "months")).values()))["Target"] == 7


def test_a_submitted_forecast_is_kept_with_what_was_worked_out_and_an_override_says_so(
    anna: Actor, stages: list[Stage]
) -> None:
    rep = make_member("Rita Reuter", [{"record": "*", "verb": "*"}])
    deal(anna, "A", 1000, probability=50, owner=str(rep.member))
    own = run(rep, "sales.submission.create", begins=month(1).isoformat(), amount=eur(700), note="Sure.").record
    assert (own.calculated["amount"], own.overrides, own.owner) == ("500.00", False, rep.member)
    assert foot(table(anna, "months"))["Submitted"] == 700
    over = run(
        anna, "sales.submission.create", begins=month(1).isoformat(), amount=eur(400), owner=str(rep.member)
    ).record
    assert (over.overrides, over.submitted_by) == (True, anna.member)
    assert foot(table(anna, "months"))["Submitted"] == 400
    assert own.__class__.objects.count() == 2


def test_what_changed_lists_every_move_and_adds_up_from_the_old_sum_to_the_new(
    anna: Actor, stages: list[Stage]
) -> None:
    then = clock.now() - dt.timedelta(days=3)
    with clock.turned_back(then - dt.timedelta(days=5)):
        names = ("won", "lost", "later", "out", "up", "down", "stage", "same", "gone")
        made = {n: deal(anna, n, 1000 * (k + 1), month(2)) for k, n in enumerate(names)}
        made["in"] = deal(anna, "in", 50, month(9))
    close(anna, made["won"])
    close(anna, made["lost"], "lose")
    change = "sales.deal.change"
    run(anna, change, made["later"].pk, expected_close=month(3).isoformat())
    run(anna, change, made["out"].pk, expected_close=month(8).isoformat())
    run(anna, change, made["in"].pk, expected_close=month(1).isoformat())
    run(anna, change, made["up"].pk, value=eur(90_000))
    run(anna, change, made["down"].pk, value=eur("0.01"))
    run(anna, change, made["same"].pk, description="Something else was noted.")
    run(anna, "sales.deal.move", made["stage"].pk, stage=str(stages[1].pk))
    run(anna, "sales.deal.archive", made["gone"].pk)
    new = deal(anna, "new", 77)
    asked_ = asking(anna)
    found = {m.deal: m for m in moved(asked_, then)}
    told = {name: found[record.pk].move for name, record in made.items() if record.pk in found}
    assert told == {
        "won": Move.WON, "lost": Move.LOST, "later": Move.LATER, "out": Move.LATER, "in": Move.EARLIER,
        "up": Move.UP, "down": Move.DOWN, "stage": Move.STAGE, "gone": Move.REMOVED,
    }  # fmt: skip
    assert found[new.pk].move == Move.NEW
    scope = asked_.scope
    before, now = past_sum(scope, asked_, then), past_sum(scope, asked_, clock.now())
    assert before + sum(m.difference for m in found.values()) == now
    assert before == Decimal(45_000)


def past_sum(scope: ActorScope, asked_: Asked, at: dt.datetime) -> Decimal:
    """The open amounts as they were then, added up by hand."""
    past = Then(scope, at)
    where, source = past.condition(asked_.rtype, open_in_period(asked_)), past.source(asked_.rtype)
    begun = past.begun()
    with connection.cursor() as cursor:
        cursor.execute(
            f"{begun.text}SELECT coalesce(sum((t.value->>'amount')::numeric), 0) FROM {source.text} t"
            f" WHERE t.archived_at IS NULL AND {where.text}",
            [*begun.params, *source.params, *where.params],
        )
        return cursor.fetchone()[0]


def test_what_changed_shows_nothing_of_a_colleague(anna: Actor, stages: list[Stage]) -> None:
    deal(anna, "Nobody's", 1000)
    mine = deal(anna, "Mine", 70, owner=str(anna.member))
    narrow = replace(anna, grants=(Grant("sales.deal", "view", OWN),))
    found = moved(asking(narrow), clock.now() - dt.timedelta(days=1))
    assert [m.deal for m in found] == [mine.pk]
    assert foot(table(narrow, "changed", since=(today() - dt.timedelta(days=1)).isoformat()))["Now"] == 70


def test_a_day_is_kept_once_and_the_next_one_again(anna: Actor, stages: list[Stage]) -> None:
    deal(anna, "A", 1000, probability=50)
    keep_forecast()
    deal(anna, "B", 1000)
    keep_forecast()
    (kept,) = ForecastDay.objects.all()
    assert (kept.deals, kept.open, kept.weighted) == (1, 1000, 500)
    assert kept.day == clock.now().astimezone(zone()).date()
    with clock.turned_back(clock.now() - dt.timedelta(days=2)):
        keep_forecast()
    assert ForecastDay.objects.count() == 2


def test_the_accuracy_tells_what_was_expected_and_what_was_won(anna: Actor, stages: list[Stage]) -> None:
    begin = dt.datetime.combine(month(-1), dt.time(9), zone())
    with clock.turned_back(begin - dt.timedelta(days=9)) as turn_to:
        one = deal(anna, "A", 1000, month(-1) + dt.timedelta(days=20), probability=50)
        turn_to(begin)
        keep_forecast()
        turn_to(begin + dt.timedelta(days=5))
        close(anna, one)
    (row,) = values(table(anna, "accuracy")).values()
    assert (row["Forecast then"], row["Won"], row["Off by"]) == (500, 1000, Decimal("-50.0"))
