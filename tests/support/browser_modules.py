"""Run JavaScript module tests in headless Chromium: the real IndexedDB, locks and channels between tabs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

from realstack.core import programs
from realstack.platform.checks import BROWSER_PACKAGE
from support.loopback import serve

PATIENCE = 60.0
"""Seconds that all test files together may take; they need about three."""


@dataclass(frozen=True)
class Outcome:
    """What became of one JavaScript test; `error` holds its stack and is None when it passed."""

    name: str
    error: str | None


def run_modules(files: list[str], roots: Mapping[str, Path]) -> dict[str, list[Outcome]]:
    """Load test files in a page of a fresh browser profile and collect what they report.

    Args:
        files: Names in the folder that is served as `/tests/`.
        roots: URL prefix (such as `/tests/`) → folder; the longest that fits is used.

    Returns:
        The outcomes of each file; a file that could not be imported has one that says why.

    Raises:
        RuntimeError: Chromium is not installed, or reported nothing in time.
    """
    chromium = programs.find(programs.CHROMIUMS)
    if chromium is None:
        raise RuntimeError(f"Chromium is not installed: on Debian, apt-get install {BROWSER_PACKAGE}")
    results: dict[str, list[Outcome]] = {}
    done = threading.Event()

    def take(name: str, body: bytes) -> None:
        results[name] = [Outcome(item["name"], item["error"]) for item in json.loads(body)]
        if len(results) == len(files):
            done.set()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, roots, take))
    serve(server)
    query = urlencode([("file", name) for name in files])
    with tempfile.TemporaryDirectory(prefix="browser-modules.", ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/page?{query}"
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
        browser = subprocess.Popen([*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            finished = done.wait(PATIENCE)
        finally:
            # The command may be a shell that waits for the browser.
            os.killpg(browser.pid, signal.SIGTERM)
            _, noise = browser.communicate(timeout=10)
            server.shutdown()
            server.server_close()
    if not finished:
        missing = sorted(set(files) - results.keys())
        raise RuntimeError(f"Chromium reported nothing of {missing} within {PATIENCE:g} s. It said:\n{noise.decode()[-2000:]}")
    return results


class _Handler(SimpleHTTPRequestHandler):
    """Serves the module folders and takes results."""

    def __init__(self, roots: Mapping[str, Path], take, *args: object, **kwargs: object) -> None:  # type: ignore[no-untyped-def]
        self.roots = roots
        self.take = take
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0]
        for prefix, folder in sorted(self.roots.items(), key=lambda item: -len(item[0])):
            target = (folder / path.removeprefix(prefix)).resolve()
            if path.startswith(prefix) and target.is_relative_to(folder.resolve()):
                return str(target)
        return "/nonexistent"

    def do_GET(self) -> None:
        if self.path.startswith("/page?"):
            body = b'<!doctype html><body><script type="module" src="/tests/page.js"></script>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.take(self.path.removeprefix("/results/"), body)

    def log_message(self, *args: object) -> None:
        """Say nothing: the outcomes say it."""
