"""A real WebSocket server for keyword suites, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from robot.api.deco import keyword, library
from websocket_server import websocket_server


@library(scope="GLOBAL", auto_keywords=False)
class WebSocketServer:
    """Serves `websocket_server`; see there for what the paths do."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._url = ""
        self._server: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @keyword
    def server_url(self) -> str:
        """The base URL of the server; starts it at first use."""
        if not self._url:
            threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
            if not self._ready.wait(5):
                raise RuntimeError("The WebSocket server did not start within 5 s")
        return self._url

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with websocket_server() as (self._url, self._server):
            self._ready.set()
            await self._stop.wait()

    @keyword
    def server_should_have_connections(self, count: int) -> None:
        """Fails unless the server soon has exactly that many connections, not counting those that it is deaf to."""
        assert self._loop is not None
        seen = asyncio.run_coroutine_threadsafe(self._settle(count), self._loop).result(20)
        if seen != count:
            raise AssertionError(f"The server has {seen} connections, not {count}")

    async def _settle(self, count: int) -> int:
        for _ in range(500):
            if self._count() == count:
                break
            await asyncio.sleep(0.01)
        return self._count()

    @keyword
    def kill_a_load_worker(self, of: int) -> None:
        """Kills one of this process's children that are connected to the server; fails unless there are so many."""
        import psutil  # not at the top: this file serves tests where it is missing, too

        port = urlsplit(self._url).port
        workers = [
            child
            for child in psutil.Process().children()
            if any(connection.raddr and connection.raddr.port == port for connection in child.net_connections("tcp"))
        ]
        if len(workers) != of:
            raise AssertionError(f"{len(workers)} workers are connected to the server, not {of}")
        workers[-1].kill()

    @keyword
    def send_to_clients(self, path: str, kind: str) -> None:
        """Sends a frame to the clients of a path, and waits until they have read it: they answer a ping in its turn."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._send(path, kind), self._loop).result(10)

    async def _send(self, path: str, kind: str) -> None:
        for connection in self._server.connections:
            if connection.request.path == path:
                await connection.send(json.dumps({"type": kind}))
                await (await connection.ping())

    def _count(self) -> int:
        return sum(1 for connection in self._server.connections if connection.request.path != "/deaf")
