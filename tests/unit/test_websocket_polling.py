"""Engine.IO by long polling: what a session fetches and posts, and how servers, proxies and networks end it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.lateness import Late
from realstack.websocket import Connection, Match, Options, Refused
from support.raw_server import raw_server
from support.websocket_scene import Recorded

TOKEN = "a-credential-that-nobody-may-see-" + "x7" * 12
OPEN = b'0{"sid":"s-1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}'
TYPE = "event | type"
GZIP = "Content-Encoding: gzip"


LOST = b"\0lost"
"""In place of an answer, or behind a part of one: the server leaves."""


def said(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Server:
    """Answers polls by what it was given, one after the other, and holds those that come behind.

    Args:
        *polls: The answers.
        post: What each POST is answered with; None holds it.

    Attributes:
        posted: Bodies of all POSTs.
        posts: Is released by each.
        asked: Heads of all requests.
        connections: How many there were.
    """

    def __init__(self, *polls: bytes, post: bytes | None = said(b"ok")) -> None:
        self._polls = list(polls)
        self._post = post
        self.posted: list[bytes] = []
        self.posts = asyncio.Semaphore(0)
        self.asked: list[str] = []
        self.connections = 0

    async def talk(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = request.decode("latin-1")
            self.asked.append(head)
            size = next((int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
            if head.startswith("POST"):
                self.posted.append(await reader.readexactly(size))
                self.posts.release()
            answer = self._post if head.startswith("POST") else self._polls.pop(0) if self._polls else None
            if answer is not None:
                writer.write(answer.removesuffix(LOST))
                if answer.endswith(LOST):
                    writer.close()
                    return
            request = await reader.readuntil(b"\r\n\r\n")


def told(server: Server, scenario: Callable[[str], Awaitable[None]]) -> None:
    """Tell a story that gets the URL of a server."""

    async def main() -> None:
        async with asyncio.timeout(60), raw_server(server.talk) as url:
            await scenario(url.replace("ws:", "http:") + "/socket.io/")

    asyncio.run(main())


async def opened(url: str, record: Any = None, **more: Any) -> Connection:
    options: dict[str, Any] = {"transport": "polling", "codec": "socketio", **more}
    return await Connection.open("chat", Options(url, **options), record=record)


def ended(server: Server, **more: Any) -> Connection:
    """What a connection has once its session has ended."""
    connections: list[Connection] = []

    async def scenario(url: str) -> None:
        connections.append(await opened(url, **more))
        await connections[0].wait_closed(60)

    told(server, scenario)
    return connections[0]


def received(connection: Connection) -> list[Any]:
    return [frame.data for frame in connection.mailbox.frames(directions=["in"])]


def test_packets_are_frames_both_ways() -> None:
    server = Server(said(OPEN), said(b'40{"sid":"x"}'), said(b'42["a",1]\x1e42["b",2]\x1e2'))
    recorded = Recorded()

    async def scenario(url: str) -> None:
        connection = await opened(url, recorded)
        await connection.send_json({"type": "connect", "data": {"token": TOKEN}})
        await connection.wait_for(Match.of("b", "args[0]=2", type_path=TYPE), 2)
        await connection.wait_for(Match.of("a", type_path=TYPE), 2)
        await connection.wait_for(Match.of("ping", type_path=TYPE), 2)
        assert (connection.state, connection.status, connection.subprotocol) == ("open", 200, None)
        assert connection.mailbox.counts == {"in": 5, "out": 1}
        closed = await connection.close(4000, "bye")
        assert (closed.code, closed.by, closed.cause) == (None, "client", "")
        with pytest.raises(StackFailure, match="it is closed"):
            await connection.send_json({"type": "pong"})

    told(server, scenario)
    assert server.posted == [b'40{"token":"%b"}' % TOKEN.encode(), b"1"]
    kinds = [kind for kind, _, _ in recorded.events]
    assert sorted(kinds) == ["closed", *["frame-in"] * 5, "frame-out", "opened"]
    assert TOKEN not in str(recorded.events)
    targets = [head.split()[1] for head in server.asked]
    assert targets[0] == "/socket.io/?EIO=4&transport=polling"
    assert set(targets[1:]) == {"/socket.io/?EIO=4&transport=polling&sid=s-1"}


def test_one_tcp_connection_carries_the_polls_and_each_post_has_its_own() -> None:
    server = Server(said(OPEN), said(b"2"), said(b"2", "Connection: close"), said(b"2"))

    async def scenario(url: str) -> None:
        connection = await opened(url)
        port = connection.local_port
        await connection.wait_for_several(Match.of("ping", type_path=TYPE), 3, 2)
        assert connection.local_port != port  # the server wanted another one, once
        await connection.send("3")

    told(server, scenario)
    assert server.connections == 3


def test_attachments_are_base64_in_a_body() -> None:
    server = Server(said(OPEN), said(b'451-["picture",{"_placeholder":true,"num":0}]\x1eb/9gA'))

    async def scenario(url: str) -> None:
        connection = await opened(url)
        picture = await connection.wait_for(Match.of("picture", type_path=TYPE), 2)
        assert picture.data["args"] == [b"\xff\xd8\x00"]
        await connection.send_json({"event": "picture", "args": [b"\xff\xd8\x00"]})

    told(server, scenario)
    assert server.posted == [b'451-["picture",{"_placeholder":true,"num":0}]', b"b/9gA"]


def test_cookies_go_along_as_browsers_send_them() -> None:
    """Balancers take a cookie away, or set it for another path."""
    server = Server(
        said(
            OPEN,
            "Set-Cookie: lb=node-2; Path=/",
            "Set-Cookie: other=1; Path=/other",
            "Set-Cookie: flag",
            "Set-Cookie: s=1; Secure",
        ),
        said(b"2", "Set-Cookie: lb=gone; Path=/; Expires=Thu, 01-Jan-70 00:00:00 GMT"),
        said(b"6"),
    )

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab", Options(url, transport="polling"), record=None)
        assert connection.cookies == {"lb": "node-2", "other": "1", "s": "1"}
        await connection.wait_for(Match.of("$=6"), timeout=5)
        await connection.abort()

    told(server, scenario)
    first, second, third = server.asked[:3]
    assert "Cookie" not in first
    assert "\r\nCookie: s=1; lb=node-2\r\n" in second
    assert "\r\nCookie: s=1\r\n" in third


def test_cookies_and_headers_go_along() -> None:
    server = Server(said(OPEN, "Set-Cookie: lb=node-2; Path=/; HttpOnly", "set-cookie: io=s-1"), said(b"2"))

    async def scenario(url: str) -> None:
        headers = {"Cookie": "own=1", "X-Extra": "yes", "accept": "text/*"}
        connection = await opened(f"{url}?EIO=4&room=a%20b", headers=headers, origin="http://page.test", compression=False)
        await connection.wait_for(Match.of("ping", type_path=TYPE), 2)
        await connection.send("3")
        assert connection.cookies == {"lb": "node-2", "io": "s-1"}

    told(server, scenario)
    first, second, *rest = server.asked
    post = next(head for head in rest if head.startswith("POST"))
    assert first.startswith("GET /socket.io/?EIO=4&room=a%20b&transport=polling HTTP/1.1\r\n")
    assert "Cookie: own=1\r\n" in first
    for head in (second, post):
        assert "\r\nCookie: own=1; io=s-1; lb=node-2\r\n" in head  # that of the longer path comes first (RFC 6265, 5.4)
        assert head.lower().count("accept:") == head.count("X-Extra: yes") == head.count("Origin: http://page.test") == 1
        assert "Accept-Encoding" not in head
    assert "\r\nContent-Type: text/plain;charset=UTF-8\r\n" in post


def test_compressed_answers_are_read() -> None:
    server = Server(
        said(gzip.compress(OPEN), GZIP),
        said(gzip.compress(b'42["big","' + b"x" * 200_000 + b'"]'), GZIP),
        said(b"1"),
    )
    assert len(received(ended(server))[1]["args"][0]) == 200_000


@pytest.mark.parametrize(
    ("answer", "by", "cause"),
    [
        (said(b"1"), "server", ""),
        (said(b'42["last"]\x1e1\x1e42["never"]'), "server", ""),
        (
            said(b'{"code":1,"message":"Session ID unknown"}', status="400 Bad Request"),
            "server",
            'Broken: HTTP 400 Bad Request to a poll: {"code":1,"message":"Session ID unknown"}',
        ),
        (said(b"", status="504 Gateway Time-out"), "server", "Broken: HTTP 504 Gateway Time-out to a poll"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "server", "Broken: HTTP 204 No Content to a poll"),
        (LOST, "nobody", "Broken: the connection ended before the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n42[" + LOST, "nobody", "Broken: peer closed connection"),
        (b"\x15\x03\x01 no HTTP\r\n\r\n", "nobody", "InvalidMessage: no valid HTTP answer"),
        (said(b""), "client", "Unreadable: an empty packet"),
        (said(b"<p>please sign in</p>"), "client", "Unreadable: a packet of no type that Engine.IO has: b'<p>please"),
        (said(b"b=!"), "client", "Unreadable: a packet that can't be read"),
        (said(b"4\xff"), "client", "Unreadable: a packet that can't be read"),
        (said(b"no gzip", GZIP), "client", "Unreadable: what came is no Content-Encoding gzip"),
        pytest.param(said(b"2" * 5000), "client", "TooLarge: an answer of more than 4096 bytes: see max_size=", id="too large"),
        pytest.param(said(gzip.compress(b"2" * 5000), GZIP), "client", "TooLarge: an answer of more", id="too large, unpacked"),
    ],
)
def test_a_session_ends_by_what_a_poll_gets(answer: bytes, by: str, cause: str) -> None:
    connection = ended(Server(said(OPEN), answer), max_size=4096)
    closed = connection.closed
    assert closed is not None
    assert (closed.code, closed.by) == (None, by)
    assert closed.cause.startswith(cause)
    assert bool(closed.cause) is bool(cause)
    assert "never" not in str(received(connection))


def test_what_came_before_a_bad_packet_is_kept() -> None:
    connection = ended(Server(said(OPEN), said(b'42["kept"]\x1enothing\x1e42["lost"]')))
    assert [data["type"] for data in received(connection)] == ["open", "event"]


def test_a_lost_network_ends_waits() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(url)
        await connection.wait_for(Match.of("open", type_path=TYPE), 2)
        with pytest.raises(StackFailure, match=r"closed by nobody: the transport broke \(Broken"):
            await connection.wait_for(Match.of("never", type_path=TYPE), 30)
        with pytest.raises(InvalidRun, match="it ended"):
            await connection.expect_silence(Match(), 0)

    told(Server(said(OPEN), LOST), scenario)


@pytest.mark.parametrize(
    ("post", "by", "cause"),
    [
        (said(b"no", status="400 Bad Request"), "server", "Broken: HTTP 400 Bad Request to a POST: no"),
        (said(b"", status="413 Payload Too Large"), "server", "Broken: HTTP 413 Payload Too Large to a POST"),
        (LOST, "nobody", "Broken: the connection ended before the answer"),
    ],
)
def test_a_post_that_is_not_taken_ends_the_session(post: bytes, by: str, cause: str) -> None:
    async def scenario(url: str) -> None:
        connection = await opened(url)
        with pytest.raises(StackFailure, match="'chat' open to send a frame"):
            await connection.send_json({"event": "say"})
        closed = connection.closed
        assert closed is not None
        assert (closed.by, closed.cause) == (by, cause)

    told(Server(said(OPEN), post=post), scenario)


def test_a_slow_post_holds_up_its_sender_alone() -> None:
    server = Server(said(OPEN), said(b"2"), post=None)

    async def scenario(url: str) -> None:
        connection = await opened(url)
        sending = asyncio.create_task(connection.send("3"))
        await connection.wait_for(Match.of("ping", type_path=TYPE), 2)
        await server.posts.acquire()
        assert not sending.done()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert connection.state == "open"
        waiting = asyncio.create_task(connection.send("3"))
        await server.posts.acquire()
        closed = await connection.abort()
        assert closed.by == "client"
        with pytest.raises(StackFailure, match="it is closed"):
            await waiting

    told(server, scenario)


def test_leaving_waits_no_longer_than_it_may() -> None:
    server = Server(said(OPEN), post=None)

    async def scenario(url: str) -> None:
        connection = await opened(url)
        closed = await connection.close(timeout=0.5)
        assert (closed.by, closed.cause, server.posted) == ("client", "", [b"1"])

    told(server, scenario)


def test_there_are_no_pings_and_no_stream() -> None:
    async def scenario(url: str) -> None:
        connection = await opened(url)
        with pytest.raises(StackError, match=r"'chat' is polled \(transport=polling\): its heartbeats are messages"):
            await connection.ping(1)
        with pytest.raises(StackError, match="'chat' is polled"):
            _ = connection.stream
        with pytest.raises(Late, match="none within"):
            await connection.wait_for(Match.of("never", type_path=TYPE), 0.01)

    told(Server(said(OPEN)), scenario)


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        (said(b'{"code":0,"message":"Transport unknown"}', status="400 Bad Request"), 400, "HTTP 400 Bad Request.*path and EIO="),
        (said(b"", status="404 Not Found"), 404, "Socket.IO's is /socket.io/"),
        (said(b"", "Location: /elsewhere/", status="302 Found"), 302, "A redirect is not followed"),
        (said(b"<p>hello</p>"), 200, "HTTP 200 OK with a packet of no type that Engine.IO has: b'<p>hello</p>'"),
        (said(b'97:0{"sid":"old"}'), 200, "HTTP 200 OK with a packet of no type"),
        (said(b"2"), 200, "does not begin with an open packet of Engine.IO 4"),
        (said(b"0[]"), 200, "does not begin with an open packet"),
        pytest.param(said(b"0" + b"[" * 3000), 200, "does not begin with an open packet", id="nested too deeply"),
        (said(b'0{"sid":""}'), 200, "does not begin with an open packet"),
        (said(b'0{"sid":"a\\nb"}'), 200, "does not begin with an open packet"),
        pytest.param(said(b"x" * 5000), 200, "more than 4096 bytes", id="too large"),
        (LOST, None, "the connection ended before the answer"),
    ],
)
def test_openings_that_are_refused(answer: bytes, status: int | None, why: str) -> None:
    async def scenario(url: str) -> None:
        with pytest.raises(Refused, match=f"(?s)an open session of Engine.IO by long polling to {url}.*{why}") as refused:
            await opened(url, max_size=4096)
        assert refused.value.status == status

    told(Server(answer), scenario)


def test_an_opening_has_its_time() -> None:
    async def scenario(url: str) -> None:
        with pytest.raises(Refused, match="no answer after"):
            await opened(url, open_timeout=0.05)

    told(Server(), scenario)
    told(Server(b"HTTP/1.1 503 Wait\r\nContent-Length: 9\r\n\r\n..."), _waits_for_the_body)


async def _waits_for_the_body(url: str) -> None:
    with pytest.raises(Refused, match="HTTP 503 Wait"):
        await opened(url, open_timeout=0.5)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"method": "POST"}, "method=, which only streams"),
        ({"body": {}}, "body=, which only streams"),
        ({"resume_from": "7"}, "resume_from=, which only streams"),
        ({"subprotocols": ["a"]}, "subprotocols=, which only WebSockets"),
        ({"ping_interval": 1.0}, "ping_interval=, which only WebSockets"),
    ],
)
def test_options_of_other_transports_are_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(StackError, match=why):
        Options("http://127.0.0.1/socket.io/", transport="polling", **more)


def test_the_url_is_one_of_http() -> None:
    with pytest.raises(StackError, match="'ws'"):
        asyncio.run(opened("ws://127.0.0.1/socket.io/"))
