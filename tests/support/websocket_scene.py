"""A story told to a real WebSocket server on loopback, and a recorder that keeps what it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from realstack.recording.events import Event
from support.websocket_server import websocket_server

Scenario = Callable[[str], Awaitable[None]]


def with_server(scenario: Scenario) -> None:
    """Tell a story that gets the server's URL, within 10 s."""

    async def main() -> None:
        async with asyncio.timeout(10), websocket_server() as (url, _):
            await scenario(url)

    asyncio.run(main())


class Recorded:
    """Takes the events that a recorder would get."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.times: list[float] = []

    def __call__(self, event: Event) -> None:
        assert event.at <= time.monotonic()
        self.events.append((event.kind, event.source, event.data))

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]
