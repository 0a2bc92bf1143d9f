"""A small OpenID provider whose answers a check can bend, one member at a time."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.loopback import served

CLIENT_ID = "chat"
CLIENT_SECRET = "a secret: with % and ü"


@dataclass
class OpenIdProvider:
    """What the provider says; every attribute may be changed between requests."""

    issuer: str = ""
    client_secret: str = CLIENT_SECRET
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], RSAKey], str] | None = None
    token_status: int = 200
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def answer_to(self, authorization_url: str) -> dict[str, str]:
        """Consent to a request: the query that the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.grants[code] = query
        return {"code": code, "state": query["state"], "iss": self.issuer}

    def rotate_key(self) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def routes(self) -> list[Route]:
        """Its endpoints."""
        return [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/jwks", self._jwks),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]

    async def _discovery(self, _request: Request) -> Response:
        self.requests.append("discovery")
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return JSONResponse({**known, **self.metadata}, headers={"Cache-Control": "no-store"})

    async def _jwks(self, _request: Request) -> Response:
        self.requests.append("jwks")
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _token(self, request: Request) -> Response:
        self.requests.append("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        grant = self.grants.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        own = b64decode(request.headers["authorization"].split()[1]).decode() == f"{CLIENT_ID}:a+secret%3A+with+%25+and+%C3%BC"
        if not own or grant is None or grant["code_challenge"] != challenge or grant["redirect_uri"] != form["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        if self.token_status != 200:
            return JSONResponse({"error": "server_error"}, status_code=self.token_status)
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(grant["nonce"])})

    async def _userinfo(self, request: Request) -> Response:
        self.requests.append("userinfo")
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse(self.userinfo)

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "subject-1", "nonce": nonce, "iat": now, "exp": now + 60,
            "email": "one@example.org", "name": "Reader One", "picture": "http://pictures.example.org/1",
        }  # fmt: skip
        given = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        return (self.sign or sign_rs256)(given, self.key)


def sign_rs256(claims: dict[str, Any], key: RSAKey) -> str:
    """As a good provider signs."""
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, json.dumps(claims), key)


def sign_with_foreign_key(claims: dict[str, Any], key: RSAKey) -> str:
    """With a key of one's own under the provider's `kid`."""
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, json.dumps(claims), RSAKey.generate_key(2048))


def sign_hs256_with_public_key(claims: dict[str, Any], key: RSAKey) -> str:
    """The algorithm confusion of RFC 8725, section 2.1."""
    signed = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    signature = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def sign_none(claims: dict[str, Any], _key: RSAKey) -> str:
    """Not at all."""
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """Run a provider on the loopback address."""
    provider = OpenIdProvider()
    with served(Starlette(routes=provider.routes())) as origin:
        provider.issuer = origin
        yield provider
