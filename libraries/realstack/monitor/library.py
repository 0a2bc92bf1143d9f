"""The Monitor library: what services use while they are tested, and whether it grows."""

from __future__ import annotations

from typing import Any

from robot.api import logger
from robot.api.deco import library

from realstack import __version__
from realstack.monitor.gauges import StoreGauge
from realstack.monitor.keywords.judging import MonitorJudgingKeywords
from realstack.monitor.keywords.watching import WatchingKeywords
from realstack.monitor.sampler import Sample, sampler


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Monitor(WatchingKeywords, MonitorJudgingKeywords):
    """Watches services from outside while they are tested: memory, CPU, descriptors, sockets, threads, sessions.

    ## Watching

    [Watch Services] takes the platform's services by name, [Watch Process] any process. Each is watched with its descendants.
    [Watch PostgreSQL Sessions], [Watch Redis Clients], [Watch Redis Channels] and [Watch Gauge] add what stores and Python
    functions tell. From [Start Monitoring] on a thread takes samples between and during keywords; what was begun by a test
    ends with it, and what was begun by a suite's setup ends with the suite.

    | metric | meaning |
    |---|---|
    | ``memory`` | anonymous memory, swapped pages included, KiB: what work and leaks make grow |
    | ``pss`` | proportional set size, KiB: shared pages counted in parts, so that sums add up |
    | ``cpu`` | percent of one core since the sample before |
    | ``descriptors`` ``threads`` ``processes`` | counts |
    | ``files`` ``sockets`` | descriptors by kind; files are all that are no sockets |
    | ``clients`` | TCP connections that others opened to the service: sockets without those of its own pools |
    | ``gauge`` | the number of a gauge |

    ## Growth

    Work is counted by [Count Operations]. [Should Not Grow] tells how much memory each operation left behind: a robust slope
    after the warm-up with its 99 % confidence interval, against a budget for each operation. It says how small a leak the
    run could have seen; where that is more than the budget, the verdict is INVALID, and more operations are needed. Rule of
    thumb: with a budget of 4 KiB, 600 operations or more. [Take Baseline] and [Counts Should Be Back] judge counts: they
    must return exactly.

    How, and with which error rates, stands in `realstack.monitor.leak`.

    ## Example

    ```robotframework
    *** Settings ***
    Library    realstack.Monitor

    *** Test Cases ***
    Connections Leave Nothing Behind
        Watch Services    backend
        Start Monitoring
        Take Baseline
        Open And Close A Thousand Connections
        Should Not Grow    operation=connection    budget=4 KiB
        Counts Should Be Back    operation=connection
        Log Plot    pss    cpu
    ```
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self.sampler = sampler
        self.gauges: dict[str, StoreGauge] = {}
        self.baseline: Sample | None = None
        self._owned: list[list[str]] = [[]]
        self._baselines: list[Sample | None] = []

    def own(self, name: str) -> None:
        """Remember that the running test or suite watches this; an empty name stands for the sampling itself."""
        self._owned[-1].append(name)

    def start_suite(self, data: Any, result: Any) -> None:
        """What is watched from now on belongs to the suite."""
        self._owned.append([])
        self._baselines.append(self.baseline)

    def end_suite(self, data: Any, result: Any) -> None:
        """Watch no longer what the suite watched."""
        self._release()

    def start_test(self, data: Any, result: Any) -> None:
        """What is watched from now on belongs to the test."""
        self._owned.append([])
        self._baselines.append(self.baseline)

    def end_test(self, data: Any, result: Any) -> None:
        """Watch no longer what the test watched."""
        self._release()

    def _release(self) -> None:
        names = self._owned.pop() if len(self._owned) > 1 else self._owned[0]
        if "" in names:
            self.sampler.stop()
        for name in filter(None, names):
            self.sampler.forget(name)
            gauge = self.gauges.pop(name, None)
            if gauge is not None:
                try:
                    gauge.close()
                except Exception as error:
                    logger.debug(f"The gauge {name} was not closed in good order: {type(error).__name__}")
        if names is self._owned[0]:
            names.clear()
        self.baseline = self._baselines.pop() if self._baselines else None
