"""Serving an ASGI app with uvicorn: uvloop, httptools, JSON access log and a stop that ends within three seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from chat_common.answers import answer
from chat_common.logs import Log, configure_logs
from chat_common.memory import end_loading
from chat_common.trace import follow

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from chat_common.settings import ServiceSettings

log = Log("serve")

# Requests in flight get this long; the rest of the three seconds belongs to the app's own shutdown.
FINISH_REQUESTS_SECONDS = 2
STOP_SECONDS = 2.8
# So long what is left of a request is read that was answered before its end.
LINGERING_SECONDS = 2.0


class AccessLog:
    """ASGI middleware that logs each request's method, path without query, status and milliseconds, and begins its trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            follow(scope["headers"])
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await answer(self._app, scope, receive, send, partial(_log, scope))


class LingeringClose:
    """ASGI middleware that reads a request to its end when it was answered before, as refusals of uploads are.

    A connection that is closed with something unread is reset, and then whoever is still sending, such as the proxy, may lose
    the answer that is on its way. The answer itself waits for nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        request_is_read = answer_is_sent = False

        async def hear() -> Message:
            nonlocal request_is_read
            message = await receive()
            request_is_read = not message.get("more_body", False)
            return message

        async def say(message: Message) -> None:
            nonlocal answer_is_sent
            ends = message["type"] == "http.response.body" and not message.get("more_body", False)
            answer_is_sent = ends and not request_is_read
            await send({**message, "more_body": True} if answer_is_sent else message)

        await self._app(scope, hear, say)
        if answer_is_sent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGERING_SECONDS):
                    while not request_is_read:
                        await hear()
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _log(scope: Scope, status: int, seconds: float) -> None:
    path = scope["path"]
    write = log.debug if path.startswith("/health/") else log.info
    write("request", method=scope["method"], path=path, status=status, ms=round(seconds * 1000, 1))


class _Server(uvicorn.Server):
    """Server that is over within `STOP_SECONDS` after the first signal, whatever a handler is stuck in."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            log.info("stopping", signal=signal.Signals(sig).name)
            guard = threading.Timer(STOP_SECONDS, _force_exit)
            guard.daemon = True
            guard.start()
        super().handle_exit(sig, frame)


def _force_exit() -> None:
    log.error("stop_forced", after_seconds=STOP_SECONDS)
    sys.stdout.flush()
    os._exit(1)


def _exit_now(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def serve(app: ASGIApp, settings: ServiceSettings, **options: Any) -> None:
    """Serve until SIGTERM or SIGINT, then return; WebSockets that are open then are closed with 1012.

    Args:
        app: The ASGI app; its lifespan's startup must not wait for a store, and its shutdown should take under 0.5 s.
        settings: Name, address and log level.
        options: Further settings of `uvicorn.Config`, such as `ws_max_size`.
    """
    # uvicorn hands a signal on to the handler that it found, once it is done. This one makes that a clean exit,
    # and is also what a signal during the imports and the start meets.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _exit_now)
    config = uvicorn.Config(
        LingeringClose(AccessLog(app)),
        host=settings.host,
        port=settings.port,
        **{
            "loop": "uvloop",
            "http": "httptools",
            "lifespan": "on",
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "timeout_keep_alive": 65,
            "timeout_graceful_shutdown": FINISH_REQUESTS_SECONDS,
            "backlog": 1024,
            **options,
        },
    )
    end_loading()
    with _listen(settings) as listener:
        log.info("listening", host=settings.host, port=settings.port, pid=os.getpid())
        try:
            _Server(config).run(sockets=[listener])
        finally:
            log.info("stopped")


def _listen(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A restarted service takes its port back while old connections linger in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        log.warning("port_unavailable", host=settings.host, port=settings.port, reason=error.strerror)
        raise SystemExit(f"{settings.name} can't listen on {settings.host}:{settings.port}: {error.strerror}") from error
    return listener


def start_service(settings: ServiceSettings) -> None:
    """Set up the logs; the first thing that a service's `main` does after reading its settings."""
    configure_logs(settings.name, settings.log_level)
