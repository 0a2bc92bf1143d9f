"""The keyword that tells the history when clients tried to come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.history.events import Arrivals
from realstack.history.session import Session
from realstack.history.values import epoch


class ArrivalKeywords:
    """Evidence for the law about clients that come back.

    Args:
        session: What is recorded into.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @keyword(tags=["evidence"])
    def record_arrivals(
        self,
        name: str,
        times: list[Any],
        *,
        during: str,
        clients: int,
        shortest_wait: timedelta,
        longest_wait: timedelta,
        waits: Sequence[Sequence[float | None]] = (),
    ) -> None:
        """Records when clients that lost their connections tried to connect, for the law ``spread-out``.

        Take the times from whoever receives the attempts (an access log): what arrives is what a server has to bear. Where
        something on the way smears them, as a browser that makes one handshake at a time, clients tell better whether they are
        in step. Times that lie outside the outage are not judged, so a whole log may be given.

        Args:
            name: What the clients are, for witnesses.
            times: When each attempt arrived or began: seconds since the epoch, or RFC 3339 times. They are kept on the history's
                clock.
            during: The fault that the clients lost their connections by, as it is named in the history.
            clients: How many clients lost their connections; count them where the times come from.
            shortest_wait: The first ceiling of the clients' backoff.
            longest_wait: Its last ceiling. The n-th attempt waits no longer than ``min(longest, shortest * 2**n)``.
            waits: For each client that can be watched, and each loss of its connection, the seconds from the end of an attempt to
                the next one, from the first attempt on; None for one that nobody could measure. They show jitter also where
                the way to the server, or a busy machine, smears what clients do in step.

        Raises:
            StackError: Something among the times is none, or among the waits no number of seconds.

        ```robotframework
        Cut Link    backend    reset
        Heal Link    backend    not_before=2 s
        Record Arrivals    pages    ${times}    during=backend    clients=12    shortest_wait=100 ms    longest_wait=500 ms
        Law Should Hold    spread-out    clients=12
        ```
        """
        moments = [epoch(moment) for moment in times]
        wrong = next((given for given, moment in zip(times, moments, strict=True) if moment is None), None)
        if wrong is not None:
            raise StackError(explain("times in seconds since the epoch, or by RFC 3339", f"{wrong!r}"))
        unmeasured = next((given for each in waits for given in each if given is not None and not _is_wait(given)), None)
        if unmeasured is not None:
            raise StackError(explain("waits in seconds, and None for one that was not measured", f"{unmeasured!r}"))
        zero = self._session.recording.began_wall
        self._session.recorder.record(
            Arrivals(
                name,
                during=during,
                clients=clients,
                shortest=shortest_wait.total_seconds(),
                longest=longest_wait.total_seconds(),
                times=sorted(round(moment - zero, 6) for moment in moments if moment is not None),
                waits=[[None if wait is None else round(wait, 6) for wait in each] for each in waits],
            )
        )


def _is_wait(given: object) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool) and given >= 0
