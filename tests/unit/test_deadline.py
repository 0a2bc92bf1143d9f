"""Deadlines and polling."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from realstack.core.waiting import LAST_WORDS, Deadline, TimeLimit, poll, time_limit


def test_deadline_takes_seconds_and_timedeltas() -> None:
    assert Deadline(1.5).seconds == Deadline(timedelta(milliseconds=1500)).seconds == 1.5


def test_left_never_goes_below_zero() -> None:
    deadline = Deadline(-1)
    assert deadline.passed
    assert deadline.left == 0.0
    assert deadline.elapsed >= 0


def test_poll_returns_the_first_good_look() -> None:
    looks = iter([1, 2, 3, 4])

    async def look() -> int:
        return next(looks)

    assert asyncio.run(poll(look, lambda seen: seen >= 3, Deadline(5), pause=0)) == (True, 3)


def test_poll_looks_once_more_after_the_deadline() -> None:
    deadline = Deadline(0.03)
    moments: list[bool] = []

    async def look() -> bool:
        moments.append(deadline.passed)
        return deadline.passed

    good, _ = asyncio.run(poll(look, lambda passed: passed, deadline, pause=0.005))
    assert good, "what came true exactly at the deadline must be seen"
    assert moments[-1]


def test_poll_with_no_time_left_still_looks_once() -> None:
    async def look() -> str:
        return "seen"

    assert asyncio.run(poll(look, lambda _: False, Deadline(0))) == (False, "seen")


def test_waits_end_before_the_time_of_their_test_does() -> None:
    left = 5.0
    limit = TimeLimit()
    assert limit.cut(60) == 60
    limit.begin(lambda: left)
    assert limit.cut(2) == 2
    assert not limit.end(), "nothing was cut"
    limit.begin(lambda: left)
    assert limit.cut(60) == 5.0 - LAST_WORDS
    left = 0.1
    assert limit.cut(60) == LAST_WORDS, "no wait is without any time"
    assert limit.end()
    assert limit.cut(60) == 60


def test_a_wait_that_was_cut_long_ago_explains_nothing() -> None:
    limit = TimeLimit()
    limit.begin(lambda: 3.0)
    limit.cut(60)
    assert not limit.end()


def test_a_deadline_is_no_later_than_the_test_allows() -> None:
    time_limit.begin(lambda: 2.0)
    try:
        assert Deadline(60).seconds == 2.0 - LAST_WORDS
    finally:
        time_limit.end()
    assert Deadline(60).seconds == 60
