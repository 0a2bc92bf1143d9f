"""How a request is answered, for whatever looks on: its access log, its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send, ended: Callable[[int, float], None]) -> None:
    """Let an app answer a request, and tell with which status, and within how many seconds, however that ends."""
    started = time.perf_counter()
    status = 500  # of what ends without an answer

    async def watch(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    try:
        await app(scope, receive, watch)
    finally:
        ended(status, time.perf_counter() - started)
