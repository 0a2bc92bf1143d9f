"""Access tokens: what they claim, and how a service checks one against the issuer's published keys.

Tokens are JWTs (RFC 7519) signed with ES256. Nothing but ES256 is accepted, whatever a token's header says
(RFC 8725, section 3.1).
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chat_common.errors import StoreUnavailable
from chat_common.logs import Log
from chat_common.trace import own_work

log = Log("tokens")

ALGORITHM = "ES256"
# Keys that the issuer withdrew are forgotten after this many seconds, if it can be asked; while it can't, it is asked this often.
KEYS_LIFETIME = 300.0
RETRY_PAUSE = 1.0
# An issuer that says nothing is waited for this long (seconds), by everybody who needs a key that is not known yet.
FETCH_SECONDS = 2.0
# An unknown key makes the verifier ask again. So often at once, because a key may change right after it asked; and then once in
# so many seconds, because anybody can make up unknown keys.
REFETCHES_AT_ONCE = 5
REFETCH_PAUSE = 1.0
# Clocks of issuer and verifier may differ by this much (seconds), for what a token says of its beginning.
CLOCK_LEEWAY = 5


class TokenRefused(Exception):
    """A token is not good here.

    Args:
        reason: `malformed`, `alg`, `unknown_key`, `signature`, `issuer`, `audience`, `expired` or `claims`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"access token refused: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Claims:
    """Who a token speaks for. `expires_at` and `issued_at` are seconds since 1970."""

    user_id: str
    session_id: str
    email: str
    name: str
    picture: str
    issued_at: int
    expires_at: int
    token_id: str

    @property
    def expired(self) -> bool:
        """Whether the token's time is over."""
        return time.time() >= self.expires_at


