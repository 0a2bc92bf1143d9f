"""The rogue provider: a working OpenID provider with one user, and one wrong answer at a time.

It does for real what a good provider does: it authenticates the client, checks the redirect URI, verifies PKCE, gives each code
once. Only the answer that the scenario names is wrong. What was asked of it is kept as [receipts][Receipt], without any value.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets as random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import unquote_plus, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import RSAKey

from realstack.core.hosts import at
from realstack.oauth.forge import Forgery, Issuer, forge
from realstack.oauth.logout_tokens import LOGOUT_EVENT
from realstack.oauth.rogue.scenarios import FORGED, Scenario, misbehaving_endpoint
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.oauth.signing import sign
from realstack.oauth.tokens import decode, half_hash
from realstack.recording.events import Http
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

CODE_LIFE = 60.0
TOKEN_LIFE = 300
AHEAD = 3
"""Seconds that a clock is ahead which is so: fewer than relying parties allow for, and more than a token is on its way."""
BEHIND = 2
"""Seconds since the end of a token, where the clock is behind."""
PROFILE = ("email", "email_verified", "name", "picture")
UNKNOWN_KEYS = (
    {"kty": "NEW", "kid": "of-a-new-kind", "use": "sig", "x": "AAAA"},
    {"kty": "OKP", "crv": "X25519", "kid": "of-another-use", "use": "enc", "x": "A" * 43},
)
"""Keys that relying parties pass over (RFC 7517, section 5)."""
LOGOUT_LIFE = 120
"""Seconds that a logout token is valid: it is delivered at once (Back-Channel Logout 2.4)."""
IN_FORM = "client_secret_post"
DISCOVERY = "/.well-known/openid-configuration"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#7a4"/></svg>'


@dataclass(frozen=True, slots=True)
class RogueUser:
    """Who signs in, without being asked anything.

    Attributes:
        subject: ``sub``.
        email: E-mail address.
        name: Full name.
        picture: Address of a picture; the provider's own where it is empty.
    """

    subject: str
    email: str
    name: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request that the provider answered.

    Attributes:
        at: Seconds on the monotonic clock.
        tenant: Path of the issuer that was asked; empty for the plain one.
        endpoint: ``discovery``, ``jwks``, ``authorize``, ``token``, ``userinfo``, ``picture`` or ``unknown``.
        scenario: The scenario in force.
        misbehaved: Whether this answer was the scenario's wrong or particular one.
        status: HTTP status of the answer; 0 for a connection that was cut.
        outcome: The OAuth error, ``ok``, or what was done.
        facts: What was learnt of the relying party: ``client_auth``, ``pkce_method``, ``pkce_verified``, ``nonce``, ``state``,
            ``scope``, ``grant_type``.
    """

    at: float
    tenant: str
    endpoint: str
    scenario: Scenario
    misbehaved: bool
    status: int
    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)


_Handler = Callable[[Request, str, Scenario, dict[str, Any]], tuple[Response, str]]


@dataclass(slots=True)
class _Code:
    tenant: str
    redirect_uri: str
    nonce: str
    domain: str
    challenge: str
    method: str
    user: RogueUser
    until: float
    used: bool = False


