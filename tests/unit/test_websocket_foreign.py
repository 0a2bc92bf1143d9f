"""Handshakes and endings of servers that nobody here wrote: each word of theirs is read as browsers and HTTP clients read it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import brotli
import pytest

from realstack.core.errors import StackError
from realstack.websocket import Closed, Connection, Match, Options, Refused
from support.raw_server import Talk, accepted, frame, raw_server, saying

LONG = b"x" * 20_000
CLOSE_4001 = frame(8, (4001).to_bytes(2, "big") + b"moved")


def told(talk: Talk, scenario: Callable[[str], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), raw_server(talk) as url:
            await scenario(url)

    asyncio.run(main())


def refused(talk: Talk, options: Callable[[str], Options] = Options) -> Refused:
    caught: list[Refused] = []

    async def scenario(url: str) -> None:
        with pytest.raises(Refused) as error:
            await Connection.open("tab1", options(url), record=None)
        caught.append(error.value)

    told(talk, scenario)
    return caught[0]


REFUSALS = {
    "no length, kept open": (b"HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\nno entry",),
    "nothing but a status": (b"HTTP/1.1 403\r\n\r\n",),
    "HTTP/1.0": (b"HTTP/1.0 403 Forbidden\r\n\r\nno entry",),
    "3 MB": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3000000\r\n\r\nno entry", b"." * 3_000_000),
    "3 MB that never come": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3000000\r\n\r\nno entry",),
    "chunks and a trailer": (
        b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nno e\r\n4;x=y\r\nntry\r\n0\r\nLater: yes\r\n\r\n",
    ),
    "chunks that break": (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nno entry\r\nnonsense\r\n",),
    "interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 403 No\r\n\r\nno entry",
    ),
    "folded header": (b"HTTP/1.1 403 Forbidden\r\nX-Long: a\r\n  b\r\nContent-Length: 8\r\n\r\nno entry",),
    "repeated headers": (b"HTTP/1.1 403 Forbidden\r\nX: 1\r\nX: 2\r\nContent-Length: 8\r\nContent-Length: 8\r\n\r\nno entry",),
    "contradicting lengths": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\nno entry",),
    "unknown transfer": (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: gzip, chunked\r\n\r\nno entry",),
    "a header longer than 8 KiB": (b"HTTP/1.1 403 Forbidden\r\nContent-Security-Policy: " + LONG + b"\r\n\r\nno entry",),
    "200 headers": (
        b"HTTP/1.1 403 Forbidden\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\nno entry",
    ),
    "lines that end with LF": (b"HTTP/1.1 403 Forbidden\nContent-Length: 8\n\nno entry",),
    "header that is no UTF-8": (b"HTTP/1.1 403 Verboten \xfc\r\nX: \xff\xfe\r\nContent-Length: 8\r\n\r\nno entry",),
    "header without a colon": (b"HTTP/1.1 403 Forbidden\r\nnonsense\r\nContent-Length: 8\r\n\r\nno entry",),
    "byte by byte": tuple(bytes([one]) for one in b"HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nno entry"),
    "head and body apart": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\n", b"no ", b"entry"),
    "unknown character set": (
        b"HTTP/1.1 403 No\r\nContent-Type: text/plain; charset=klingon\r\nContent-Length: 8\r\n\r\nno entry",
    ),
}


@pytest.mark.parametrize("pieces", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_status_and_the_beginning_of_its_body(pieces: tuple[bytes, ...]) -> None:
    refusal = refused(saying(*pieces))
    assert refusal.status == 403
    assert refusal.body.startswith("no entry") or pieces == REFUSALS["nothing but a status"]
    assert "HTTP 403" in str(refusal)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"no entry", mtime=0)),
        ("x-gzip", gzip.compress(b"no entry", mtime=0)),
        ("deflate", zlib.compress(b"no entry")),
        ("deflate", zlib.compress(b"no entry")[2:-4]),
        ("br", brotli.compress(b"no entry")),
        ("gzip, br", brotli.compress(gzip.compress(b"no entry", mtime=0))),
        ("identity", b"no entry"),
        ("gzip", gzip.compress(b"no entry" + bytes(50_000_000), mtime=0)),
    ],
)
def test_a_compressed_refusal_is_read(coding: str, body: bytes) -> None:
    head = f"HTTP/1.1 401 Who\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert refused(saying(head + body)).body.startswith("no entry")


def test_what_can_t_be_decompressed_is_told() -> None:
    said = b"HTTP/1.1 401 Who\r\nContent-Encoding: zstd, gzip\r\nContent-Length: 4\r\n\r\nabcd"
    assert refused(saying(said)).body == "<4 bytes that can't be read as Content-Encoding: zstd, gzip>"


def test_headers_of_a_refusal_are_readable() -> None:
    said = b"HTTP/1.1 307 Elsewhere\r\nlocation: /other\r\nRetry-After: 30\r\nSet-Cookie: sid=oh-so-secret-99\r\n\r\n"
    refusal = refused(saying(said))
    assert refusal.headers == {"location": "/other", "Retry-After": "30", "Set-Cookie": "<hidden>"}


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", r"b'SSH-2\.0"),
        (b"HTTP/2 403\r\n\r\n", "no valid HTTP answer"),
        (b"\x15\x03\x01\x00\x02\x02\x16", r"\\x15\\x03"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade|Connection"),
        (b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "Upgrade"),
    ],
)
def test_what_is_no_handshake_is_shown(said: bytes, seen: str) -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.write_eof()

    with pytest.raises(Refused, match=seen):
        raise refused(talk)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"-ERR unknown command 'GET'\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"]
)
def test_what_came_is_told_where_an_answer_never_does(said: bytes) -> None:
    refusal = refused(saying(said), lambda url: Options(url, open_timeout=0.5))
    assert repr(said)[2:12] in refusal.seen
    assert "speaks no HTTP" in refusal.remedy


@pytest.mark.parametrize("charset", ["idna", "base64", "punycode", "undefined", "unicode_escape", "no-such"])
def test_a_body_in_what_is_no_charset_of_the_web_is_read(charset: str) -> None:
    body = b"no \xff entry \\ud800"
    said = b"HTTP/1.1 403 No\r\nContent-Type: text/html; charset=%s\r\nContent-Length: %d\r\n\r\n" % (charset.encode(), len(body))
    assert refused(saying(said + body)).body == "no \ufffd entry \\ud800"


def test_a_url_is_asked_for_as_browsers_do() -> None:
    asked: list[bytes] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(request.partition(b"\r\n")[0])
        writer.write(accepted(request))

    async def scenario(url: str) -> None:
        connection = await Connection.open("a", Options(f" {url}/a room?x=a b "), record=None)
        await connection.abort()

    told(talk, scenario)
    assert asked == [b"GET /a%20room?x=a%20b HTTP/1.1"]


def test_who_hangs_up_is_told() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    refusal = refused(talk)
    assert "no HTTP answer: the connection ended before any byte" in refusal.seen
    assert "ConnectionClosed" not in refusal.seen


def test_who_hangs_up_within_an_answer_is_told() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 10")
        writer.close()

    assert "(the connection ended within its head): it began with b'HTTP/1.1 10'" in refused(talk).seen


@pytest.mark.parametrize(
    "more",
    [
        (b"Sec-WebSocket-Accept: bm9uc2Vuc2U=",),
        (b"Sec-WebSocket-Protocol: never-offered",),
        (b"Sec-WebSocket-Protocol: ",),
        (b"Sec-WebSocket-Extensions: x-unknown",),
        (b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99999999999999999999",),
        (b"Sec-WebSocket-Extensions: ;;;===",),
    ],
)
def test_an_agreement_that_is_none_is_refused(more: tuple[bytes, ...]) -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request, *more))

    with pytest.raises(Refused, match="Expected: an open WebSocket connection"):
        raise refused(talk)


def test_an_agreement_with_odd_lines_is_one() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" + accepted(request, b"X-Long: " + LONG, b"X-F: a\r\n b", b"X-G: \xff")
        for one in answer + frame(1, b'{"type": "hello"}'):
            writer.write(bytes([one]))
        await writer.drain()

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(url), record=None)
        assert (await connection.wait_for(Match.of("hello"), 5)).data == {"type": "hello"}
        assert connection.status == 101
        assert connection.response_headers["X-F"] == "a b"
        await connection.abort()

    told(talk, scenario)


def request_of(options: Callable[[str], Options]) -> list[str]:
    seen: list[bytes] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    refused(talk, options)
    return seen[0].decode("latin-1").split("\r\n")[1:-2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "chat.example.com"),
        ("hOST", "chat.example.com"),
        ("Sec-WebSocket-Protocol", "chat, v2"),
        ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
        ("Sec-WebSocket-Version", "8"),
        ("Origin", "http://page.test"),
        ("User-Agent", "curious/1"),
        ("Connection", "close"),
        ("X-Number", 5),
    ],
)
def test_each_header_has_one_line(name: str, value: str) -> None:
    lines = request_of(lambda url: Options(url, headers={name: value}))
    assert [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name.lower()}:")] == [str(value)]


def test_user_and_password_of_the_url_give_way_to_a_header() -> None:
    lines = request_of(lambda url: Options(url.replace("ws://", "ws://me:word@"), headers={"Authorization": "Bearer other"}))
    assert [line for line in lines if line.startswith("Authorization")] == ["Authorization: Bearer other"]


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"headers": {"Origin": "a"}, "origin": "b"}, "'Origin' in headers=.*\n.*origin="),
        ({"headers": {"Sec-WebSocket-Protocol": "a"}, "subprotocols": ["b"]}, "subprotocols="),
        ({"headers": {"Sec-WebSocket-Extensions": "x"}}, "compression="),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "'X-A' is given more than once"),
        ({"headers": {"X A": "1"}}, "'X A' is no name"),
        ({"headers": {"X": "1\r\nY: 2"}}, "'X' has a value with a line break"),
        ({"headers": {"X": "€"}}, "beyond Latin-1"),
    ],
)
def test_a_header_that_can_t_be_sent_once_is_refused_by_name(options: dict[str, object], seen: str) -> None:
    with pytest.raises(StackError, match=f"(?s){seen}"):
        Options("ws://127.0.0.1/", **options)  # type: ignore[arg-type]


def test_a_key_of_the_user_s_is_answered() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request, key=b"x3JJHMbDL1EzLkh9GBhXDw=="))

    async def scenario(url: str) -> None:
        connection = await Connection.open(
            "a", Options(url, headers={"sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw=="}), record=None
        )
        await connection.abort()

    told(talk, scenario)


@pytest.mark.parametrize(
    "url", ["ws://[::1/", "ws://127.0.0.1:99999/", "ws://\x00/", "ws://a\nb/", "ws://" + "a" * 300 + "/", "ws://é é/"]
)
def test_an_odd_url_is_an_error_of_ours(url: str) -> None:
    with pytest.raises((StackError, Refused)):
        asyncio.run(Connection.open("tab1", Options(url), record=None))


# How a connection ends.


async def _left(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def ending(
    *said: bytes, options: Callable[[str], Options] = lambda url: Options(url, close_timeout=0.05)
) -> tuple[Closed, list[object]]:
    """How a connection ends that is sent these bytes and then nothing; TCP must be dropped by us, without anybody's doing."""
    found: list[tuple[Closed, list[object]]] = []
    dropped = asyncio.Event()

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request) + b"".join(said))
        with contextlib.suppress(ConnectionError):
            await _left(reader)
        dropped.set()

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", options(url), record=None)
        closed = await connection.wait_closed(5)
        assert connection.state == "closed"
        found.append((closed, [frame.data for frame in connection.mailbox.frames()]))
        await dropped.wait()

    told(talk, scenario)
    return found[0]


