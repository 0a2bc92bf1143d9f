"""Gauges of stores: what PostgreSQL and Redis themselves say about who is connected.

Each holds one session of its own, opened at the first look and again after it broke, and does not count it. They have a loop
of their own: on the one that all libraries share they would wait for the load that they are to watch.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from realstack.core.extras import needed
from realstack.core.loop import BackgroundLoop
from realstack.databases.dsn import redis_address, split_dsn

if TYPE_CHECKING:
    from redis.asyncio import Redis

PATIENCE = 2.0
"""Seconds that a store may take to answer."""

loop = BackgroundLoop("realstack-gauges")
atexit.register(loop.stop)


class StoreGauge:
    """A number that a store tells about itself. It can be asked for at once and waited for later, beside other things."""

    def begin(self) -> Callable[[], float]:
        """Ask; the answer is what the returned function waits for.

        Raises:
            TimeoutError: From the function: the store did not answer in time; likewise whatever its driver raises.
        """
        return loop.spawn(asyncio.wait_for(self._count(), PATIENCE)).result

    def __call__(self) -> float:
        """The number now."""
        return self.begin()()

    def close(self) -> None:
        """End the gauge's session."""
        loop.run(self._close(), PATIENCE + 1)

    async def _count(self) -> float:
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError


class PostgresSessions(StoreGauge):
    """Sessions of clients on a PostgreSQL server (``pg_stat_activity``), without the gauge's own.

    Args:
        dsn: Where the server is; never shown.
        application: Only sessions whose application name or user contains this; all by default.
    """

    def __init__(self, dsn: str, application: str = "") -> None:
        self._dsn = dsn
        self._application = application
        self._session: Any = None

    async def _count(self) -> float:
        if self._session is None or self._session.is_closed():
            with needed("to ask PostgreSQL for its sessions", "monitor"):
                import asyncpg  # noqa: PLC0415 -- who watches processes alone does without it
            settings = {"application_name": "realstack-monitor"}
            dsn, _ = split_dsn(self._dsn, PATIENCE)
            self._session = await asyncpg.connect(dsn, timeout=PATIENCE, server_settings=settings)
        return float(
            await self._session.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "AND application_name <> 'realstack-monitor' AND ($1 = '' OR strpos(application_name || ' ' || usename, $1) > 0)",
                self._application,
            )
        )

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close(timeout=PATIENCE)


class RedisGauge(StoreGauge):
    """A number that a Redis server tells about itself.

    Args:
        url: Where the server is; never shown.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None

    async def _count(self) -> float:
        if self._client is None:
            with needed("to ask Redis for its clients", "monitor"):
                from redis.asyncio import Redis  # noqa: PLC0415 -- as above
            self._client = Redis.from_url(
                redis_address(self._url), socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, single_connection_client=True
            )
        return await self._ask(self._client)

    async def _ask(self, client: Redis) -> float:
        raise NotImplementedError

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class RedisClients(RedisGauge):
    """Clients of a Redis server (``INFO clients``), without the gauge's own."""

    async def _ask(self, client: Redis) -> float:
        return float((await client.info("clients"))["connected_clients"]) - 1


class RedisChannels(RedisGauge):
    """Channels of a Redis server that somebody listens to (``PUBSUB CHANNELS``); subscriptions to patterns don't count."""

    async def _ask(self, client: Redis) -> float:
        return float(len(await client.pubsub_channels()))
