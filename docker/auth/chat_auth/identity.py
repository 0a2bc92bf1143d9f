"""Who a request speaks for: its bearer token, checked against the keys and against the table of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request

from chat_auth.keys import SigningKeys
from chat_auth.sessions import Sessions
from chat_common.errors import ApiError
from chat_common.tokens import Claims, TokenRefused


@dataclass(frozen=True)
class Identity:
    """A signed-in user: the row of `users` with its `provider`, and the session."""

    user: Mapping[str, Any]
    session_id: UUID

    def described(self) -> dict[str, str]:
        """As `/auth/me` tells it."""
        return describe(self.user, self.user["provider"], self.session_id)


def describe(user: Mapping[str, Any], provider: str, session_id: UUID) -> dict[str, str]:
    """A user and a session, as `/auth/me` and `/auth/refresh` tell them."""
    return {
        "user_id": str(user["id"]),
        **{name: user[name] for name in ("email", "name", "picture", "display_name", "timezone")},
        "provider": provider,
        "session_id": str(session_id),
    }


def invalid_token(detail: str) -> ApiError:
    """The refusal of RFC 6750, section 3.1."""
    return ApiError(401, "invalid_token", detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def bearer_claims(request: Request, keys: SigningKeys, *, allow_expired: bool = False) -> Claims | None:
    """Claims of the request's bearer token; None when it has none.

    Raises:
        ApiError: 401 when the token is not good.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return keys.check(token.strip(), allow_expired=allow_expired)
    except TokenRefused as refusal:
        raise invalid_token(f"The access token is not good: {refusal.reason}.") from refusal


async def identify(request: Request, keys: SigningKeys, sessions: Sessions) -> Identity:
    """Say who is asking.

    Raises:
        ApiError: 401 when nobody is, or the session is over.
    """
    claims = bearer_claims(request, keys)
    if claims is None:
        raise invalid_token("This needs an access token in the Authorization header.")
    user = await sessions.user_of(claims.session_id, claims.user_id)
    if user is None:
        raise invalid_token("The session is over.")
    return Identity(user, UUID(claims.session_id))
