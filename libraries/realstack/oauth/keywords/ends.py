"""The end of tests and suites: what they have opened is closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from robot.api import logger

from realstack.core.loop import background

CLOSING = 5.0
"""Seconds that closing everything of a test or suite may take."""


class Holder(Protocol):
    """Holds what tests and suites have opened."""

    async def close_owned(self, owner: str) -> list[str]:
        """Close what an owner has opened, and tell what could not be undone."""
        ...


class Ends:
    """A listener that closes what a test or suite has opened at its end, whatever happened.

    Args:
        holders: Who holds it, in the order of closing.
        between_tests: What else is done at the end of each test.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, holders: Sequence[Holder], between_tests: Callable[[], None]) -> None:
        self._holders = holders
        self._between_tests = between_tests

    def end_test(self, data: Any, result: Any) -> None:
        """Close what the test has opened."""
        self._end(result.full_name)
        self._between_tests()

    def end_suite(self, data: Any, result: Any) -> None:
        """Close what the suite has opened, and the tests in it."""
        self._end(result.full_name)

    def _end(self, owner: str) -> None:
        problems: list[str] = []

        async def close() -> None:
            for holder in self._holders:
                problems.extend(await holder.close_owned(owner))

        try:
            background.run(close(), CLOSING)
        except TimeoutError as error:
            problems.append(f"closing was {error}")
        if problems:
            logger.warn(f"Not all of '{owner}' could be removed at the provider:\n" + "\n".join(problems))
