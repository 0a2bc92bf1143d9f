"""The frontend's nginx in front of upstreams that answer as a test wants."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import threading
import time
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.logs import whole_lines
from support.loopback import serve
from support.servers import free_port

FRONTEND = Path(__file__).parents[2] / "docker" / "frontend"


def load_render() -> types.ModuleType:
    """`docker/frontend/render.py` as a module; it is no package, because nginx is what runs."""
    spec = importlib.util.spec_from_file_location("frontend_render", FRONTEND / "render.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Seen:
    """A request that reached an upstream."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Upstream:
    """An HTTP server on loopback that remembers what it was asked and answers its own name.

    Args:
        name: What it answers, so that a test sees who did.
        port: Where it listens; 0 picks one, which nobody else is given either when it has closed.
    """

    def __init__(self, name: str, port: int = 0) -> None:
        self.name = name
        self.seen: list[Seen] = []
        self.hold = threading.Event()
        """While cleared, answers wait."""
        self.hold.set()
        self.arrived = threading.Event()
        self.first_bytes = threading.Event()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                upstream.arrived.set()
                left, body = int(self.headers.get("Content-Length", 0)), b""
                while left:
                    piece = self.rfile.read1(min(left, 65536))
                    if not piece:
                        return
                    upstream.first_bytes.set()
                    body, left = body + piece, left - len(piece)
                upstream.seen.append(Seen(self.command, self.path, dict(self.headers), body))
                if not upstream.hold.wait(30):
                    return
                text = json.dumps({"from": upstream.name, "path": self.path}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - names of http.server

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port or free_port()), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        serve(self._server)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening; connections are refused from now on."""
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Frontend:
    """A running nginx.

    Attributes:
        url: Its origin.
        folder: Its run folder.
        process: The nginx master.
    """

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def access_log(self) -> list[dict[str, Any]]:
        """All lines of the access log, parsed; every one of them must be JSON."""
        return [json.loads(line) for line in whole_lines(self.folder / "access.log")]


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Frontend]:
    """Render, start nginx, wait until it listens, and end it in any case."""
    port = free_port()
    logs = {"ACCESS_LOG": str(folder / "access.log"), "ERROR_LOG": str(folder / "error.log")}
    folder.mkdir(parents=True, exist_ok=True)
    command = load_render().render({"PORT": str(port), **logs, **environment}, folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield Frontend(f"http://127.0.0.1:{port}", folder, process)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=5)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    _, said = process.communicate(timeout=1) if process.poll() is not None else (b"", b"still starting")
    raise RuntimeError(f"nginx does not listen on {port}: {said.decode()}")
