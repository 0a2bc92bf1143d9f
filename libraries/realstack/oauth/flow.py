"""The authorization code flow, without any I/O (RFC 6749, RFC 7636, OpenID Connect Core 3.1)."""

from __future__ import annotations

import base64
import math
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from realstack.core.errors import StackError, StackFailure, explain
from realstack.http.urls import parameters, shown, with_parameters
from realstack.oauth.tokens import LATEST, shortened
from realstack.secrets import secrets

Pkce = Literal["S256", "plain", "none"]
ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One request for authorization, with what must be remembered until its answer comes.

    Attributes:
        url: Where to send the user's browser.
        redirect_uri: Where the provider sends it back.
        state: Ties the answer to this request (RFC 6749, 10.12).
        nonce: Ties the ID token to this request (OpenID Connect Core 3.1.2.1).
        verifier: PKCE code verifier (RFC 7636, 4.1), a credential; empty without PKCE.
        pkce: How the challenge was made.
    """

    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    pkce: Pkce


def authorization_request(
    endpoint: str,
    client_id: str,
    redirect_uri: str,
    scope: str,
    *,
    pkce: Pkce = "S256",
    state: str | None = None,
    nonce: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> AuthorizationRequest:
    """Make an authorization request.

    Args:
        endpoint: The provider's authorization endpoint.
        client_id: Of the relying party.
        redirect_uri: Registered with the provider.
        scope: Space-separated; ``openid`` makes it OpenID Connect.
        pkce: Method of the code challenge, or ``none``.
        state: Made at random unless given; an empty one is left out.
        nonce: The same.
        extra: Further parameters, such as ``prompt``; one that stands for another one, such as ``response_type``, wins.
    """
    state = random.token_urlsafe(24) if state is None else state
    nonce = random.token_urlsafe(24) if nonce is None else nonce
    verifier = secrets.remember(random.token_urlsafe(48), "PKCE code verifier") if pkce != "none" else ""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "nonce": nonce,
    }
    if pkce != "none":
        asked["code_challenge"] = create_s256_code_challenge(verifier) if pkce == "S256" else verifier
        asked["code_challenge_method"] = pkce
    asked |= extra or {}
    url = with_parameters(endpoint, {name: value for name, value in asked.items() if value})
    return AuthorizationRequest(url, asked["redirect_uri"], asked["state"], asked["nonce"], verifier, pkce)


def code_of(callback: str, request: AuthorizationRequest | None = None, issuer: str | None = None) -> str:
    """The code in the URL that a provider redirected to (RFC 6749, 4.1.2).

    Args:
        callback: That URL.
        request: Whose ``state`` it must carry; None leaves it unjudged.
        issuer: What ``iss`` must be where the provider sends one (RFC 9207); None leaves it unjudged.

    Raises:
        StackFailure: The provider answered with an error, without a code, or with another state or issuer.
    """
    found = parameters(callback)
    where = f"the provider's redirect to {shown(callback)}"
    if error := found.get("error"):
        detail = found.get("error_description", "no description")
        raise StackFailure(explain(f"{where} carries a code", f"error {error}: {secrets.scrub(detail)}"))
    if request is not None and request.state and found.get("state") != request.state:
        seen = "another one" if found.get("state") else "none"
        raise StackFailure(explain(f"{where} carries the state of the request", seen))
    if issuer is not None and found.get("iss", issuer) != issuer:
        raise StackFailure(explain(f"{where} carries the iss {issuer!r}, or none (RFC 9207)", repr(found["iss"])))
    if not found.get("code"):
        raise StackFailure(explain(f"{where} carries a code", f"the parameters {', '.join(found) or 'none'}"))
    return secrets.remember(found["code"], "authorization code")


def client_authentication(method: ClientAuth, client_id: str, client_secret: str) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form fields by which a client shows who it is (RFC 6749, 2.3.1).

    Raises:
        StackError: A secret is needed and missing.
    """
    if method == "none":
        return {}, {"client_id": client_id}
    if not client_secret:
        raise StackError(explain(f"a client secret for {method}", "none", remedy="Give client_secret=…, or client_auth=none."))
    if method == "client_secret_post":
        return {}, {"client_id": client_id, "client_secret": client_secret}
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}, {}


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave (RFC 6749, 5.1; OpenID Connect Core 3.1.3.3). All tokens are credentials.

    Attributes:
        access_token: The access token.
        refresh_token: Empty when none was given.
        id_token: Empty when none was given.
        token_type: ``Bearer``.
        expires_in: Life of the access token in seconds, or None when the provider did not say.
        scope: As granted; empty when the provider did not say.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    token_type: str
    expires_in: int | None
    scope: str


def token_set(body: Any, where: str) -> TokenSet:
    """Read a token endpoint's successful answer.

    Raises:
        StackFailure: It lacks what RFC 6749, 5.1 requires.
    """
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str) or not body.get("token_type"):
        names = ", ".join(body) if isinstance(body, dict) else type(body).__name__
        raise StackFailure(
            explain(f"{where} answers with access_token and token_type (RFC 6749, 5.1)", f"only {names or 'nothing'}")
        )
    for name in ("access_token", "refresh_token", "id_token"):
        if not isinstance(body.get(name) or "", str):
            raise StackFailure(explain(f"{where} gives {name} as a text (RFC 6749, 5.1)", f"a {type(body[name]).__name__}"))
        secrets.remember(body.get(name) or "", f"{name} of {where}")
    return TokenSet(
        body["access_token"],
        body.get("refresh_token") or "",
        body.get("id_token") or "",
        str(body["token_type"]),
        _life(body.get("expires_in"), where),
        str(body.get("scope") or ""),
    )


def _life(given: Any, where: str) -> int | None:
    """Seconds of an ``expires_in``; some providers write the number as a text."""
    if given is None:
        return None
    try:
        seconds = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds <= LATEST:
        raise StackFailure(explain(f"{where} gives expires_in in seconds (RFC 6749, 5.1)", shortened(given)))
    return int(seconds)
