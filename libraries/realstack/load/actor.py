"""One user of a load: its values, its connections and its HTTP session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from realstack.core.errors import StackError, StackFailure, explain
from realstack.load.results import Failure, Results
from realstack.load.template import Values
from realstack.websocket import Connection

if TYPE_CHECKING:
    from realstack.oauth.http import Session


class StepFailed(Exception):
    """A step did not end well; carries the kind of the error for the results."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Clock:
    """The time of a load, in seconds after its start on the monotonic clock."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def start(self, at: float) -> None:
        """Set the moment that all planned times count from."""
        self.started = at

    @property
    def now(self) -> float:
        """Seconds after the start."""
        return time.monotonic() - self.started

    def of(self, at: float) -> float:
        """A moment of the monotonic clock as seconds after the start."""
        return at - self.started


class Actor:
    """A user that follows a script.

    Attributes:
        name: Its name; connections are called after it.
        values: What fills its templates.
        connections: Open ones by alias.
        recorded: Whether its frames and requests go to the test's recording.
        stop: Set when the load is to end: waiting for a planned time ends then.
        planned: When the current iteration, plus the thinking in it, was to have come so far; seconds after the start.
    """

    def __init__(
        self,
        name: str,
        values: Values,
        base_url: str,
        clock: Clock,
        results: Results,
        *,
        recorded: bool = True,
    ) -> None:
        self.name = name
        self.values = values
        self.connections: dict[str, Connection] = {}
        self.clock = clock
        self.results = results
        self.planned = 0.0
        values.own.update(user=name, n=0)
        self.kept: dict[str, Any] = {}
        self.recorded = recorded
        self.stop = asyncio.Event()
        self._base_url = base_url
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """Its HTTP session, opened at first use."""
        if self._session is None:
            from realstack.oauth.http import Session  # noqa: PLC0415 -- who sends no request needs no HTTP client

            self._session = Session(self.name, self.values.text(self._base_url), recorded=self.recorded)
        return self._session

    def connection(self, alias: str) -> Connection:
        """Its connection of that alias.

        Raises:
            StackError: The script has not opened it.
        """
        if alias not in self.connections:
            known = ", ".join(self.connections) or "none"
            remedy = "Let the script open it before."
            raise StackError(explain(f"{self.name} has a connection {alias!r}", f"it has {known}", remedy=remedy))
        return self.connections[alias]

    @property
    def broken(self) -> bool:
        """Whether a connection has ended without the script's doing."""
        return any(connection.state != "open" for connection in self.connections.values())

    async def wait_until(self, planned: float) -> None:
        """Wait for a planned time; how late a free user wakes up is the generator's lag."""
        left = planned - self.clock.now
        if left <= 0:
            return
        try:
            async with asyncio.timeout(left):
                await self.stop.wait()
        except TimeoutError:  # the planned time has come
            self.results.late(planned, max(0.0, self.clock.now - planned))

    def failed(self, kind: str, step: str, text: str, iteration: int, at: float) -> None:
        """Count an error of this user."""
        self.results.fail(Failure(kind, self.name, iteration, step, text, at))

    async def leave(self) -> None:
        """Close its connections and forget its cookies."""
        connections, self.connections = list(self.connections.values()), {}
        for connection in connections:
            # A connection that can't be closed in order has its transport dropped by close() itself.
            with contextlib.suppress(StackFailure):
                await connection.close(timeout=1.0)
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
