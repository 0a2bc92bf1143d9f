"""Connections against a real server on loopback."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realstack.errors import InvalidRun, StackError, StackFailure
from realstack.websocket import Connection, Match, Options, Refused, Tls
from support.websocket_server import websocket_server

TOKEN = "a-credential-that-nobody-may-see-" + "x7" * 12

Scenario = Callable[[str], Awaitable[None]]


def with_server(scenario: Scenario) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), websocket_server() as (url, _):
            await scenario(url)

    asyncio.run(main())


class Recorded:
    """Takes the events that a recorder would get."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.times: list[float] = []

    def __call__(self, kind: str, source: str, data: Any = None, *, at: float | None = None) -> None:
        assert at is None or at <= time.monotonic()
        self.events.append((kind, source, dict(data or {})))

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]


def test_sends_receives_and_records_in_order() -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo", subprotocols=["jwt-auth"]), record=recorded)
        assert (connection.state, connection.status, connection.subprotocol) == ("open", 101, "jwt-auth")
        assert 0 < connection.handshake_seconds < 5
        sent = await connection.send_json({"type": "hello", "payload": {"text": "grüße"}})
        got = await connection.wait_for(Match.of("hello", **{"payload.text": "grüße"}), 2)
        assert got.number == sent.number + 1
        assert got.at >= sent.at
        assert got.data == sent.data
        closed = await connection.close(4000, "done")
        assert (closed.code, closed.reason, closed.by) == (4000, "done", "client")
        assert connection.state == "closed"

    with_server(scenario)
    assert recorded.kinds() == ["opened", "frame-out", "frame-in", "closed"]
    assert recorded.events[1][2]["frame"] == {"type": "hello", "payload": {"text": "grüße"}}
    assert recorded.events[3][2] == {"code": 4000, "reason": "done", "by": "client", "cause": ""}


def test_the_reader_works_while_nobody_waits() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/burst"), record=None)
        last = await connection.wait_for(Match.of("tick", seq=100), 5)
        first = await connection.wait_for(Match.of("tick"), 0)
        assert (first.data["seq"], last.data["seq"]) == (1, 100)
        assert len(connection.mailbox.take()) == 98
        await connection.close()

    with_server(scenario)


def test_text_and_binary_frames() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send("plain")
        await connection.send(b"\x00\x01")
        frames = await connection.wait_for_several(Match(), 2, 2)
        assert [(frame.content, frame.data) for frame in frames] == [("text", "plain"), ("binary", b"\x00\x01")]
        assert "sha256" in frames[1].facts
        await connection.close()

    with_server(scenario)


def test_a_missing_frame_shows_the_nearest_and_when_it_came() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send_json({"type": "other"})
        await connection.send_json({"type": "message", "payload": {"text": "Hullo"}})
        await connection.wait_for(Match.of("other"), 2)
        with pytest.raises(StackFailure) as caught:
            await connection.wait_for(Match.of("message", **{"payload.text": "Hello"}), 0.05)
        text = str(caught.value)
        assert "a frame with  type=message  payload.text=Hello  on connection 'tab1'" in text
        assert "+ type=message" in text
        assert "- payload.text is Hello, but was Hullo" in text
        assert text.index("Hullo") < text.index('"other"')
        await connection.close()

    with_server(scenario)


def test_a_frame_that_was_taken_is_named_in_the_failure() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.send_json({"type": "once"})
        await connection.wait_for(Match.of("once"), 2)
        with pytest.raises(StackFailure, match="Frame #2 matches, but an earlier wait took it"):
            await connection.wait_for(Match.of("once"), 0.02)
        await connection.close()

    with_server(scenario)


def test_a_wait_ends_at_once_when_the_connection_does() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        waiting = asyncio.create_task(connection.wait_for(Match.of("never"), 60))
        await connection.send("drop")
        with pytest.raises(StackFailure, match="1006, closed by nobody"):
            await waiting
        with pytest.raises(StackFailure, match="No frame can arrive on a closed connection"):
            await connection.wait_for(Match.of("never"), 60)

    with_server(scenario)


def test_an_interrupted_wait_gives_its_frames_back() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        waiting = asyncio.create_task(connection.wait_for_several(Match.of("a"), 2, 60))
        await connection.send_json({"type": "a"})
        await connection.send_json({"type": "b"})
        await connection.wait_for(Match.of("b"), 2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await connection.wait_for(Match.of("a"), 0)).data == {"type": "a"}
        await connection.close()

    with_server(scenario)


