"""The fence: whatever comes from outside ends as a value or as an error of ours, never as a bare error of Python or a library.

`make fuzz` tries the same for minutes, with another seed each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Literal
from unittest.mock import Mock

from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidHandshake

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.json_path import parse as json_path
from realstack.core.likeness import exact, like
from realstack.core.quantities import byte_size, duration, number
from realstack.core.several import several
from realstack.databases.clickhouse import ClickHouseSession, ClickHouseTarget
from realstack.databases.postgres_values import array_of, interval_of
from realstack.databases.redis_store import RedisSession, RedisTarget
from realstack.databases.values import json_safe, plain, shown
from realstack.faults.wsstream import StreamReader, Upgrade
from realstack.history.vocabulary import Vocabulary
from realstack.http.cookies import parse_cookie
from realstack.oauth.forms import MULTIPART, PLAIN, URLENCODED, Page, encoded
from realstack.oauth.http import Answer as HttpAnswer
from realstack.oauth.tokens import ALGORITHMS, Demands, b64encode, decode, problems
from realstack.platform import config
from realstack.platform.logs import time_of
from realstack.websocket import Connection, Masker, Match, Options, Refused
from realstack.websocket.answer import Answer, NoHttp
from realstack.websocket.codecs import find
from realstack.websocket.codecs.events import Events
from realstack.websocket.frames import Frame, read
from realstack.websocket.polling import Exchange, Polling
from realstack.websocket.stream import Stream
from support.raw_server import accepted, frame, raw_server

OURS = (StackError, StackFailure, InvalidRun)
MASKER = Masker()

# Half surrogates included, as JSON of others has them.
text = st.text(st.characters() | st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=60)
scalars = st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**310) | st.floats() | text
keys_of_objects = text | st.sampled_from(["type", "token", "password"])
values = st.recursive(
    scalars, lambda one: st.lists(one, max_size=4) | st.dictionaries(keys_of_objects, one, max_size=4), max_leaves=12
)


def mutated(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """One of the seeds with a piece of it cut out, doubled, or replaced by other bytes."""

    @st.composite
    def made(draw: st.DrawFn) -> bytes:
        seed = draw(st.sampled_from(seeds))
        start = draw(st.integers(0, len(seed)))
        end = draw(st.integers(start, min(len(seed), start + 20)))
        middle = draw(st.one_of(st.just(b""), st.just(seed[start:end] * 2), st.binary(max_size=20)))
        return seed[:start] + middle + seed[end:]

    return made()


def fenced(call: Callable[[], Any], *more: type[Exception]) -> Any:
    """Call it; a value and an error of ours are both right."""
    try:
        return call()
    except (*OURS, *more):
        return None


# WebSocket.


@given(values | text)
def test_frames(value: Any) -> None:
    raw = value if isinstance(value, str) else json.dumps(value)
    (message,) = read(raw, find("json")(), MASKER)
    made = Frame(1, 0.0, "in", *message)
    made.brief().encode("utf-8")  # can be shown
    assert Match.of("a.b[0]>=5")(made) in (True, False)
    assert Match.of("$>5.5")(made) in (True, False)
    assert Match.of("$*=x")(made) in (True, False)
    made.event("tab").data  # noqa: B018 - it can be recorded


@given(st.lists(text, max_size=3), st.dictionaries(text, scalars, max_size=2))
def test_matches(parts: list[str], fields: dict[str, Any]) -> None:
    match = fenced(lambda: Match.of(*parts, **fields), ValueError, TypeError)  # the keywords' front explains these two
    if match is not None:
        for data in ({"type": "a", "b": [1, "2"]}, "text", [1]):
            match(Frame(1, 0.0, "in", "json", data, 1))


@given(
    mutated(
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nContent-Encoding: gzip\r\n\r\nno entry",
        b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nno e\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x00",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 500 Oh\r\nContent-Type: a; charset=latin-1\r\n\r\n\xff",
    ),
    st.integers(1, 30),
)
def test_answers_to_handshakes(said: bytes, step: int) -> None:
    answer = Answer()
    for start in range(0, len(said), step):
        fenced(lambda at=start: answer.feed(said[at : at + step]), NoHttp)
    fenced(lambda: answer.feed(b""), NoHttp)
    answer.text()
    MASKER.headers(answer.headers)


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@given(
    mutated(
        STREAM + b'\r\n\xef\xbb\xbf: hi\r\nid: 7\rretry: 5\n\ndata: {"a": 1}\ndata:\n\n',
        STREAM + b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n0\r\n\r\n",
        STREAM + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"data: x\n\n", mtime=0),
        b"HTTP/1.1 429 No\r\nContent-Length: 8\r\n\r\nno entry",
    ),
    st.sampled_from(["sse", "jsonl"]),
    st.integers(1, 30),
)
def test_streams_over_http(said: bytes, transport: Literal["sse", "jsonl"], step: int) -> None:
    async def one() -> None:
        stream = Stream(transport, b"", 200)
        stream.connection_made(Mock(spec=asyncio.Transport))
        for start in range(0, len(said), step):
            stream.data_received(said[start : start + step])
        stream.connection_lost(None)
        with contextlib.suppress(InvalidHandshake):
            await stream.shake_hands()
        assert stream.over
        stream.inbox.open(lambda payload: read(payload, Events(find("json")()), MASKER), lambda _fault: None)
        assert stream.ending(aborted=False).code is None

    asyncio.run(one())


POLL = b"HTTP/1.1 200 OK\r\nContent-Length: "
OPENED = b'0{"sid":"s"}'


@given(
    mutated(
        POLL + b'34\r\n\r\n42["a",1]\x1e451-["b",{"_placeholder":true}',
        POLL + b"13\r\n\r\n451-[]\x1eb/9gA\x1e1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n3\r\n2\x1e6\r\n0\r\n\r\n",
        b'HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\n{"code":1}',
    ),
    st.booleans(),
)
def test_polled_sessions(said: bytes, first: bool) -> None:
    answers = [said] if first else [POLL + b"%d\r\n\r\n%b" % (len(OPENED), OPENED), said]

    async def connect() -> Exchange:
        exchange = Exchange()

        def answer(request: bytes) -> None:
            if answers:
                exchange.data_received(answers.pop(0))
            if not answers:
                transport.is_closing.return_value = True
                exchange.eof_received()
                exchange.connection_lost(None)

        transport = Mock(spec=asyncio.Transport)
        transport.write = answer
        transport.is_closing.return_value = False
        exchange.connection_made(transport)
        return exchange

    async def one() -> None:
        session = Polling(connect, lambda query, cookies, body: b"", 200, "http://a.test/socket.io/")
        with contextlib.suppress(OSError, InvalidHandshake):
            await session.shake_hands()
            codec = find("socketio")()
            ended = asyncio.Event()
            session.inbox.open(lambda payload: read(payload, codec, MASKER), lambda _fault: ended.set())
            await ended.wait()
        session.drop()
        assert session.ending(aborted=False).code is None

    asyncio.run(one())


def test_whole_connections() -> None:
    """Each example is a connection to one server: what it says after a true handshake is anything."""
    said: list[bytes] = []

    async def talk(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, body = accepted(request), said[0]
        writer.write(head[:-2] + body if body.startswith(b"Sec-") else head + body)
        writer.write_eof()

    async def one(url: str) -> None:
        try:
            connection = await Connection.open("tab", Options(url, open_timeout=2, close_timeout=0.05), record=None)
        except Refused:
            return
        try:
            assert (await connection.wait_closed(5)).code >= 1000
        finally:
            await connection.abort()

    with asyncio.Runner() as runner:
        server = raw_server(talk)
        url = runner.run(server.__aenter__())
        seeds = (
            frame(1, b'{"a": 1}') + frame(9, b"ping") + frame(1, b"ha", fin=False) + frame(0, b"lf") + frame(8, b"\x03\xe8"),
            frame(2, bytes(200)),
            b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n\xc1\x02ab",
            b"Sec-WebSocket-Protocol: chat\r\n\r\n",
        )

        @given(mutated(*seeds))
        def each(body: bytes) -> None:
            said[:] = [body]
            runner.run(one(url))

        try:
            each()
        finally:
            runner.run(server.__aexit__(None, None, None))


@given(
    mutated(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: x\r\n\r\n\x81\x82abcdxy\x88\x00"),
    st.integers(1, 40),
)
def test_streams_through_the_proxy(said: bytes, step: int) -> None:
    reader = StreamReader("client", Upgrade())
    passed = b""
    for start in range(0, len(said), step):
        passed += b"".join(piece.raw for piece in reader.feed(said[start : start + step]))
    passed += b"".join(piece.raw for piece in reader.flush())
    assert passed == said


# OAuth and HTTP.


def jwt(header: Any, claims: Any) -> str:
    parts = (json.dumps(part).encode("utf-8", "surrogatepass") for part in (header, claims))
    return ".".join([*(b64encode(part) for part in parts), b64encode(b"signature")])


MEMBERS = st.sampled_from(["kty", "kid", "use", "n", "e", "x", "y", "crv", "alg"])
keys = st.lists(st.dictionaries(MEMBERS, scalars | st.sampled_from(["RSA", "EC", "OKP", "AQAB", "sig"]), max_size=7), max_size=3)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "crit", "typ"]), scalars | st.sampled_from(sorted(ALGORITHMS)), max_size=4),
    st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "aud", "azp", "sub", "iss", "nonce", "at_hash"]), values, max_size=9),
    keys,
)
def test_tokens_and_keys(header: Any, claims: Any, known: Any) -> None:
    token = decode(jwt(header, claims))
    demands = Demands(
        issuer="i",
        audience="a",
        nonce="n",
        access_token="t",
        keys=known,
        algorithms=ALGORITHMS,
        secret="s" * 32,  # type: ignore[arg-type]
    )
    assert [str(problem) for problem in problems(token, demands)]


@given(text | st.binary(max_size=60).map(lambda raw: f"{b64encode(raw)}.{b64encode(raw)}.{b64encode(raw)}"))
def test_what_is_no_token(raw: str) -> None:
    fenced(lambda: decode(raw))


@given(text | mutated(b"sid=abc; Path=/; Secure; Expires=Wed, 21 Oct 2026 07:28:00 GMT").map(lambda raw: raw.decode("latin-1")))
def test_cookies(line: str) -> None:
    parse_cookie(line)


HTML = (
    b'<form action="/go" method=post accept-charset=koi8-r><fieldset disabled><input name=a value=b></fieldset>'
    b"<select name=s><option selected>"
    b"</select><textarea name=t>hi</textarea><button formaction=//x:y>Go</button></form><a href='http://[::1'>away</a>"
    b"<base href='::'>"
)


@given(mutated(HTML).map(lambda raw: raw.decode("latin-1")) | text)
def test_pages(html: str) -> None:
    page = Page("http://127.0.0.1/a", html)
    assert isinstance(page.text, str)
    for form in page.forms:
        str(form)
        pairs = form.submission(dict.fromkeys(form.visible, "\u00fc\ud83d\r"), None)
        for kind in (URLENCODED, MULTIPART, PLAIN):
            encoded(pairs, kind, form.charset)


@given(st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()), text, text)
def test_http_answers(body: bytes, kind: str, location: str) -> None:
    headers = {"content-type": f"application/json{kind}", "location": location}
    answer = HttpAnswer("GET", "http://127.0.0.1/", 302, headers, body, 0.1)
    fenced(lambda: answer.location)
    fenced(answer.json)
    answer.described.encode("utf-8", "surrogatepass")


# Stores, files and texts of tables.


@given(text | st.from_regex(r"[-+0-9 :.a-z{},\"\\]{0,40}", fullmatch=True))
def test_texts_of_tables_and_stores(written: str) -> None:
    fenced(lambda: duration(written))
    fenced(lambda: byte_size(written))
    fenced(lambda: number(written))
    fenced(lambda: several(written))
    fenced(lambda: json_path(written), ValueError)  # whoever reads a path says where it stands
    fenced(lambda: interval_of(written), ValueError)
    fenced(lambda: array_of(written), ValueError)
    fenced(lambda: exact(written), ValueError)
    time_of(written)


@given(values, text)
def test_values_of_stores(value: Any, written: str) -> None:
    like(value, written)
    shown(plain(value))
    json.dumps(json_safe(value), allow_nan=True)


RESP = (
    b"+OK\r\n",
    b"$5\r\nhello\r\n",
    b"$-1\r\n",
    b":12\r\n",
    b"-ERR unknown command\r\n",
    b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    b"*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
    b"%1\r\n+a\r\n,1.5\r\n",
    b"*2\r\n_\r\n#t\r\n",
    b"~2\r\n(12345678901234567890\r\n=8\r\ntxt:text\r\n",
    b"*1\r\n*4\r\n$3\r\n1-1\r\n$1\r\nc\r\n:5\r\n:1\r\n",
    b"*4\r\n:1\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n",
)
"""Answers of Redis, of both versions of its protocol, each right for some command."""
ASKED: dict[str, Callable[[RedisSession], Coroutine[Any, Any, Any]]] = {
    "read": lambda session: session.read("k", 5),
    "keys": lambda session: session.keys("*", 5),
    "counter": lambda session: session.counter("k"),
    "stream": lambda session: session.stream("k"),
    "groups": lambda session: session.groups("k"),
    "pending": lambda session: session.pending("k", "g"),
    "pending_count": lambda session: session.pending_count("k", "g"),
    "seconds_to_live": lambda session: session.seconds_to_live("k"),
    "stream_length": lambda session: session.stream_length("k"),
    "delete": lambda session: session.delete("k"),
    "set": lambda session: session.set("k", "v", 5),
    "command": lambda session: session.command(["PING"]),
    "info": lambda session: session.info("redis_version"),
    "version": lambda session: session.version(),
    "config": lambda session: session.config("appendonly"),
    "client_count": lambda session: session.client_count(None, "run"),
    "server_time": lambda session: session.server_time(),
}


def test_answers_of_what_pretends_to_be_redis() -> None:
    """Each example is a question to one server, which tells a type where one is asked for, and then says anything and leaves."""
    script: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                words = []
                for _ in range(int((await reader.readuntil(b"\r\n"))[1:])):
                    size = int((await reader.readuntil(b"\r\n"))[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                if words[0] == b"CLIENT":
                    writer.write(b"+OK\r\n")
                    continue
                writer.write(script.pop(0) if len(script) > 1 else script[0])
                if len(script) == 1:
                    writer.close()
                    return

    async def one(port: int, what: str) -> None:
        session = RedisSession("cache", RedisTarget(f"redis://127.0.0.1:{port}/0"), "fence", timeout=5)
        with contextlib.suppress(*OURS):
            await session.open()
            await ASKED[what](session)
        await session.close()

    with asyncio.Runner() as runner:
        server = runner.run(_serving(serve))
        port = server.sockets[0].getsockname()[1]
        kinds = st.sampled_from([b"+string\r\n", b"+hash\r\n", b"+list\r\n", b"+set\r\n", b"+zset\r\n", b"+stream\r\n"])

        @given(st.sampled_from(sorted(ASKED)), kinds, mutated(*RESP))
        def each(what: str, kind: bytes, said: bytes) -> None:
            script[:] = [b"+PONG\r\n", *([kind, b":1\r\n"] if what == "read" else []), said]
            runner.run(one(port, what))

        each()
        server.close()


def _name(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _block(*columns: tuple[str, str, bytes]) -> bytes:
    """Two rows in ClickHouse's format Native."""
    return bytes([len(columns), 2]) + b"".join(_name(name) + _name(kind) + data for name, kind, data in columns)


