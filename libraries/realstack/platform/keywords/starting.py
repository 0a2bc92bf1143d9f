"""Keywords that start and stop the whole platform."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from robot.api import logger
from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.figures import Figures, UnknownProfile, load
from realstack.core.keywords.scope import output_folder
from realstack.core.loop import background
from realstack.core.several import several
from realstack.core.table import html_table
from realstack.platform import checks
from realstack.platform.adapter import CAPABILITIES, Adapter
from realstack.platform.create import create
from realstack.platform.driver import Driver, Operation, Started
from realstack.platform.keywords.machine import Machine
from realstack.platform.keywords.state import KnownTests
from realstack.platform.keywords.turns import Turn
from realstack.platform.running import running_or_none, set_running
from realstack.secrets import secrets

Part = Literal["browser", "faults"]

_LOOK_AGAIN = 0.05
_COLUMNS = ("service", "version", "PID", "port", "prepared (s)", "start (s)", "up at (s)")


class Starting:
    """Starting and stopping.

    Args:
        tests: The tests of this run.
        turn: The run's turn among others.
        machine: What watches the machine.
    """

    def __init__(self, tests: KnownTests, turn: Turn, machine: Machine) -> None:
        self._tests = tests
        self._turn = turn
        self._machine = machine

    @keyword(tags=["run"])
    def start_platform(
        self,
        platform: Adapter | Path,
        *,
        profile: Figures | UnknownProfile | Path,
        needs: Sequence[str] | str | None = None,
        only: Sequence[str] | str | None = None,
        config: dict[str, Any] | None = None,
        strict: bool = False,
    ) -> None:
        """Starts the platform and waits until every service is healthy; does nothing when it runs already.

        Where another run's tests need the same cores (figure `cores` of the profile), this waits for its turn, and so does each
        test after the first; the top suite's metadata tell for how long.

        Before anything is started, all that is needed is looked for: programs, Python packages, ports, rights. What is
        missing is told at once, all of it, with the command that provides it. The console shows a line for each service as it
        comes up; the running servers' versions, processes and ports become metadata of the top suite.

        Tests that want a capability which the adapter says its platform has not (`wants-…` tags) are skipped with the reason that
        stands there.

        Args:
            platform: The platform's adapter (`${ADAPTER}`), or a driver's YAML file; paths in it are relative to its folder.
            profile: The profile's YAML file, or its figures (`${FIGURES}`).
            needs: What tests use beside the platform, `browser` or `faults` (the right to break links); looked for, too, when a
                test of this run has the tag `needs-browser` or `needs-faults`.
            only: Services to start, a text, texts between commas, or a list; all when not given.
            config: Parts of the platform's file to replace, such as `services` of an external platform.
            strict: Whether it is an error that tests need what can't be had here (the right to break links, a hold of the
                services). Otherwise that is told once, and those tests are skipped with the reason.

        Raises:
            StackError: Something is not in place, or there is no such platform or profile.
            StackFailure: A service did not become healthy; the text has the end of its log.

        ```robotframework
        Start Platform    ${ADAPTER}    profile=${FIGURES}    needs=browser
        ```
        """
        if running_or_none() is not None:
            return
        try:
            self._start(platform, profile, needs, only=only, config=config, strict=strict)
        except (StackError, StackFailure) as error:
            # Without a platform no test of the run can pass: the reason is told once, not once for each test.
            error.ROBOT_EXIT_ON_FAILURE = True  # type: ignore[union-attr]
            raise

    def _start(
        self,
        platform: Adapter | Path,
        profile: Figures | UnknownProfile | Path,
        needs: Sequence[str] | str | None,
        *,
        only: Sequence[str] | str | None,
        config: dict[str, Any] | None,
        strict: bool,
    ) -> None:
        if isinstance(profile, UnknownProfile):
            raise StackError(profile.text)
        adapter = platform if isinstance(platform, Adapter) else Adapter(platform.parent, platform)
        if adapter.problem:
            raise StackError(adapter.problem)
        self._tests.known = adapter.known
        if adapter.credential_names:
            secrets.name_credentials(adapter.credential_names)
        figures = profile if isinstance(profile, Figures) else load(profile.stem, profile.parent)
        asked: list[Part] = several(needs)
        if odd := set(asked) - set(get_args(Part)):
            raise StackError(explain(f"needs among {', '.join(get_args(Part))}", ", ".join(sorted(odd))))
        self._tests.lacking = adapter.lacking
        parts = [part for part in asked if self.get_whether_any_test_needs(part)]
        lacking: dict[str, str] = {}
        if "faults" in parts and not strict and (problems := checks.check_faults()):
            parts.remove("faults")
            lacking[Operation.FAULTS.value] = " ".join(f"{problem.what} {problem.remedy}".strip() for problem in problems)
        if adapter.capabilities and (unknown := self._tests.unknown(adapter.capabilities)):
            raise StackError(
                explain(
                    f"tests want capabilities that are known: {', '.join(adapter.capabilities) or 'none'}.",
                    f"Tags of this run: {', '.join(unknown)}.",
                    remedy=f"Correct the tag, or add the capability to {CAPABILITIES}, with what it means.",
                )
            )
        driver = create(adapter.driver_file, figures, _output_folder(), needs=parts, overrides=config)
        if not strict:
            lacking = _why_not(driver, lacking)
        self._tell_what_is_skipped(lacking | adapter.lacking)
        names = [name for word in several(only) for name in driver.resolve(word)] if only else None
        arrived: queue.SimpleQueue[Started] = queue.SimpleQueue()
        try:
            self._machine.needed = int(figures.plain()["cores"])
            if driver.runs_here:
                self._turn.wait(self._machine.needed, _output_folder())
            began = time.monotonic()
            because = f": {figures.profile_because}" if figures.profile_because else ""
            logger.console(f"\nStarting the platform ({driver.name}, profile {figures.profile}{because}) …")
            started = _watch(driver.start(arrived.put, names), arrived, lambda one: logger.console(f"  {one}"))
        except BaseException:
            self._turn.leave()
            background.run(driver.end())
            raise
        set_running(driver)
        took = time.monotonic() - began
        logger.console(f"  {'platform':<17} {took:5.2f} s   {len(started)} services")
        _tell_versions(driver, figures, started, took)

    def _tell_what_is_skipped(self, lacking: dict[str, str]) -> None:
        self._tests.lacking = lacking
        for tag, reason in lacking.items():
            if count := 0 if self._tests.needs is None else self._tests.needs[tag]:
                logger.console(f"\nSkipping {count} tests tagged {tag}: {reason}")

    @keyword(tags=["getter"])
    def get_whether_any_test_needs(self, part: Part) -> bool:
        """Returns whether a test of this run has the tag `needs-browser` or `needs-faults`.

        What `--exclude` left out doesn't count.

        Args:
            part: `browser` or `faults`.

        ```robotframework
        ${needed} =    Get Whether Any Test Needs    browser
        IF    $needed    Ensure Browser Is Open
        ```
        """
        return self._tests.need(part)

    @keyword(tags=["getter"])
    def get_most_that_any_test_needs(self, what: str) -> int:
        """Returns the greatest number among the tags `needs-N-what` of this run's tests, 0 where none has such a tag.

        So a suite's setup makes no more than the tests need that were chosen.

        Args:
            what: What is counted; Robot Framework writes tags in lower case.

        ```robotframework
        *** Test Cases ***
        Fifty Users Ask
            [Tags]    needs-50-users

        *** Keywords ***
        Prepare Users
            ${count} =    Get Most That Any Test Needs    users
        ```
        """
        return self._tests.most(what)

    @keyword(tags=["getter"])
    def get_kinds_that_tests_need(self, what: str) -> list[str]:
        """Returns the kinds among the tags `needs-what-kind` of this run's tests, in order, empty where none has such a tag.

        So a suite's setup prepares only the kinds that the tests need that were chosen.

        Args:
            what: What there are kinds of; Robot Framework writes tags in lower case.

        ```robotframework
        *** Test Cases ***
        Uploads Leave Nothing Behind
            [Tags]    needs-work-upload

        *** Keywords ***
        Warm Up
            ${kinds} =    Get Kinds That Tests Need    work
            IF    'upload' in $kinds    Upload Something
        ```
        """
        return self._tests.kinds(what)

    @keyword(tags=["run"])
    def stop_platform(self) -> None:
        """Stops all services in good order, and deletes the run's data; does nothing when the platform isn't running.

        Raises:
            StackFailure: A service did not stop in time, or something is left; the text says what.

        ```robotframework
        *** Settings ***
        Suite Setup       Start Platform    platform.yaml    profile=fast.yaml
        Suite Teardown    Stop Platform
        ```
        """
        driver = running_or_none()
        if driver is None:
            return
        set_running(None)
        self._turn.leave()
        problems = background.run(driver.end())
        if problems:
            raise StackFailure(
                explain("the platform stops in good order.", f"{len(problems)} problems.", evidence="\n".join(problems))
            )


def _why_not(driver: Driver, machine: dict[str, str]) -> dict[str, str]:
    """Why there is not what tests need, by their tags: a driver that runs services here knows more of them than the machine."""
    told = {operation.value: driver.refusal(operation) for operation in Operation if operation not in driver.can}
    return machine | told if driver.runs_here else told | machine


def _tell_versions(driver: Driver, figures: Figures, started: list[Started], took: float) -> None:
    builtin = BuiltIn()
    builtin.set_suite_metadata("Platform", f"{driver.name}, profile {figures.profile}, up in {took:.2f} s", top=True)
    if figures.profile_because:
        builtin.set_suite_metadata("Profile", f"{figures.profile}, as {figures.profile_because}", top=True)
    for one in started:
        pid = "" if one.pid is None else f", PID {one.pid}"
        where = f"{one.endpoint.host}:{one.endpoint.port}"
        builtin.set_suite_metadata(one.service, f"{one.version}{pid}, {where}", top=True)
    logger.info(html_table(_COLUMNS, map(_row, started)), html=True)


def _row(one: Started) -> dict[str, object]:
    seconds = (f"{value:.2f}" for value in (one.prepared, one.took, one.at))
    return dict(zip(_COLUMNS, (one.service, one.version, one.pid or "", one.endpoint.port, *seconds), strict=True))


def _watch(
    start: Coroutine[Any, Any, None], arrived: queue.SimpleQueue[Started], tell: Callable[[Started], None]
) -> list[Started]:
    """Run the start on the loop, and tell of each service from this thread as it comes up."""
    future = background.spawn(start)
    told: list[Started] = []

    def take(seconds: float) -> None:
        try:
            one = arrived.get(timeout=seconds) if seconds else arrived.get_nowait()
        except queue.Empty:
            return
        told.append(one)
        tell(one)

    try:
        while not future.done():
            take(_LOOK_AGAIN)
    finally:
        future.cancel()
        while not arrived.empty():
            take(0)
    future.result()
    return told


def _output_folder() -> Path:
    return output_folder() or Path("results")
