"""A TCP server on loopback that says word for word what a test wants, for everything that no honest server says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Talk = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What the server does once it has the request: its bytes up to the empty line, and both directions."""

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accepted(request: bytes, *more: bytes, key: bytes | None = None) -> bytes:
    """The answer that agrees to a request (RFC 6455, 4.2.2), with more header lines."""
    name = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    asked = key or name.split(b": ", 1)[1]
    accept = base64.b64encode(hashlib.sha1(asked + GUID).digest())  # noqa: S324 - the RFC says so
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
    ]
    return b"\r\n".join([*lines, *more, b"", b""])


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame of a server (RFC 6455, 5.2)."""
    head = bytes([opcode | (0x80 if fin else 0)])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return head + b"\x7f" + len(payload).to_bytes(8, "big") + payload


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[str]:
    """Run the server; what it says it says to each who asks, and it keeps the connection until they leave or `talk` closes it.

    Yields:
        Its WebSocket URL, without a slash at the end.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            await talk(request, reader, writer)
            while await reader.read(65536):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # they left first, or the test is over
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(*pieces: bytes) -> Talk:
    """Say these pieces, one packet each, and keep the connection."""

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return talk