NATIVE = (
    _block(("x", "UInt8", b"\x01\x02")),
    _block(("version", "String", _name("25.8") + _name("c"))),
    _block(("a", "Nullable(Int32)", b"\x00\x01" + bytes(8)), ("b", "DateTime64(3)", bytes(16))),
    _block(("b", "Array(UInt8)", b"\x01" + bytes(7) + b"\x02" + bytes(7) + b"\x05\x06")),
    _block(("d", "Decimal(18, 4)", bytes(16)), ("e", "Enum8('a' = 1, 'b' = 2)", b"\x01\x02")),
    _block(("t", "Tuple(UInt8, String)", b"\x01\x02" + _name("a") + _name("b"))),
    b"Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)",
    b"<html><body>502 Bad Gateway</body></html>",
)
SETTINGS = _block(
    ("name", "String", _name("max_execution_time") + _name("max_threads")),
    ("value", "String", _name("0") + _name("2")),
    ("readonly", "UInt8", bytes(2)),
)
HEADS = (
    b"200 OK\r\nX-ClickHouse-Format: Native",
    b'200 OK\r\nX-ClickHouse-Summary: {"read_rows":"x"',
    b"200 OK\r\nContent-Encoding: gzip",
    b"200 OK\r\nContent-Encoding: deflate",
    b"500 Oh\r\nX-ClickHouse-Exception-Code: x",
    b"404 Not Found\r\nX-ClickHouse-Exception-Code: 60",
)