class RogueProvider:
    """A provider that misbehaves on demand.

    Args:
        client_id: Of the one relying party it knows.
        client_secret: Its secret.
        user: Who signs in.
    """

    def __init__(self, client_id: str, client_secret: str, user: RogueUser) -> None:
        self.client_id = client_id
        self.user = user
        self.slowness = 30.0
        self.receipts: list[Receipt] = []
        self.base = ""
        self.client_secret = secrets.remember(client_secret, "client secret at the rogue provider", lasting=True)
        self._scenarios: dict[str, Scenario] = {}
        self._keys: list[RSAKey] = [_new_key()]
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, RogueUser] = {}
        self._server = HttpServer(self._answer)

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the issuer.

        Raises:
            StackError: The address is taken.
        """
        bound, number = await self._server.start(host, port)
        self.base = f"http://{at(bound, number)}"
        return self.base

    async def close(self) -> None:
        """Stop, and cut every connection."""
        await self._server.close()

    def set_scenario(self, scenario: Scenario, tenant: str = "") -> Scenario:
        """Misbehave so from now on, and return what was in force before. Where keys are what is told, it has a new one now."""
        old = self.scenario(tenant)
        self._scenarios[tenant] = scenario
        if scenario in {"key-rotated", "keys-unknown"}:
            self._keys = [_new_key()]
        return old

    def scenario(self, tenant: str = "") -> Scenario:
        """The scenario in force."""
        return self._scenarios.get(tenant, "honest")

    def logout_token(self, subject: str | None, session_id: str | None, changes: Mapping[str, Any], tenant: str = "") -> str:
        """Make what a relying party is told when a session has ended (OpenID Connect Back-Channel Logout 2.4).

        Args:
            subject: ``sub``; None leaves it out.
            session_id: ``sid``; the same.
            changes: Claims to set besides; None as a value removes one.
            tenant: Whose token it is.
        """
        now, key = int(time.time()), self._keys[-1]
        claims: dict[str, Any] = {
            "iss": self.issuer(tenant),
            "aud": self.client_id,
            "iat": now,
            "exp": now + LOGOUT_LIFE,
            "jti": random.token_urlsafe(16),
            "events": {LOGOUT_EVENT: {}},
            "sub": subject,
            "sid": session_id,
            **changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return sign({"alg": "RS256", "kid": key.kid, "typ": "logout+jwt"}, given, key)

    def reset(self) -> None:
        """Be honest everywhere and forget the receipts; keys, codes and tokens stay."""
        self._scenarios.clear()
        self.receipts.clear()

    def issuer(self, tenant: str = "") -> str:
        """The issuer identifier of a tenant."""
        return f"{self.base}/{tenant}" if tenant else self.base

    async def _answer(self, request: Request) -> Response:
        tenant, endpoint = _route(request.path)
        scenario = self.scenario(tenant)
        handlers: dict[str, _Handler] = {
            "discovery": self._discovery,
            "jwks": self._jwks,
            "authorize": self._authorize,
            "token": self._token,
            "userinfo": self._userinfo,
            "picture": _picture,
        }
        facts: dict[str, Any] = {}
        response, outcome = handlers.get(endpoint, _nothing)(request, tenant, scenario, facts)
        if scenario == "answers-slowly" and endpoint in {"discovery", "token"}:
            response = replace(response, delay=self.slowness)
        misbehaved = scenario != "honest" and outcome == scenario
        status = 0 if response.abort else response.status
        self.receipts.append(Receipt(time.monotonic(), tenant, endpoint, scenario, misbehaved, status, outcome, facts))
        told = {"endpoint": endpoint, "scenario": scenario, "misbehaved": misbehaved}
        recorder.record(Http("rogue provider", status=status, facts=told))
        return response

    def _discovery(self, _request: Request, tenant: str, scenario: Scenario, _facts: dict[str, Any]) -> tuple[Response, str]:
        if scenario == "discovery-500":
            return Response(500), scenario
        issuer = self.issuer(tenant)
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", IN_FORM],
            "code_challenge_methods_supported": ["S256", "plain"],
            "scopes_supported": ["openid", "profile", "email"],
            "authorization_response_iss_parameter_supported": True,
        }
        if scenario == "secret-in-form":
            document["token_endpoint_auth_methods_supported"] = [IN_FORM]
        if scenario == "discovery-issuer-mismatch":
            return _json({**document, "issuer": "https://issuer.invalid"}), scenario
        return _json(document), "ok"

    def _jwks(self, _request: Request, _tenant: str, scenario: Scenario, _facts: dict[str, Any]) -> tuple[Response, str]:
        if scenario == "jwks-500":
            return Response(500), scenario
        if scenario == "jwks-empty":
            return _json({"keys": []}), scenario
        if scenario == "keys-unknown":
            return _json({"keys": [*UNKNOWN_KEYS, *self._public_keys()]}), scenario
        return _json({"keys": self._public_keys()}), "key-rotated" if scenario == "key-rotated" else "ok"

    def _authorize(self, request: Request, tenant: str, scenario: Scenario, facts: dict[str, Any]) -> tuple[Response, str]:
        asked = request.query
        challenge = asked.get("code_challenge", "")
        method = asked.get("code_challenge_method", "plain") if challenge else "none"
        facts.update(pkce_method=method, state="state" in asked, nonce="nonce" in asked, scope=asked.get("scope", ""))
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.client_id or not redirect_uri:
            # RFC 6749, 4.1.2.1: never redirect for a client or a redirect URI that is not known.
            return Response(400, b"unknown client or no redirect_uri", "text/plain"), "invalid_client"
        back = {"state": asked["state"]} if "state" in asked else {}
        back["iss"] = self.issuer(tenant)
        if asked.get("response_type") != "code" or method == "none":
            return _redirect(redirect_uri, {**back, "error": "invalid_request"}), "invalid_request"
        if scenario == "access-denied":
            return _redirect(redirect_uri, {**back, "error": "access_denied"}), scenario
        code = secrets.remember(random.token_urlsafe(24), "authorization code of the rogue provider")
        until = time.monotonic() + CODE_LIFE
        nonce, domain = asked.get("nonce", ""), asked.get("hd", "")
        self._codes[code] = _Code(tenant, redirect_uri, nonce, domain, challenge, method, self.user, until)
        answer = {**back, "code": code}
        if scenario in {"state-missing", "code-missing"}:
            answer.pop(scenario.partition("-")[0], None)
        elif scenario == "state-wrong":
            answer["state"] = random.token_urlsafe(24)
        elif scenario == "response-issuer-wrong":
            answer["iss"] = "https://issuer.invalid"
        return _redirect(redirect_uri, answer), scenario if misbehaving_endpoint(scenario) == "authorize" else "ok"

    def _token(self, request: Request, tenant: str, scenario: Scenario, facts: dict[str, Any]) -> tuple[Response, str]:
        if scenario in {"token-down", "token-500", "token-slow", "token-garbage", "token-refused"}:
            return self._broken_token(scenario)
        method, known = self._client(request)
        facts.update(client_auth=method, grant_type=request.form.get("grant_type", ""))
        if not known or (scenario == "secret-in-form" and method != IN_FORM):
            return _error(401, "invalid_client"), "invalid_client"
        if request.form.get("grant_type") != "authorization_code":
            return _error(400, "unsupported_grant_type"), "unsupported_grant_type"
        code = self._codes.get(request.form.get("code", ""))
        verified = code is not None and _pkce(code, request.form.get("code_verifier", ""))
        facts.update(pkce_method=code.method if code else "", pkce_verified=verified)
        if code is None or code.used or code.tenant != tenant or time.monotonic() > code.until:
            return _error(400, "invalid_grant"), "invalid_grant"
        code.used = True
        if request.form.get("redirect_uri") != code.redirect_uri or not verified:
            return _error(400, "invalid_grant"), "invalid_grant"
        access = secrets.remember(random.token_urlsafe(24), "access token of the rogue provider")
        self._access[access] = code.user
        body = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_LIFE, "scope": "openid profile email"}
        if scenario != "id-token-missing":
            body["id_token"] = self._id_token(code, tenant, scenario, access)
        misbehaved = misbehaving_endpoint(scenario) == "token" and scenario != "honest"
        return _json(body), scenario if misbehaved else "ok"

    def _broken_token(self, scenario: Scenario) -> tuple[Response, str]:
        if scenario == "token-refused":
            return _error(400, "invalid_grant"), scenario
        answers = {
            "token-down": Response(abort=True),
            "token-500": Response(500, b"Internal Server Error", "text/plain"),
            "token-slow": Response(503, delay=self.slowness),
            "token-garbage": Response(200, b"<html>welcome</html>", "text/html"),
        }
        return answers[scenario], scenario

    def _userinfo(self, request: Request, _tenant: str, scenario: Scenario, _facts: dict[str, Any]) -> tuple[Response, str]:
        scheme, token = request.authorization
        user = self._access.get(token) if scheme == "bearer" else None
        if user is None:
            return replace(
                _error(401, "invalid_token"), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
            ), "invalid_token"
        if scenario == "userinfo-500":
            return Response(500), scenario
        claims = self._profile(user)
        if scenario == "userinfo-subject-wrong":
            return _json({**claims, "sub": f"{user.subject}-somebody-else"}), scenario
        return _json(claims), "ok"

    def _client(self, request: Request) -> tuple[str, bool]:
        scheme, credentials = request.authorization
        if scheme == "basic":
            try:
                name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
            except ValueError:
                return "client_secret_basic", False
            return "client_secret_basic", self._is_client(unquote_plus(name), unquote_plus(secret))
        if "client_secret" in request.form:
            return IN_FORM, self._is_client(request.form.get("client_id", ""), request.form["client_secret"])
        return "none", False

    def _is_client(self, name: str, secret: str) -> bool:
        return name == self.client_id and hmac.compare_digest(secret.encode(), self.client_secret.encode())

    def _profile(self, user: RogueUser) -> dict[str, Any]:
        picture = user.picture or f"{self.base}/picture.svg"
        return {"sub": user.subject, "email": user.email, "email_verified": True, "name": user.name, "picture": picture}

    def _public_keys(self) -> list[dict[str, Any]]:
        return [{**key.as_dict(private=False), "alg": "RS256", "use": "sig"} for key in self._keys]

    def _id_token(self, code: _Code, tenant: str, scenario: Scenario, access: str) -> str:
        now = int(time.time())
        key = self._keys[-1]
        claims: dict[str, Any] = {
            "iss": self.issuer(tenant),
            "aud": self.client_id,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "at_hash": half_hash(access[::-1] if scenario == "access-token-swapped" else access, "RS256"),
            **self._profile(code.user),
        }
        # A relying party asks for what the ID token lacks (OpenID Connect Core 5.4): else a wrong answer is never heard.
        elsewhere = PROFILE if scenario.startswith("userinfo-") or scenario == "profile-elsewhere" else ()
        for name in PROFILE[2:] if scenario == "profile-in-part" else elsewhere:
            del claims[name]
        if code.nonce and scenario != "nonce-missing":
            claims["nonce"] = code.nonce
        if scenario == "hosted-domain-wrong":
            claims["hd"] = "elsewhere.invalid"
        elif code.domain and scenario != "hosted-domain-missing":
            claims["hd"] = code.domain
        if scenario == "authorized-party-wrong":
            claims.update(azp="somebody-else")
        elif scenario == "audience-shared":
            claims.update(aud=[self.client_id, "somebody-else"])
        elif scenario == "audience-array":
            claims.update(aud=[self.client_id], azp=self.client_id)
        elif scenario == "issued-in-future":
            claims.update(iat=now + 3600, exp=now + 7200)
        elif scenario == "clock-ahead":
            claims.update(iat=now + AHEAD, nbf=now + AHEAD, exp=now + AHEAD + TOKEN_LIFE)
        elif scenario == "clock-behind":
            claims.update(iat=now - BEHIND - TOKEN_LIFE, exp=now - BEHIND)
        named = {} if scenario == "key-unnamed" else {"kid": key.kid}
        good = sign({"alg": "RS256", **named, "typ": "JWT"}, claims, key)
        if scenario == "id-token-malformed":
            return good.replace(".", "-")
        if scenario in FORGED:
            return forge(decode(good), cast("Forgery", scenario), issuer=Issuer(tuple(self._public_keys()), key))
        return good


def _new_key() -> RSAKey:
    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    return key


def _picture(_request: Request, _tenant: str, _scenario: Scenario, _facts: dict[str, Any]) -> tuple[Response, str]:
    return Response(200, PICTURE, "image/svg+xml"), "ok"


def _nothing(_request: Request, _tenant: str, _scenario: Scenario, _facts: dict[str, Any]) -> tuple[Response, str]:
    return Response(404), "no such endpoint"


def _route(path: str) -> tuple[str, str]:
    """Tenant and endpoint of a path."""
    if path.endswith(DISCOVERY):
        return path.removesuffix(DISCOVERY).strip("/"), "discovery"
    tenant, _, last = path.strip("/").rpartition("/")
    names = {"jwks.json": "jwks", "authorize": "authorize", "token": "token", "userinfo": "userinfo", "picture.svg": "picture"}
    return tenant, names.get(last, "unknown")


def _pkce(code: _Code, verifier: str) -> bool:
    made = create_s256_code_challenge(verifier) if code.method == "S256" else verifier
    return bool(verifier) and hmac.compare_digest(str(made).encode(), code.challenge.encode())


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode())


def _error(status: int, code: str) -> Response:
    return _json({"error": code}, status)


def _redirect(target: str, parameters: dict[str, str]) -> Response:
    joint = "&" if "?" in target else "?"
    return Response(302, headers={"Location": f"{target}{joint}{urlencode(parameters)}"})
