"""uvicorn's WebSocket protocol, with an end to connections whose peer doesn't read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

# Seconds between a close and the end of the connection by force.
CLOSE_PATIENCE = 3.0


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
            if self.abort_timer is None:
                self.abort_timer = self.loop.call_later(CLOSE_PATIENCE, self.transport.abort)
        await super().send(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        if self.abort_timer is not None:
            self.abort_timer.cancel()
            self.abort_timer = None
        super().connection_lost(exc)
