"""Sessions: connections that stay between requests, with their settings and temporary tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clickhouse_http.engine import Connection
from clickhouse_http.errors import ClickHouseError

DEFAULT_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3600.0


@dataclass
class _Session:
    connection: Connection
    ends: float = 0.0
    taken: bool = True


class Sessions:
    """The sessions of all accounts; used from the event loop only.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Session] = {}

    def take(self, account: str, name: str, connect: Callable[[], Connection], *, must_exist: bool) -> Connection:
        """Take a session for one request; make it when there is none.

        Raises:
            ClickHouseError: Another request has it, or it must exist and does not.
        """
        self.drop_ended()
        session = self._known.get((account, name))
        if session is None:
            if must_exist:
                raise ClickHouseError(372, "SESSION_NOT_FOUND", "Session not found.")
            session = self._known[account, name] = _Session(connect())
            return session.connection
        if session.taken:
            raise ClickHouseError(373, "SESSION_IS_LOCKED", f"Session {name} is locked by a concurrent client.")
        session.taken = True
        return session.connection

    def give_back(self, account: str, name: str, seconds: float) -> None:
        """End a request's turn; the session ends when no other takes it within the seconds."""
        session = self._known[account, name]
        session.taken = False
        session.ends = self._clock() + seconds

    def drop(self, account: str, name: str) -> None:
        """End a session."""
        self._known.pop((account, name)).connection.close()

    def drop_ended(self) -> None:
        """End the sessions that nobody took in time."""
        now = self._clock()
        for key in [key for key, session in self._known.items() if not session.taken and session.ends <= now]:
            self.drop(*key)

    def close(self) -> None:
        """End all sessions."""
        for key in list(self._known):
            self.drop(*key)


def session_seconds(text: str) -> float:
    """How long a session waits for its next request.

    Raises:
        ClickHouseError: That is no number of seconds, or more than an hour.
    """
    if not text:
        return DEFAULT_SECONDS
    if not text.isdecimal():
        raise ClickHouseError(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: '{text}'.")
    if float(text) > LONGEST_SECONDS:
        raise ClickHouseError(
            374, "INVALID_SESSION_TIMEOUT", f"Session timeout '{text}' is larger than max_session_timeout: {LONGEST_SECONDS:g}."
        )
    return float(text)
