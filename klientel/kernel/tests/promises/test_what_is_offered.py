"""Pages offer what fits the record: every value at which an action is offered is one that its field can have."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import all_actions
from klientel.kernel.records import type_of

NARROWED = [a for a in all_actions() if not isinstance(a.offered, bool)]


@pytest.mark.parametrize("act", NARROWED, ids=lambda a: a.key)
def test_an_action_is_offered_at_values_that_there_are(act) -> None:
    fields = type_of(act.on).fields
    for name, wanted in act.offered.items():
        assert name in fields
        if not isinstance(wanted, bool):
            assert wanted and {*wanted} < {key for key, _label in fields[name].options()}