def test_silence() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        await connection.expect_silence(Match.of("error"), 0.02)
        await connection.send_json({"type": "error"})
        taking = asyncio.create_task(connection.wait_for(Match.of("error"), 2))
        with pytest.raises(StackFailure, match=r"#2, which arrived .* into the wait"):
            await connection.expect_silence(Match.of("error"), 2)
        await taking
        await connection.send_json({"type": "error"})
        await connection.send_json({"type": "other"})
        await connection.wait_for(Match.of("other"), 2)
        with pytest.raises(StackFailure, match="before the wait began"):
            await connection.expect_silence(Match.of("error"), 0)
        await connection.expect_silence(Match.of("error"), 0.02, only_new=True)
        await connection.close()
        with pytest.raises(InvalidRun, match="so that the absence of  type=other  means something"):
            await connection.expect_silence(Match.of("other"), 0.02)

    with_server(scenario)


def test_ping() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        assert 0 < await connection.ping(2) < 2
        await connection.close()
        with pytest.raises(StackFailure, match="open to ping"):
            await connection.ping(1)
        deaf = await Connection.open("deaf", Options(f"{url}/deaf"), record=None)
        with pytest.raises(StackFailure, match=r"a pong on connection 'deaf' within 0\.05 s"):
            await deaf.ping(0.05)
        await deaf.abort()

    with_server(scenario)


def test_sending_on_a_closed_connection_says_how_it_ended() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/close/4401"), record=None)
        closed = await connection.wait_closed(2)
        assert (closed.code, closed.reason, closed.by) == (4401, "as you wish", "server")
        with pytest.raises(StackFailure, match="4401 'as you wish', closed by the server"):
            await connection.send("too late")

    with_server(scenario)


def test_an_open_connection_is_not_closed() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=None)
        with pytest.raises(StackFailure, match=r"closed within 0\.02 s\nSeen: it is still open"):
            await connection.wait_closed(0.02)
        await connection.close()

    with_server(scenario)


@pytest.mark.parametrize("reset", [True, False])
def test_abort_sends_rst_or_fin_and_no_close_frame(reset: bool) -> None:
    async def main() -> None:
        upgraded, ended = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            from websockets.server import ServerProtocol

            protocol = ServerProtocol()
            while not upgraded.is_set():
                protocol.receive_data(await reader.read(4096))
                for event in protocol.events_received():
                    protocol.send_response(protocol.accept(event))  # type: ignore[arg-type]
                    upgraded.set()
                for data in protocol.data_to_send():
                    writer.write(data)
            try:
                ended.set_result(await reader.read(4096))
            except ConnectionResetError as error:
                ended.set_result(error)
            writer.close()

        async with asyncio.timeout(5), await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            connection = await Connection.open("tab1", Options(f"ws://127.0.0.1:{port}/"), record=None)
            closed = await connection.abort(reset=reset)
            assert (closed.code, closed.by) == (1006, "client")
            seen = await ended
            assert isinstance(seen, ConnectionResetError) if reset else seen == b""

    asyncio.run(main())


def test_closing_a_deaf_server_ends_in_time() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/deaf", compression=False), record=None)
        stuck = [asyncio.create_task(connection.send(b"x" * 4_000_000)) for _ in range(4)]
        closed = await connection.close(timeout=0.1)
        assert closed.code == 1006
        results = await asyncio.gather(*stuck, return_exceptions=True)
        assert any(isinstance(result, StackFailure) for result in results)

    with_server(scenario)


def test_a_message_above_the_limit_closes_with_1009() -> None:
    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo", max_size=1000), record=None)
        await connection.send("x" * 2000)
        closed = await connection.wait_closed(2)
        assert closed.by == "client"
        assert closed.code == 1009

    with_server(scenario)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "offer it as a subprotocol"), (403, "origin="), (404, "check the URL"), (302, "log of this moment")],
)
def test_a_refused_handshake_explains_its_status(status: int, remedy: str) -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        options = Options(f"{url}/status/{status}?token={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
        with pytest.raises(Refused) as caught:
            await Connection.open("tab1", options, record=recorded)
        text = str(caught.value)
        assert caught.value.status == status
        assert f"HTTP {status}" in text
        assert remedy in text
        assert TOKEN not in text
        assert TOKEN not in repr(options.headers and replace(options, url=url))
        assert "refused: " in caught.value.body

    with_server(scenario)
    assert [(kind, data["status"]) for kind, _, data in recorded.events] == [("refused", status)]
    assert TOKEN not in str(recorded.events)


def test_nothing_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(Refused, match=r"connection was refused.*\n.*start the service"):
            asyncio.run(Connection.open("tab1", Options(f"ws://127.0.0.1:{port}/"), record=None))


def test_something_listens_but_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        options = Options(f"ws://127.0.0.1:{mute.getsockname()[1]}/", open_timeout=0.05)
        with pytest.raises(Refused, match="no answer after 0"):
            asyncio.run(Connection.open("tab1", options, record=None))


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "nonsense", "ws://", f"http://127.0.0.1/?token={TOKEN}"])
def test_bad_urls_are_errors_of_the_caller(url: str) -> None:
    with pytest.raises(StackError, match="a WebSocket URL") as caught:
        asyncio.run(Connection.open("tab1", Options(url), record=None))
    assert TOKEN not in str(caught.value)