def test_a_close_frame_is_the_end_also_where_tcp_stays() -> None:
    """Right after the handshake, in one packet with it and with frames before it."""
    closed, frames = ending(frame(1, b"a"), frame(1, b"b"), CLOSE_4001, frame(1, b"after"))
    assert (closed.code, closed.reason, closed.by, closed.cause) == (4001, "moved", "server", "")
    assert frames == ["a", "b"]


def test_half_a_surrogate_pair_is_refused_and_the_connection_stays() -> None:
    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request))

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(url, close_timeout=0.05), record=None)
        with pytest.raises(StackError, match="half a surrogate pair at character 2"):
            await connection.send("x \ud83d")
        (sent,) = await connection.send_json({"text": "\ud83d"})  # escaped, as JSON may be
        assert sent.data == {"text": "\ud83d"}
        assert connection.state == "open"
        await connection.abort()

    told(talk, scenario)


def test_a_message_in_several_frames_is_one_and_nothing_is_read_behind_a_fault() -> None:
    parts = [
        frame(1, "\u20ac".encode()[:1], fin=False),
        frame(9, b""),
        frame(0, "\u20ac".encode()[1:], fin=False),
        frame(0, b"!"),
    ]
    closed, frames = ending(*parts, frame(2, b"x"), frame(1, b"\xff"), frame(1, b"after"))
    assert (closed.code, closed.by) == (1007, "client")
    assert "UnicodeDecodeError" in closed.cause
    assert frames == ["\u20ac!", b"x"]


