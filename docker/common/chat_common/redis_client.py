"""Redis: one way to make a client, with time limits and without hidden retries."""

from __future__ import annotations

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

# What "Redis can't be used now" looks like to a caller.
REDIS_ERRORS = (RedisError, OSError, TimeoutError)


def redis_client(url: str, *, name: str, timeout: float = 2.0, max_connections: int = 8, **options: Any) -> Redis:
    """Make a client that connects at its first use.

    Nothing is retried inside: a command that is sent twice may count twice, so its caller decides. Connections that Redis closed
    meanwhile are noticed and replaced before a command goes out.

    Args:
        url: `redis://:password@host:port/0`.
        name: Shown by Redis in `CLIENT LIST`.
        timeout: Seconds to connect, and to wait for an answer; must exceed the `BLOCK` time of blocking commands.
        max_connections: Connections at a time; a command waits for a free one, so that a burst leaves no crowd of idle ones.
        options: Further settings of `redis.asyncio.Redis`.
    """
    settings: dict[str, Any] = {
        "client_name": name,
        "decode_responses": True,
        "socket_connect_timeout": timeout,
        "socket_timeout": timeout,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        # Where notices of maintenance may come, the pool hands out connections that Redis has closed, too.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        **options,
    }
    pool = BlockingConnectionPool.from_url(url, max_connections=max_connections, **settings)
    # How long a command waits for its turn; the URL's settings know no such limit.
    pool.timeout = timeout
    return Redis.from_pool(pool)
