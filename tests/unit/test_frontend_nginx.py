"""The rendered nginx, for real: routes, failing over, what it says for services that are away, what it logs."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from support.frontend import FRONTEND, Frontend, Upstream, load_render, running
from support.servers import free_port
from support.waiting import until

FILE_MAX = 200_000


@pytest.fixture
def auth() -> Iterator[Upstream]:
    server = Upstream("auth")
    yield server
    server.close()


@pytest.fixture
def replicas() -> Iterator[list[Upstream]]:
    servers = [Upstream("backend-1"), Upstream("backend-2")]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def frontend(tmp_path: Path, auth: Upstream, replicas: list[Upstream]) -> Iterator[Frontend]:
    environment = {"AUTH_URL": auth.url, "BACKEND_URLS": ",".join(r.url for r in replicas), "FILE_MAX_BYTES": str(FILE_MAX)}
    with running(tmp_path / "run", environment) as server:
        yield server


@pytest.fixture
def client(frontend: Frontend) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=frontend.url, timeout=10, trust_env=False) as session:
        yield session


def test_page_is_served_at_its_addresses(client: httpx.Client) -> None:
    page = (FRONTEND / "www" / "index.html").read_text()
    for path in ("/", "/?error=state_expired", "/threads/5b0b7ad0-3b5e-4a44-8d6f-1f6f1c7a0001"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, page)
        assert answer.headers["cache-control"] == "no-store"
    script = client.get("/js/main.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "no-cache"
    assert client.get("/js/main.js", headers={"If-None-Match": script.headers["etag"]}).status_code == 304
    assert client.get("/js/none.js").status_code == 404
    assert client.get("/config.json").json()["file_max_bytes"] == FILE_MAX


def test_no_request_finds_a_connection_of_an_earlier_one(client: httpx.Client, auth: Upstream, replicas: list[Upstream]) -> None:
    """nginx keeps upstream connections from 1.29.7 on, unless it asks for their end."""
    client.get("/auth/me")
    client.get("/api/threads")
    asked = [seen for server in (auth, *replicas) for seen in server.seen]
    assert [seen.headers.get("Connection") for seen in asked] == ["close", "close"]


def test_health_is_its_own(client: httpx.Client, auth: Upstream, replicas: list[Upstream]) -> None:
    for server in (auth, *replicas):
        server.close()
    live = client.get("/health/live").json()
    assert (live["status"], live["service"]) == ("live", "frontend")
    assert live["version"].startswith("nginx/1.")
    assert client.get("/health/ready").json()["status"] == "ready"


@pytest.mark.parametrize("path", ["/", "/js/main.js", "/config.json", "/api/threads", "/auth/me", "/health/live", "/nothing"])
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["server"] == "nginx"


def test_services_get_their_routes_with_who_asked(client: httpx.Client, auth: Upstream, replicas: list[Upstream]) -> None:
    for path in ("/auth/callback/canaille?code=c&state=s", "/.well-known/jwks.json", "/auth/me"):
        assert client.get(path).json() == {"from": "auth", "path": path}
    assert client.get("/api/threads?x=1").json()["path"] == "/api/threads?x=1"
    headers = auth.seen[0].headers
    assert headers["Host"] == client.base_url.netloc.decode()
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","level":"error', False),
        ("SECRET", False),
        (None, False),
    ],
)
def test_a_request_goes_on_with_its_trace_or_begins_one(
    frontend: Frontend, client: httpx.Client, auth: Upstream, given: str | None, taken: bool
) -> None:
    client.get("/auth/me", headers={"traceparent": given} if given else {})
    passed = auth.seen[-1].headers["traceparent"]
    assert (passed == given) is taken
    found = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]", passed)
    assert found
    until(lambda: bool(frontend.access_log()), "a line in the access log")
    line = frontend.access_log()[-1]
    assert line["trace"] == found[1]
    assert taken or line["trace"] == line["request_id"]


def test_replicas_take_turns(client: httpx.Client, replicas: list[Upstream]) -> None:
    for _ in range(8):
        client.get("/api/threads")
    assert [len(replica.seen) for replica in replicas] == [4, 4]


def test_sockets_take_turns_of_their_own(client: httpx.Client) -> None:
    seen = []
    for _ in range(4):
        client.get("/api/threads")
        seen.append(client.get("/ws").json()["from"])
    assert seen == ["backend-1", "backend-2"] * 2


@pytest.mark.parametrize(
    "path",
    [
        "/internal/workspaces/1",
        "/api/../internal/x",
        "/api/%2e%2e/internal/x",
        "/api/..%2finternal/x",
        "//internal/x",
        "/auth/../internal",
    ],
)
def test_internal_routes_are_not_reachable(frontend: Frontend, auth: Upstream, replicas: list[Upstream], path: str) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        status = connection.makefile("rb").readline().split()[1]
    assert status == b"404"
    assert [*auth.seen, *replicas[0].seen, *replicas[1].seen] == []


def test_dead_replica_is_passed_over_even_for_what_must_not_be_repeated(client: httpx.Client, replicas: list[Upstream]) -> None:
    replicas[0].close()
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for _ in range(3):
            answer = client.request(method, "/api/plan", content=b"{}")
            assert (answer.status_code, answer.json()["from"]) == (200, "backend-2")
    assert len(replicas[1].seen) == 12


def test_restarted_replica_is_back_by_itself(client: httpx.Client, replicas: list[Upstream]) -> None:
    port = replicas[0].port
    replicas[0].close()
    assert {client.get("/api/plan").json()["from"] for _ in range(4)} == {"backend-2"}
    replicas[0] = Upstream("backend-1", port)
    until(lambda: client.get("/api/plan").json()["from"] == "backend-1", what="an answer of the restarted replica")


def test_replica_that_was_left_out_is_asked_where_the_others_are_gone(client: httpx.Client, replicas: list[Upstream]) -> None:
    """As in a rolling restart: the second one stops as soon as the first is back."""
    port = replicas[0].port
    replicas[0].close()
    assert {client.get("/api/plan").json()["from"] for _ in range(2)} == {"backend-2"}
    replicas[0] = Upstream("backend-1", port)
    replicas[1].close()
    answers = [client.request(method, "/api/plan", content=b"{}") for method in ("GET", "POST") for _ in range(3)]
    assert [(answer.status_code, answer.json().get("from")) for answer in answers] == [(200, "backend-1")] * 6


def test_silent_replica_is_given_up_for_the_other_one_and_then_left_out(client: httpx.Client, replicas: list[Upstream]) -> None:
    replicas[0].hold.clear()
    assert {client.get("/api/plan").json()["from"] for _ in range(4)} == {"backend-2"}
    assert len(replicas[0].seen) == 1, "the silent one is left out of the round after the first"


def test_change_that_may_have_happened_is_not_repeated(client: httpx.Client, replicas: list[Upstream]) -> None:
    for replica in replicas:
        replica.hold.clear()
    answer = client.post("/api/plan", content=b"{}")
    assert (answer.status_code, answer.json()["error"]) == (503, "backend_unavailable")
    assert sum(len(replica.seen) for replica in replicas) == 1


def test_service_that_is_away_is_said_in_json(client: httpx.Client, auth: Upstream, replicas: list[Upstream]) -> None:
    for server in (auth, *replicas):
        server.close()
    for path, code in (("/api/threads", "backend_unavailable"), ("/ws", "backend_unavailable"), ("/auth/me", "auth_unavailable")):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (503, code)
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"].startswith("application/json")
        assert "content-security-policy" in answer.headers


def test_auth_answers_at_once_when_it_is_back(client: httpx.Client, auth: Upstream) -> None:
    port = auth.port
    auth.close()
    assert [client.get("/auth/me").status_code for _ in range(5)] == [503] * 5
    again = Upstream("auth", port)
    assert client.get("/auth/me").status_code == 200
    again.close()


def test_upload_streams_to_the_backend(frontend: Frontend, replicas: list[Upstream]) -> None:
    with socket.create_connection(("127.0.0.1", frontend.port), 5) as connection:
        connection.sendall(b"POST /api/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000)
        early = replicas[0].first_bytes.wait(5)
        connection.sendall(b"x" * 50000)
        status = connection.makefile("rb").readline()
    assert b"200" in status
    assert early, "the backend sees bytes before the client has sent all"
    assert sum(len(request.body) for replica in replicas for request in replica.seen) == 100000
    assert list((frontend.folder / "temp" / "body").iterdir()) == []


def test_upload_that_is_far_too_large_is_refused_as_the_backend_would(client: httpx.Client, replicas: list[Upstream]) -> None:
    assert client.post("/api/files", content=b"x" * (FILE_MAX + 60_000)).status_code == 200
    answer = client.post("/api/files", content=b"x" * (FILE_MAX + 70_000))
    assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")


def test_websocket_passes_both_ways_with_its_subprotocol(tmp_path: Path, auth: Upstream) -> None:
    async def talk() -> None:
        async with serve(echo, "127.0.0.1", 0, select_subprotocol=lambda *_: Subprotocol("jwt-auth")) as server:
            port = server.sockets[0].getsockname()[1]
            with running(tmp_path / "run", {"AUTH_URL": auth.url, "BACKEND_URLS": f"http://127.0.0.1:{port}"}) as frontend:
                offered = [Subprotocol("jwt-auth"), Subprotocol("jwt.eyJh")]
                address = frontend.url.replace("http", "ws") + "/ws"
                async with connect(address, subprotocols=offered, origin=Origin(frontend.url), proxy=None) as socket:
                    assert socket.subprotocol == "jwt-auth"
                    heard = json.loads(await socket.recv())
                    assert heard == {
                        "host": frontend.url.removeprefix("http://"),
                        "origin": frontend.url,
                        "offered": "jwt-auth, jwt.eyJh",
                    }
                    await socket.send("x" * 60_000)
                    assert await socket.recv() == "x" * 60_000
                    await socket.close(4401)
                    await asyncio.wait_for(gone.wait(), 5)

    codes: list[int | None] = []
    gone = asyncio.Event()

    async def echo(socket: ServerConnection) -> None:
        assert socket.request is not None
        headers = socket.request.headers
        told = {"host": headers["Host"], "origin": headers["Origin"], "offered": headers["Sec-WebSocket-Protocol"]}
        await socket.send(json.dumps(told))
        try:
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed:
            codes.append(socket.close_code)
            gone.set()

    asyncio.run(talk())
    assert codes == [4401], "the close code passes as well"


def test_everybody_is_let_in_at_once_after_an_outage(tmp_path: Path, auth: Upstream) -> None:
    ports = [free_port(), free_port()]
    backends = ",".join(f"http://127.0.0.1:{port}" for port in ports)

    async def stay(socket: ServerConnection) -> None:
        await socket.send("welcome")
        await socket.wait_closed()

    async def come_back(frontend: Frontend) -> None:
        async with httpx.AsyncClient(base_url=frontend.url, timeout=10, trust_env=False) as asking:
            assert [(await asking.get("/ws")).status_code for _ in range(3)] == [503] * 3
        async with serve(stay, "127.0.0.1", ports[0]), serve(stay, "127.0.0.1", ports[1]):
            address = frontend.url.replace("http", "ws") + "/ws"
            sockets = await asyncio.gather(*(connect(address, proxy=None) for _ in range(12)))
            assert [await socket.recv() for socket in sockets] == ["welcome"] * 12
            await asyncio.gather(*(socket.close() for socket in sockets))

    with running(tmp_path / "run", {"AUTH_URL": auth.url, "BACKEND_URLS": backends}) as frontend:
        asyncio.run(come_back(frontend))


def test_nothing_secret_is_logged(frontend: Frontend, client: httpx.Client, auth: Upstream) -> None:
    client.get(
        "/auth/callback/canaille?code=SECRET-1&state=SECRET-2",
        headers={"Authorization": "Bearer SECRET-3", "Cookie": "a=SECRET-4"},
    )
    client.get("/ws", headers={"Sec-WebSocket-Protocol": "jwt-auth, jwt.SECRET-5"})
    auth.close()
    client.get("/auth/callback/canaille?code=SECRET-6", headers={"Referer": "http://x/?code=SECRET-7"})
    client.get("/nothing?SECRET-8")
    os.kill(frontend.process.pid, signal.SIGQUIT)
    frontend.process.wait(5)
    logs = (frontend.folder / "access.log").read_text() + (frontend.folder / "error.log").read_text()
    assert "SECRET" not in logs
    lines = frontend.access_log()
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/auth/callback/canaille", 200),
        ("/ws", 200),
        ("/auth/callback/canaille", 503),
        ("/nothing", 404),
    ]
    assert {line["service"] for line in lines} == {"frontend"}
    assert lines[0]["ts"].endswith("+00:00")
    assert lines[2]["level"] == "error"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGQUIT])
def test_it_stops_with_status_0_whatever_is_under_way(frontend: Frontend, replicas: list[Upstream], stop: signal.Signals) -> None:
    for replica in replicas:
        replica.hold.clear()
    with socket.create_connection(("127.0.0.1", frontend.port), 5) as open_connection:
        open_connection.sendall(b"GET /api/files HTTP/1.1\r\nHost: x\r\n\r\n")
        assert replicas[0].arrived.wait(5)
        os.kill(frontend.process.pid, stop)
        # Long before the minute that an answer may take there.
        assert frontend.process.wait(20) == 0
    # A stop is over within three seconds.
    assert "worker_shutdown_timeout 2s;" in (frontend.folder / "nginx.conf").read_text()
    assert not (frontend.folder / "nginx.pid").exists()


def test_rendering_again_and_a_reload_change_what_the_page_reads(
    tmp_path: Path, frontend: Frontend, client: httpx.Client, auth: Upstream, replicas: list[Upstream]
) -> None:
    environment = {"PORT": str(frontend.port), "AUTH_URL": auth.url, "BACKEND_URLS": replicas[0].url, "HEARTBEAT_SECONDS": "0.7"}
    load_render().render(environment, frontend.folder)
    assert client.get("/config.json").json()["heartbeat_seconds"] == 0.7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else; anybody else is the case itself")
def test_an_ordinary_user_can_run_it(tmp_path: Path) -> None:

    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="frontend-user.") as name:
        sources = Path(name) / "frontend"
        shutil.copytree(FRONTEND, sources)
        for path in (Path(name), *Path(name).rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "AUTH_URL": "http://127.0.0.1:1",
            "BACKEND_URLS": "http://127.0.0.1:2",
        }
        logs = {"ACCESS_LOG": f"{name}/access.log", "ERROR_LOG": f"{name}/error.log"}
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        assert python is not None
        command = [python, str(sources / "render.py"), "--folder", f"{name}/run", "--start"]
        process = subprocess.Popen(command, env=environment | logs, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=20), trust_env=False) as client:
                assert client.get(f"http://127.0.0.1:{port}/").status_code == 200
        finally:
            process.terminate()
            assert process.wait(5) == 0
