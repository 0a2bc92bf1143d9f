"""The keyword that tells the history when clients tried to come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from robot.api.deco import keyword

from realstack.core.errors import StackError, explain
from realstack.history.keywords.base import HistoryBase
from realstack.history.values import epoch


class ArrivalKeywords(HistoryBase):
    """Evidence for the law about clients that come back."""

    @keyword(tags=["Evidence"])
    def record_arrivals(
        self, name: str, times: list[Any], *, during: str, clients: int, shortest_wait: timedelta, longest_wait: timedelta
    ) -> None:
        """Record when clients that lost their connections tried to connect, for the law ``spread-out``.

        Take the times from whoever receives the attempts (an access log), not from the clients: what arrives is what a
        server has to bear. Those that lie outside the outage are not judged, so a whole log may be given.

        Args:
            name: What the clients are, for witnesses.
            times: When each attempt arrived: seconds since the epoch, or RFC 3339 times. They are kept on the history's
                clock.
            during: The fault that the clients lost their connections by, as it is named in the history.
            clients: How many clients lost their connections; count them where the times come from.
            shortest_wait: The first ceiling of the clients' backoff.
            longest_wait: Its last ceiling. The n-th attempt waits no longer than ``min(longest, shortest * 2**n)``.

        Raises:
            StackError: Something among the times is none.

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
        zero = self.session.recording.began_wall
        self.record(
            "arrivals",
            name,
            during=during,
            clients=clients,
            shortest=shortest_wait.total_seconds(),
            longest=longest_wait.total_seconds(),
            times=sorted(round(moment - zero, 6) for moment in moments if moment is not None),
        )
