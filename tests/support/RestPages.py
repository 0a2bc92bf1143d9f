"""A small REST service that tells what it was sent, and misbehaves where it is asked to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from robot.api.deco import keyword, library

PDF = b"%PDF-1.7 " + bytes(range(256)) * 40


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RestServer

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/token":
            self._answer(200, {"access_token": query["is"][0], "name": "Ann", "note": f"yours is {query['is'][0]}"})
        elif path == "/pdf":
            self._answer(200, PDF, kind="application/pdf")
        elif path == "/moved":
            self._answer(302, b"", Location="/echo?code=" + query.get("code", ["none"])[0])
        elif path == "/announced":
            for line in ("102 Processing", "103 Early Hints\r\nLink: </a.css>; rel=preload", "100 Continue"):
                self.wfile.write(f"HTTP/1.1 {line}\r\n\r\n".encode())
            self._echo(200)
        elif path == "/moved-to-no-url":
            self._answer(302, b"", Location="http://[nowhere")
        elif path == "/cookie":
            self._answer(200, {}, **{"Set-Cookie": f"session={query['is'][0]}; Path=/; HttpOnly"})
        elif path == "/silent":
            self.server.ended.wait(20)
        elif path == "/drips":
            self._drip()
        else:
            self._echo(200 if path == "/echo" else 404)

    def do_POST(self) -> None:
        self._echo(201)

    def _echo(self, status: int) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        facts = {"path": self.path, "headers": headers, "size": len(body), "body": body.decode("latin-1")[:2000]}
        self._answer(status, {**facts, "client_port": self.client_address[1]})

    def _answer(self, status: int, content: Any, kind: str = "application/json", **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        """A byte now and then, so that each wait of the client is a short one."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.server.ended.wait(0.05):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


class RestServer(ThreadingHTTPServer):
    """Runs the service on a free port until it is closed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Service)
        self.ended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it, and what it still does."""
        self.ended.set()
        self.shutdown()
        self.server_close()


@library(scope="SUITE", auto_keywords=False)
class RestPages:
    """Runs the service for a suite."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._server: RestServer | None = None

    @keyword
    def get_rest_pages_url(self) -> str:
        """The origin of the service; starts it at first use."""
        if self._server is None:
            self._server = RestServer()
        return self._server.url

    def end_suite(self, data: object, result: object) -> None:
        """End the service."""
        if self._server is not None:
            self._server.close()
            self._server = None
