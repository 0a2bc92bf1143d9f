"""Messages between whoever runs a load and its workers: pickled values over TCP, from workers who have shown the key first."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import pickle
import ssl
import struct
from typing import Any

_LENGTH = struct.Struct("!Q")
_ENDS = (ConnectionError, asyncio.IncompleteReadError)


class Ended(Exception):
    """The other end is gone."""


class Channel:
    """One connection.

    Args:
        reader: Of the connection.
        writer: Of the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, key: bytes, tls: ssl.SSLContext | None = None) -> Channel:
        """Connect as a worker."""
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        writer.write(key)
        return cls(reader, writer)

    async def knows(self, key: bytes) -> bool:
        """Whether the other end has the key; nothing that it sends is looked at before."""
        try:
            return hmac.compare_digest(await self._reader.readexactly(len(key)), key)
        except _ENDS:
            return False

    def tell(self, *message: Any) -> None:
        """Send a message, without waiting until it is gone."""
        content = pickle.dumps(message)
        self._writer.write(_LENGTH.pack(len(content)))
        self._writer.write(content)

    async def drain(self) -> None:
        """Wait while the other end takes no more; one that is gone is noticed by `hear`."""
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise Ended from error

    async def hear(self) -> tuple[Any, ...]:
        """The next message.

        Raises:
            Ended: There is none any more.
        """
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            message = pickle.loads(await self._reader.readexactly(length))  # noqa: S301 - the other end has shown the key
        except _ENDS as error:
            raise Ended from error
        assert isinstance(message, tuple)
        return message

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def closed(self) -> None:
        """Hang up, and wait until all that was told is gone."""
        self.close()
        with contextlib.suppress(ConnectionError):  # nobody is there to take it
            await self._writer.wait_closed()
