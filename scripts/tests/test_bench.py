"""The bench reads the processes right and says what it found."""

from __future__ import annotations

import os
import time
from typing import Any

from bench import asking, machine, report
from bench.questions import questions

FACTS = {
    "cursor": "a",
    "cursor_sort": "b",
    "cursor_id": "c",
    "rare": "Ida Übel",
    "typo": "Ida Ubl",
    "hot": "1",
    "person": "2",
}


def test_the_cpu_of_a_process_grows_with_its_work() -> None:
    before = machine.cpu(os.getpid())
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert 0.05 < machine.cpu(os.getpid()) - before < 5
    assert machine.cpu(2**22 + 1) == 0
    assert os.getpid() in machine.family(os.getppid())
    assert machine.peak(os.getpid()) > machine.memory(os.getpid(), "Rss:") * 0.5 > 5


def test_every_question_is_asked_of_both_sides() -> None:
    asked = questions(FACTS, "token", 7)
    assert len({one.key for one in asked}) == len(asked) == 10
    for one in asked:
        assert one.app(0).method in ("GET", "POST", "PATCH")
        assert one.bare(0).path.startswith("/")
    create = next(one for one in asked if one.key == "create")
    assert create.app(0).body != create.app(1).body != create.bare(1).body


def test_a_figure_too_high_is_marked() -> None:
    figure = asking.Figure(app=0.004, database=0.002, times=[0.001, 0.002], statuses={200: 2}).plain()
    assert figure["cpu_ms"] == 3.0
    one: dict[str, Any] = {"label": "list", "most": 3, "ratio": 3.1, "narrow_ratio": 1.0}
    sides = {"bare": figure, "app": figure | {"statuses": {500: 2}}, "narrow": figure}
    text = report.table({"persons": 5, "pages": {"list": one | sides}})
    assert text.splitlines()[-1].rstrip().endswith("!  {500: 2}")
