"""What a service counts of itself: `GET /metrics` in Prometheus's text format. It is for inside; nginx does not route it.

Routes are told as templates, never as paths: a number for each id that was ever asked for would have no end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from chat_common.answers import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Who reads the numbers is not kept waiting longer by a store that hangs.
ASK_SECONDS = 0.5
LAG_SECONDS = 0.25
NO_ROUTE = "none"
SOCKET = "SOCKET"
ACCEPT = "websocket.accept"
HANDSHAKES = {ACCEPT: 101, "websocket.close": 403, "websocket.http.response.start": 403}
"""What answers a handshake, and with which status where it tells none."""


class Metrics:
    """The numbers of one service, its `route`, and the `middleware` that counts its requests and open sockets."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._asked: list[tuple[Gauge, Callable[[], Awaitable[float]]]] = []
        self._requests = Counter(
            "chat_requests", "Requests that were answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram("chat_request_seconds", "How long answers took.", ("method", "route"), registry=self.registry)
        self._sockets = Gauge("chat_sockets_open", "WebSockets that were accepted and are not over.", registry=self.registry)
        self._lag = Histogram(
            "chat_loop_lag_seconds",
            "How late the event loop came to what was due.",
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2),
            registry=self.registry,
        )
        self.route = Route("/metrics", self._tell)
        self.middleware = Middleware(_Counting, self)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """A number that only grows."""
        return Counter(name, meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Tell a number that goes up and down, which is looked up when somebody asks."""
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def ask(self, name: str, meaning: str, value: Callable[[], Awaitable[float]]) -> None:
        """The same for one that a store knows; it is told as NaN while that can't say."""
        self._asked.append((Gauge(name, meaning, registry=self.registry), value))

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self._lag.observe(max(0.0, loop.time() - due))

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, or a WebSocket's handshake."""
        what = scope.get("method", SOCKET), getattr(scope.get("route"), "path", NO_ROUTE)
        self._requests.labels(*what, status).inc()
        self._seconds.labels(*what).observe(seconds)

    def socket(self, change: int) -> None:
        """Count a socket that opened (1) or is over (-1); 0 is none."""
        self._sockets.inc(change)

    async def _tell(self, _request: Request) -> Response:
        await asyncio.gather(*(_look_up(gauge, value) for gauge, value in self._asked))
        return Response(
            generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        )


async def _look_up(gauge: Gauge, value: Callable[[], Awaitable[float]]) -> None:
    task = asyncio.ensure_future(value())
    await asyncio.wait({task}, timeout=ASK_SECONDS)
    if not task.done():
        task.cancel()
    known = task.done() and not task.cancelled() and task.exception() is None
    gauge.set(task.result() if known else float("nan"))


class _Counting:
    """ASGI middleware: counts each request once it is answered, and each socket while it is open."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer(self._app, scope, receive, send, partial(self._metrics.answered, scope))
        elif scope["type"] == "websocket":
            await self._count_socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _count_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        answered = opened = False

        async def watch(message: Message) -> None:
            nonlocal answered, opened
            if not answered and message["type"] in HANDSHAKES:
                answered = True
                opened = message["type"] == ACCEPT
                status = message.get("status", HANDSHAKES[message["type"]])
                self._metrics.answered(scope, status, time.perf_counter() - started)
                self._metrics.socket(int(opened))
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._metrics.socket(-int(opened))
