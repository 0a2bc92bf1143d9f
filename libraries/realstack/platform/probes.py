"""The smallest possible clients that ask a server whether it can work."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from realstack.databases.dsn import split_dsn
from realstack.platform.service import NotReady

PROBE_SECONDS = 2.0
"""How long one question may take."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def http_get(host: str, port: int, path: str, headers: Mapping[str, str] | None = None, *, at: str = "") -> HttpAnswer:
    """GET over a connection of its own (RFC 9112), which is closed afterwards.

    Args:
        host: Address to connect to.
        port: Its port.
        path: Path and query.
        headers: Further headers.
        at: Host to name in the request when it is not `host:port`.

    Raises:
        NotReady: No answer in time, or none that is HTTP.
        OSError: The server can't be reached.
    """
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await _get(host, port, path, {"Host": at or f"{host}:{port}", "Connection": "close", **(headers or {})})
    except TimeoutError as error:
        raise NotReady(f"no answer to GET {path} within {PROBE_SECONDS:g} s") from error
    except (ValueError, asyncio.IncompleteReadError) as error:
        raise NotReady(f"GET {path} was not answered with HTTP") from error


async def _get(host: str, port: int, path: str, headers: Mapping[str, str]) -> HttpAnswer:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        status_line = (await reader.readuntil(b"\r\n")).decode("latin-1")
        status = int(status_line.split(" ")[1]) if status_line.count(" ") else _not_http(status_line)
        answered: dict[str, str] = {}
        while line := (await reader.readuntil(b"\r\n")).strip():
            name, _, value = line.decode("latin-1").partition(":")
            answered[name.strip().lower()] = value.strip()
        body = await reader.read()
        if answered.get("transfer-encoding", "").lower() == "chunked":
            body = _unchunk(body)
        return HttpAnswer(status, answered, body)
    finally:
        writer.close()


def _not_http(line: str) -> int:
    raise ValueError(line)


def _unchunk(body: bytes) -> bytes:
    parts: list[bytes] = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)


async def expect_200(host: str, port: int, path: str, headers: Mapping[str, str] | None = None, *, at: str = "") -> HttpAnswer:
    """GET that must be answered with 200.

    Raises:
        NotReady: It was answered otherwise; the text holds the start of the answer.
    """
    answer = await http_get(host, port, path, headers, at=at)
    if answer.status != 200:
        raise NotReady(f"GET {path} answered {answer.status}: {answer.body[:300].decode('utf-8', 'replace')}")
    return answer


async def redis_info(host: str, port: int, password: str, user: str = "", tls: ssl.SSLContext | None = None) -> dict[str, str]:
    """Sign in to a Redis server where a password is given, ask it `PING` and `INFO server` (RESP 2).

    Args:
        host: Its address.
        port: Its port.
        password: Empty where it asks for none.
        user: Account, for servers with access control lists.
        tls: What its certificate is checked by, where it speaks TLS.

    Returns:
        Nothing where the account may not ask for it.

    Raises:
        NotReady: It refuses, or it is still loading its data.
    """
    account = (user, password) if user else (password,)
    asked = [*([("AUTH", *account)] if user or password else []), ("PING",), ("INFO", "server")]
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                writer.write(b"".join(map(_redis_command, asked)))
                for wanted in [b"+OK"] * (len(asked) - 2) + [b"+PONG"]:
                    line = (await reader.readline()).strip()
                    if line != wanted:
                        raise NotReady(f"Redis answered {line.decode('utf-8', 'replace')[:100] or 'nothing'}")
                told = await reader.readline()
                if told.startswith(b"-NOPERM"):
                    return {}
                text = (await reader.readexactly(int(told[1:]))).decode()
            finally:
                writer.close()
    except TimeoutError as error:
        raise NotReady(f"no answer to PING within {PROBE_SECONDS:g} s") from error
    except (ValueError, asyncio.IncompleteReadError) as error:
        raise NotReady("Redis closed the connection") from error
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _redis_command(words: Sequence[str]) -> bytes:
    """A command as the protocol has it: a password may hold blanks and quotes."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


async def ask_postgres(url: str, query: str) -> object:
    """Run a query over a connection of its own, and return its first value.

    Raises:
        NotReady: The server refuses, or does not answer in time.
        OSError: It can't be reached.
    """
    dsn, _ = split_dsn(url, PROBE_SECONDS)
    try:
        connection = await asyncpg.connect(dsn, timeout=PROBE_SECONDS)
        try:
            return await connection.fetchval(query, timeout=PROBE_SECONDS)
        finally:
            connection.terminate()
    # A host's name that none can be is a wrong value to Python.
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NotReady(f"{type(error).__name__}: {error}") from error
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise NotReady(f"no answer within {PROBE_SECONDS:g} s") from error
