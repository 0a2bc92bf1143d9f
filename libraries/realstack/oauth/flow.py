"""The authorization code flow, without any I/O (RFC 6749, RFC 7636, OpenID Connect Core 3.1)."""

from __future__ import annotations

import math
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from realstack.core.errors import StackFailure, explain
from realstack.http.urls import parameters, shown, with_parameters
from realstack.oauth.tokens import LATEST, shortened
from realstack.secrets import secrets

Pkce = Literal["S256", "plain", "none"]


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


def code_of(
    callback: str,
    request: AuthorizationRequest | None = None,
    issuer: str | None = None,
    found: Mapping[str, str] | None = None,
) -> str:
    """The code in the URL that a provider redirected to (RFC 6749, 4.1.2).

    Args:
        callback: That URL.
        request: Whose ``state`` it must carry; None leaves it unjudged.
        issuer: What ``iss`` must be where the provider sends one (RFC 9207); None leaves it unjudged.
        found: The parameters of the answer, where they are not the URL's own.

    Raises:
        StackFailure: The provider answered with an error, without a code, or with another state or issuer.
    """
    found = parameters(callback) if found is None else found
    check_answer(callback, found, request, issuer, carries="a code")
    if not found.get("code"):
        remedy = "Read an answer without a code with [Get Authorization Answer]." if "id_token" in found else ""
        names = f"the parameters {', '.join(found) or 'none'}"
        raise StackFailure(explain(f"the provider's redirect to {shown(callback)} carries a code", names, remedy=remedy))
    return secrets.remember(found["code"], "authorization code")


def check_answer(
    callback: str,
    found: Mapping[str, str],
    request: AuthorizationRequest | None,
    issuer: str | None,
    *,
    carries: str = "no error",
) -> None:
    """Check that an authorization response is no error, and is the one to a request.

    Raises:
        StackFailure: It is an error, or carries another state or issuer.
    """
    where = f"the provider's redirect to {shown(callback)}"
    if error := found.get("error"):
        detail = found.get("error_description", "no description")
        raise StackFailure(explain(f"{where} carries {carries}", f"error {error}: {secrets.scrub(detail)}"))
    if request is not None and request.state and found.get("state") != request.state:
        seen = "another one" if found.get("state") else "none"
        raise StackFailure(explain(f"{where} carries the state of the request", seen))
    if issuer is not None and found.get("iss", issuer) != issuer:
        raise StackFailure(explain(f"{where} carries the iss {issuer!r}, or none (RFC 9207)", repr(found["iss"])))


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """What an authorization response brought (RFC 6749, 4.1.2; OAuth 2.0 Multiple Response Types; JARM).

    All but the names are credentials.

    Attributes:
        code: Empty when there was none.
        access_token: The same.
        id_token: The same.
        parameters: The names of all that it carried.
    """

    code: str = field(repr=False)
    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    parameters: tuple[str, ...]


def authorization_answer(found: Mapping[str, str]) -> AuthorizationAnswer:
    """Take an authorization response apart."""
    parts = {
        name: secrets.remember(found.get(name, ""), f"{name} of an authorization response")
        for name in ("code", "access_token", "id_token")
    }
    return AuthorizationAnswer(**parts, parameters=tuple(found))


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
    needed = ("access_token", "token_type")
    told = {name: body[name] for name in needed if body.get(name)} if isinstance(body, dict) else {}
    if not all(isinstance(told.get(name), str) for name in needed):
        odd = [f"{name} that is a {type(value).__name__}" for name, value in told.items() if not isinstance(value, str)]
        names = ", ".join(name for name, value in body.items() if value) if isinstance(body, dict) else type(body).__name__
        seen = ", ".join(odd) if odd else f"only {names or 'nothing'}"
        raise StackFailure(explain(f"{where} answers with access_token and token_type (RFC 6749, 5.1)", seen))
    for name in ("access_token", "refresh_token", "id_token"):
        if not isinstance(body.get(name) or "", str):
            raise StackFailure(explain(f"{where} gives {name} as a text (RFC 6749, 5.1)", f"a {type(body[name]).__name__}"))
        secrets.remember(body.get(name) or "", f"{name} of {where}")
    return TokenSet(
        body["access_token"],
        body.get("refresh_token") or "",
        body.get("id_token") or "",
        body["token_type"],
        _life(body.get("expires_in"), where),
        _scope(body.get("scope")),
    )


def _scope(given: Any) -> str:
    """Scopes between blanks; some providers give a list of them."""
    return " ".join(map(str, given)) if isinstance(given, list) else str(given or "")


def _life(given: Any, where: str) -> int | None:
    """Seconds of an ``expires_in``, or None where there is none."""
    return None if given is None else int(seconds_of(given, f"{where} gives expires_in in seconds (RFC 6749, 5.1)"))


def seconds_of(given: Any, expected: str) -> float:
    """A number of seconds; some providers write it as a text.

    Raises:
        StackFailure: It is none, or one that nobody can reckon with.
    """
    try:
        seconds = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds <= LATEST:
        raise StackFailure(explain(expected, shortened(given)))
    return seconds
