"""Stories for the promise that what actions declare (``Action.writes``) is all that they write.

It is kept by every test, see ``kernel.testing.promising``; here are those actions that no other test takes far enough.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from klientel.kernel import actions
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.testing import make, promising
from klientel.kernel.testing.promising import kept_their_word
from klientel.sales.models import CloseReason, Stage

pytestmark = pytest.mark.django_db


def does(actor: Actor, key: str, record: Any, **params: Any) -> None:
    run(actor, key, record.pk, **params)  # what it wrote is compared at the end of the test


def reason(outcome: str) -> str:
    return str(CloseReason.objects.filter(outcome=outcome).first().pk)  # type: ignore[union-attr]


@pytest.fixture
def pipeline(anna: Actor) -> Any:
    return run(anna, "sales.pipeline.begin").record


def lead(anna: Actor, **values: Any) -> Any:
    return run(anna, "sales.lead.create", name="A press", **values).record


def leads(anna: Actor) -> None:
    one = lead(anna)
    does(anna, "sales.lead.take", one)
    does(anna, "sales.lead.hand_over", one, owner=anna.member, reason="x")
    does(anna, "sales.lead.contacted", one)
    does(anna, "sales.lead.qualify", one)
    does(anna, "sales.lead.nurture", one)
    does(anna, "sales.lead.disqualify", one, reason=reason("unfit"))
    does(anna, "sales.lead.reopen", one)
    does(anna, "sales.lead.convert", one)
    does(anna, "sales.lead.unconvert", one)
    does(anna, "sales.lead.react", lead(anna))
    does(anna, "sales.lead.route", lead(anna))


def deals(anna: Actor) -> None:
    line = {"name": "Press", "quantity": "1", "price": "5", "unit": "piece", "tax": "standard"}
    one = run(anna, "sales.deal.create", name="Hall 4", positions=[line]).record
    stages = list(Stage.objects.filter(outcome="open").order_by("position"))
    does(anna, "sales.deal.move", one, stage=stages[1].pk)
    does(anna, "sales.deal.quote", one)
    rival = make(anna, "contacts.organisation")
    does(anna, "sales.deal.lose", one, reason=reason("lost"), competitor=rival.pk, note="x")
    does(anna, "sales.deal.reopen", one)
    does(anna, "sales.deal.win", one, reason=reason("won"))


def tasks(anna: Actor) -> None:
    once = run(anna, "work.task.create", subject="x").record
    does(anna, "work.task.postpone", once, due=today().isoformat())
    does(anna, "work.task.complete", once)
    does(anna, "work.task.reopen", once)
    weekly = run(anna, "work.task.create", subject="x", due=today().isoformat(), repeats="FREQ=WEEKLY").record
    does(anna, "work.task.skip", weekly)
    does(anna, "work.task.complete", weekly)


@pytest.mark.parametrize("story", [leads, deals, tasks])
def test_nothing_is_written_that_was_not_declared(anna: Actor, pipeline: Any, story: Callable[[Actor], None]) -> None:
    story(anna)


def test_an_undeclared_write_is_found(anna: Actor, pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = lead(anna)
    does(anna, "sales.lead.take", one)
    kept_their_word()
    silent = dataclasses.replace(actions.get("sales.lead.take"), writes={})
    monkeypatch.setattr(promising, "declared", lambda: [silent])
    with pytest.raises(AssertionError, match=r"sales\.lead\.take"):
        kept_their_word()
    monkeypatch.undo()
