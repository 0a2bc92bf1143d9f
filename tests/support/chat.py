"""Backend replicas and agents as real processes beside scratch stores, and what a client needs to talk to them.

Tokens are signed with a key of the test's own, which a small HTTP server publishes as a JWK set.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

import asyncpg
from joserfc import jwt
from joserfc.jwk import ECKey
from websockets.asyncio.client import ClientConnection, connect

from support import servers
from support.logs import whole_lines
from support.loopback import serve

DOCKER = Path(__file__).resolve().parents[2] / "docker"
ORIGIN = "http://chat.test"
INTERNAL_TOKEN = "internal-token-of-the-tests"
START_SECONDS = 20.0


class Issuer:
    """Signs access tokens and publishes the key."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "key-1"})
        self.available = True
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"keys": [issuer.key.as_dict(private=False)]}).encode()
                self.send_response(200 if issuer.available else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        serve(self.server)

    @property
    def url(self) -> str:
        """Where the JWK set is."""
        return f"http://127.0.0.1:{self.server.server_port}/.well-known/jwks.json"

    def token(self, user: User, seconds: float = 300, **changes: Any) -> str:
        """An access token, good for at least so many seconds: its expiry is a whole second."""
        now = time.time()
        person = {"sub": user.id, "sid": user.session, "email": f"{user.id[:8]}@example.org", "name": "User", "picture": ""}
        times = {"iat": int(now), "exp": math.ceil(now + seconds)}
        claims = {"iss": ORIGIN, "aud": "chat", **person, **times, "jti": str(uuid.uuid4())}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims | changes, self.key)


