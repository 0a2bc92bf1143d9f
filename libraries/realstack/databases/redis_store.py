"""A session of a Redis server."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, cast

import redis.asyncio as redis_asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from realstack.core.errors import StackError, explain
from realstack.databases.errors import NotThere, StatementRefused, StoreUnreachable
from realstack.secrets.redaction import redact_text

logging.getLogger("redis").setLevel(logging.WARNING)

CONNECT_SECONDS = 5.0
SCAN_BATCH = 500
STREAM_PAGE = 1000


@dataclass(frozen=True)
class RedisTarget:
    """Where a Redis server is: a URL (``redis://:password@host:port/0``, ``rediss://`` for TLS) or the pieces."""

    url: str | None = field(default=None, repr=False)
    pieces: dict[str, Any] = field(default_factory=dict, repr=False)


class RedisSession:
    """A client of one Redis server; it connects anew by itself after the server was away.

    Args:
        name: What errors call it.
        target: Server and account.
        client_name: What ``CLIENT LIST`` shows it as.
        timeout: Seconds that a command may take.
    """

    kind = "Redis"

    def __init__(self, name: str, target: RedisTarget, client_name: str, *, timeout: float) -> None:
        self.name = name
        self.target = target
        self.client_name = client_name
        self.timeout = timeout
        self._client: redis_asyncio.Redis | None = None

    async def open(self) -> None:
        """Connect, and see that the server answers.

        Raises:
            StoreUnreachable: No server answers there.
            StatementRefused: It refuses the account.
        """
        self._client = self.new_client(self.timeout)
        try:
            await self.call(self._client.ping)
        except BaseException:
            await self.close()
            raise

    def new_client(self, timeout: float | None) -> redis_asyncio.Redis:
        """A client of its own for the same server; `timeout` None never gives up on an answer."""
        options: dict[str, Any] = {
            "client_name": self.client_name,
            "decode_responses": True,
            "encoding_errors": "backslashreplace",
            "socket_timeout": timeout,
            "socket_connect_timeout": CONNECT_SECONDS,
            # A test that asks wants to know now; retrying is the keywords' business.
            "retry": Retry(NoBackoff(), 0),
            # Where notices of maintenance may come, the pool hands out connections that the server has closed, too.
            "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        }
        try:
            if self.target.url is not None:
                return redis_asyncio.Redis.from_url(self.target.url, **options)
            return redis_asyncio.Redis(**self.target.pieces, **options)
        except ValueError as error:
            raise StackError(explain("a Redis URL such as redis://:password@host:6379/0", redact_text(str(error)))) from None

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def answer_seconds(self) -> float:
        """Seconds after which a command must have ended one way or another."""
        return self.timeout + CONNECT_SECONDS + 1

    @property
    def client(self) -> redis_asyncio.Redis:
        """The client; its errors are the driver's own, [call][RedisSession.call] explains them."""
        assert self._client is not None, "the session is closed"
        return self._client

    async def call(self, command: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Run a command of the client, with its errors explained."""
        async with self.explained(command.__name__.upper()):
            return await cast("Awaitable[Any]", command(*arguments, **options))

    @asynccontextmanager
    async def explained(self, what: str) -> AsyncIterator[None]:
        """Turn the driver's errors into explanations."""
        try:
            yield
        except ResponseError as error:
            raise StatementRefused(
                explain(f"Redis '{self.name}' to carry out {what}", redact_text(str(error))), code=str(error).split(" ", 1)[0]
            ) from None
        except AuthenticationError as error:
            raise StatementRefused(explain(f"Redis '{self.name}' to accept the account", str(error)), code="WRONGPASS") from None
        except (RedisConnectionError, RedisTimeoutError, TimeoutError, OSError) as error:
            raise StoreUnreachable(
                explain(
                    f"an answer of Redis '{self.name}' to {what}",
                    f"{type(error).__name__}: {redact_text(str(error))}",
                    remedy="Check that the server runs and is not paused or cut off.",
                )
            ) from None
        except RedisError as error:
            raise StackError(explain(f"Redis '{self.name}' to carry out {what}", redact_text(str(error)))) from None

    async def keys(self, pattern: str, limit: int) -> list[str]:
        """The keys that a pattern of ``SCAN`` matches, sorted.

        Raises:
            StackError: There are more than `limit`.
        """
        found: set[str] = set()
        async with self.explained("SCAN"):
            async for key in self.client.scan_iter(match=pattern, count=SCAN_BATCH):
                found.add(key)
                if len(found) > limit:
                    raise StackError(
                        explain(f"at most {limit} keys like {pattern!r}", "more", remedy="Narrow the pattern, or raise limit.")
                    )
        return sorted(found)

    async def read(self, key: str, limit: int = 10_000) -> Any:
        """A key's value by its own type: text, list, dictionary (hash, sorted set), sorted list (set), entries (stream).

        Returns:
            None when there is no such key. Stream entries are dictionaries with ``id`` and ``fields``.
        """
        kind = await self.call(self.client.type, key)
        readers: dict[str, Callable[[], Any]] = {
            "string": lambda: self.call(self.client.get, key),
            "hash": lambda: self.call(self.client.hgetall, key),
            "list": lambda: self.call(self.client.lrange, key, 0, limit),
            "set": lambda: self._members(key),
            "zset": lambda: self._scores(key, limit),
            "stream": lambda: self.stream(key, limit=limit),
        }
        if kind == "none":
            return None
        if kind not in readers:
            raise StackError(explain(f"key '{key}' to be of a type that can be read ({', '.join(readers)})", kind))
        return await readers[kind]()

    async def _members(self, key: str) -> list[str]:
        return sorted(await self.call(self.client.smembers, key))

    async def _scores(self, key: str, limit: int) -> dict[str, float]:
        return dict(await self.call(self.client.zrange, key, 0, limit, withscores=True))

    async def counter(self, key: str) -> int:
        """The number that a key counts; 0 when there is no such key, as ``INCR`` sees it.

        Raises:
            NotThere: It holds no number.
        """
        value = await self.call(self.client.get, key)
        if value is None:
            return 0
        try:
            return int(value)
        except ValueError:
            raise NotThere(explain(f"a whole number in '{key}'", repr(value))) from None

    async def seconds_to_live(self, key: str) -> float:
        """Seconds until a key expires, to the millisecond; -1 when it never does, -2 when there is none."""
        milliseconds = int(await self.call(self.client.pttl, key))
        return milliseconds / 1000 if milliseconds >= 0 else float(milliseconds)

    async def stream(self, key: str, start: str = "-", end: str = "+", limit: int = 1000) -> list[dict[str, Any]]:
        """Entries of a stream, oldest first, as ``{"id", "fields"}``; at most `limit`."""
        entries: list[dict[str, Any]] = []
        position = start
        while len(entries) < limit:
            page = await self.call(self.client.xrange, key, position, end, count=min(STREAM_PAGE, limit - len(entries)))
            entries.extend({"id": identifier, "fields": fields} for identifier, fields in page)
            if len(page) < STREAM_PAGE:
                break
            position = f"({page[-1][0]}"
        return entries

    async def groups(self, key: str) -> list[dict[str, Any]]:
        """Consumer groups of a stream: ``name consumers pending last-delivered-id`` and, since Redis 7, ``lag entries-read``."""
        return [dict(group) for group in await self.call(self.client.xinfo_groups, key)]

    async def pending(self, key: str, group: str, limit: int = 1000) -> list[dict[str, Any]]:
        """Entries that a group was given and has not acknowledged: ``id consumer idle deliveries`` (`idle` in seconds)."""
        found = await self.call(self.client.xpending_range, key, group, min="-", max="+", count=limit)
        return [
            {
                "id": one["message_id"],
                "consumer": one["consumer"],
                "idle": one["time_since_delivered"] / 1000,
                "deliveries": one["times_delivered"],
            }
            for one in found
        ]

    async def pending_count(self, key: str, group: str) -> int:
        """How many entries a group was given and has not acknowledged."""
        return int((await self.call(self.client.xpending, key, group))["pending"])

    async def client_count(self, name: str | None, run: str) -> int:
        """How many connections there are, those of a run left out; `name` is a shell pattern, None means any."""
        names = [client.get("name", "") for client in await self.clients()]
        return sum(not one.startswith(run) and (name is None or fnmatchcase(one, name)) for one in names)

    async def clients(self) -> list[dict[str, str]]:
        """All connections of the server, as ``CLIENT LIST`` tells."""
        return [dict(client) for client in await self.call(self.client.client_list)]

    async def info(self, name: str) -> Any:
        """One field of ``INFO``.

        Raises:
            StackError: There is none of that name.
        """
        fields = await self.call(self.client.info, "everything")
        if name not in fields:
            raise StackError(explain(f"a field of INFO called {name!r}", "none", evidence=", ".join(sorted(fields))))
        return fields[name]

    async def config(self, name: str) -> str:
        """One setting of the server."""
        found = await self.call(self.client.config_get, name)
        if name not in found:
            raise StackError(explain(f"a setting called {name!r}", "none of that name"))
        return str(found[name])

    async def server_time(self) -> datetime:
        """The server's clock, in UTC."""
        seconds, microseconds = await self.call(self.client.time)
        return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(microseconds))

    async def version(self) -> str:
        """Version of the server, such as ``7.0.15``."""
        return str(await self.info("redis_version"))
