"""Streams over HTTP from real servers: opening, refusals, endings, and everything that a connection is for."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import subprocess
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import brotli
import pytest

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.websocket import Connection, Match, Options, Refused, Tls
from support.raw_server import Talk, raw_server, saying
from support.stream_server import event, stream_server
from support.websocket_scene import Recorded

TOKEN = "a-credential-that-nobody-may-see-" + "x7" * 12
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def told(scenario: Callable[[str], Awaitable[None]], talk: Talk | None = None) -> None:
    """Tell a story that gets the URL of a server: of the one that streams, or of one that says what it is told to."""

    async def main() -> None:
        async with asyncio.timeout(60), raw_server(talk) if talk else stream_server() as url:
            await scenario(url.replace("ws:", "http:"))

    asyncio.run(main())


def sse(url: str, **more: Any) -> Options:
    return Options(url, **{"transport": "sse", **more})


async def opened(url: str, record: Any = None, **more: Any) -> Connection:
    return await Connection.open("feed", sse(url, **more), record=record)


def received(connection: Connection) -> list[Any]:
    return [frame.data for frame in connection.mailbox.frames(directions=["in"])]


def of_a_stream(*pieces: bytes, closes: bool = True, **more: Any) -> Connection:
    """What a connection has once a server said this and left."""
    connections: list[Connection] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(*pieces)(request, reader, writer)
        if closes:
            writer.close()

    async def scenario(url: str) -> None:
        connections.append(await opened(url, **more))
        await connections[0].wait_closed(60)

    told(scenario, talk)
    return connections[0]


def test_an_answer_is_timed_from_its_request() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces = [event({"delta": word}) for word in ("one", "two")]
        await saying(CHUNKED, *(b"%x\r\n%b\r\n" % (len(one), one) for one in [*pieces, event("[DONE]")]))(request, reader, writer)

    async def scenario(url: str) -> None:
        connection = await opened(url)
        path = connection.codec.type_path
        end, pieces = Match.of("data=[DONE]", type_path=path), Match.of("data.delta exists", type_path=path)
        last, pace = await connection.wait_for_answer(end, pieces, 60)
        begun = connection.opened_at - connection.handshake_seconds
        assert pace.pieces == 2
        assert pace.end == last.at - begun
        assert 0 < pace.first <= pace.end - pace.gap
        assert connection.mailbox.untaken() == []
        with pytest.raises(StackFailure):
            await connection.wait_for_answer(end, pieces, 0.01, asked=begun)

    told(scenario, talk)


def test_events_are_frames_and_the_end_is_the_servers() -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/ticks?token={TOKEN}", recorded)
        frame = await connection.wait_for(Match.of("tick", type_path=connection.codec.type_path, **{"data.seq": "2"}), 2)
        assert frame.data == {"event": "tick", "id": "2", "data": {"seq": 2}}
        closed = await connection.wait_closed(2)
        assert (closed.code, closed.by, closed.cause) == (None, "server", "")
        assert str(closed) == "no close code, as HTTP has none, closed by the server"
        assert (connection.state, connection.status, connection.subprotocol) == ("closed", 200, None)
        assert connection.mailbox.counts == {"in": 3, "out": 0}
        framing = connection.stream.framing
        assert (framing.heartbeats, framing.retry, framing.last_id) == (1, 2.5, "3")

    told(scenario)
    assert [kind for kind, _, _ in recorded.events] == ["opened", "frame-in", "frame-in", "frame-in", "closed"]
    assert recorded.events[0][2]["status"] == 200
    assert (recorded.events[-1][2].get("code"), recorded.events[-1][2]["by"]) == (None, "server")
    assert TOKEN not in str(recorded.events)


def test_lines_are_frames() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("lines", Options(f"{url}/lines", transport="jsonl"), record=None)
        await connection.wait_closed(2)
        assert received(connection) == [{"type": "a", "n": 1}, {"type": "b"}, {"type": "c"}]
        assert connection.stream.framing.heartbeats == 1

    told(scenario)


def test_nothing_can_be_sent() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/open")
        for attempt in (connection.send("hello"), connection.send_json({}), connection.ping(1)):
            with pytest.raises(
                StackError, match=r"'feed' is a stream over HTTP \(transport=sse\): only its server sends\n.*Rest"
            ):
                await attempt
        with pytest.raises(StackError, match="to send by itself"):
            connection.check_open("to send by itself")
        assert connection.state == "open"
        assert connection.local_port

    told(scenario)


@pytest.mark.parametrize("how", ["close", "abort"])
def test_a_client_may_leave(how: str) -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/open")
        await connection.wait_for(Match.of("hello", type_path="event"), 2)
        closed = await (connection.close(4000, "bye") if how == "close" else connection.abort())
        assert (closed.code, closed.reason, closed.by, closed.cause) == (None, "", "client", "")
        with pytest.raises(StackFailure, match="closed by the client"):
            await connection.wait_for(Match.of("hello", type_path="event"), 2)
        with pytest.raises(InvalidRun, match="it ended"):
            await connection.expect_silence(Match(), 0)

    told(scenario)


def test_credentials_are_masked() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/open", headers={"Authorization": f"Bearer {TOKEN}"})
        frame = await connection.wait_for(Match.of("hello", type_path="event"), 2)
        assert frame.data["data"]["token"] == "<hidden>"
        asked = await opened(f"{url}/request", headers={"Authorization": f"Bearer {TOKEN}"}, body=TOKEN.encode(), secrets=[TOKEN])
        frame = await asked.wait_for(Match(), 2)
        assert TOKEN not in str(frame)

    told(scenario)


def test_the_request_is_what_was_asked_for() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(
            url.replace("://", "://ann:p%40ss@") + "/request?a=ü",
            headers={"accept": "text/*", "X-Extra": " yes "},
            origin="http://page.test",
            resume_from="é7",
            compression=False,
            method="put",
            body=b"{}",
        )
        frame = await connection.wait_for(Match(), 2)
        asked = frame.data["data"]
        headers = asked["headers"]
        assert (asked["method"], asked["body"]) == ("PUT", "{}")
        assert (headers["accept"], headers["x-extra"], headers["origin"]) == ("text/*", "yes", "http://page.test")
        assert headers["last-event-id"].encode("latin-1").decode() == "é7"
        assert "accept-encoding" not in headers
        assert headers["host"] == url.partition("://")[2]
        assert str(headers["authorization"]) == "<hidden>"

    told(scenario)


def test_a_body_is_posted_and_its_answer_read_to_the_end() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/completions", body=b'{"prompt": "one two three"}')
        await connection.wait_closed(2)
        said = [data["data"] for data in received(connection)]
        assert said == [{"delta": "one"}, {"delta": "two"}, {"delta": "three"}, "[DONE]"]
        assert (await connection.wait_for(Match.of("data=[DONE]"), 0)).number == 4

    told(scenario)


@pytest.mark.parametrize(
    ("path", "seen", "remedy"),
    [
        ("/status/401", "HTTP 401 Refused after", "give it in headers="),
        ("/status/405", "HTTP 405 Refused after", "give method="),
        ("/status/204", "HTTP 204 Refused after", "nothing to stream"),
        ("/status/307", "HTTP 307 Refused after", "open the address in Location"),
        ("/status/201", "HTTP 201 Refused after", "log of this moment"),
        ("/page", "HTTP 200 OK with Content-Type: text/html after", "whether transport="),
    ],
)
def test_a_refusal_has_its_status_and_its_body(path: str, seen: str, remedy: str) -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        with pytest.raises(Refused) as caught:
            await opened(f"{url}{path}?token={TOKEN}", recorded, headers={"Authorization": f"Bearer {TOKEN}"})
        text = str(caught.value)
        assert "an open stream of Server-Sent Events to http" in text
        assert seen in text
        assert remedy in text
        assert TOKEN not in text
        assert path == "/status/204" or ("you" in text if "status" in path else "hello" in text)

    told(scenario)
    assert recorded.kinds() == ["refused"]


OTHER_ANSWERS = {
    "no length, kept open": b"HTTP/1.1 403 Forbidden\r\n\r\nno entry",
    "a WebSocket's": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "an encoding that looks like a list": HEAD + b"Content-Encoding: [gzip\r\nContent-Length: 1\r\n\r\nx",
    "an encoding that nobody offered": HEAD + b"Content-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx",
    "no Content-Type": b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nno entry",
}


@pytest.mark.parametrize("answer", OTHER_ANSWERS.values(), ids=OTHER_ANSWERS)
def test_whatever_else_is_answered_is_a_refusal(answer: bytes) -> None:
    async def scenario(url: str) -> None:
        with pytest.raises(Refused, match="Remedy: "):
            await opened(url)

    told(scenario, saying(answer))


def test_a_server_that_never_answers() -> None:
    async def scenario(url: str) -> None:
        with pytest.raises(Refused, match="no answer after"):
            await opened(f"{url}/silent", open_timeout=0.05)

    told(scenario)


def test_nothing_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(Refused, match="connection was refused"):
            asyncio.run(opened(f"http://127.0.0.1:{port}/"))


def test_a_server_that_stalls_is_told_by_waits() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}/open")
        with pytest.raises(StackFailure, match="none within"):
            await connection.wait_for(Match.of("later", type_path="event"), 0.05)
        await connection.expect_silence(Match.of("later", type_path="event"), 0.01)
        with pytest.raises(StackFailure, match="it is still open"):
            await connection.wait_closed(0.01)

    told(scenario)


@pytest.mark.parametrize(
    ("path", "by", "cause"),
    [("/cut", "nobody", "Broken: .*incomplete chunked read"), ("/unfinished", "server", "Unfinished: .*no empty line")],
)
def test_an_end_within_an_event_is_told(path: str, by: str, cause: str) -> None:
    async def scenario(url: str) -> None:
        connection = await opened(f"{url}{path}")
        closed = await connection.wait_closed(2)
        assert [data["data"] for data in received(connection)] == ["a"]
        assert closed.by == by
        with pytest.raises(StackFailure, match=f"the connection ended .*{cause}"):
            await connection.wait_for(Match.of("data=b"), 2)

    told(scenario)


def test_split_byte_by_byte() -> None:
    body = b"7;x=y\r\ndata: a\r\nc\r\n\r\n\r\ndata: \xc3\xa9\r\n3\r\n\n\n:\r\n0\r\nLater: yes\r\n\r\n"
    connection = of_a_stream(*(bytes([byte]) for byte in CHUNKED + body), closes=False)
    assert [data["data"] for data in received(connection)] == ["a", "é"]
    assert connection.closed is not None
    assert connection.closed.by == "server"


@pytest.mark.parametrize("head", [HEAD.replace(b"1.1", b"1.0") + b"\r\n", HEAD + b"Connection: close\r\n\r\n"])
def test_a_stream_without_chunks_ends_with_the_connection(head: bytes) -> None:
    connection = of_a_stream(head, event("a"), event("b"))
    assert len(received(connection)) == 2
    assert connection.closed is not None
    assert connection.closed.by == "server"


def test_a_connection_that_is_reset_is_broken() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n" + event("a"))
        await writer.drain()
        tcp = writer.get_extra_info("socket")
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        writer.transport.abort()

    async def scenario(url: str) -> None:
        connection = await opened(url)
        closed = await connection.wait_closed(2)
        assert (closed.by, closed.cause.partition(":")[0]) == ("nobody", "ConnectionResetError")

    told(scenario, talk)


def flushed(machine: Any, *parts: bytes) -> list[bytes]:
    flush = machine.flush if hasattr(machine, "process") else lambda: machine.flush(zlib.Z_SYNC_FLUSH)
    press = machine.process if hasattr(machine, "process") else machine.compress
    return [press(part) + flush() for part in parts]


COMPRESSED: dict[str, list[bytes]] = {
    "gzip": flushed(zlib.compressobj(wbits=31), event("a"), event("b")),
    "x-gzip": [gzip.compress(event("a")) + gzip.compress(event("b")[:3]), gzip.compress(event("b")[3:])],
    "deflate": flushed(zlib.compressobj(), event("a"), event("b")),
    "Deflate": [b"", *(bytes([one]) for one in b"".join(flushed(zlib.compressobj(wbits=-15), event("a"), event("b"))))],
    "br": flushed(brotli.Compressor(), event("a"), event("b")),
    "gzip, identity": flushed(zlib.compressobj(wbits=31), event("a"), event("b")),
}


@pytest.mark.parametrize(("coding", "pieces"), COMPRESSED.items(), ids=COMPRESSED)
def test_compressed_streams_are_read_as_they_come(coding: str, pieces: list[bytes]) -> None:
    async def scenario(url: str) -> None:
        connection = await opened(url)
        for wanted in "ab":
            await connection.wait_for(Match.of(f"data={wanted}"), 2)
        assert connection.state == "open"

    told(scenario, saying(HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode(), *pieces))


@pytest.mark.parametrize(
    ("coding", "whole"),
    [
        ("gzip", gzip.compress(event("a") + event("b" * 500), mtime=0)),
        ("gzip", gzip.compress(event("a"), mtime=0) + gzip.compress(event("b"), mtime=0)),
        ("deflate", zlib.compress(event("a") + event("b" * 500))),
        ("deflate", zlib.compress(event("a") + event("b" * 500))[2:-4]),
        ("br", brotli.compress(event("a") + event("b" * 500))),
    ],
)
def test_a_compressed_stream_that_was_cut_is_told(coding: str, whole: bytes) -> None:
    head = HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode()
    for body, cause in ((whole, ""), (whole[:-1], f"the middle of its Content-Encoding {coding}"), (b"", "")):
        connection = of_a_stream(head, body)
        assert connection.closed is not None
        assert connection.closed.by == "server"
        assert connection.closed.cause.endswith(cause)
        assert bool(connection.closed.cause) is bool(cause)


@pytest.mark.parametrize("body", [(b"\0" * 9,), (b"\0\0", gzip.compress(event("b"), mtime=0) + b"\0")])
def test_zeros_behind_a_compressed_stream_are_none_of_it(body: tuple[bytes, ...]) -> None:
    connection = of_a_stream(HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(event("a"), mtime=0) + body[0], *body[1:])
    assert connection.closed is not None
    assert (connection.closed.by, connection.closed.cause) == ("server", "")
    assert [frame["data"] for frame in received(connection)] == ["a", *["b"] * (len(body) - 1)]


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    connection = of_a_stream(head, b'\xef\xbb\xbf{"a": 1}\n', b"\xef\xbb\xbf{}\n", transport="jsonl")
    assert received(connection) == [{"a": 1}, "\ufeff{}"]


def test_what_is_not_compressed_as_it_says_ends_the_stream() -> None:
    connection = of_a_stream(HEAD + b"Content-Encoding: gzip\r\n\r\n", event("a"))
    assert connection.closed is not None
    assert connection.closed.by == "client"
    assert "no Content-Encoding gzip" in connection.closed.cause


def test_a_message_may_not_be_larger_than_accepted() -> None:
    connection = of_a_stream(HEAD + b"\r\n", event("a"), event("b" * 100), max_size=50)
    assert [data["data"] for data in received(connection)] == ["a"]
    assert connection.closed is not None
    assert (connection.closed.by, connection.closed.cause.partition(":")[0]) == ("client", "TooLarge")


def test_ten_thousand_events() -> None:
    many = b"".join(event({"seq": number}, "tick", number) for number in range(1, 10_001))
    connection = of_a_stream(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(many), many), closes=False)
    assert connection.mailbox.counts["in"] == 10_000
    assert [data["data"]["seq"] for data in received(connection)] == list(range(1, 10_001))


@pytest.mark.parametrize("url", ["ws://127.0.0.1/", "nonsense", "http://", f"ftp://127.0.0.1/?token={TOKEN}", "http://[::1/"])
def test_bad_urls_are_errors_of_the_caller(url: str) -> None:
    with pytest.raises(StackError, match="the URL of a stream") as caught:
        asyncio.run(opened(url))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"transport": "sse", "subprotocols": ["jwt"]}, "subprotocols=, which only WebSockets have"),
        ({"transport": "jsonl", "ping_interval": 1.0}, "ping_interval=, which only WebSockets"),
        ({"body": b"x"}, "body=, which only streams"),
        ({"method": "POST", "resume_from": "7"}, "method=, resume_from=, which only streams"),
        ({"transport": "jsonl", "resume_from": "7"}, "where events have ids"),
        ({"transport": "sse", "resume_from": "7\n8"}, "line break"),
        ({"transport": "sse", "resume_from": "7", "headers": {"last-event-id": "8"}}, "each header of the handshake once"),
        ({"transport": "sse", "method": "GET /"}, "an HTTP method"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(StackError, match=text):
        Options("http://127.0.0.1/", **options)


def test_tls(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", cert, "-subj", "/CN=chat.test", "-addext", "subjectAltName=DNS:chat.test"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def main() -> None:
        async with asyncio.timeout(10), stream_server(context) as url:
            trusting = await opened(f"{url}/ticks", tls=Tls(ca=cert, server_name="chat.test"))
            assert (await trusting.wait_closed(2)).by == "server"
            leaving = await opened(f"{url}/open", tls=Tls(verify=False))
            assert (await leaving.close()).by == "client"
            with pytest.raises(Refused, match="a certificate that is not trusted"):
                await opened(f"{url}/ticks")

    asyncio.run(main())