@dataclass(frozen=True)
class User:
    """Somebody with one session."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Service:
    """One process of the platform."""

    name: str
    package: Literal["chat_backend", "chat_agent"]
    port: int
    environment: dict[str, str]
    log_path: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it is ready."""
        folder = DOCKER / self.package.removeprefix("chat_")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{DOCKER / 'common'}:{folder}", **self.environment}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", self.package], env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not get ready. Its log ends with:\n{self.log_path.read_text()[-3000:]}")
            time.sleep(0.02)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=2) as answer:  # noqa: S310 - own loopback server
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(5)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of an event."""
        lines = (json.loads(line) for line in whole_lines(self.log_path) if line.startswith("{"))
        return [line for line in lines if line["event"] == name]

    def wait_for_event(self, name: str, timeout: float = 10.0, **fields: Any) -> dict[str, Any]:
        """Wait for a log line of an event with these fields."""
        deadline = time.monotonic() + timeout
        while True:
            for line in self.events(name):
                if all(line.get(field) == value for field, value in fields.items()):
                    return line
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} logged no {name} with {fields} within {timeout:g} s")
            time.sleep(0.02)


class Chat:
    """Two replicas and some agents."""

    def __init__(self, postgres: servers.Postgres, redis: servers.Redis, clickhouse_url: str, folder: Path) -> None:
        self.postgres = postgres
        self.redis = redis
        self.issuer = Issuer()
        self.folder = folder
        self.files = folder / "files"
        self._environment = {
            "PUBLIC_URL": ORIGIN,
            "BACKEND_DATABASE_URL": postgres.dsn,
            "REDIS_URL": redis.url,
            "CLICKHOUSE_URL": clickhouse_url,
            "INTERNAL_TOKEN": INTERNAL_TOKEN,
            "AUTH_JWKS_URL": self.issuer.url,
            "FILES_DIR": str(self.files),
            "FILE_MAX_BYTES": "6000000",
            "FILE_MAX_PAGES": "50",
            "LIMIT_WINDOW": "60",
            "AUTH_EXPIRY_NOTICE": "1",
            "AUTH_EXPIRY_GRACE": "3",
            "AGENT_TAKEOVER_SECONDS": "1",
        }
        self.replicas: list[Service] = []
        self.agents: list[Service] = []

    def service(self, name: str, package: Literal["chat_backend", "chat_agent"], **settings: str) -> Service:
        """Make a service without starting it."""
        port = servers.free_port()
        environment = {**self._environment, "SERVICE_NAME": name, "PORT": str(port), **settings}
        return Service(name, package, port, environment, self.folder / f"{name}.log")

    def start(self, replicas: int = 2, agents: int = 1, **settings: str) -> Self:
        """Start services."""
        self.replicas = [self.service(f"backend-{number}", "chat_backend", **settings) for number in range(1, replicas + 1)]
        self.agents = [self.service(f"agent-{number}", "chat_agent", **settings) for number in range(1, agents + 1)]
        for service in self.replicas + self.agents:
            service.start()
        return self

    def stop(self) -> None:
        """End everything."""
        for service in self.replicas + self.agents:
            if service.process is not None:
                service.end(signal.SIGKILL)
        self.issuer.server.shutdown()
        self.issuer.server.server_close()

    async def tab(self, user: User, replica: int = 0, *, token: str | None = None, **options: Any) -> Tab:
        """Open a tab and read its greeting."""
        tab = Tab(await self.socket(token or self.issuer.token(user), replica, **options))
        tab.greeting = await tab.next("connection_established")
        return tab

    async def socket(self, token: str, replica: int = 0, **options: Any) -> ClientConnection:
        """Open a WebSocket."""
        protocols: Any = ["jwt-auth", "jwt." + urlsafe_b64encode(token.encode()).decode().rstrip("=")]
        url = f"ws://127.0.0.1:{self.replicas[replica].port}/ws"
        settings = {"subprotocols": protocols, "ping_interval": None, "compression": None, "max_queue": None, "proxy": None}
        return await connect(url, **(settings | options))

    async def paid(self, user: User) -> User:
        """Put a user on the paid plan."""
        connection = await asyncpg.connect(self.postgres.dsn)
        try:
            await connection.execute("INSERT INTO plans (user_id, plan) VALUES ($1, 'paid') ON CONFLICT DO NOTHING", user.id)
        finally:
            await connection.close()
        return user


class Tab:
    """One WebSocket of a user, with all frames that it got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.greeting: dict[str, Any] = {}
        self._messages: list[dict[str, Any]] = []

    async def send(self, kind: str, payload: dict[str, Any] | None = None, **envelope: Any) -> None:
        """Send a frame."""
        frame = {"type": kind, "payload": payload or {}, "timestamp": "2026-01-01T00:00:00.000Z", **envelope}
        await self.socket.send(json.dumps(frame))

    async def say(self, thread_id: str, text: str, message_id: str | None = None) -> str:
        """Send a message; returns its id."""
        message_id = message_id or str(uuid.uuid4())
        await self.send("user_message", {"text": text}, message_id=message_id, thread_id=thread_id)
        return message_id

    async def receive(self, timeout: float = 5.0) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(timeout):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
        self.frames.append(frame)
        if frame["type"] == "message":
            self._messages.append(frame["payload"])
        return frame

    async def next(self, *kinds: str, timeout: float = 5.0, **payload: Any) -> dict[str, Any]:
        """The next frame of one of these types whose payload has these values; others are kept in `frames`."""
        while True:
            frame = await self.receive(timeout)
            if frame["type"] in kinds and all(frame["payload"].get(name) == value for name, value in payload.items()):
                return frame

    async def until_messages(self, count: int, timeout: float = 10.0) -> list[dict[str, Any]]:
        """Read until so many messages have come; returns all of them."""
        while len(self._messages) < count:
            await self.receive(timeout)
        return self._messages

    def messages(self, role: str = "") -> list[dict[str, Any]]:
        """Messages that came, in their order."""
        return [message for message in self._messages if not role or message["role"] == role]

    async def close(self) -> None:
        """Close it."""
        await self.socket.close()


@contextmanager
def chat(postgres: servers.Postgres, redis: servers.Redis, clickhouse_url: str, folder: Path, **settings: Any) -> Iterator[Chat]:
    """Run replicas and agents; `replicas`, `agents` and environment variables are given by name."""
    with ExitStack() as stack:
        platform = Chat(postgres, redis, clickhouse_url, folder)
        stack.callback(platform.stop)
        platform.start(**settings)
        yield platform
