"""Opening connections to a real server: refusals, TLS, many at once, and credentials that stay unseen."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realstack.core.errors import StackError
from realstack.websocket import Connection, Masker, Match, Options, Refused, Tls
from realstack.websocket.handshake import refusal
from realstack.websocket.keywords.closing import Closing
from realstack.websocket.keywords.connections import Connections
from realstack.websocket.options import Transport
from support.websocket_scene import Recorded, with_server
from support.websocket_server import websocket_server

TOKEN = "a-credential-that-nobody-may-see-" + "x7" * 12


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "offer it as a subprotocol"), (403, "origin="), (404, "check the URL"), (302, "A redirect is not followed")],
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


@pytest.mark.parametrize("url", ["wss://127.0.0.1:{}/", "https://127.0.0.1:{}/"])
def test_a_server_that_wants_a_client_s_certificate_is_told(certificate: tuple[Path, Path], url: str) -> None:
    import ssl

    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cert)

    def refuse(listener: socket.socket) -> None:
        secured = context.wrap_socket(listener.accept()[0], server_side=True, do_handshake_on_connect=False)
        with pytest.raises(ssl.SSLError):
            secured.do_handshake()
        with socket.socket(fileno=secured.detach()) as tcp:  # what is left unread would reset the connection
            tcp.shutdown(socket.SHUT_WR)
            while tcp.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse, args=(listener,))
        server.start()
        transport: Transport = "sse" if url.startswith("https") else "websocket"
        options = Options(url.format(listener.getsockname()[1]), tls=Tls(verify=False), transport=transport)
        with pytest.raises(Refused, match=r"TLS failed: .*CERTIFICATE_REQUIRED") as error:
            asyncio.run(Connection.open("tab1", options, record=None))
        server.join(5)
    assert "certificate=" in error.value.remedy


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


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ledger_size": 0}, "a ledger_size= of at least one message"),
        ({"ledger_size": -1}, "a ledger_size= of at least one message"),
        ({"origin": "http://a.test\r\nX: 1"}, "an origin, for origin="),
        ({"origin": "\u0416"}, "an origin, for origin="),
    ],
)
def test_options_that_no_opening_can_have_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(StackError, match=told):
        Options("ws://127.0.0.1:1/", **options)


@pytest.mark.parametrize(("url", "remedy"), [("wss://a.test/", "speaks TLS"), ("ws://a.test/", "look at its log")])
def test_reset_is_told_with_what_it_may_be(url: str, remedy: str) -> None:
    told = str(refusal(ConnectionResetError(), url, 0.1, Masker()))
    assert "Seen: the connection was reset after 0.100 s" in told
    assert remedy in told


def test_reason_that_is_no_text_is_told() -> None:
    with pytest.raises(StackError, match="half a surrogate pair"):
        Closing(Connections(Masker())).close_connection(4000, "half \ud83d")
