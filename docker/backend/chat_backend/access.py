"""Who is asking: access tokens of REST calls and of WebSockets."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode

from starlette.requests import Request

from chat_backend.hub import Hub
from chat_backend.profiles import Profiles
from chat_common.doors import only_services
from chat_common.errors import ApiError, StoreUnavailable
from chat_common.frames import is_uuid
from chat_common.logs import Log
from chat_common.tokens import Claims, TokenRefused, Verifier

log = Log("access")

SUBPROTOCOL = "jwt-auth"
TOKEN_PREFIX = "jwt."  # noqa: S105 - the name of a subprotocol


class Access:
    """Decides about credentials.

    Args:
        verifier: Checks tokens.
        hub: Knows revoked sessions.
        profiles: Where a token's claims are kept.
        internal_token: What the auth service presents on internal routes.
    """

    def __init__(self, verifier: Verifier, hub: Hub, profiles: Profiles, internal_token: str) -> None:
        self._verifier = verifier
        self._hub = hub
        self._profiles = profiles
        self._internal_token = internal_token

    async def verify(self, token: str) -> Claims:
        """Check a token's own truth, without asking whether its session was revoked.

        Raises:
            TokenRefused: It is bad, or its user is no UUID.
            StoreUnavailable: No key is known and auth can't be reached.
        """
        claims = await self._verifier.verify(token)
        if not is_uuid(claims.user_id):
            raise TokenRefused("claims")
        return claims

    async def user(self, request: Request) -> Claims:
        """The user of a REST call.

        Raises:
            ApiError: 401, with the reason.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("token_missing", "This route needs an access token.")
        try:
            claims = await self.verify(token.strip())
        except TokenRefused as error:
            raise unauthorized("token_expired" if error.reason == "expired" else "invalid_token", str(error)) from error
        if await self._hub.revoked(claims.session_id):
            raise unauthorized("session_revoked", "The session has ended; sign in again.")
        await self.note_profile(claims)
        return claims

    async def note_profile(self, claims: Claims) -> None:
        """Keep the profile up to date; that it can't be written now must not stop what else the user wants."""
        try:
            await self._profiles.note(claims)
        except StoreUnavailable as error:
            log.warning("profile_not_written", user_id=claims.user_id, reason=error.reason)

    def internal(self, request: Request) -> None:
        """Let only the auth service pass.

        Raises:
            ApiError: 401.
        """
        only_services(request, self._internal_token)


def unauthorized(code: str, detail: str) -> ApiError:
    """A 401 as RFC 6750, section 3, wants it."""
    return ApiError(401, code, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def token_of(subprotocols: list[str]) -> str | None:
    """The token among the subprotocols that a client offers, `""` when it can't be decoded, None when there is none."""
    offered = [item.removeprefix(TOKEN_PREFIX) for item in subprotocols if item.startswith(TOKEN_PREFIX)]
    if SUBPROTOCOL not in subprotocols or not offered:
        return None
    try:
        return urlsafe_b64decode(offered[0] + "=" * (-len(offered[0]) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
