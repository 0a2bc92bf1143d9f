"""A real WebSocket server on loopback whose behaviour is chosen by the path."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol


def _select(connection: ServerConnection, offered: list[Subprotocol] | object) -> Subprotocol | None:
    return Subprotocol("jwt-auth") if "jwt-auth" in list(offered) else None  # type: ignore[call-overload]


def _answer(connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0]
    if path.startswith("/status/"):
        status = HTTPStatus(int(path.rpartition("/")[2]))
        response = connection.respond(status, f"refused: {request.headers.get('Authorization', 'nobody')}\n")
        if status is HTTPStatus.FOUND:
            response.headers["Location"] = "/echo"
        return response
    return None


def _set_cookie(_: ServerConnection, request: Request, response: Response) -> Response:
    if request.path == "/cookie":
        response.headers["Set-Cookie"] = "session=a-session-of-the-handshake-0123456789; Path=/; HttpOnly"
    return response


async def _talk(socket: ServerConnection) -> None:
    """Serve one connection; see `websocket_server` for what the paths do."""
    assert socket.request is not None
    path = socket.request.path.partition("?")[0]
    if path.startswith("/close/"):
        await socket.close(int(path.rpartition("/")[2]), "as you wish")
        return
    if path == "/burst":
        for number in range(1, 101):
            await socket.send(json.dumps({"type": "tick", "seq": number}))
    if path == "/headers":
        names = ("Origin", "Authorization", "X-Extra", "User-Agent")
        await socket.send(json.dumps({"type": "headers", "payload": {name: socket.request.headers.get(name) for name in names}}))
    if path == "/deaf":
        socket.transport.pause_reading()
        await socket.wait_closed()
        return
    async for message in socket:
        if message == "drop":
            socket.transport.abort()
            return
        if path != "/quiet":
            await socket.send(message)


async def _serve_one(socket: ServerConnection) -> None:
    try:
        await _talk(socket)
    except ConnectionClosed:
        return  # the client left; that is what many tests do


@asynccontextmanager
async def websocket_server(context: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[tuple[str, Server]]:
    """Run the server.

    Paths: ``/echo`` sends everything back, ``/quiet`` nothing; ``/burst`` sends 100 ticks first, ``/headers`` the request's
    headers; ``/cookie`` sets one; ``/deaf`` stops reading; ``/close/CODE`` closes at once; ``/status/CODE`` refuses the
    handshake. The text ``drop`` makes it drop the transport.

    Yields:
        The base URL without a slash at its end, and the server.
    """
    async with serve(
        _serve_one,
        "127.0.0.1",
        port,
        ssl=context,
        subprotocols=[Subprotocol("jwt-auth")],
        select_subprotocol=_select,  # type: ignore[arg-type]
        process_request=_answer,
        process_response=_set_cookie,
        ping_interval=None,
        close_timeout=0.5,
        max_size=2**25,
    ) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        yield f"{'wss' if context else 'ws'}://127.0.0.1:{bound}", server
