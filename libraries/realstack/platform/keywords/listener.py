"""The library's listener: at the end of each test and suite, services stand as before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from robot.api import logger

from realstack.core.collector import set_apart
from realstack.core.errors import StackError, StackFailure
from realstack.core.loop import background
from realstack.platform.driver import Driver, Operation
from realstack.platform.keywords.state import State
from realstack.platform.log_evidence import service_logs
from realstack.platform.running import running_or_none
from realstack.recording.evidence import Window, evidence

EXIT = "robot:exit"
"""What Robot tags tests with that it does not run, because the run is to end."""
INTERRUPTED = "Execution terminated by signal"
"""What it says of the test in which the user interrupted the run."""
NEEDS = "needs-"
"""What tags begin with that say what a test needs."""
REVIVE_SECONDS = 20.0
"""How long a service that died unasked may take to come back for the next test."""

TOLD_WAIT = 0.1
"""Seconds of waiting for other runs that the log tells of."""


class Listener(State):
    """What Robot Framework calls at the start and end of tests and suites."""

    def start_suite(self, data: Any, result: Any) -> None:
        top = data
        while top.parent is not None:
            top = top.parent
        # What --exclude left out is not among them.
        tests = list(top.all_tests)
        self._needs = frozenset(tag for test in tests for tag in test.tags if tag.startswith(NEEDS))
        self._last_test = tests[-1] if tests else None  # none with --runemptysuite
        self._changes.begin(result.full_name)
        if data.tests:
            set_apart()

    def start_test(self, data: Any, result: Any) -> None:
        self._turn_goes_round(result)
        self._changes.begin(result.full_name)
        driver = running_or_none()
        self._test_mark = driver.mark_logs() if driver is not None and Operation.LOGS in driver.can else {}
        # Kept when the test ends: whether this listener or the one that shows evidence is asked first, nobody knows.
        self._evidence_mark = self._test_mark
        evidence.offer("log lines of the services", self._logs)

    def end_test(self, data: Any, result: Any) -> None:
        self._end_scope(result)
        self._test_mark = {}
        # Tests that Robot no longer runs need no turn.
        if data is self._last_test or EXIT in result.tags or INTERRUPTED in result.message:
            self._leave_turn()

    def end_suite(self, data: Any, result: Any) -> None:
        last = data.parent is None
        self._end_scope(result, last=last)
        if last:
            self._leave_turn()
            if self._waited >= TOLD_WAIT:
                result.metadata["Waited for other runs"] = f"{self._waited:.1f} s in all, for cores that they needed"

    def _turn_goes_round(self, result: Any) -> None:
        """Between two tests, when everything of the one before is put away; the wait is no part of the test's time."""
        waited = 0.0 if self._waits is None else self._waits.pass_on()
        self._waited += waited
        if waited:
            result.start_time = datetime.now()
            if result.timeout:
                result.timeout.start()

    def _logs(self, window: Window) -> list[tuple[str, str]]:
        driver = running_or_none()
        if driver is None or not self._evidence_mark:
            return []
        return background.run(service_logs(driver, self._evidence_mark, window))

    def _end_scope(self, result: Any, *, last: bool = False) -> None:
        driver = running_or_none()
        # The platform ends with the run's last suite: what its setup changed needs no more bringing back.
        brought_back, problems = background.run(self._changes.end(None if last else driver))
        told = _revive(driver, start=not last) if driver is not None else []
        if brought_back:
            logger.info(f"Brought back: {', '.join(brought_back)}")
        told += [f"A service could not be brought back: {problem}" for problem in problems]
        if told and hasattr(result, "status") and hasattr(result, "message"):
            result.status = "FAIL"
            result.message = "\n\n".join(text for text in [result.message, *told] if text)


def _revive(driver: Driver, *, start: bool) -> list[str]:
    """Start what died unasked, so that the next test has a whole platform; returns what is to be told about it."""
    told: list[str] = []
    for death in background.run(driver.deaths()):
        told.append(str(death))
        if start and not driver.state(death.service).running:
            try:
                background.run(driver.start_service(death.service))
                background.run(driver.wait_healthy(death.service, REVIVE_SECONDS))
            except (StackError, StackFailure) as error:
                told.append(str(error))
    return told
