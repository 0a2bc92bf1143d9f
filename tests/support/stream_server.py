"""A real HTTP server on loopback that streams, whose behaviour is chosen by the path."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

EVENTS = "Content-Type: text/event-stream; charset=utf-8"
LINES = "Content-Type: application/x-ndjson"


class Asked:
    """A request, and what is answered.

    Attributes:
        method: Its method.
        path: Its path, without the query.
        headers: Its headers by name in lower case.
        body: Its body.
    """

    def __init__(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, target, _ = first.split(" ")
        self.path = target.partition("?")[0]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        self.body = b""
        self.writer = writer

    def begin(self, *lines: str, status: str = "200 OK") -> None:
        """Send the head."""
        self.writer.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1"))

    def chunk(self, data: bytes) -> None:
        """Send a chunk (RFC 9112, 7.1); an empty one is the end."""
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def chunked(self, head: str, parts: Iterable[bytes], *, ends: bool = True) -> None:
        """Send an answer in chunks."""
        self.begin(head, "Transfer-Encoding: chunked")
        for part in parts:
            self.chunk(part)
        if ends:
            self.chunk(b"")


def event(data: object, name: str = "", identity: object = "") -> bytes:
    """An event."""
    fields = [f"event: {name}"] * bool(name) + [f"id: {identity}"] * bool(identity)
    text = data if isinstance(data, str) else json.dumps(data)
    return "\n".join([*fields, *(f"data: {line}" for line in text.split("\n")), "", ""]).encode()


async def answer(asked: Asked) -> None:
    """Answer one request; see `stream_server` for what the paths do."""
    match asked.path.strip("/").split("/"):
        case ["ticks"]:
            after = int(asked.headers.get("last-event-id", "0"))
            ticks = (event({"seq": number}, "tick", number) for number in range(after + 1, after + 4))
            asked.chunked(EVENTS, [b": hello\nretry: 2500\n\n", *ticks])
        case ["open"]:
            asked.chunked(EVENTS, [b": hello\n\n", event({"token": "s3cr3t", "text": "hello"}, "hello")], ends=False)
        case ["request"]:
            told = {"method": asked.method, "headers": asked.headers, "body": asked.body.decode()}
            asked.chunked(EVENTS, [event(told, "request")])
        case ["completions"]:
            prompt = json.loads(asked.body)["prompt"]
            asked.chunked(EVENTS, [*(event({"delta": word}) for word in prompt.split()), event("[DONE]")])
        case ["lines"]:
            asked.chunked(LINES, [b'{"type":"a","n":', b'1}\n\n{"type":"b"}\n{"type":"c"}'])
        case ["cut"]:
            asked.chunked(EVENTS, [event("a"), b"data: b"], ends=False)
            asked.writer.write(b"5\r\nxx")
            asked.writer.close()
        case ["unfinished"]:
            asked.chunked(EVENTS, [event("a"), b"data: b\n"])
        case ["silent"]:
            pass
        case ["page"]:
            asked.begin("Content-Type: text/html", "Content-Length: 12", "X-Who: a proxy")
            asked.writer.write(b"<p>hello</p>")
        case ["status", status]:
            body = f'{{"error": "no", "you": "{asked.headers.get("authorization", "nobody")}"}}'.encode()
            asked.begin(f"Content-Length: {len(body)}", "Location: /ticks", status=f"{status} Refused")
            asked.writer.write(body)
        case _:
            asked.begin("Content-Length: 0", status="404 Not Found")


@asynccontextmanager
async def stream_server(context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run the server.

    Paths: ``/ticks`` sends three events behind ``Last-Event-ID`` and ends, ``/open`` one and stays, ``/request`` what was asked,
    ``/completions`` the words of the ``prompt`` that was posted, ``/lines`` JSON lines; ``/cut`` and ``/unfinished`` end within
    an event; ``/silent`` never answers; ``/page`` is none; ``/status/CODE`` refuses.

    Yields:
        The base URL without a slash at its end.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            asked = Asked(await reader.readuntil(b"\r\n\r\n"), writer)
            asked.body = await reader.readexactly(int(asked.headers.get("content-length", "0")))
            await answer(asked)
            while await reader.read(65536):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # they left first, or the test is over
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
