"""What a connection over HTTP has of a socket, be it a stream or polled: what came and was not read yet, and how it ended."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from typing import cast

from realstack.websocket.answer import Answer
from realstack.websocket.codecs import Payload
from realstack.websocket.inbox import Inbox
from realstack.websocket.wire import Ending


class Broken(ConnectionError):
    """What came ended before its end, or could not be read on."""


class HttpWire(ABC):
    """Looks to a connection as the socket of a WebSocket does.

    Attributes:
        answer: The server's answer to the opening.
        inbox: What has come; its end is that of the connection.
        subprotocol: There is none.
        close_timeout: Seconds that leaving may take.
    """

    answer: Answer

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.subprotocol: str | None = None
        self.close_timeout: float | None = None
        self._by = "nobody"

    @abstractmethod
    def _tcp(self) -> asyncio.Transport | None:
        """What messages come by; None while that is nothing."""

    @abstractmethod
    def _release(self) -> None:
        """Give up all that is held."""

    def _told_by_tcp(self, what: str) -> object:
        """A fact of what messages come by; None once that is gone."""
        transport = self._tcp()
        return None if transport is None or transport.is_closing() else transport.get_extra_info(what)

    @property
    def tcp(self) -> socket.socket | None:
        """The socket of TCP that messages come by; None once it is gone."""
        return cast(socket.socket | None, self._told_by_tcp("socket"))

    @property
    def local_address(self) -> tuple[str, int] | None:
        """Host and port of this end; None once it is gone."""
        return cast(tuple[str, int] | None, self._told_by_tcp("sockname"))

    @property
    def over(self) -> bool:
        """Whether no more can come."""
        return self.inbox.ended

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return not self.over

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave; there is nobody to tell a code or a reason."""
        self.drop()

    def drop(self) -> None:
        """Leave at once."""
        self._end("client")

    def ending(self, *, aborted: bool) -> Ending:
        """How it ended.

        Args:
            aborted: Whether this end left it.
        """
        return Ending(None, "", "client" if aborted else self._by)

    def _give(self, payload: Payload) -> None:
        self.inbox.put(payload)

    def _end(self, by: str, fault: Exception | None = None) -> None:
        if self.over:
            return
        self._by = by
        self._release()
        self.inbox.close(fault)
