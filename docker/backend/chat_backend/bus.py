"""One Redis subscription for a whole replica, that comes back by itself and says when it did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Connection

from chat_common.logs import Log
from chat_common.redis_client import REDIS_ERRORS, redis_client
from chat_common.tasks import jittered

log = Log("bus")

# Silence of this many seconds is broken by a PING; the same time again without an answer means that the connection is dead.
SILENCE_SECONDS = 1.0
# Channels named in one command.
BATCH = 500

OnMessage = Callable[[str, str], None]
OnSubscribed = Callable[[str], None]


class Bus:
    """Listens to channels that come and go.

    Args:
        url: Address of Redis.
        name: Name of the connection, as Redis shows it.
        on_message: Called with channel and text of every message, in the order of Redis.
        on_subscribed: Called with a channel whenever its subscription begins, again after every interruption: what was published
            before went unheard.
    """

    def __init__(self, url: str, name: str, on_message: OnMessage, on_subscribed: OnSubscribed) -> None:
        # RESP2, where what arrives on a subscribed connection is a plain list.
        self._client = redis_client(url, name=name, protocol=2)
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._wanted: set[str] = set()
        self._sent: set[str] = set()
        self._changed = asyncio.Event()
        self.connected = False
        # When anything last came; a connection that has fallen silent is noticed later.
        self.heard_at = time.monotonic()

    def subscribe(self, channel: str) -> None:
        """Begin to listen to a channel; `on_subscribed` tells when it has begun."""
        self._wanted.add(channel)
        self._changed.set()

    def unsubscribe(self, channel: str) -> None:
        """Stop listening to a channel."""
        self._wanted.discard(channel)
        self._changed.set()

    async def run(self) -> None:
        """Listen until cancelled; connect again after every failure."""
        attempt = 0
        while True:
            connection: Connection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                attempt = 0
                await self._serve(connection)
            except REDIS_ERRORS as error:
                log.warning("bus_interrupted", reason=type(error).__name__, channels=len(self._wanted), attempt=attempt)
            finally:
                self.connected = False
                self._sent.clear()
                await connection.disconnect(nowait=True)
            await asyncio.sleep(jittered(attempt, base=0.1, cap=0.5))
            attempt += 1

    async def _serve(self, connection: Connection) -> None:
        self.connected = True
        log.info("bus_connected", channels=len(self._wanted))
        self._changed.set()
        writer = asyncio.create_task(self._write(connection), name="bus writer")
        try:
            await self._read(connection, writer)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, connection: Connection, writer: asyncio.Task[None]) -> None:
        asked = False
        while True:
            # None when nothing came in time; what came of an item so far is kept for the next call.
            item = await connection.read_response(timeout=SILENCE_SECONDS, disconnect_on_error=False)
            if writer.done():
                await writer
            if item is None:
                if asked:
                    raise ConnectionError("the subscription fell silent")
                asked = True
                await connection.send_command("PING", check_health=False)
                continue
            asked = False
            self.heard_at = time.monotonic()
            self._handle(item)

    def _handle(self, item: Any) -> None:
        kind = item[0] if isinstance(item, list) else item
        if kind == "message":
            self._on_message(item[1], item[2])
        elif kind == "subscribe" and item[1] in self._wanted:
            self._on_subscribed(item[1])

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for command, channels in (("UNSUBSCRIBE", self._sent - self._wanted), ("SUBSCRIBE", self._wanted - self._sent)):
                ordered = sorted(channels)
                if command == "SUBSCRIBE":
                    self._sent |= channels
                else:
                    self._sent -= channels
                for start in range(0, len(ordered), BATCH):
                    await connection.send_command(command, *ordered[start : start + BATCH], check_health=False)

    async def close(self) -> None:
        """Close what `run` left open."""
        await self._client.aclose()
