"""Keyword library: start, stop and break the platform under test."""

from __future__ import annotations

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.lease.marker import mark_this_process
from realstack.platform.changes import Changes
from realstack.platform.keywords.control import Control
from realstack.platform.keywords.folders import Folders
from realstack.platform.keywords.getters import Getters
from realstack.platform.keywords.health import Health
from realstack.platform.keywords.listener import Listener
from realstack.platform.keywords.logs import Logs
from realstack.platform.keywords.machine import Machine
from realstack.platform.keywords.starting import Starting
from realstack.platform.keywords.state import KnownTests, LogMarks
from realstack.platform.keywords.turns import Turn
from realstack.platform.keywords.waiting import Waiting


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Platform(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Starts the platform under test, and does to its services what operations people fear.

    ## Services and groups
    Every server of the platform is a *service* with a name, such as `redis` or `backend-1`. Replicas form a *group*: `backend`
    means both replicas, `backend-1` one of them. All keywords that do something to a service take either; getters
    answer for a group with its first replica. [Get Services] lists the names.

    ## Drivers
    | driver | where the platform is | can |
    |---|---|---|
    | `embedded` | processes on this machine, on free ports | everything |
    | `compose` | containers of one Docker Compose project | everything but breaking links and reading files again |
    | `external` | anywhere; its addresses are given | nothing but telling addresses and health |

    Tests carry the tags of what they need: `needs-restart`, `needs-kill`, `needs-pause`, `needs-reload`, `needs-faults`,
    `needs-logs`, `needs-processes`, `needs-folders`. What a driver can't do, or the machine can't give (the right to break
    links), is told once at the start, and the tests that need it are skipped with that reason; in a strict run they fail. A
    keyword that asks for it all the same fails at once and names the tag. Where there is no browser, tests with the tag
    `needs-browser` are to be excluded.

    ## Capabilities
    What a platform is able to do differs, too. An adapter, the folder that knows a platform, says which of the known capabilities
    it has, and why not the others; tests carry tags such as `wants-limit`, and what the platform has not is skipped with that
    reason.

    ## Everything is brought back
    What a test does to a service is undone at the end of that test, and what a suite's setup does at the end of that suite,
    whatever happened in between: a stopped or killed service is started, a paused one resumed, one with changed settings
    started with its old ones, and each is waited for until it is healthy. Only at the end of a run, when the platform ends, too,
    nothing is brought back any more. A service that ends without any keyword's doing makes the running test fail, with the end
    of its log.

    Should Robot Framework itself be killed, a separate process ends everything within seconds: no process, port, folder or
    kernel rule outlives a run.

    ## Busy machines
    What others take of the machine's cores is measured for each test. A test that fails only because something came late, while
    fewer cores were there than it needs (figure `cores` of the profile), ends as `INVALID: the machine was too busy`, with the
    figures and the tag `machine-too-busy`: that is no verdict on the platform. A violation that slowness can't explain stays one.
    Test time limits, which promise nothing of the platform, become longer by as much as its work takes longer, up to three times;
    deadlines of keywords and laws stay as they are.

    ## Proof
    Keywords that inject a fault return only when the system confirms it, and log a receipt: the processes that are gone
    after [Kill Service], or that stand in state `T` after [Pause Service].

    ## Secrets
    Passwords are made for each run. Addresses of [Get Service Url] hold none; [Get Credential Url] and [Get Credential]
    return `Secret` values, which Robot Framework never writes to a log. Lines of services' logs are masked.

    ```robotframework
    *** Test Cases ***
    The Backend Comes Back
        Kill Service             backend
        Service Should Be Down   backend-1
        Start Service            backend
        Wait Until Service Is Healthy    backend    timeout=5 s
    ```
    """

    def __init__(self) -> None:
        mark_this_process()  # before another library starts a process of its own
        changes, marks, tests, turn, health, machine = Changes(), LogMarks(), KnownTests(), Turn(), Health(), Machine()
        self.ROBOT_LIBRARY_LISTENER = Listener(changes, marks, tests, turn, machine)
        super().__init__(
            [Starting(tests, turn, machine), Control(changes, health), health, Getters(), Logs(marks), Folders(), Waiting()]
        )