def test_many_frames_before_a_close_frame_are_all_read() -> None:
    closed, frames = ending(*(frame(1, b"%d" % number) for number in range(500)), CLOSE_4001)
    assert closed.code == 4001
    assert frames == [str(number) for number in range(500)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frame(8, b""), 1005),
        (frame(8, b"\x03"), 1002),
        (frame(3, b""), 1002),
        (b"\xf1\x00", 1002),
        (frame(0, b"goes on with nothing"), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(1, b"\xff", fin=False) + frame(0, b"\xfe"), 1007),
        (frame(1, b"a", fin=False) + frame(0, b"b", fin=False) * 5000, 1009),
        (b"\x81\x7f" + (2**62).to_bytes(8, "big"), 1009),
        (frame(1, b"half", fin=False) + CLOSE_4001, 1002),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection_by_its_code(said: bytes, code: int) -> None:
    closed, _ = ending(said)
    assert closed.code == code or (code == 1002 and closed.code == 4001)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_code_that_may_not_be_sent_is_told_as_it_came(code: int) -> None:
    closed, _ = ending(frame(8, code.to_bytes(2, "big") + b"why"))
    assert (closed.code, closed.reason, closed.by) == (code, "why", "server")
    assert f"no code {code} may be sent" in str(closed)


def test_a_close_reason_that_is_no_text_leaves_its_code() -> None:
    closed, _ = ending(frame(8, (4001).to_bytes(2, "big") + "geschützt".encode("latin-1")))
    assert (closed.code, closed.reason, closed.by) == (4001, r"gesch\xfctzt", "server")
    assert "no text in UTF-8" in str(closed)


