from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest

from klientel.lib.ids import secrets, time_of, uuid7, uuid7_at, uuid7s


def test_ids_rise_strictly_and_are_version_seven() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_threads_never_make_the_same_id() -> None:
    made: list[UUID] = []
    threads = [Thread(target=lambda: made.extend(uuid7() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000
    assert len({one.int >> 64 for one in made}) == 8000


def test_the_ids_of_many_rows_rise_and_are_nobody_elses() -> None:
    before, many, after = uuid7(), [UUID(one) for one in [*uuid7s(2000), *uuid7s(2000)]], uuid7()
    assert many == sorted(set(many))
    assert before < many[0]
    assert many[-1] < after
    assert {(one.version, one.variant) for one in many} == {(7, "specified in RFC 4122")}


def test_secret_ids_share_nothing() -> None:
    made = secrets(500)
    assert len({UUID(one) for one in made}) == 500
    assert len({one[:8] for one in made} | {one[-8:] for one in made}) > 990


def test_an_id_tells_when_it_was_made() -> None:
    now = datetime.now(UTC)
    assert abs(time_of(uuid7()) - now) < timedelta(seconds=5)


def test_lower_bound_of_an_instant() -> None:
    now = datetime.now(UTC)
    assert uuid7_at(now) <= uuid7()
    assert uuid7() < uuid7_at(now + timedelta(seconds=60))
    assert time_of(uuid7_at(datetime(2026, 11, 21, 12, tzinfo=UTC))) == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="version 7"):
        time_of(uuid4())
    with pytest.raises(ValueError, match="aware"):
        uuid7_at(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="outside"):
        uuid7_at(datetime(1960, 1, 1, tzinfo=UTC))