def check_token(token: str, keys: Mapping[str, ECKey], issuer: str, audience: str, *, allow_expired: bool = False) -> Claims:
    """Check a token's form, signature and claims.

    Args:
        token: Compact JWS.
        keys: Public keys by `kid`.
        issuer: The only `iss` that is good.
        audience: Must be `aud`, or one of its members.
        allow_expired: Skip the check of `exp`, for routes that only end a session.

    Raises:
        TokenRefused: With the first reason found.
    """
    header, kid = _header(token)
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("alg")
    if kid not in keys:
        raise TokenRefused("unknown_key")
    try:
        claims = jwt.decode(token, keys[kid], algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("signature") from error
    return _claims(claims, issuer, audience, allow_expired)


def _header(token: str) -> tuple[dict[str, Any], str]:
    parts = token.split(".")
    try:
        if len(parts) != 3 or len(token) > 8192:
            raise TokenRefused("malformed")
        header = json.loads(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except ValueError as error:
        raise TokenRefused("malformed") from error
    if not isinstance(header, dict) or not isinstance(header.get("kid", ""), str):
        raise TokenRefused("malformed")
    return header, header.get("kid", "")


def _claims(claims: Mapping[str, Any], issuer: str, audience: str, allow_expired: bool) -> Claims:
    if claims.get("iss") != issuer:
        raise TokenRefused("issuer")
    given = claims.get("aud")
    if audience not in (given if isinstance(given, list) else [given]):
        raise TokenRefused("audience")
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    if max(issued, _time(claims.get("nbf", 0))) > time.time() + CLOCK_LEEWAY:
        raise TokenRefused("claims")
    if not allow_expired and time.time() >= expires:
        raise TokenRefused("expired")
    user, session = claims.get("sub"), claims.get("sid")
    if not (isinstance(user, str) and user and isinstance(session, str) and session):
        raise TokenRefused("claims")
    texts = {name: str(claims.get(name) or "") for name in ("email", "name", "picture", "jti")}
    return Claims(user, session, texts["email"], texts["name"], texts["picture"], issued, expires, texts["jti"])


def _time(value: Any) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TokenRefused("claims")
    return int(value)


def keys_by_id(jwks: Any) -> dict[str, ECKey]:
    """EC P-256 public keys of a JWK set (RFC 7517), by `kid`; others are passed over.

    Raises:
        ValueError: It is no JWK set.
    """
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        raise ValueError("not a JWK set")  # noqa: TRY004 - wrong content of an answer, not a wrong call
    good = {}
    for item in jwks["keys"]:
        if isinstance(item, dict) and item.get("kty") == "EC" and item.get("crv") == "P-256" and isinstance(item.get("kid"), str):
            good[item["kid"]] = ECKey.import_key(item)
    return good


class Verifier:
    """Checks access tokens against the keys that the auth service publishes.

    Keys are cached, and kept fresh in the background. An unknown `kid` makes it ask at once, five times and then once a second;
    who needs an answer meanwhile shares it. While the auth service can't be reached, or says nothing, the known keys stay good,
    and nobody whose key is known waits for it: its outage doesn't end anyone's chat.

    Args:
        jwks_url: `http://auth…/.well-known/jwks.json`.
        issuer: `AUTH_ISSUER`.
        audience: `AUTH_AUDIENCE`.
    """

    def __init__(self, jwks_url: str, issuer: str, audience: str) -> None:
        self._url = jwks_url
        self._issuer = issuer
        self._audience = audience
        self._keys: dict[str, ECKey] = {}
        self._asks_left = float(REFETCHES_AT_ONCE)
        self._asks_counted = time.monotonic()
        self._failure = "never asked"
        self._fetching: asyncio.Task[bool] | None = None
        self._client = httpx.AsyncClient(timeout=FETCH_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close the connection to the auth service."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._client.aclose()

    async def keep_fresh(self) -> None:
        """Fetch the keys, and again whenever they are old, until cancelled."""
        while True:
            fetched = await self._fetch()
            await asyncio.sleep(KEYS_LIFETIME if fetched else RETRY_PAUSE)

    async def verify(self, token: str, *, allow_expired: bool = False) -> Claims:
        """Check a token, fetching keys when its own is not known.

        Raises:
            TokenRefused: The token is bad.
            StoreUnavailable: No key is known yet and the auth service can't be reached.
        """
        try:
            return check_token(token, self._keys, self._issuer, self._audience, allow_expired=allow_expired)
        except TokenRefused as refusal:
            if refusal.reason != "unknown_key":
                raise
        _, kid = _header(token)
        await self._look_for(kid)
        if not self._keys:
            raise StoreUnavailable("auth keys", self._failure)
        return check_token(token, self._keys, self._issuer, self._audience, allow_expired=allow_expired)

    async def _look_for(self, kid: str) -> None:
        # What is under way may have been asked before the key was published: then it is asked once more.
        for _ in range(2):
            shared = self._under_way
            if not shared and not self._may_ask():
                return
            if not await self._fetch() or kid in self._keys or not shared:
                return

    @property
    def _under_way(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    async def _fetch(self) -> bool:
        if self._fetching is None or self._fetching.done():
            self._fetching = own_work(self._fetch_once(), "fetch keys")
        # Shielded: one caller's end must not take the others' answer away.
        return await asyncio.shield(self._fetching)

    async def _fetch_once(self) -> bool:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                answer = await self._client.get(self._url)
            answer.raise_for_status()
            self._keys = keys_by_id(answer.json())
        except (httpx.HTTPError, TimeoutError, ValueError, JoseError) as error:
            self._failure = type(error).__name__
            log.warning("jwks_unavailable", reason=self._failure, known_keys=len(self._keys))
            return False
        return True

    def _may_ask(self) -> bool:
        now = time.monotonic()
        self._asks_left = min(float(REFETCHES_AT_ONCE), self._asks_left + (now - self._asks_counted) / REFETCH_PAUSE)
        self._asks_counted = now
        if self._asks_left < 1:
            return False
        self._asks_left -= 1
        return True
