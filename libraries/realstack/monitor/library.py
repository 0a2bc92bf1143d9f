"""The Monitor library: what services use while they are tested, and whether it grows."""

from __future__ import annotations

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.monitor.keywords.judging import Judging
from realstack.monitor.keywords.listener import Listener
from realstack.monitor.keywords.showing import Showing
from realstack.monitor.keywords.watching import Watching
from realstack.monitor.sampler import sampler
from realstack.monitor.watched import Baseline, Watched


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Monitor(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
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

    Samples are on disk as they come, in ``${OUTPUT DIR}/samples``: whatever ends a run, `python -m realstack.monitor judge` can
    judge them, and [Start Monitoring] of a later run can go on with them while the same processes live.

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

    def __init__(self) -> None:
        watched, baseline = Watched(sampler), Baseline()
        self.ROBOT_LIBRARY_LISTENER = Listener(watched, baseline)
        super().__init__([Watching(watched, sampler), Judging(sampler, baseline), Showing(sampler)])
