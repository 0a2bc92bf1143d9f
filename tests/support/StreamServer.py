"""A real server of streams for keyword suites, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading

from robot.api.deco import keyword, library
from stream_server import stream_server


@library(scope="GLOBAL", auto_keywords=False)
class StreamServer:
    """Serves `stream_server`; see there for what the paths do."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._url = ""

    @keyword
    def server_url(self) -> str:
        """The base URL of the server; starts it at first use."""
        if not self._url:
            threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
            if not self._ready.wait(5):
                raise RuntimeError("The server of streams did not start within 5 s")
        return self._url

    async def _serve(self) -> None:
        async with stream_server() as self._url:
            self._ready.set()
            await asyncio.Event().wait()
