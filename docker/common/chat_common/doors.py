"""Routes between services, and the one that tells which routes there are."""

from __future__ import annotations

import hmac
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from chat_common.errors import ApiError

SOCKET = "SOCKET"


def only_services(request: Request, token: str) -> None:
    """Let only the platform's own services pass.

    Raises:
        ApiError: 401.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise ApiError(401, "invalid_token", "Internal routes are for the platform's own services.", headers=headers)


def doors_route(token: str, frames: Collection[str] = ()) -> Route:
    """`GET /internal/doors`: all routes of the app that it is part of, and the frames that its socket takes.

    Args:
        token: What services present on internal routes.
        frames: Types of frames.
    """

    async def doors(request: Request) -> Response:
        only_services(request, token)
        found = [door for route in request.app.routes for door in _doors(route)]
        return JSONResponse({"doors": found, "frames": sorted(frames)}, headers={"Cache-Control": "no-store"})

    return Route("/internal/doors", doors)


def _doors(route: BaseRoute) -> list[str]:
    path = getattr(route, "path", repr(route))
    if isinstance(route, Route) and route.methods:
        # HEAD is told apart from GET by nobody.
        return [f"{method} {path}" for method in sorted(route.methods - {"HEAD"})]
    return [f"{SOCKET if isinstance(route, WebSocketRoute) else 'ANY'} {path}"]
