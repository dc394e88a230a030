"""What follows from the stage of a deal, and what a stage asks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.sales.models import CloseReason, Deal, Pipeline, Stage
from klientel.sales.models.checklist import Checklist
from klientel.sales.models.positions import Positions

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages(anna: Actor) -> dict[str, Stage]:
    """The usual pipeline's stages, by place: ``first`` to ``fourth``, ``won``, ``lost``."""
    run(anna, "sales.pipeline.begin")
    names = ("first", "second", "third", "fourth", "won", "lost")
    return dict(zip(names, Stage.objects.order_by("position"), strict=True))


def deal(anna: Actor, **values: Any) -> Deal:
    made: Deal = run(anna, "sales.deal.create", **{"name": "Machine", **values}).record
    return Deal.objects.get(pk=made.pk)


def again(one: Deal) -> Deal:
    return Deal.objects.get(pk=one.pk)


def reason(outcome: str) -> str:
    return str(CloseReason.objects.filter(outcome=outcome).order_by("id")[0].pk)


def test_without_a_pipeline_a_deal_stands_in_no_stage(anna: Actor) -> None:
    made = deal(anna)
    assert (made.stage, made.pipeline, made.state) == (None, None, "open")


def test_a_new_deal_begins_in_the_first_stage_with_its_probability(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna)
    assert (made.stage, made.pipeline, made.state) == (stages["first"].pk, stages["first"].pipeline, "open")
    assert made.probability == stages["first"].probability == 10
    assert made.entered_stage_at == made.created_at


def test_the_standard_pipeline_takes_new_deals(anna: Actor, stages: dict[str, Stage]) -> None:
    other = run(anna, "sales.pipeline.begin").record
    assert deal(anna).pipeline == stages["first"].pipeline
    there = deal(anna, pipeline=str(other.pk))
    assert there.pipeline == other.pk and there.stage != stages["first"].pk
    run(anna, "sales.pipeline.change", Pipeline.objects.get(standard=True).pk, standard=False)
    run(anna, "sales.pipeline.change", other.pk, standard=True)
    assert deal(anna).pipeline == other.pk


def test_an_own_probability_stands_until_the_next_stage(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna, probability=25)
    run(anna, "sales.deal.change", made.pk, name="Other")
    assert again(made).probability == 25
    run(anna, "sales.deal.move", made.pk, stage=str(stages["second"].pk))
    assert again(made).probability == stages["second"].probability


def test_a_stage_names_every_field_that_it_misses(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna)
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.move", made.pk, stage=str(stages["fourth"].pk))
    assert {r.field for r in (no.value, *no.value.also)} == {"value", "expected_close"}
    assert again(made).stage == stages["first"].pk
    run(anna, "sales.deal.change", made.pk, value={"amount": "100"}, expected_close="2027-01-01")
    run(anna, "sales.deal.move", made.pk, stage=str(stages["fourth"].pk))
    with pytest.raises(Refused):
        run(anna, "sales.deal.change", made.pk, value=None)


def test_closing_needs_a_reason_that_fits_and_can_be_taken_back(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna)
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.change", made.pk, stage=str(stages["won"].pk))
    assert no.value.field == "reason"
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.win", made.pk, reason=reason("lost"))
    assert no.value.code == "other_outcome"
    done = run(anna, "sales.deal.win", made.pk, reason=reason("won"))
    won = again(made)
    assert (won.state, won.stage, won.probability) == ("won", stages["won"].pk, 100)
    assert won.closed_at is not None
    undo(anna, done.change_set)
    back = again(made)
    assert (back.state, back.stage, back.probability, back.closed_at) == ("open", stages["first"].pk, 10, None)
    assert back.entered_stage_at == made.entered_stage_at


def test_a_reopened_deal_is_open_in_the_first_stage_without_a_reason(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna)
    run(anna, "sales.deal.lose", made.pk, reason=reason("lost"), note="Too dear")
    run(anna, "sales.deal.reopen", made.pk)
    back = again(made)
    assert (back.state, back.reason, back.reason_note, back.closed_at) == ("open", None, "", None)
    assert back.stage == stages["first"].pk


def test_a_deal_that_was_closed_elsewhere_comes_in_as_it_is(anna: Actor, stages: dict[str, Stage]) -> None:
    made = deal(anna, stage=str(stages["won"].pk))
    assert made.state == "won" and made.reason is None


def test_a_stage_of_another_pipeline_is_refused_where_both_are_named(anna: Actor, stages: dict[str, Stage]) -> None:
    other = run(anna, "sales.pipeline.begin").record
    with pytest.raises(Refused) as no:
        deal(anna, pipeline=str(other.pk), stage=str(stages["first"].pk))
    assert no.value.field == "stage"
    made = deal(anna)
    theirs = Stage.objects.filter(pipeline=other.pk).order_by("position")[1]
    run(anna, "sales.deal.move", made.pk, stage=str(theirs.pk))
    assert again(made).pipeline == other.pk


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Checklist("list"), "\n".join(str(n) for n in range(40))),
        (Checklist("list"), "x" * 300),
        (Positions("lines"), [{"name": "A", "quantity": "1", "unit_price": "1.123456789"}]),
        (Positions("lines"), [{"name": "A"}] * 501),
    ],
)
def test_a_refusal_with_a_value_in_it_is_read_in_the_readers_language(kind, value):
    kind.name = "field"
    with translation.override("de"), pytest.raises(Refused) as caught:
        kind.accept(value)
    said = set()
    for language in ("de", "en"):
        with translation.override(language):
            said.add(str(caught.value.message))
    assert len(said) == 2, said
