"""A session of a Redis server."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any, TypeVar, cast

import redis.asyncio as redis_asyncio
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from realstack.core.errors import StackError, explain
from realstack.core.writable import writable
from realstack.databases.dsn import ESCAPED, redis_address
from realstack.databases.errors import ODD_ANSWER, NotThere, StatementRefused, StoreUnreachable
from realstack.secrets import HIDDEN
from realstack.secrets.redaction import redact_text

logging.getLogger("redis").setLevel(logging.WARNING)

Reading = TypeVar("Reading", bound=Callable[..., Coroutine[Any, Any, Any]])

CONNECT_SECONDS = 5.0
SCAN_BATCH = 500
STREAM_PAGE = 1000

_COUNTED = re.compile(r"0|-?[1-9][0-9]{0,18}")
"""How Redis writes a number that it counts with."""
_ACCOUNT = "Open the session with password=, and user= where the account has a name, or with a URL that has both."
_REMEDIES = {
    **dict.fromkeys(
        ("MOVED", "ASK"), "The key is on another node of a cluster: open a session at the address that the error names."
    ),
    "CROSSSLOT": "The nodes of a cluster hold a part of the keys each: ask for keys of one slot, as {user}:a and {user}:b are.",
    "CLUSTERDOWN": "Nodes of the cluster are missing: look at CLUSTER INFO.",
    "READONLY": "This is a replica: open the session at its primary, which INFO replication names (master_host).",
    "MASTERDOWN": "This replica has lost its primary: look at INFO replication.",
    "NOAUTH": _ACCOUNT,
    "WRONGPASS": "Check user= and password=, or those in the URL; ACL LIST tells an administrator which accounts there are.",
    "NOPERM": "The account's rights leave it out (ACL GETUSER): open a session with another user=.",
    "DENIED": _ACCOUNT,
    "OOM": "The server's memory is used up: look at INFO memory, maxmemory and maxmemory-policy.",
    "MISCONF": "The server can't save its data and takes none: look at its disk and its log.",
}
"""What to do, by the code of an error."""
_QUOTED = re.compile(r"'.*'", re.DOTALL)
_BYTES = re.compile(r"\\x([89a-f][0-9a-f])")
"""How bytes that are no text are shown."""

_OF_A_CONNECTION = {
    "AUTH",
    "CLIENT CACHING",
    "CLIENT REPLY",
    "CLIENT SETNAME",
    "CLIENT TRACKING",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "RESET",
    "SELECT",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WATCH",
}
"""Commands that change their connection, or have it listen."""


@dataclass(frozen=True)
class RedisTarget:
    """Where a Redis server is: a URL (``redis://:password@host:port/0``, ``rediss://`` for TLS), and pieces, which count more."""

    url: str | None = field(default=None, repr=False)
    pieces: dict[str, Any] = field(default_factory=dict, repr=False)


def _entries_of(found: Any, **_: Any) -> list[tuple[Any, Any]]:
    """Entries of a stream; of a field that an entry has several times, which the driver's own reading forgets, all values."""
    return [(identifier, _fields_of(flat)) for identifier, flat in found or ()]


def _fields_of(flat: list[Any] | None) -> dict[Any, Any] | None:
    if flat is None:
        return None
    fields: dict[Any, list[Any]] = {}
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        fields.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _told(answer: Any) -> Any:
    """An answer as test data: of errors in it, as scripts give them, what they say; sets as sorted lists."""
    if isinstance(answer, Exception):
        return str(answer)
    if isinstance(answer, dict):
        return {name: _told(value) for name, value in answer.items()}
    if isinstance(answer, (set, frozenset)):
        return sorted(map(_told, answer), key=str)
    return [_told(item) for item in answer] if isinstance(answer, list) else answer


def _refusal(error: ResponseError) -> tuple[str, str]:
    """The code of an error, and what to show of it."""
    # What follows quotes arguments, which may be secret.
    text = redact_text(str(error).partition(", with args")[0])
    # Of the commoner ones the driver cuts off the code.
    code = getattr(error, "status_code", None) or text.partition(" ")[0]
    return code, text if code == "ERR" or text.startswith(code) else f"{code} {text}"


def _reads(method: Reading) -> Reading:
    """A method that makes something of answers: whatever they are, it ends with a value or an error of ours."""

    @wraps(method)
    async def reading(self: RedisSession, *given: Any, **named: Any) -> Any:
        async with self.explained(method.__name__.replace("_", " ")):
            return await method(self, *given, **named)

    return cast(Reading, reading)


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
        own: dict[str, Any] = {
            "client_name": self.client_name,
            "decode_responses": True,
            "encoding_errors": "backslashreplace",
            # A test that asks wants to know now; retrying is the keywords' business.
            "retry": Retry(NoBackoff(), 0),
            # Where notices of maintenance may come, the pool hands out connections that the server has closed, too.
            "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        }
        usual: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": CONNECT_SECONDS}
        try:
            if self.target.url is None:
                client = redis_asyncio.Redis(**{**usual, **self.target.pieces, **own})
            else:
                # By itself the client lets the URL count more.
                told = {**usual, **parse_url(redis_address(self.target.url)), **self.target.pieces, **own}
                client = redis_asyncio.Redis.from_pool(redis_asyncio.ConnectionPool(**told))
            pool = client.connection_pool
            pool.connection_class(**pool.connection_kwargs)  # it asks for nothing yet, but knows its options
        except ValueError as error:
            seen = _QUOTED.sub(f"'{HIDDEN}'", str(error))  # it may be a part of the password
            raise StackError(explain("a Redis URL such as redis://:password@host:6379/0", seen, remedy=ESCAPED)) from None
        except (TypeError, AttributeError, RedisError) as error:
            raise StackError(explain("a Redis URL with options that redis-py has", str(error))) from None
        for name in ("XRANGE", "XREVRANGE"):
            client.set_response_callback(name, cast(Any, _entries_of))
        return client

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
            code, seen = _refusal(error)
            expected = f"Redis '{self.name}' to carry out {what}"
            raise StatementRefused(explain(expected, seen, remedy=_REMEDIES.get(code, "")), code=code) from None
        except AuthenticationError as error:
            code = "NOAUTH" if "authentication required" in str(error).lower() else "WRONGPASS"
            expected = f"Redis '{self.name}' to accept the account"
            raise StatementRefused(explain(expected, str(error), remedy=_REMEDIES[code]), code=code) from None
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
        except ODD_ANSWER as error:
            # What pretends to be Redis, such as a proxy, answers with something else than the command has.
            raise StackError(
                explain(
                    f"an answer to {what} as Redis gives it, from '{self.name}'",
                    f"{type(error).__name__}: {redact_text(str(error))}",
                    remedy="Look at what it says: [Execute Redis Command] gives answers as they come.",
                )
            ) from None

    @_reads
    async def keys(self, pattern: str, limit: int) -> list[str]:
        """The keys that a pattern of ``SCAN`` matches, sorted.

        Raises:
            StackError: There are more than `limit`.
        """
        found: set[str] = set()
        _check(pattern)
        async with self.explained("SCAN"):
            async for key in self.client.scan_iter(match=pattern, count=SCAN_BATCH):
                found.add(key)
                if len(found) > limit:
                    raise StackError(
                        explain(f"at most {limit} keys like {pattern!r}", "more", remedy="Narrow the pattern, or raise limit.")
                    )
        return sorted(found)

    @_reads
    async def key(self, name: str) -> str | bytes:
        """The key that is listed under a name: bytes that are no text are listed as ``\\xac``, and are found by that as well."""
        _check(name)
        if _BYTES.search(name) is None or await self.call(self.client.exists, name):
            return name
        parts = _BYTES.split(name)
        # Text and the two digits of a byte take turns.
        pieces = [bytes.fromhex(part) if place % 2 else part.encode() for place, part in enumerate(parts)]
        as_bytes = b"".join(pieces)
        return as_bytes if await self.call(self.client.exists, as_bytes) else name

    @_reads
    async def type(self, name: str) -> str:
        """The type of a key, ``none`` when there is no such key."""
        return str(await self.call(self.client.type, await self.key(name)))

    @_reads
    async def delete(self, *names: str) -> int:
        """Delete keys; returns how many there were."""
        return int(await self.call(self.client.delete, *[await self.key(name) for name in names]))

    async def set(self, name: str, value: Any, milliseconds: int | None) -> None:
        """Set a key to a text, for good or for some time."""
        _check(value)
        await self.call(self.client.set, await self.key(name), value, px=milliseconds)

    @_reads
    async def stream_length(self, name: str) -> int:
        """How many entries a stream has."""
        return int(await self.call(self.client.xlen, await self.key(name)))

    async def command(self, words: Sequence[str | int | float]) -> Any:
        """Run any command, and give what the server answers; texts and numbers as they come.

        Raises:
            StackError: It is one that changes the connection, or listens on it.
        """
        # The client takes the name apart at its blanks, and a server has no answer to nothing.
        name = " ".join(str(words[0]).upper().split())
        if not name:
            raise StackError(explain("a command, such as PING", "nothing"))
        words = [name, *words[1:]]
        whole = f"{name} {words[1]}".upper() if len(words) > 1 else name
        if not _OF_A_CONNECTION.isdisjoint({name, whole}):
            raise StackError(
                explain(
                    "a command that leaves its connection as it is, since the next one may have another connection",
                    whole if whole in _OF_A_CONNECTION else name,
                    remedy="Open a session with database=, user= or password=; use [Start Redis Listener] to listen.",
                )
            )
        _check(*words)
        if name == "COMMAND":  # one word for the client, which otherwise takes the answer for that of COMMAND alone
            words = [" ".join(map(str, words[:2])), *words[2:]]
        async with self.explained(name):
            return _told(await self.client.execute_command(*words))  # type: ignore[no-untyped-call] # redis has no types for it

    @_reads
    async def read(self, name: str, limit: int | None = None) -> Any:
        """A key's value by its own type: text, list, dictionary (hash, sorted set), sorted list (set), entries (stream).

        Args:
            name: The key.
            limit: How many items it may have; any number when None.

        Returns:
            None when there is no such key. Stream entries are dictionaries with ``id`` and ``fields``.

        Raises:
            StackError: It has more items.
        """
        key = await self.key(name)
        kind = await self.call(self.client.type, key)
        sizes: dict[str, Callable[[Any], Any]] = {
            "hash": self.client.hlen,
            "list": self.client.llen,
            "set": self.client.scard,
            "zset": self.client.zcard,
            "stream": self.client.xlen,
        }
        if limit is not None and kind in sizes and (size := await self.call(sizes[kind], key)) > limit:
            raise StackError(
                explain(f"at most {limit} items in '{name}'", f"{size}", remedy="Look at a part of it, or raise limit.")
            )
        readers: dict[str, Callable[[], Any]] = {
            "string": lambda: self.call(self.client.get, key),
            "hash": lambda: self.call(self.client.hgetall, key),
            "list": lambda: self.call(self.client.lrange, key, 0, -1),
            "set": lambda: self._members(key),
            "zset": lambda: self._scores(key),
            "stream": lambda: self._entries(key, "-", "+", None),
        }
        if kind == "none":
            return None
        if kind not in readers:
            raise StackError(explain(f"key '{name}' to be of a type that can be read ({', '.join(readers)})", kind))
        return await readers[kind]()

    async def _members(self, key: str | bytes) -> list[str]:
        return sorted(await self.call(self.client.smembers, key))

    async def _scores(self, key: str | bytes) -> dict[str, float]:
        return dict(await self.call(self.client.zrange, key, 0, -1, withscores=True))

    @_reads
    async def counter(self, key: str) -> int:
        """The number that a key counts; 0 when there is no such key, as ``INCR`` sees it.

        Raises:
            NotThere: It holds no number.
        """
        value = await self.call(self.client.get, await self.key(key))
        if value is None:
            return 0
        # Python's int reads more: blanks around it, digits of other scripts, underscores between them.
        if not _COUNTED.fullmatch(value) or not -(2**63) <= int(value) < 2**63:
            remedy = "Redis counts with whole numbers of 64 bits, without anything before or behind their digits but a minus."
            raise NotThere(explain(f"a whole number in '{key}'", repr(value), remedy=remedy))
        return int(value)

    @_reads
    async def seconds_to_live(self, key: str) -> float:
        """Seconds until a key expires, to the millisecond; -1 when it never does, -2 when there is none."""
        milliseconds = int(await self.call(self.client.pttl, await self.key(key)))
        return milliseconds / 1000 if milliseconds >= 0 else float(milliseconds)

    @_reads
    async def stream(self, key: str, start: str = "-", end: str = "+", limit: int = 1000) -> list[dict[str, Any]]:
        """Entries of a stream, oldest first, as ``{"id", "fields"}``; at most `limit`."""
        return await self._entries(await self.key(key), start, end, limit)

    async def _entries(self, key: str | bytes, start: str, end: str, limit: int | None) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        position = start
        while limit is None or len(entries) < limit:
            count = STREAM_PAGE if limit is None else min(STREAM_PAGE, limit - len(entries))
            page = await self.call(self.client.xrange, key, position, end, count=count)
            entries.extend({"id": identifier, "fields": fields} for identifier, fields in page)
            if len(page) < STREAM_PAGE:
                break
            position = f"({page[-1][0]}"
        return entries

    @_reads
    async def groups(self, key: str) -> list[dict[str, Any]]:
        """Consumer groups of a stream: ``name consumers pending last-delivered-id`` and, since Redis 7, ``lag entries-read``."""
        return [dict(group) for group in await self.call(self.client.xinfo_groups, await self.key(key))]

    @_reads
    async def pending(self, key: str, group: str, limit: int = 1000) -> list[dict[str, Any]]:
        """Entries that a group was given and has not acknowledged: ``id consumer idle deliveries`` (`idle` in seconds)."""
        found = await self.call(self.client.xpending_range, await self.key(key), group, min="-", max="+", count=limit)
        return [
            {
                "id": one["message_id"],
                "consumer": one["consumer"],
                "idle": one["time_since_delivered"] / 1000,
                "deliveries": one["times_delivered"],
            }
            for one in found
        ]

    @_reads
    async def pending_count(self, key: str, group: str) -> int:
        """How many entries a group was given and has not acknowledged."""
        return int((await self.call(self.client.xpending, await self.key(key), group))["pending"])

    @_reads
    async def client_count(self, name: str | None, run: str) -> int:
        """How many connections there are, those of a run left out; `name` is a shell pattern, None means any."""
        names = [client.get("name", "") for client in await self.clients()]
        return sum(not one.startswith(run) and (name is None or fnmatchcase(one, name)) for one in names)

    @_reads
    async def clients(self) -> list[dict[str, str]]:
        """All connections of the server, as ``CLIENT LIST`` tells."""
        return [dict(client) for client in await self.call(self.client.client_list)]

    @_reads
    async def info(self, name: str) -> Any:
        """One field of ``INFO``.

        Raises:
            StackError: There is none of that name.
        """
        fields = await self.call(self.client.info, "everything")
        if name not in fields:
            raise StackError(explain(f"a field of INFO called {name!r}", "none", evidence=", ".join(sorted(fields))))
        return fields[name]

    @_reads
    async def config(self, name: str) -> str:
        """One setting of the server."""
        found = await self.call(self.client.config_get, name)
        if name not in found:
            raise StackError(explain(f"a setting called {name!r}", "none of that name"))
        return str(found[name])

    @_reads
    async def server_time(self) -> datetime:
        """The server's clock, in UTC."""
        seconds, microseconds = await self.call(self.client.time)
        return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(microseconds))

    @_reads
    async def version(self) -> str:
        """Version of the server, such as ``7.0.15``; of Valkey its own, besides which it tells the Redis that it goes on from."""
        fields = await self.call(self.client.info, "server")
        return str(fields.get("valkey_version") or await self.info("redis_version"))


def _check(*words: Any) -> None:
    """Refuse texts that can't be sent: of half a surrogate pair the client by itself sends the number, six characters."""
    odd = next((word for word in words if isinstance(word, str) and writable(word) != word), None)
    if odd is not None:
        raise StackError(explain("texts that UTF-8 can tell", f"half a surrogate pair in a text of {len(odd)} characters"))
