"""The library's listener: what a test or suite watches is watched no longer when it ends."""

from __future__ import annotations

from typing import Any

from robot.api import logger

from realstack.monitor.watched import Baseline, Watched


class Listener:
    """What Robot Framework calls at the start and end of tests and suites.

    Args:
        watched: What is watched.
        baseline: What counts are compared with.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, watched: Watched, baseline: Baseline) -> None:
        self._watched = watched
        self._baseline = baseline

    def start_suite(self, data: Any, result: Any) -> None:
        self._baseline.begin_scope()

    def end_suite(self, data: Any, result: Any) -> None:
        self._end_scope(result)

    def start_test(self, data: Any, result: Any) -> None:
        self._baseline.begin_scope()

    def end_test(self, data: Any, result: Any) -> None:
        self._end_scope(result)

    def _end_scope(self, result: Any) -> None:
        for problem in self._watched.release(result.full_name):
            logger.debug(problem)
        self._baseline.end_scope()