def test_answers_of_what_pretends_to_be_clickhouse() -> None:
    """Each example is a statement to one server, which a session could be opened on, and which says anything then."""
    said: list[tuple[bytes, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                sizes = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                asked = head + await reader.readexactly(int(sizes[0][15:]) if sizes else 0)
                status, body = said[0] if said else (HEADS[0], b"25.8\tUTC\n" if b"version()" in asked else SETTINGS)
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    def session_on(port: int) -> ClickHouseSession:
        target = ClickHouseTarget(f"http://127.0.0.1:{port}", "tester", "s3cret-s3cret", "events")
        return ClickHouseSession("events", target, "fence", statement_timeout=5)

    async def one(open_one: ClickHouseSession, port: int, what: str) -> None:
        with contextlib.suppress(*OURS):
            if what == "open":
                await session_on(port).open()
            await {"fetch": open_one.fetch, "execute": open_one.execute}.get(what, lambda _: open_one.version())("SELECT 1")

    with asyncio.Runner() as runner:
        server = runner.run(_serving(serve))
        port = server.sockets[0].getsockname()[1]
        open_one = session_on(port)
        runner.run(open_one.open())

        @given(st.sampled_from(["fetch", "execute", "version", "open"]), st.sampled_from(HEADS), mutated(*NATIVE))
        def each(what: str, head: bytes, body: bytes) -> None:
            said[:] = [(head, body)]
            runner.run(one(open_one, port, what))

        each()
        runner.run(open_one.close())
        server.close()


async def _serving(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> asyncio.Server:
    return await asyncio.start_server(serve, "127.0.0.1", 0)


@given(values)
def test_vocabularies(value: Any) -> None:
    for name in ("frames", "chain", "page", "rows", "agent_roles"):
        fenced(lambda part=name: Vocabulary({part: value}))
    fenced(lambda: Vocabulary({"frames": {"out": value, "in": [{"when": value, "means": "send"}]}}))


YAML = b"services:\n  chat: {url: 'http://x'}\nsettings: {chat: {A: '{figure}'}}\nlist: [1, 2]\n"


def test_platform_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"

    @given(mutated(YAML) | st.binary(max_size=40))
    def each(content: bytes) -> None:
        file.write_bytes(content)
        fenced(lambda: config.load(file))
        fenced(lambda: Vocabulary.load(file))

    each()
