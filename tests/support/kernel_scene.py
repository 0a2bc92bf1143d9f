"""An echo server on loopback, its clients, and a table of the test's own to break its link with."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

from realstack.faults.kernel import KernelFaults
from realstack.faults.links import Link, targets_of
from realstack.faults.nft import Table
from realstack.faults.probe import probe

Answer = bytes | type[BaseException] | None
QUIET = 0.15
"""Seconds after which an answer that should not come is taken for missing."""

PATIENCE = 10.0
"""Seconds that an answer which should come may take on a busy machine."""


class Client:
    """A connection to the echo server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.port: int = writer.get_extra_info("sockname")[1]

    async def say(self, text: bytes, patience: float = PATIENCE) -> Answer:
        """What comes back: the echo, the kind of error, or None for silence."""
        try:
            self.writer.write(text)
            async with asyncio.timeout(patience):
                return await self._reader.readexactly(len(text))
        except TimeoutError:
            return None
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            return type(error)

    async def hear(self, count: int, patience: float = PATIENCE) -> Answer:
        """What comes without having been asked for now; None for silence."""
        try:
            async with asyncio.timeout(patience):
                return await self._reader.readexactly(count)
        except TimeoutError:
            return None


class Scene:
    """An echo server, its link, and a table of its own."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.link = Link("echo", targets_of(host, port))
        self.faults = KernelFaults(Table(f"realstack_test_{secrets.token_hex(4)}"))
        self.heard: list[bytes] = []

    async def client(self) -> Client:
        """A new connection to the server."""
        target = self.link.targets[0]
        return Client(*await asyncio.open_connection(str(target.address), target.port))

    async def connects(self, patience: float = PATIENCE) -> str:
        """How a handshake with the server ends."""
        return (await probe(self.link.targets[0], patience)).outcome


@contextlib.asynccontextmanager
async def scene(host: str = "127.0.0.1") -> AsyncIterator[Scene]:
    """A scene that leaves nothing in the kernel."""
    made: list[Scene] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled where the loop ends with the connection open: not to be told as an error of a callback.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(4096):
                made[0].heard.append(data)
                writer.write(data)
        writer.close()

    async with await asyncio.start_server(echo, host, 0) as server:
        made.append(Scene(server.sockets[0].getsockname()[1], host))
        try:
            yield made[0]
        finally:
            await made[0].faults.heal_all()
            assert not made[0].faults.table.exists(), "nothing is left in the kernel"


def play(story: Callable[[Scene], Awaitable[None]], host: str = "127.0.0.1") -> None:
    """Tell a story that gets a scene, within 60 s."""

    async def main() -> None:
        async with asyncio.timeout(60), scene(host) as here:
            await story(here)

    asyncio.run(main())
