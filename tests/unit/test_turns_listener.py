"""What a wait for the run's turn does to the test that it comes before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from robot.running.timeouts import TestTimeout as Limit
from robot.variables import Variables

from realstack.core.waiting import time_limit
from realstack.platform.changes import Changes
from realstack.platform.keywords.listener import EXIT, INTERRUPTED, Listener
from realstack.platform.keywords.machine import Machine
from realstack.platform.keywords.state import KnownTests, LogMarks


@pytest.fixture(autouse=True)
def limit_of_nobody() -> Iterator[None]:
    """These tests begin ones that never end, whose limits are none of the tests that follow."""
    yield
    time_limit.end()


class Waits:
    """Stands in for the run's turn among others."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.waited = 0.0
        self.left = False

    def go_round(self) -> float:
        return self.seconds

    def leave(self) -> None:
        self.left = True


BEGAN = datetime(2026, 1, 1)


def begun(waits: Waits, *, limit: str = "60 s") -> tuple[Listener, Any, Any]:
    """A run's first of two tests, which Robot has begun long ago."""
    listener = Listener(Changes(), LogMarks(), KnownTests(), waits, Machine())  # type: ignore[arg-type]
    tests = [SimpleNamespace(name="T", tags=[]), SimpleNamespace(name="U", tags=[])]
    suite = SimpleNamespace(parent=None, tests=[], all_tests=tests)
    listener.start_suite(suite, SimpleNamespace(full_name="S"))
    timeout = Limit(limit, Variables())
    if timeout:
        timeout.start()
        timeout.start_time -= 1000
    result = SimpleNamespace(
        full_name="S.T", start_time=BEGAN, timeout=timeout, tags=[], message="", status="PASS", failed=False, passed=True
    )
    listener.start_test(tests[0], result)
    return listener, tests, result


def test_a_wait_is_no_part_of_the_tests_time():
    _, _, result = begun(Waits(3.0))
    assert result.start_time > BEGAN
    assert 0 < result.timeout.time_left() <= 60


def test_without_a_wait_nothing_is_changed():
    _, _, result = begun(Waits(0.0))
    assert result.start_time == BEGAN
    assert result.timeout.time_left() < 0


@pytest.mark.parametrize("limit", ["", "NONE"])
def test_a_test_without_a_limit(limit):
    _, _, result = begun(Waits(3.0), limit=limit)
    assert not result.timeout


def test_the_turn_is_kept_until_the_last_test_has_ended():
    waits = Waits(0.0)
    listener, tests, result = begun(waits)
    listener.end_test(tests[0], result)
    assert not waits.left
    listener.end_test(tests[1], result)
    assert waits.left


@pytest.mark.parametrize(("tags", "message"), [([EXIT], ""), ([], f"{INTERRUPTED}.")])
def test_a_run_that_is_to_end_takes_no_more_turns(tags, message):
    waits = Waits(0.0)
    listener, tests, result = begun(waits)
    result.tags, result.message = tags, message
    listener.end_test(tests[0], result)
    assert waits.left
