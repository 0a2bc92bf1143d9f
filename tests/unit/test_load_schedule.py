"""Planned times: as many as promised, in order, and where the rate says."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.load.schedule import Arrivals, Schedule


def all_times(schedule: Schedule, users: int) -> list[float]:
    return sorted(itertools.chain.from_iterable(schedule.deal(users)))


def test_barrier_spread_and_repetition() -> None:
    assert all_times(Schedule(), 3) == [0, 0, 0]
    assert all_times(Schedule(spread=3), 3) == [0, 1, 2]
    assert list(Schedule(times=3, every=0.5, spread=2).deal(2)[1]) == [1.0, 1.5, 2.0]
    assert Schedule(times=3).count(4) == 12


@example(rate=500.0, end=500.00000000001, duration=4.0, users=3)  # so near that their difference has few digits
@given(
    rate=st.floats(0.5, 500), end=st.one_of(st.none(), st.floats(0.5, 500)), duration=st.floats(0.1, 4), users=st.integers(1, 20)
)
def test_rate_gives_its_integral_in_order_and_in_time(rate: float, end: float | None, duration: float, users: int) -> None:
    schedule = Schedule(rate=rate, rate_end=end, duration=duration)
    times = all_times(schedule, users)
    expected = duration * (rate + (rate if end is None else end)) / 2
    assert abs(len(times) - expected) <= 1
    assert schedule.count(users) == len(times)
    assert all(0 <= at < duration for at in times)
    for own in map(list, schedule.deal(users)):
        assert own == sorted(own)
        assert abs(len(own) - len(times) / users) < 1


def test_ramp_begins_slow_and_ends_fast() -> None:
    times = all_times(Schedule(rate=10, rate_end=90, duration=2), 1)
    assert len(times) == 100
    assert sum(at < 1 for at in times) == pytest.approx(30, abs=1)
    assert all(later - earlier > 0 for earlier, later in itertools.pairwise(times))


def test_falling_ramp_to_nothing_ends() -> None:
    assert len(all_times(Schedule(rate=100, rate_end=1e-9, duration=1), 1)) in {50, 51}


def test_random_arrivals_have_the_rate_and_can_be_repeated() -> None:
    schedule = Schedule(rate=1000, duration=4, arrivals="poisson", seed=7)
    times = all_times(schedule, 1)
    assert times == all_times(schedule, 1)
    assert times != all_times(Schedule(rate=1000, duration=4, arrivals="poisson", seed=8), 1)
    assert len(times) == pytest.approx(4000, abs=6 * math.sqrt(4000))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    # Exponential gaps: the standard deviation equals the mean.
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert deviation == pytest.approx(mean, rel=0.1)


@pytest.mark.parametrize(
    ("schedule", "users", "text"),
    [
        ({}, 0, "1 to 1000 users"),
        ({}, 1001, "1 to 1000 users"),
        ({"times": 0}, 1, "at least one iteration"),
        ({"every": -1.0}, 1, "not negative"),
        ({"rate": 2001.0, "duration": 1}, 1, "2000 iterations a second"),
        ({"rate": 0.0, "duration": 1}, 1, "a rate above 0"),
        ({"rate": 1.0}, 1, "a duration for a rate"),
        ({"rate_end": 1.0}, 1, "a rate at the beginning"),
        ({"times": 10**6, "every": 1.0}, 1, "at most 172800 s"),
    ],
)
def test_bounds(schedule: dict[str, Any], users: int, text: str) -> None:
    with pytest.raises(StackError, match=text):
        Schedule(**schedule).check(users)


def test_bounds_are_those_of_each_worker() -> None:
    Schedule(rate=4000, duration=1).check(2000, workers=2)
    with pytest.raises(StackError, match=r"1 to 2000 users\nSeen: 2001"):
        Schedule().check(2001, workers=2)
    with pytest.raises(StackError, match="4000 iterations a second"):
        Schedule(rate=4001, duration=1).check(1, workers=2)


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_times_of_some_users_are_the_same_when_nobody_asks_for_the_others(arrivals: Arrivals) -> None:
    schedule = Schedule(rate=50, duration=2, arrivals=arrivals)
    everybody = [list(own) for own in schedule.deal(7)]
    assert [list(own) for own in schedule.deal(7, range(1, 7, 3))] == everybody[1::3]
    side_by_side = schedule.deal(7)
    assert [at for _ in range(3) for own in side_by_side for at in [next(own)]] == sorted(itertools.chain(*everybody))[:21]
