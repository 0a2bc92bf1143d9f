"""Deadlines and polling."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from realstack.core.waiting import Deadline, poll


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
