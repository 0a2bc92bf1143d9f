"""What a socket has received, between the socket and whoever reads it: handed over as it comes, without a task of its own."""

from __future__ import annotations

from collections.abc import Callable

from realstack.websocket.codecs import Payload


class Inbox:
    """Keeps messages until somebody opens it, and gives each of them on at once from then on.

    Attributes:
        put: Takes a message; to be called by the socket.
        ended: Whether no more can come.
        fault: What ended it, where that was not its end.
    """

    def __init__(self) -> None:
        self._kept: list[Payload] = []
        self.put: Callable[[Payload], None] = self._kept.append
        self.ended = False
        self.fault: BaseException | None = None
        self._end: Callable[[BaseException | None], None] | None = None

    def open(self, put: Callable[[Payload], None], end: Callable[[BaseException | None], None]) -> None:
        """Give all messages to somebody.

        Args:
            put: Is called with each, first with those that are there.
            end: Is called with the fault once no more can come.
        """
        for payload in self._kept:
            put(payload)
        self._kept.clear()
        self.put, self._end = put, end
        if self.ended:
            end(self.fault)

    def close(self, fault: BaseException | None = None) -> None:
        """No more can come; repeatable, the first fault stays."""
        if self.ended:
            return
        self.ended, self.fault = True, fault
        if self._end is not None:
            self._end(fault)