def test_half_a_close_code_is_shown() -> None:
    closed, _ = ending(frame(8, b"\x03"))
    assert (closed.code, closed.by) == (1002, "client")
    assert "one byte, 0x03" in closed.cause


def test_what_can_not_be_read_is_the_end_also_with_a_close_frame_in_the_same_packet() -> None:
    closed, frames = ending(frame(1, b"a"), frame(1, b"\xff"), CLOSE_4001)
    assert (closed.code, closed.by, frames) == (1007, "client", ["a"])


# What an agreement agrees to.

DEFLATED = b"Sec-WebSocket-Extensions: permessage-deflate"


def deflated(text: bytes, end: int) -> bytes:
    """A compressed frame whose DEFLATE stream is flushed, or ends for good."""
    machine = zlib.compressobj(wbits=-15)
    data = machine.compress(text) + machine.flush(end)
    whole = frame(1, data.removesuffix(b"\x00\x00\xff\xff"))
    return bytes([whole[0] | 0x40]) + whole[1:]


def agreeing(*said: bytes, more: bytes, options: Callable[[str], Options] = Options) -> list[object]:
    """What is received of a server that agrees to more and says this."""
    found: list[object] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(request, more) + b"".join(said))

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", options(url), record=None)
        await connection.wait_closed(5)
        found.extend(frame.data for frame in connection.mailbox.frames())

    told(talk, scenario)
    return found


@pytest.mark.parametrize("more", [b"", b"; server_no_context_takeover", b"; server_max_window_bits=15"])
@pytest.mark.parametrize("ends", [(zlib.Z_FINISH,) * 3, (zlib.Z_FINISH, zlib.Z_SYNC_FLUSH, zlib.Z_FINISH)])
def test_messages_that_end_their_compressed_stream_are_all_read(more: bytes, ends: tuple[int, ...]) -> None:
    """RFC 7692, 7.2.3.4: with a byte behind it, which some leave out."""
    long = b"x" * 30_000
    said = [deflated(text, end) for text, end in zip((b"one", b"two", long), ends, strict=True)]
    assert agreeing(*said, CLOSE_4001, more=DEFLATED + more) == ["one", "two", long.decode()]


@pytest.mark.parametrize(
    ("more", "options", "seen", "remedy"),
    [
        (b"Sec-WebSocket-Protocol: chat", {}, "the subprotocol 'chat', and none was offered", "subprotocols="),
        (b"Sec-WebSocket-Protocol: b", {"subprotocols": ["a", "c"]}, "'b', and offered were: a, c", "subprotocols="),
        (DEFLATED, {"compression": False}, "'permessage-deflate', and none was offered", "agree to what was offered"),
        (DEFLATED + b"; client_max_window_bits=8", {}, "=8', and the offer was: permessage-deflate", "compression=False"),
    ],
)
def test_an_agreement_to_what_was_not_offered_is_told_with_both(
    more: bytes, options: dict[str, Any], seen: str, remedy: str
) -> None:
    with pytest.raises(Refused) as error:
        agreeing(more=more, options=lambda url: Options(url, **options))
    assert seen in error.value.seen
    assert remedy in error.value.remedy
    assert error.value.headers["Upgrade"] == "websocket"
    assert error.value.status is None
