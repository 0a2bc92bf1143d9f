"""Pages that show the cookies that came with their request, for the acceptance suites of browsers."""

from __future__ import annotations

import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from robot.api.deco import keyword, library

CONVERSATION = b"""<!doctype html><html lang=en><title>Chat</title>
<ol role=log><li class=mine data-id=m-1>What is 2 + 2?</li><li hidden data-id="">4</li></ol>
<p id=limit>That was all. <b>Again in 1 min 3 s.</b></p>"""

STRICT = b"""<img src="data:,"><script>
Promise.reject(new Error('kept'));
onload = () => {
  setTimeout(() => missing.word);
  setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<li>Later</li>'));
};
</script>"""

CLOSED = b"""<!doctype html><button><svg></svg></button><button aria-label=Menu aria-controls=menu></button>
<nav style="position: fixed; right: 100%"><a href=/>Home</a></nav><img src="data:,"><label for=nothing>Name</label>
<p role=status>Again in <b id=left>3 s</b>, <b role=timer class=left>3 s</b></p><p id=news>Nothing new</p>
<p data-done aria-busy=true>4</p>"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        names = [pair.partition("=")[0].strip() for pair in (self.headers.get("Cookie") or "").split(";") if pair.strip()]
        body = (
            f"<p id=sent>{escape(' '.join(sorted(names)) or 'none')}</p><p id=script></p>"
            "<script>document.querySelector('#script').textContent ="
            " document.cookie.split(';').map(pair => pair.split('=')[0].trim()).filter(Boolean).join(' ') || 'none'</script>"
        ).encode()
        if self.path == "/conversation":
            body = CONVERSATION
        if self.path == "/strict":
            body = STRICT
        if self.path == "/closed":
            body = CLOSED
        self.send_response(200)
        if self.path == "/strict":
            self.send_header("Content-Security-Policy", "img-src 'none'")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


@library(scope="SUITE", auto_keywords=False)
class CookiePages:
    """Answers every path with the names of the cookies that were sent (``#sent``) and that scripts see (``#script``).

    At ``/conversation`` there are two messages and a notice; at ``/strict`` what its own policy keeps out, scripts that fail, and
    then a message; ``/closed`` keeps people out. Takes whatever is posted.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._server: ThreadingHTTPServer | None = None

    @keyword
    def cookie_pages_url(self) -> str:
        """The origin of the pages; starts their server at first use."""
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def end_suite(self, data: object, result: object) -> None:
        """End the server."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
