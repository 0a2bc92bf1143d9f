"""The trace of the reference services: what belongs to a request tells it, and nothing else does."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chat_common.logs import JsonFormatter, Log
from chat_common.serve import AccessLog
from chat_common.trace import carry_trace, current_trace, follow, own_work, parent_to_send

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Lines(logging.Handler):
    """Keeps log lines as the services write them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter("test"))
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    handler = Lines()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.INFO)
    for name in ("serve", "work"):
        logging.getLogger(name).setLevel(logging.INFO)
    return handler.lines


def ask(**headers: str) -> tuple[dict[str, Any], list[str]]:
    """Ask an app that works for itself, too, and asks another service; what it sent on, and the traces it saw."""
    sent: dict[str, Any] = {}
    seen: list[str] = []

    def other(request: httpx.Request) -> httpx.Response:
        sent.update(request.headers)
        return httpx.Response(200)

    async def own() -> None:
        seen.append(current_trace().trace)
        Log("work").info("own_work")

    async def answer(_request: Request) -> PlainTextResponse:
        Log("work").info("asked")
        hooks = {"request": [carry_trace]}
        async with httpx.AsyncClient(transport=httpx.MockTransport(other), event_hooks=hooks) as client:
            await client.get("http://other/")
        await own_work(own(), "own")
        return PlainTextResponse("")

    async def scenario() -> None:
        transport = httpx.ASGITransport(AccessLog(Starlette(routes=[Route("/", answer)])))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            await client.get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})

    asyncio.run(scenario())
    return sent, seen


def test_lines_of_a_request_tell_its_trace_and_what_is_sent_on_carries_it(lines: list[dict[str, Any]]) -> None:
    sent, seen = ask(traceparent=PARENT, x_request_id="a1b2")
    told = {line["event"]: (line.get("trace"), line.get("request_id")) for line in lines if line["event"] != "log"}
    assert told == {"asked": (TRACE, "a1b2"), "own_work": (None, None), "request": (TRACE, "a1b2")}
    assert seen == [""]
    version, trace, parent, flags = sent["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert parent != PARENT.split("-")[2]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "SECRET",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        PARENT + "-x",
    ],
)
def test_what_is_no_context_is_neither_logged_nor_sent_on(lines: list[dict[str, Any]], given: str) -> None:
    sent, _ = ask(traceparent=given, x_request_id="two words")
    assert all("trace" not in line and "request_id" not in line for line in lines)
    assert "traceparent" not in sent


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    async def scenario() -> None:
        follow([(b"traceparent", f"01-{TRACE}-00f067aa0ba902b7-01-more".encode())])
        assert parent_to_send().startswith(f"00-{TRACE}-")

    asyncio.run(scenario())
