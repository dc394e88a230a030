"""What people read about actions and settings stands with their declarations."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import declaring
from klientel.kernel.records import all_types


@pytest.mark.parametrize("key", sorted({**declaring._declared, **declaring._basics}))
def test_an_action_says_on_timelines_what_was_done(key: str) -> None:
    act = declaring._declared.get(key) or declaring._basics[key]
    assert act.said or act.new
    assert str(act.said) != str(act.label)


@pytest.mark.parametrize("key", sorted(t.key for t in all_types() if t.system and not t.key.startswith("kernel.")))
def test_a_setting_says_what_it_is_for(key: str) -> None:
    assert next(t.note for t in all_types() if t.key == key)
