"""Routes of a session's life: refresh, who am I, logout, and the keys that others check its tokens with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chat_auth.identity import bearer_claims, describe, identify
from chat_auth.service import REFRESH_COOKIE, Service, service_of
from chat_auth.sessions import RefreshRefused
from chat_common.errors import ApiError
from chat_common.logs import Log

log = Log("sessions")

NO_STORE = {"Cache-Control": "no-store"}
REASONS = {
    "refresh_missing": "There is no refresh token; sign in.",
    "refresh_unknown": "The refresh token is unknown; sign in.",
    "refresh_expired": "The refresh token is expired; sign in again.",
    "refresh_reused": "The refresh token was used before. The session is ended, because somebody else may have it.",
    "session_revoked": "The session was ended; sign in again.",
}


async def refresh(request: Request) -> Response:
    """`POST /auth/refresh`: a new access token for a refresh token, which is replaced."""
    service = service_of(request)
    if "x-requested-with" not in request.headers:
        raise ApiError(403, "header_missing", "This needs the header X-Requested-With, which other sites' forms can't send.")
    _check_origin(request, service)
    token = request.cookies.get(REFRESH_COOKIE)
    if not token:
        raise ApiError(401, "refresh_missing", REASONS["refresh_missing"])
    try:
        granted = await service.sessions.refresh(token)
    except RefreshRefused as refusal:
        if refusal.code == "refresh_reused":
            log.warning("refresh_reused", session_id=str(refusal.session_id))
            await service.revocations.announce()
        raise ApiError(401, refusal.code, REASONS[refusal.code]) from refusal
    access_token, expires = service.keys.sign(granted.user, granted.session_id)
    body: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": service.settings.access_token_ttl,
        "expires_at": expires,
        "user": describe(granted.user, granted.provider, granted.session_id),
    }
    response = JSONResponse(body, headers=NO_STORE)
    service.set_cookie(response, REFRESH_COOKIE, granted.refresh_token, service.settings.refresh_token_ttl)
    return response


async def me(request: Request) -> Response:
    """`GET /auth/me`: the profile, and which session asks."""
    service = service_of(request)
    identity = await identify(request, service.keys, service.sessions)
    return JSONResponse(identity.described(), headers=NO_STORE)


async def logout(request: Request) -> Response:
    """`POST /auth/logout`: end the session of the bearer token or the cookie, everywhere."""
    service = service_of(request)
    _check_origin(request, service)
    for session_id in await _sessions_of(request, service):
        if await service.sessions.revoke(session_id, "logout"):
            await service.revocations.announce()
    response = Response(status_code=204, headers=NO_STORE)
    service.drop_cookie(response, REFRESH_COOKIE)
    return response


async def jwks(request: Request) -> Response:
    """`GET /.well-known/jwks.json`."""
    return JSONResponse(service_of(request).keys.jwks(), headers={"Cache-Control": "public, max-age=60"})


async def _sessions_of(request: Request, service: Service) -> set[UUID]:
    # An expired token is good enough to end its own session.
    claims = bearer_claims(request, service.keys, allow_expired=True)
    found = {UUID(claims.session_id)} if claims else set()
    token = request.cookies.get(REFRESH_COOKIE)
    if token and (session_id := await service.sessions.of_token(token)):
        found.add(session_id)
    return found


def _check_origin(request: Request, service: Service) -> None:
    origin = request.headers.get("origin")
    if origin is not None and origin != service.settings.public_url:
        raise ApiError(403, "wrong_origin", "This is for the platform's own pages only.")


ROUTES = [
    Route("/auth/refresh", refresh, methods=["POST"]),
    Route("/auth/me", me),
    Route("/auth/logout", logout, methods=["POST"]),
    Route("/.well-known/jwks.json", jwks),
]