def test_credentials_are_in_no_record_log_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    recorded = Recorded()
    encoded = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    options: list[Options] = []

    async def scenario(url: str) -> None:
        options.append(
            Options(
                f"{url}/echo?access_token={TOKEN}",
                subprotocols=["jwt-auth", f"jwt.{encoded}"],
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
        )
        connection = await Connection.open("tab1", options[0], record=recorded)
        await connection.send_json({"type": "auth_refresh", "payload": {"token": "a-brand-new-one-99"}})
        await connection.send_json({"type": "echo", "text": f"you are {TOKEN}"})
        frames = await connection.wait_for_several(Match(), 2, 2)
        assert "a-brand-new-one-99" not in str(frames)
        assert frames[0].data["payload"]["token"] == "<hidden>"
        await connection.close(4000, TOKEN)

    # Only the client's loggers count: the server of this test logs like any other server.
    logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
    with caplog.at_level(logging.DEBUG):
        with_server(scenario)
    assert not [record for record in caplog.records if record.name.startswith(("websockets", "realstack"))]
    for place in (str(recorded.events), repr(options), caplog.text):
        assert TOKEN not in place
        assert encoded not in place


def test_request_headers_and_origin_arrive() -> None:
    async def scenario(url: str) -> None:
        options = Options(f"{url}/headers", origin="http://page.test", headers={"X-Extra": "yes"})
        connection = await Connection.open("tab1", options, record=None)
        frame = await connection.wait_for(Match.of("headers"), 2)
        assert frame.data["payload"]["Origin"] == "http://page.test"
        assert frame.data["payload"]["X-Extra"] == "yes"
        await connection.close()

    with_server(scenario)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", cert, "-subj", "/CN=chat.test", "-addext", "subjectAltName=DNS:chat.test"),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


def test_tls(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    import ssl

    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def main() -> None:
        async with asyncio.timeout(10), websocket_server(context) as (url, _):
            trusted = Tls(ca=cert, server_name="chat.test")
            connection = await Connection.open("tab1", Options(f"{url}/echo", tls=trusted), record=None)
            await connection.send("secure")
            await connection.wait_for(Match(), 2)
            assert (await connection.abort()).by == "client"
            unchecked = await Connection.open("tab2", Options(f"{url}/echo", tls=Tls(verify=False)), record=None)
            await unchecked.close()
            with pytest.raises(Refused, match="a certificate that is not trusted"):
                await Connection.open("tab3", Options(f"{url}/echo"), record=None)
            with pytest.raises(Refused, match=r"did not receive a valid HTTP response|dropped|reset"):
                await Connection.open("tab4", Options(url.replace("wss", "ws")), record=None)

    asyncio.run(main())
    with pytest.raises(StackError, match="readable PEM files"):
        asyncio.run(Connection.open("tab5", Options("wss://127.0.0.1:1/", tls=Tls(ca=tmp_path / "none.pem")), record=None))


def test_fifty_connections_at_once() -> None:
    async def scenario(url: str) -> None:
        connections = await asyncio.gather(
            *(Connection.open(f"user{number}", Options(f"{url}/echo"), record=None) for number in range(50))
        )

        async def chat(connection: Connection) -> None:
            for number in range(20):
                await connection.send_json({"type": "m", "n": number, "who": connection.alias})
                frame = await connection.wait_for(Match.of("m", n=number), 5)
                assert frame.data["who"] == connection.alias

        await asyncio.gather(*map(chat, connections))
        await asyncio.gather(*(connection.close() for connection in connections))

    with_server(scenario)


def test_a_fault_in_the_recorder_ends_the_connection_instead_of_hanging_its_waits() -> None:
    def broken(kind: str, source: str, data: Any = None, *, at: float | None = None) -> None:
        if kind == "frame-in":
            raise OSError("disk full")

    async def scenario(url: str) -> None:
        connection = await Connection.open("tab1", Options(f"{url}/echo"), record=broken)
        await connection.send_json({"type": "a"})
        with pytest.raises(StackFailure, match="disk full"):
            await connection.wait_for(Match.of("b"), 5)

    with_server(scenario)
