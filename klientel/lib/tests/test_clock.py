import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from klientel.lib import clock
from klientel.lib.ids import time_of, uuid7

LONG_AGO = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
SOON = timedelta(seconds=5)


def test_a_turned_clock_runs_on_from_what_it_was_set_to() -> None:
    with clock.turned_back(LONG_AGO) as turn:
        assert LONG_AGO <= clock.now() < LONG_AGO + SOON
        turn(LONG_AGO + timedelta(days=1))
        assert LONG_AGO + timedelta(days=1) <= clock.now() < LONG_AGO + timedelta(days=1) + SOON
    assert abs(clock.now() - datetime.now(UTC)) < SOON


def test_ids_are_of_the_time_it_shows_and_rise() -> None:
    before = uuid7()
    with clock.turned_back(LONG_AGO) as turn:
        made = [uuid7() for _ in range(2000)]
        turn(LONG_AGO)
        made += [uuid7() for _ in range(2000)]
        turn(LONG_AGO + timedelta(days=40))
        made.append(uuid7())
    assert made == sorted(set(made))
    assert abs(time_of(made[0]) - LONG_AGO) < SOON
    assert abs(time_of(made[-1]) - LONG_AGO - timedelta(days=40)) < SOON
    assert before < uuid7()


def test_it_never_goes_back_within_one_telling_nor_ahead_of_now() -> None:
    with clock.turned_back(LONG_AGO) as turn:
        turn(LONG_AGO - timedelta(days=1))
        assert clock.now() >= LONG_AGO
        with pytest.raises(ValueError, match="turned back"):
            turn(datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(ValueError, match="turned back"), clock.turned_back(datetime.now(UTC) + timedelta(minutes=1)):
        pass


def test_other_threads_keep_the_time_of_the_machine() -> None:
    seen: list[datetime] = []
    with clock.turned_back(LONG_AGO):
        thread = Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert abs(seen[0] - datetime.now(UTC)) < SOON


def test_only_the_demo_turns_it() -> None:
    root = Path(clock.__file__).parents[1]
    turning = {
        path.relative_to(root).parts[:2]
        for path in root.rglob("*.py")
        if "tests" not in path.parts and path.name != "clock.py" and re.search(r"\bturned_back\b", path.read_text())
    }
    assert turning == {("site", "demo")}
