"""Keywords that let many users do the same thing at planned times, and tell how long it took them."""

from __future__ import annotations

from typing import Any

from robot.api.deco import library
from robotlibcore import DynamicCore

from realstack import __version__
from realstack.core.keywords.writable import Writable
from realstack.load.keywords.measures import Measures
from realstack.load.keywords.running import Running
from realstack.load.keywords.scripts import Scripts


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Load(DynamicCore):  # type: ignore[misc] # robotlibcore is untyped
    """Lets N users follow a script each, at planned times, and measures from those times.

    ```robotframework
    *** Test Cases ***
    Ten Users Ask At The Same Moment
        Create Script    question
        Let Script Open Connection    ${URL}    subprotocols=${{['jwt-auth', 'jwt.{token:b64url}']}}
        Let Script Await    connection_established
        Let Script Iterate
        Let Script Send    type=user_message    message_id={id}    thread_id={thread}    payload.text={query}
        Let Script Await    agent_completed    timeout=5 s    measure=answer    keep=${{ {'answer': 'payload.text'} }}
        Let Script Check    {answer}    contains    {expected}
        Run Load    question    users=${TEN_USERS}
        Get Error Count    ==    0
        Get Percentile    99    <    5 s
    ```

    ## Scripts
    A script is a list of steps, added by the keywords that begin with *Let Script*. Those before [Let Script Iterate] are done
    once by each user and are not part of what is measured, unless they say so; all others are done in each iteration. All users
    run at the same time; each has connections, cookies and values of its own.

    Texts in steps are templates: ``{name}`` is a value of the user, ``{account.email}`` a value in a value, ``{user}`` the user's name, ``{n}`` the
    number of the iteration, ``{id}`` a UUID for each iteration, ``{uuid}`` a new one at each use, ``{now}`` the time (RFC 3339).
    ``{token:b64url}`` encodes. ``{{`` is a brace. Values may be Secrets. What a step keeps becomes a value, too.

    ## Planned times
    All times are decided before the start (open model). A load that waits for an answer before it sends the next message would send less just when the
    platform is slow, and hide that it was (*coordinated omission*). Here a message that could not be sent at its time, because its user's
    answer before was late, counts from the time at which it was to be sent.

    - at the same moment: ``Run Load    question    users=${users}``
    - spread: ``spread=2 s``; again and again: ``times=20    every=100 ms``
    - a rate, dealt to the users in turn: ``rate=50    duration=3 s``, a ramp: ``rate_end=200``, random: ``arrivals=poisson``

    Bounds: 1000 users and 2000 iterations a second for each worker, 48 h.

    ## Results
    Latencies go to HDR histograms (three digits, up to an hour). [Get Percentile], [Get Worst Latency], [Get Latency Count], [Get Throughput] read them;
    [Get Error Count] counts errors by kind:

    | kind | what happened |
    |---|---|
    | ``refused``, ``closed`` | the handshake failed, the connection ended |
    | ``timeout`` | no matching frame in time |
    | ``rejected`` | a frame of ``fails_on`` came |
    | ``background`` | what the connection sends by itself could not be sent |
    | ``wrong`` | a check did not hold, a value to keep was not there |
    | ``http``, ``sign-in`` | a request failed or had another status, the provider refused |
    | ``unsent`` | the user was still busy long after the planned time |

    [Get User Values] returns what each user's steps kept. The log shows a table and every latency as a dot.

    ## Workers
    Users are in processes of their own (one, and one more for each 250 users, up to one for each core), and what measures is not held up by
    what judges. A process is started with the suite and ends with the run, also when that is killed. Workers are given what they
    need as data: the script, and of the users' values those that the script names; credentials go over pipes and the loopback interface, in
    memory only. All times are those of one clock: the difference between a worker's clock and this process's is measured, and told
    with its error. What is recorded comes back while the load is under way, and is all there before something is judged. When a
    worker is lost, the load is ``INVALID`` and says which users went with it. [Use Load Workers] says how many there are, takes other workers,
    and lets a load go on without those that are lost.

    ## The generator itself
    How late a free user woke up, and how late the event loop was, is measured too. When 99 % of these lags are not within ``most_lag``
    the load is ``INVALID``: its figures would be those of this machine.

    ## Assertions
    Getters compare when given an operator of the [AssertionEngine](https://github.com/MarketSquare/AssertionEngine); times may be
    written ``5 s``.
    """  # noqa: E501 - paragraphs of Markdown

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        scripts = Scripts()
        self._running = Running(scripts)
        super().__init__([scripts, self._running, Measures(self._running), Writable()])

    def start_suite(self, data: Any, result: Any) -> None:
        """Start a worker while the suite is set up."""
        self._running.warm()

    def close(self) -> None:
        """End the workers with the run."""
        self._running.close()

    def end_test(self, data: Any, result: Any) -> None:
        """Stop a load that the test has left running."""
        self._running.release(result.full_name, below=False)

    def end_suite(self, data: Any, result: Any) -> None:
        """Stop a load that the suite has left running."""
        self._running.release(result.full_name, below=True)
