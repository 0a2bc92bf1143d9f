"""uvicorn's WebSocket protocol, with an end to connections whose peer doesn't read, or says what can't be taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

# Seconds between a close and the end of the connection by force.
CLOSE_PATIENCE = 3.0
# Seconds without a word from the peer after which a connection that failed is closed.
LINGERING = 0.3


class ChatProtocol(WebSocketsSansIOProtocol):
    """Lets a close overtake the wait for a full socket, and aborts the connection when the peer doesn't take part in closing.

    Otherwise a peer that stopped reading would keep its connection, and all that waits to be sent, until TCP gives up.
    """

    abort_timer: asyncio.TimerHandle | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """Send an ASGI event; a close does not wait until the socket takes more."""
        if message["type"] == "websocket.close":
            if not self.disconnected:
                self.writable.set()
            self._end_in_time()
        await super().send(message)

    def handle_parser_exception(self) -> None:
        """Say what is wrong with a frame, and read on until the peer has said its all.

        A socket that is closed with something unread is reset, and then the peer never learns why.
        """
        if not self.close_sent:
            self.close_sent = True
            told = self.conn.close_sent
            assert told is not None
            self.queue.put_nowait({"type": "websocket.disconnect", "code": told.code, "reason": told.reason})
            self.transport.write(b"".join(self.conn.data_to_send()))
            self._end_in_time()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGERING, self.transport.close)

    def _end_in_time(self) -> None:
        if self.abort_timer is None:
            self.abort_timer = self.loop.call_later(CLOSE_PATIENCE, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        if self.abort_timer is not None:
            self.abort_timer.cancel()
            self.abort_timer = None
        super().connection_lost(exc)
