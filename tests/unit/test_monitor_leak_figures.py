"""The leak verdict on small series, to the last figure: in each of them some slip in the reckoning would show.

Handmade ones meet a boundary or miss it: a budget of 4 is 92 KiB over 23 operations. The rest were drawn at random, and kept
because they told a changed verdict from the real one; their figures were reckoned by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from realstack.monitor.leak import Growth, GrowthVerdict, Series, judge_count, judge_growth
from realstack.monitor.trend import find_step, trend

COUNTED = {"exact": True, "unit": "descriptors", "operation": "connection"}
COARSE = "too coarse to tell a leak from none. Do more operations, or measure in a quieter place."


def skipping(count: int) -> list[int]:
    """Operations at which so many samples were taken; one of them was missed."""
    return [100 + number + (number > 4) for number in range(count)]


def figures(text: str, judged: int) -> tuple[Any, ...]:
    """Slope, the ends of its interval, and the smallest leak that would have been seen; the operations that it rests on."""
    return (*(None if figure == "none" else float(figure) for figure in text.split()), judged)


CASES: list[tuple[Sequence[int], str, dict[str, Any], GrowthVerdict]] = [
    (
        range(100, 124),
        "0 4 8 12 16 20 24 28 32 36 40 44 48 52 56 60 64 68 72 76 80 84 88 92",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, +4.00 KiB per operation "
            "(99 % within +4.00 and +4.00) over 23 operations; the smallest leak it could have seen is 0.00.",
            *figures("4 4 4 0", 23),
        ),
    ),
    (
        range(100, 124),
        "0 " * 24,
        {"lump": 92.0},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.00 KiB per operation (99 % within +0.00 and +0.00) over 23 operations; the smallest leak it could have "
            "seen is 4.00.",
            *figures("0 0 0 4", 23),
        ),
    ),
    (
        range(100, 124),
        "0 " * 24,
        {"lump": 92.5},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +0.00 KiB per operation (99 % within +0.00 and +0.00) over 23 operations; the smallest leak it could have "
            "seen is 4.02, and the budget is 4: "
            f"{COARSE}",
            *figures("0 0 0 4.021739", 23),
        ),
    ),
    (
        range(100, 124),
        "0 0 0 0 0 0 0 0 0 0 0 0 50 50 50 50 50 50 50 50 50 50 50 50",
        {},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.00 KiB per operation (99 % within +0.00 and +0.00) over 23 operations; the smallest leak it could have "
            "seen is 0.00, besides one step of +50 KiB at operation 112.",
            *figures("0 0 0 0", 23),
        ),
    ),
    (
        range(100, 124),
        "0 0 0 0 0 0 0 0 0 0 0 0 92 92 92 92 92 92 92 92 92 92 92 92",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s grew by one step of +92 KiB at operation 112, which may be a leak in lumps or something that happens once: do "
            "more operations.",
            *figures("0 0 0 0", 23),
        ),
    ),
    (
        range(100, 108),
        "0 " * 8,
        {},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.00 KiB per operation (99 % within +0.00 and +0.00) over 7 operations; the smallest leak it could have "
            "seen is 0.00.",
            *figures("0 0 0 0", 7),
        ),
    ),
    (
        range(100, 107),
        "0 " * 7,
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s gives 7 points after the warm-up, at least 8 are needed: do more operations, or sample more often.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        range(100, 124),
        "0 12 24 36 48 60 72 84 96 96 96 96 96 96 96 96 96 96 96 96 96 96 96 96",
        {},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.00 KiB per operation (99 % within +0.00 and +2.40) over 23 operations; the smallest leak it could have "
            "seen is 2.40, besides one step of +72 KiB at operation 105.",
            *figures("0 0 2.4 2.4", 23),
        ),
    ),
    (
        range(100, 124),
        "0 12 24 36 48 60 72 84 96 108 120 132 144 144 144 144 144 144 144 144 144 144 144 144",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +6.50 KiB per operation (99 % within +0.00 and +12.00) over 23 operations; the smallest leak it could have "
            "seen is 6.50, and the budget is 4: "
            f"{COARSE}",
            *figures("6.503497 0 12 6.503497", 23),
        ),
    ),
    (
        range(0, 180, 2),
        "0 1 2 3 4 " * 18,
        {"warmup": None},
        GrowthVerdict(
            Growth.STEADY,
            "s: -0.00 KiB per operation (99 % within -0.01 and +0.00) over 114 operations; the smallest leak it could have "
            "seen is 0.01.",
            *figures("-0.002294 -0.010204 0 0.007911", 114),
        ),
    ),
    (
        range(10, 190, 2),
        "0 1 2 3 4 " * 18,
        {"warmup": None},
        GrowthVerdict(
            Growth.STEADY,
            "s: -0.00 KiB per operation (99 % within -0.01 and +0.00) over 114 operations; the smallest leak it could have "
            "seen is 0.01.",
            *figures("-0.002294 -0.010204 0 0.007911", 114),
        ),
    ),
    (
        [100, 300],
        "7 9",
        COUNTED,
        GrowthVerdict(
            Growth.GROWS,
            "s grew: it must be back at 7 descriptors, because that was there before the work began; however, after 200 "
            "connections it is 9 (0.01 for each connection).",
            *figures("0.01 -inf inf inf", 200),
        ),
    ),
    (
        [100, 300],
        "7 7",
        COUNTED,
        GrowthVerdict(
            Growth.STEADY,
            "s went from 7 to 7 descriptors over 200 connections.",
            *figures("0 0 0 0.005", 200),
        ),
    ),
    (
        [100, 300],
        "9 7",
        COUNTED,
        GrowthVerdict(
            Growth.UNKNOWN,
            "s went from 9 to 7 descriptors over 200 connections: something was still going on when it was first read. Read "
            "it once all is quiet.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        [100, 300],
        "9 1",
        COUNTED,
        GrowthVerdict(
            Growth.UNKNOWN,
            "s went from 9 to 1 descriptors over 200 connections: something was still going on when it was first read. Read "
            "it once all is quiet.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        [100, 300],
        "9 0",
        COUNTED,
        GrowthVerdict(
            Growth.STEADY,
            "s went from 9 to 0 descriptors over 200 connections.",
            *figures("0 0 0 0.005", 200),
        ),
    ),
    (
        [100, 100],
        "7 7",
        COUNTED,
        GrowthVerdict(
            Growth.UNKNOWN,
            "s was judged over no work at all: count the operations.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        [100],
        "7",
        COUNTED,
        GrowthVerdict(
            Growth.UNKNOWN,
            "s was read 1 time(s): read it before and after.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        [5] * 30,
        "1 " * 30,
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s gives 0 points after the warm-up, at least 8 are needed: do more operations, or sample more often.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        [0, 1],
        "1 2",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s gives 2 points after the warm-up, at least 8 are needed: do more operations, or sample more often.",
            *figures("none -inf inf inf", 0),
        ),
    ),
    (
        range(100, 124),
        "0 20 40 60 80 100 120 140 160 180 200 220 240 240 240 240 240 240 240 240 240 240 240 262",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, over 23 operations it "
            "rose by 262 KiB more than one lump, 11.39 each.",
            *figures("11 0 20 11", 23),
        ),
    ),
    (
        range(100, 124),
        "0 20 40 60 80 100 120 140 160 180 200 220 240 240 240 240 240 240 240 240 240 240 240 261",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +10.98 KiB per operation (99 % within +0.00 and +20.00) over 23 operations; the smallest leak it could have "
            "seen is 10.98, and the budget is 4: "
            f"{COARSE}",
            *figures("10.977273 0 20 10.977273", 23),
        ),
    ),
    (
        range(100, 112),
        "5 5 5 5 5 5 0 4 8 12 16 20",
        {},
        GrowthVerdict(
            Growth.STEADY,
            "s: between its lowest and its highest, with what a lump may hide, lie 20 KiB over 11 operations, where a leak "
            "of the budget would have been 44; the smallest leak it could have seen is 1.82.",
            *figures("0.826389 -inf inf 1.818182", 11),
        ),
    ),
    (
        range(100, 110),
        "0 0 0 0 0 40 40 40 40 40",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s grew by one step of +40 KiB at operation 105, which may be a leak in lumps or something that happens once: do "
            "more operations.",
            *figures("0 0 0 0", 9),
        ),
    ),
    (
        range(100, 111),
        "-5 0 5 10 19 18 25 33 27 38 42",
        {"lump": 60.0},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +4.71 KiB per operation (99 % within +3.80 and +5.75) over 10 operations; the smallest leak it could have "
            "seen is 6.00, and the budget is 4: "
            f"{COARSE}",
            *figures("4.714286 3.8 5.75 6", 10),
        ),
    ),
    (
        range(100, 124),
        "4 1 13 10 22 23 27 39 42 49 52 54 63 65 71 72 77 89 86 98 120 125 135 137",
        {"lump": 92.0},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, +5.00 KiB per operation "
            "(99 % within +4.56 and +5.43) over 23 operations; the smallest leak it could have seen is 4.00, besides one "
            "step of +20 KiB at operation 120.",
            *figures("5 4.555556 5.428571 4", 23),
        ),
    ),
    (
        range(100, 124),
        "5 -9 -2 -7 8 10 23 15 12 40 41 34 64 59 50 48 70 84 80 82 86 69 105 76",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, +4.62 KiB per operation "
            "(99 % within +3.69 and +5.67) over 23 operations; the smallest leak it could have seen is 1.05.",
            *figures("4.615196 3.6875 5.666667 1.051471", 23),
        ),
    ),
    (
        skipping(14),
        "1 0 0 0 2 -300 -298 -298 -298 -300 -298 -299 -299 -298",
        {},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.00 KiB per operation (99 % within -0.20 and +0.50) over 14 operations; the smallest leak it could have "
            "seen is 0.50, besides one step of -298 KiB at operation 106.",
            *figures("0 -0.2 0.5 0.5", 14),
        ),
    ),
    (
        range(100, 124),
        "-2 11 25 36 50 61 74 82 93 95 97 95 93 98 95 96 94 98 95 93 97 96 98 95",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +0.50 KiB per operation (99 % within -0.50 and +7.00) over 23 operations; the smallest leak it could have "
            "seen is 6.50, and the budget is 4: "
            f"{COARSE}",
            *figures("0.5 -0.5 7 6.5", 23),
        ),
    ),
    (
        range(100, 109),
        "2 9 17 25 34 -259 -251 -242 -235",
        {},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: -34.86 KiB per operation (99 % within -inf and +inf) over 8 operations; the smallest leak it could have seen "
            "is inf, and the budget is 4: "
            f"{COARSE}",
            *figures("-34.857143 -inf inf inf", 8),
        ),
    ),
    (
        range(100, 111),
        "0 2 1 2 92 92 91 91 91 92 92",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s grew by one step of +90 KiB at operation 104, which may be a leak in lumps or something that happens once: do "
            "more operations.",
            *figures("0 -0.333333 0.5 2", 10),
        ),
    ),
    (
        skipping(9),
        "3 15 24 37 50 61 69 71 73",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, over 9 operations it rose "
            "by 70 KiB more than one lump, 7.78 each.",
            *figures("8 -inf inf inf", 9),
        ),
    ),
    (
        skipping(8),
        "0 0 0 0 20 20 20 20",
        {"lump": 92.0},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +2.86 KiB per operation (99 % within +0.00 and +6.67) over 8 operations; the smallest leak it could have "
            "seen is 11.50, and the budget is 4: "
            f"{COARSE}",
            *figures("2.857143 0 6.666667 11.5", 8),
        ),
    ),
    (
        skipping(24),
        "1 9 17 26 33 42 50 56 66 74 80 88 98 104 208 216 224 231 240 249 256 265 271 280",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, +7.67 KiB per operation "
            "(99 % within +4.50 and +inf) over 24 operations; the smallest leak it could have seen is inf, besides one step "
            "of +97 KiB at operation 115.",
            *figures("7.666667 4.5 inf inf", 24),
        ),
    ),
    (
        range(100, 112),
        "0 0 0 0 32 32 32 32 64 64 64 64",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, over 11 operations it "
            "rose by 44 KiB more than one lump, 4.00 each.",
            *figures("6.755556 0 10.666667 6.755556", 11),
        ),
    ),
    (
        skipping(9),
        "0 0 0 0 20 20 20 20 40",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, over 9 operations it rose "
            "by 40 KiB more than one lump, 4.44 each.",
            *figures("3.666667 0 6.666667 3.666667", 9),
        ),
    ),
    (
        range(100, 124),
        "-3 10 22 38 50 61 73 70 70 75 69 73 73 72 71 69 73 71 75 73 70 72 73 73",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.STEADY,
            "s: +0.20 KiB per operation (99 % within -0.21 and +1.21) over 23 operations; the smallest leak it could have "
            "seen is 1.01, besides one step of +53 KiB at operation 104.",
            *figures("0.2 -0.214286 1.210526 1.010526", 23),
        ),
    ),
    (
        skipping(24),
        "0 4 9 13 17 21 24 28 31 35 39 43 48 52 57 61 65 69 72 76 79 83 87 91",
        {"lump": 20.0},
        GrowthVerdict(
            Growth.UNKNOWN,
            "s: +4.00 KiB per operation (99 % within -inf and +inf) over 24 operations; the smallest leak it could have seen "
            "is inf, and the budget is 4: "
            f"{COARSE}",
            *figures("4 -inf inf inf", 24),
        ),
    ),
    (
        skipping(24),
        "0 4 10 13 16 42 46 49 54 56 62 65 70 72 78 81 86 88 94 98 101 104 108 114",
        {},
        GrowthVerdict(
            Growth.GROWS,
            "s grows: it must stay under 4 KiB per operation, because that is its budget; however, +4.00 KiB per operation "
            "(99 % within +3.85 and +4.00) over 24 operations; the smallest leak it could have seen is 0.15, besides one "
            "step of +18 KiB at operation 106.",
            *figures("4 3.846154 4 0.153846", 24),
        ),
    ),
]


def rounded(verdict: GrowthVerdict) -> GrowthVerdict:
    slope = None if verdict.slope is None else round(verdict.slope, 6)
    low, high, limit = (round(figure, 6) for figure in (verdict.low, verdict.high, verdict.limit))
    return GrowthVerdict(verdict.outcome, verdict.sentence, slope, low, high, limit, verdict.judged)


@pytest.mark.parametrize(("operations", "values", "options", "expected"), CASES)
def test_to_the_last_figure(operations: Sequence[int], values: str, options: dict[str, Any], expected: GrowthVerdict) -> None:
    series = Series("s", operations, [float(value) for value in values.split()], **{"warmup": 0, **options})
    assert rounded(judge_count(series) if series.exact else judge_growth(series)) == expected


def test_what_a_series_is_unless_somebody_says() -> None:
    series = Series.from_json({"name": "s", "operations": [1.0, 2], "values": [1, 2]})
    assert series == Series("s", [1, 2], [1.0, 2.0], "KiB", "operation", 4.0, None, 0.0, exact=False)
    told = Series("s", [1], [1.23456], "B", "act", 2.0, 3, 4.0, exact=True)
    assert told.to_json()["values"] == [1.235]
    assert Series.from_json(told.to_json()) == Series("s", [1], [1.235], "B", "act", 2.0, 3, 4.0, exact=True)


def test_a_step_is_neither_nearer_to_an_end_than_four_points_nor_of_no_height() -> None:
    def step_at(cut: int, count: int = 10) -> tuple[int, float] | None:
        return find_step([(float(x), 50.0 if x >= cut else 0.0) for x in range(count)])

    assert [step_at(4), step_at(6)] == [(4, 50.0), (6, 50.0)]
    assert (step_at(3), step_at(7)) != ((3, 50.0), (7, 50.0))
    assert step_at(4, 9) is None
    assert step_at(99) is None


def test_points_at_one_place_have_no_slope() -> None:
    found = trend([[(0.0, 0.0), (0.0, 9.0), (1.0, 2.0), (2.0, 4.0)], [(0.0, 0.0), (1.0, 99.0), (2.0, 0.0)]])
    assert found is not None
    assert found.slope == 2.0


def test_ninety_nine_in_a_hundred_unless_somebody_says() -> None:
    points = [[(float(x), float((x * 7) % 5 + x)) for x in range(20)]]
    assert trend(points) == trend(points, 0.99) != trend(points, 0.9)
