"""Turns by weights."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klientel.lib.turns import turn

weights = st.dictionaries(st.integers(0, 30), st.integers(1, 20), min_size=1, max_size=8)


@given(weights)
def test_everybody_gets_as_often_as_their_weight_says(given_weights: dict[int, int]) -> None:
    had: dict[int, int] = {}
    got: Counter[int] = Counter()
    for _ in range(sum(given_weights.values())):
        one, had = turn(had, given_weights)
        got[one] += 1
    assert got == given_weights and not any(had.values())


@given(weights, st.data())
def test_nobody_runs_far_ahead_whoever_comes_and_goes(given_weights: dict[int, int], data: st.DataObject) -> None:
    had: dict[int, int] = {}
    for _ in range(40):
        there = data.draw(st.sets(st.sampled_from(sorted(given_weights)), min_size=1))
        before = dict(had)
        one, had = turn(had, {key: given_weights[key] for key in there})
        assert one in there and sum(had.values()) == 0
        assert all(had[key] == before.get(key, 0) for key in had if key not in there)


def test_where_nobody_takes_part_there_is_no_turn() -> None:
    with pytest.raises(ValueError, match="nobody"):
        turn({}, {})
