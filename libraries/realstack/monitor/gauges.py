"""Gauges of stores: what PostgreSQL and Redis themselves say about who is connected.

Each holds one session of its own, opened at the first look and again after it broke, and does not count it.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from redis.asyncio import Redis

from realstack.loop import background

PATIENCE = 2.0
"""Seconds that a store may take to answer."""


class PostgresSessions:
    """Sessions of clients on a PostgreSQL server (``pg_stat_activity``), without the gauge's own.

    Args:
        dsn: Where the server is; never shown.
        application: Only sessions whose application name or user contains this; all by default.
    """

    def __init__(self, dsn: str, application: str = "") -> None:
        self._dsn = dsn
        self._application = application
        self._session: Any = None

    def __call__(self) -> float:
        """The number of sessions now."""
        return float(background.run(self._count(), PATIENCE))

    async def _count(self) -> int:
        if self._session is None or self._session.is_closed():
            settings = {"application_name": "realstack-monitor"}
            self._session = await asyncpg.connect(self._dsn, timeout=PATIENCE, server_settings=settings)
        return int(
            await self._session.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "AND application_name <> 'realstack-monitor' AND ($1 = '' OR strpos(application_name || ' ' || usename, $1) > 0)",
                self._application,
            )
        )

    def close(self) -> None:
        """End the gauge's session."""
        session, self._session = self._session, None
        if session is not None:
            background.run(session.close(timeout=PATIENCE), PATIENCE + 1)


class RedisGauge:
    """A number that a Redis server tells about itself.

    Args:
        url: Where the server is; never shown.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None

    def __call__(self) -> float:
        """The number now."""
        return float(background.run(self._count(), PATIENCE))

    async def _count(self) -> int:
        if self._client is None:
            self._client = Redis.from_url(
                self._url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, single_connection_client=True
            )
        return await self._ask(self._client)

    async def _ask(self, client: Redis) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """End the gauge's session."""
        client, self._client = self._client, None
        if client is not None:
            background.run(client.aclose(), PATIENCE + 1)


class RedisClients(RedisGauge):
    """Clients of a Redis server (``INFO clients``), without the gauge's own."""

    async def _ask(self, client: Redis) -> int:
        return int((await client.info("clients"))["connected_clients"]) - 1


class RedisChannels(RedisGauge):
    """Channels of a Redis server that somebody listens to (``PUBSUB CHANNELS``); subscriptions to patterns don't count."""

    async def _ask(self, client: Redis) -> int:
        return len(await client.pubsub_channels())
