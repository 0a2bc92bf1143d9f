"""The leak verdict on made-up series: sizes of leaks, noise, saw-tooth, warm-up, steps; with its error rates."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable

import pytest

from realstack.core.errors import StackError
from realstack.monitor.leak import Growth, Series, blocks, judge_count, judge_growth, operations_needed, read_budget
from realstack.monitor.trend import find_step, trend

OPERATIONS, SAMPLES, NOISE, BUDGET, RUNS = 1000, 250, 40.0, 4.0, 150

Shape = Callable[[random.Random, int, float], float]
"""Adds to the value at an operation; the last figure is the white noise drawn for it."""


def white(rng: random.Random, x: int, noise: float) -> float:
    return noise


def saw_tooth(rng: random.Random, x: int, noise: float) -> float:
    return noise + (x % 37) * 6


def slow_saw_tooth(rng: random.Random, x: int, noise: float) -> float:
    return noise + (x % 160) * 3


def warm_up(rng: random.Random, x: int, noise: float) -> float:
    return noise + 3000 * (1 - math.exp(-x / 120))


def step(rng: random.Random, x: int, noise: float) -> float:
    return noise + (1500 if x > 620 else 0)


def drop(rng: random.Random, x: int, noise: float) -> float:
    return noise - (4000 if x > 500 else 0)


def outliers(rng: random.Random, x: int, noise: float) -> float:
    return noise + (rng.uniform(500, 5000) if rng.random() < 0.05 else 0)


SHAPES: dict[str, Shape] = {
    "white": white,
    "saw-tooth": saw_tooth,
    "slow saw-tooth": slow_saw_tooth,
    "warm-up": warm_up,
    "step": step,
    "drop": drop,
    "outliers": outliers,
}


def made_up(rng: random.Random, leak: float, shape: Shape, *, correlated: bool = False, lumps: bool = False) -> Series:
    operations: list[int] = []
    values: list[float] = []
    carried = 0.0
    for number in range(SAMPLES):
        x = OPERATIONS * number // (SAMPLES - 1)
        noise = rng.gauss(0, NOISE)
        if correlated:
            carried = 0.8 * carried + 0.6 * noise
            noise = carried
        grown = math.floor((leak * x + 600) / 1024) * 1024 if lumps else leak * x
        operations.append(x)
        values.append(30000 + grown + shape(rng, x, noise / 4 if lumps else noise))
    return Series("service memory", operations, values, "KiB", "connection", BUDGET, lump=1024.0)


def outcomes(leak: float, shape: Shape, seed: int, *, correlated: bool = False, lumps: bool = False) -> Counter[Growth]:
    rng = random.Random(seed)
    return Counter(judge_growth(made_up(rng, leak, shape, correlated=correlated, lumps=lumps)).outcome for _ in range(RUNS))


@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_leak_hardly_ever_called_growing(shape: str) -> None:
    found = outcomes(0.0, SHAPES[shape], seed=11)
    assert found[Growth.GROWS] <= 0.02 * RUNS
    assert found[Growth.STEADY] >= 0.95 * RUNS


@pytest.mark.parametrize("shape", SHAPES)
def test_a_leak_of_the_budget_hardly_ever_called_steady(shape: str) -> None:
    found = outcomes(BUDGET, SHAPES[shape], seed=12)
    assert found[Growth.STEADY] <= 0.02 * RUNS
    assert found[Growth.GROWS] >= 0.95 * RUNS


@pytest.mark.parametrize("leak", [0.0, BUDGET])
def test_correlated_noise_and_lumps(leak: float) -> None:
    wrong, right = (Growth.GROWS, Growth.STEADY) if leak == 0 else (Growth.STEADY, Growth.GROWS)
    for found in (outcomes(leak, white, seed=13, correlated=True), outcomes(leak, white, seed=14, lumps=True)):
        assert found[wrong] <= 0.02 * RUNS
        assert found[right] >= 0.95 * RUNS


def test_one_large_step_is_neither() -> None:
    values = [30000.0 + (9000 if n > 160 else 0) + (n % 7) for n in range(250)]
    verdict = judge_growth(Series("s", range(0, 1000, 4), values))
    assert verdict.outcome is Growth.UNKNOWN
    assert "one step of +9000 KiB" in verdict.sentence


def test_a_leak_besides_a_drop_is_found() -> None:
    values = [30000.0 + 20 * n - (9000 if n > 160 else 0) + (n % 7) for n in range(250)]
    verdict = judge_growth(Series("s", range(0, 1000, 4), values))
    assert verdict.outcome is Growth.GROWS
    assert "besides one step of -9001 KiB" in verdict.sentence


def test_too_much_noise_is_unknown_and_says_how_small_a_leak_it_sees() -> None:
    rng = random.Random(3)
    values = [30000 + rng.gauss(0, 6000) for _ in range(250)]
    verdict = judge_growth(Series("s", range(0, 1000, 4), values))
    assert verdict.outcome is Growth.UNKNOWN
    assert verdict.limit > BUDGET
    assert f"the smallest leak it could have seen is {verdict.limit:.2f}" in verdict.sentence
    assert "too coarse" in verdict.sentence


def test_too_little_work_is_unknown() -> None:
    assert judge_growth(Series("s", [0] * 50, [1.0] * 50)).outcome is Growth.UNKNOWN
    assert judge_growth(Series("s", [], [])).outcome is Growth.UNKNOWN
    verdict = judge_growth(Series("s", range(50), [30000.0] * 50, lump=1024.0))
    assert verdict.outcome is Growth.UNKNOWN, "an unused lump could hide a leak of 31 KiB"


@pytest.mark.parametrize("warmup", [None, 0.2, 100])
def test_so_much_work_is_enough_and_a_third_less_is_not(warmup: float | None) -> None:
    needed = operations_needed(1024.0, 4.0, warmup)

    def outcome(operations: int) -> Growth:
        left_out = round(operations * warmup) if warmup is not None and warmup < 1 else warmup
        return judge_growth(Series("s", range(operations), [30000.0] * operations, warmup=left_out, lump=1024.0)).outcome

    assert outcome(needed) is Growth.STEADY
    assert outcome(needed * 2 // 3) is Growth.UNKNOWN


def test_the_warm_up_can_be_said() -> None:
    values = [30000.0 + min(n, 200) * 16 for n in range(250)]
    assert judge_growth(Series("s", range(0, 1000, 4), values, warmup=0)).outcome is not Growth.STEADY
    assert judge_growth(Series("s", range(0, 1000, 4), values, warmup=804)).outcome is Growth.STEADY


def test_a_warm_up_that_never_ends_leaves_nothing_to_judge() -> None:
    assert blocks(Series("s", [0, 1], [1.0, 2.0], warmup=100)) == []


def test_a_verdict_tells_its_figures() -> None:
    verdict = judge_growth(made_up(random.Random(1), 8.0, white))
    assert verdict.outcome is Growth.GROWS
    assert verdict.slope == pytest.approx(8.0, abs=0.3)
    assert verdict.low < 8.0 < verdict.high
    assert "must stay under 4 KiB per connection" in verdict.sentence
    assert verdict.judged == pytest.approx(640, abs=10)


def test_series_survive_json() -> None:
    series = made_up(random.Random(5), 4.0, white)
    again = Series.from_json(series.to_json())
    assert judge_growth(again) == judge_growth(Series.from_json(again.to_json()))
    assert len(blocks(again)) == 24


def test_counts_must_return_exactly() -> None:
    def count(*values: float, done: int = 100) -> Growth:
        return judge_count(Series("fds", [0, done], values, "descriptors", "connection", exact=True)).outcome

    assert count(7, 7) is Growth.STEADY
    assert count(7, 8) is Growth.GROWS
    assert count(7, 6) is Growth.UNKNOWN
    assert count(7, 7, done=0) is Growth.UNKNOWN
    assert judge_count(Series("fds", [100, 300], [7, 9], "descriptors", "connection", exact=True)).slope == 0.01


def test_the_interval_holds_the_slope_as_often_as_it_says() -> None:
    rng = random.Random(17)
    misses = 0
    for _ in range(400):
        found = trend([[(float(x), 2.0 * x + rng.gauss(0, 5)) for x in range(20)]], confidence=0.95)
        assert found is not None
        misses += not found.low <= 2.0 <= found.high
    assert misses <= 0.06 * 400


def test_pairs_of_equal_values_narrow_the_interval_as_kendall_counts_them() -> None:
    # Of 15 slopes those at 3 and 12: half of 1.645 times the root of (6·5·17 - 2·2·1·9) / 18 from the middle. Untied, 2 and 13.
    found = trend([list(enumerate([1.0, 2.0, 0.0, 1.0, 4.0, 4.0]))], 0.9)
    assert found is not None
    assert (found.low, found.high) == (0.0, 1.5)


def test_ten_points_are_enough_for_a_step() -> None:
    assert find_step([(float(x), 50.0 if x >= 5 else 0.0) for x in range(10)]) == (5, 50.0)


def test_a_step_is_found_where_it_is() -> None:
    points = [(float(x), (50.0 if x >= 12 else 0.0) + x % 3) for x in range(24)]
    found = find_step(points)
    assert found is not None
    assert found[0] == 12
    assert found[1] == pytest.approx(50, abs=3)
    assert find_step([(float(x), 2.0 * x) for x in range(24)]) is None
    assert trend([[(0.0, 1.0), (1.0, 1.0)]]) is None


def test_budgets_are_kibibytes_and_may_be_written_as_sizes() -> None:
    given = ("4 KiB", "1.5MiB", "512 B", "2048 b", 7, 0.5, "3")
    assert [read_budget(size) for size in given] == [4.0, 1536.0, 0.5, 2.0, 7.0, 0.5, 3.0]
    for wrong in ("4 parsecs", "much", "", "-"):
        with pytest.raises(StackError, match="the budget is"):
            read_budget(wrong)


def test_a_rise_too_small_to_hold_a_leak_is_steady_where_no_slope_can_be_told() -> None:
    """Few points around a small step: the parts before and after it are too short for an interval of their own."""
    operations = list(range(0, 500, 50))
    values = [60000.0] * 5 + [60130.0] * 5
    verdict = judge_growth(Series("service memory", operations, values, warmup=0, lump=1024.0))
    assert verdict.outcome is Growth.STEADY, verdict.sentence
    assert verdict.limit < 4.0


def test_the_same_rise_over_little_work_stays_unknown() -> None:
    operations = list(range(0, 100, 10))
    values = [60000.0] * 5 + [60130.0] * 5
    assert judge_growth(Series("service memory", operations, values, warmup=0, lump=1024.0)).outcome is Growth.UNKNOWN


def test_a_rise_that_died_out_is_no_leak_yet_and_one_that_goes_on_is() -> None:
    rng, operations = random.Random(1), range(0, OPERATIONS, 4)

    def risen_until(end: int) -> Growth:
        return judge_growth(Series("s", operations, [30000.0 + 12 * min(x, end) + rng.gauss(0, 10) for x in operations])).outcome

    assert risen_until(650) is Growth.UNKNOWN
    assert risen_until(OPERATIONS) is Growth.GROWS


def test_a_leak_of_which_one_lump_looks_like_a_step() -> None:
    """Memory of a service that remembers a client for every sign-in: it rose by 7 MiB in 31 acts, the most of it at one."""
    operations = [9, 11, 14, 15, 18, 21, 24, 29, 33, 40]
    values = [59104.0, 59112.0, 59112.0, 59812.0, 61944.0, 62660.0, 62672.0, 64212.0, 65504.0, 66200.0]
    assert judge_growth(Series("s", operations, values, budget=48.0, warmup=0, lump=1024.0)).outcome is Growth.GROWS
    once = [59104.0] * 4 + [62672.0] * 6
    assert judge_growth(Series("s", operations, once, budget=48.0, warmup=0, lump=1024.0)).outcome is not Growth.GROWS


def test_a_leak_that_pauses_where_the_allocator_had_something_in_store() -> None:
    """A measured series: 7 KiB a connection were kept, and after 480 connections a freed lump took them in."""
    operations = [
        0,
        19,
        52,
        85,
        119,
        144,
        168,
        183,
        217,
        243,
        270,
        294,
        319,
        346,
        363,
        392,
        422,
        459,
        483,
        504,
        532,
        581,
        642,
        675,
    ]
    values = [
        71396,
        71424,
        71812,
        72304,
        72400,
        72708,
        72780,
        72936,
        73524,
        73536,
        73808,
        74236,
        74248,
        74528,
        74732,
        74844,
        75472,
    ]
    values += [75492, 75924, 75924, 75924, 75924, 75928, 75936]
    leak = Series("memory", operations, values, operation="connection", budget=4.0, warmup=135, lump=1024.0)
    assert judge_growth(leak).outcome is Growth.GROWS
    allowed = Series("memory", operations, values, operation="connection", budget=8.0, warmup=135, lump=1024.0)
    assert judge_growth(allowed).outcome is not Growth.GROWS
