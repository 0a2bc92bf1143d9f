"""Serving on the loopback address from a thread, for checks that talk to a real socket."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

START_SECONDS = 10.0
LOOK_FOR_END = 0.01


def serve(server: socketserver.BaseServer) -> None:
    """Let a server of the standard library serve until it is shut down, which it notices at once, not after half a second."""
    threading.Thread(target=server.serve_forever, args=(LOOK_FOR_END,), daemon=True).start()


@contextmanager
def served(app: ASGIApp, host: str = "127.0.0.1", **options: Any) -> Iterator[str]:
    """Serve the app on a free port, with further `options` of uvicorn's, such as those for TLS; gives its origin."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, **options)
        )
        # Signals belong to the main thread.
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if time.monotonic() > deadline:
                raise RuntimeError("the loopback server did not start")
            time.sleep(0.01)
        try:
            yield f"{'https' if server.config.is_ssl else 'http'}://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)
