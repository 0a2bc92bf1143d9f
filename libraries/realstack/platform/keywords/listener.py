"""The library's listener: at the end of each test and suite, services stand as before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from robot.api import logger
from robot.running import TestCase
from robot.utils import escape

from realstack.core.errors import StackError, StackFailure
from realstack.core.loop import background
from realstack.core.waiting import time_limit
from realstack.platform import known
from realstack.platform.changes import Changes
from realstack.platform.driver import Driver, Operation
from realstack.platform.keywords import time_limits
from realstack.platform.keywords.machine import Machine
from realstack.platform.keywords.state import KnownTests, LogMarks
from realstack.platform.keywords.turns import Turn
from realstack.platform.log_evidence import service_logs
from realstack.platform.running import running_or_none
from realstack.recording.evidence import Window, evidence

EXIT = "robot:exit"
"""What Robot tags tests with that it does not run, because the run is to end."""
INTERRUPTED = "Execution terminated by signal"
"""What it says of the test in which the user interrupted the run."""
REVIVE_SECONDS = 20.0
"""How long a service that died unasked may take to come back for the next test."""

TOLD_WAIT = 0.1
"""Seconds of waiting for other runs that the log tells of."""


class Listener:
    """What Robot Framework calls at the start and end of tests and suites.

    Args:
        changes: What tests and suites did to services.
        marks: Where the running test began in the services' logs.
        tests: The tests of this run.
        turn: The run's turn among others.
        machine: What watches the machine.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, changes: Changes, marks: LogMarks, tests: KnownTests, turn: Turn, machine: Machine) -> None:
        self._changes = changes
        self._marks = marks
        self._tests = tests
        self._turn = turn
        self._machine = machine
        self._cut_short = False

    def start_suite(self, data: Any, result: Any) -> None:
        top = data
        while top.parent is not None:
            top = top.parent
        self._tests.are(list(top.all_tests))
        self._changes.begin(result.full_name)
        # What prepares for tests that are all skipped would ask for what can't be had as well.
        if data.tests and all(self._tests.why_not(test.tags) for test in data.tests):
            data.setup, data.teardown = None, None

    def start_test(self, data: Any, result: Any) -> None:
        if reason := self._tests.why_not(data.tags):
            _skip(data, reason)
        self._turn_goes_round(result)
        self._changes.begin(result.full_name)
        driver = running_or_none()
        self._marks.test = driver.mark_logs() if driver is not None and Operation.LOGS in driver.can else {}
        self._marks.evidence = self._marks.test
        evidence.offer("log lines of the services", self._logs)
        self._machine.begin_test(result.timeout)
        self._cut_short = False
        if result.timeout:
            time_limit.begin(result.timeout.time_left)

    def start_keyword(self, data: Any, result: Any) -> None:
        self._machine.go_on()
        if data.type == data.TEARDOWN and isinstance(data.parent, TestCase):
            self._end_of_limit()

    def end_test(self, data: Any, result: Any) -> None:
        self._end_of_limit()
        if doing := time_limits.told(result, cut_short=self._cut_short):
            result.message = f"{result.message}\n{doing}"
        self._machine.end_test(result)
        self._tell_what_is_known(data.name, result)
        if told := self._end_scope():
            result.status = "FAIL"
            result.message = "\n\n".join(text for text in [result.message, *told] if text)
        self._marks.test = {}
        # Tests that Robot no longer runs need no turn.
        if data is self._tests.last or EXIT in result.tags or INTERRUPTED in result.message:
            self._turn.leave()

    def end_suite(self, data: Any, result: Any) -> None:
        last = data.parent is None
        if told := self._end_scope(last=last):
            _fail_suite(result, "\n\n".join(told))
        if last:
            self._turn.leave()
            if self._turn.waited >= TOLD_WAIT:
                result.metadata["Waited for other runs"] = f"{self._turn.waited:.1f} s in all, for cores that they needed"

    def _end_of_limit(self) -> None:
        """Robot Framework limits no teardown of a test, and what follows is none of the test's."""
        self._cut_short = time_limit.end() or self._cut_short

    def _turn_goes_round(self, result: Any) -> None:
        """Between two tests, when everything of the one before is put away; the wait is no part of the test's time."""
        if self._turn.go_round():
            result.start_time = datetime.now()
            if result.timeout:
                result.timeout.start()

    def _tell_what_is_known(self, test: str, result: Any) -> None:
        """A test that found nothing but what is known turns no run red; one that did not find it is told, too."""
        if result.failed and (told := known.found(self._tests.known, test, result.message)):
            reasons = " ".join(one.reason for one in told)
            result.status, result.message = "SKIP", f"Known of this platform: {reasons}\n\n{result.message}"
            result.tags.add(known.TAG)
        elif result.passed and (gone := known.absent(self._tests.known, test)):
            laws = ", ".join(one.law for one in gone)
            result.message = (
                f"Known of this platform, and not seen: {laws} violated. Take it out of 'known' in its platform.yaml."
            )
            logger.warn(f"{test}: {result.message}")

    def _logs(self, window: Window) -> list[tuple[str, str]]:
        driver = running_or_none()
        if driver is None or not self._marks.evidence:
            return []
        return background.run(service_logs(driver, self._marks.evidence, window))

    def _end_scope(self, *, last: bool = False) -> list[str]:
        """Bring back what the innermost scope changed, and what died unasked; returns what is to be told, a text each."""
        driver = running_or_none()
        # The platform ends with the run's last suite: what its setup changed needs no more bringing back.
        brought_back, problems = background.run(self._changes.end(None if last else driver))
        told = _revive(driver, start=not last) if driver is not None else []
        if brought_back:
            logger.info(f"Brought back: {', '.join(brought_back)}")
        return told + [f"A service could not be brought back: {problem}" for problem in problems]


def _skip(data: Any, reason: str) -> None:
    """Lets a test do nothing but say why it is skipped."""
    data.setup, data.teardown, data.template = None, None, None
    data.body.clear()
    data.body.create_keyword("BuiltIn.Skip", args=[escape(reason)])


def _fail_suite(result: Any, text: str) -> None:
    """Let a suite fail at its end.

    Its status is that of its tests, which Robot has written already: the run's exit code tells of it, the suite's message, and
    the errors on the console and at the top of log.html.
    """
    result.message = "\n\n".join(part for part in (result.message, text) if part)
    result.suite_teardown_failed(text)
    logger.error(f"{result.full_name}: {text}")


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
