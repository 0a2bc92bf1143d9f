"""What services count of themselves, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from chat_common import metrics as module
from chat_common.errors import ERROR_HANDLERS, ApiError
from chat_common.metrics import Metrics


async def thing(request: Request) -> Response:
    if request.path_params["id"] == "gone":
        raise ApiError(410, "gone", "It is.")
    if request.path_params["id"] == "broken":
        raise RuntimeError("it is")
    return Response("yes")


async def socket(connection: WebSocket) -> None:
    if connection.query_params:
        await connection.close(1008)
        return
    await connection.accept()
    await connection.receive_text()


class Client:
    """Asks an app that has these metrics, as its server does."""

    def __init__(self, metrics: Metrics) -> None:
        routes = [Route("/things/{id}", thing), WebSocketRoute("/ws", socket), metrics.route]
        self.app = Starlette(routes=routes, middleware=[metrics.middleware], exception_handlers=ERROR_HANDLERS)

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.get(path)

        return asyncio.run(ask())

    def connect(self, query: bytes = b"", *, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Open a socket, and say something on it, which ends it."""

        async def open_socket() -> None:
            waiting: list[dict[str, Any]] = [{"type": "websocket.receive", "text": "enough"}, {"type": "websocket.connect"}]

            async def receive() -> dict[str, Any]:
                if len(waiting) == 1:
                    await asyncio.to_thread(meanwhile)
                return waiting.pop()

            async def send(_message: object) -> None:
                pass

            scope = {"type": "websocket", "path": "/ws", "query_string": query, "headers": [], "subprotocols": []}
            await self.app(scope, receive, send)  # type: ignore[arg-type]

        asyncio.run(open_socket())


def told(client: Client, name: str, **labels: str) -> float:
    """A number, summed up over the labels that are not asked for."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_requests_are_counted_by_route_and_status() -> None:
    client = Client(Metrics())
    for path in ("/things/1", "/things/2", "/things/gone", "/things/broken", "/nowhere/1", "/nowhere/2"):
        client.get(path)
    of_things = {"route": "/things/{id}", "method": "GET"}
    assert [told(client, "chat_requests_total", status=status, **of_things) for status in ("200", "410", "500")] == [2, 1, 1]
    assert told(client, "chat_requests_total", route="none", status="404") == 2
    assert told(client, "chat_request_seconds_count", **of_things) == 4


def test_no_id_becomes_a_number_of_its_own() -> None:
    client = Client(Metrics())
    client.get("/things/1")
    before = client.get("/metrics").text.count("\n")
    for number in range(20):
        client.get(f"/things/{number}")
        client.get(f"/nowhere/{number}")
    # One route of which nothing was asked before, and the metrics' own.
    assert client.get("/metrics").text.count("\n") - before < 60


def test_sockets_are_counted_while_they_are_open() -> None:
    client = Client(Metrics())
    seen: list[float] = []

    def look() -> None:
        seen.append(told(client, "chat_sockets_open"))

    client.connect(meanwhile=lambda: client.connect(meanwhile=look))
    client.connect(b"refused=yes")
    assert seen == [2]
    assert told(client, "chat_sockets_open") == 0
    assert [told(client, "chat_requests_total", route="/ws", status=status) for status in ("101", "403")] == [2, 1]


def test_gauges_and_counters_of_a_service() -> None:
    metrics = Metrics()
    metrics.counter("chat_runs", "Runs.", "end").labels("completed").inc()
    metrics.gauge("chat_runs_in_work", "Runs.", lambda: 3)
    client = Client(metrics)
    assert told(client, "chat_runs_total", end="completed") == 1
    assert told(client, "chat_runs_in_work") == 3


async def seven() -> float:
    return 7


async def away() -> float:
    raise ConnectionError


async def hangs() -> float:
    await asyncio.Event().wait()
    return 0


@pytest.mark.parametrize(("value", "known"), [(seven, 7), (away, math.nan), (hangs, math.nan)])
def test_what_a_store_can_not_say_holds_nothing_up(
    value: Callable[[], Awaitable[float]], known: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_SECONDS", 0.05)
    metrics = Metrics()
    metrics.ask("chat_queue_entries", "Entries.", value)
    assert told(Client(metrics), "chat_queue_entries") == pytest.approx(known, nan_ok=True)


def test_a_loop_that_stood_still_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAG_SECONDS", 0.01)
    metrics = Metrics()

    async def run() -> None:
        watch = asyncio.create_task(metrics.watch_loop())
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.2
        while loop.time() < until:  # holds everything up
            pass
        await asyncio.sleep(0.02)
        watch.cancel()

    asyncio.run(run())
    client = Client(metrics)
    assert told(client, "chat_loop_lag_seconds_count") - told(client, "chat_loop_lag_seconds_bucket", le="0.1") >= 1
