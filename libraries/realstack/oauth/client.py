"""A relying party's conversation with one OpenID provider, on the background loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from realstack.core.errors import StackFailure, explain
from realstack.http.urls import moved
from realstack.oauth.flow import (
    AuthorizationRequest,
    ClientAuth,
    Pkce,
    TokenSet,
    authorization_request,
    client_authentication,
    token_set,
)
from realstack.oauth.http import Answer, Session
from realstack.oauth.metadata import Metadata, discovery_urls, read_metadata
from realstack.oauth.tokens import ASYMMETRIC, SYMMETRIC, Demands, Problem, decode, signature_problems
from realstack.secrets import secrets


class OAuthRefusal(StackFailure):
    """The provider answered with an OAuth error (RFC 6749, 5.2).

    Attributes:
        code: Such as ``invalid_grant``.
        answer: The response.
    """

    def __init__(self, code: str, answer: Answer, asked: str) -> None:
        super().__init__(explain(f"the provider grants {asked}", f"error {code}", evidence=answer.described))
        self.code = code
        self.answer = answer


class ProviderClient:
    """A relying party at one provider.

    Args:
        issuer: The provider's issuer identifier.
        client_id: Of the relying party.
        client_secret: Its secret; empty for a public client.
        client_auth: How it shows who it is at the token endpoint.
        redirect_uri: Where authorization answers go.
        scope: What is asked for unless something else is said.
        ca: PEM file of the certificate authority to trust.
        timeout: Seconds for one request.
        address: Where the provider is reached, when that is not its issuer: origin and path.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str = "",
        *,
        client_auth: ClientAuth = "client_secret_basic",
        redirect_uri: str = "",
        scope: str = "openid profile email",
        ca: str | None = None,
        timeout: float = 5.0,
        address: str = "",
    ) -> None:
        self.issuer = issuer
        self.address = address or issuer
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.scope = scope
        self.timeout = timeout
        self.metadata = Metadata(issuer, {})
        self.client_secret = secrets.remember(client_secret, f"client secret of {client_id}", lasting=True)
        self._client_auth = client_auth
        self._session = Session(f"provider {issuer}", self.address, ca=ca)
        self._keys: list[dict[str, Any]] | None = None

    async def discover(self) -> Metadata:
        """Read the provider's metadata and check that it is that issuer's.

        Raises:
            StackFailure: There is none, or it names another issuer.
        """
        oidc, rfc8414 = discovery_urls(self.address)
        answer = await self._session.send("GET", oidc, timeout=self.timeout)
        if answer.status == 404:
            answer = await self._session.send("GET", rfc8414, timeout=self.timeout)
        if answer.status != 200:
            raise StackFailure(explain(f"{oidc} answers 200", answer.described))
        self.metadata = read_metadata(self.issuer, answer.json(), answer.where)
        return self.metadata

    def endpoint(self, name: str) -> str:
        """Where an endpoint is reached; errors as in [Metadata.endpoint][realstack.oauth.metadata.Metadata.endpoint]."""
        return moved(self.metadata.endpoint(name), self.issuer, self.address)

    async def keys(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        """The provider's public keys as JWK objects (RFC 7517); read once, or again when ``fresh``."""
        if self._keys is None or fresh:
            self._keys = await read_keys(self._session, self.endpoint("jwks_uri"), self.timeout)
        return self._keys

    def request(self, **options: Any) -> AuthorizationRequest:
        """Make an authorization request; options as in [authorization_request][], with the client's own as defaults."""
        redirect_uri = options.pop("redirect_uri", None) or self.redirect_uri
        scope = options.pop("scope", None) or self.scope
        pkce: Pkce = options.pop("pkce", "S256")
        return authorization_request(
            self.endpoint("authorization_endpoint"), self.client_id, redirect_uri, scope, pkce=pkce, **options
        )

    async def grant(self, grant_type: str, fields: Mapping[str, str]) -> TokenSet:
        """Ask the token endpoint for tokens.

        Args:
            grant_type: Such as ``authorization_code``, ``refresh_token``, ``client_credentials``.
            fields: What the grant needs; empty values are left out.

        Raises:
            OAuthRefusal: The provider said no.
            StackFailure: It answered something that is no OAuth answer.
        """
        given = {name: value for name, value in fields.items() if value}
        answer = await self._post("token_endpoint", {"grant_type": grant_type, **given})
        if answer.status != 200 or _says_error(answer):
            raise _refusal(answer, f"tokens for {grant_type}")
        return token_set(answer.json(), answer.where)

    async def revoke(self, token: str, hint: str) -> None:
        """Revoke a token (RFC 7009). A token that the provider does not know counts as revoked.

        Raises:
            OAuthRefusal: The provider said no.
        """
        answer = await self._post("revocation_endpoint", {"token": token, "token_type_hint": hint})
        if answer.status != 200:
            raise _refusal(answer, "the revocation")

    async def introspect(self, token: str, hint: str) -> dict[str, Any]:
        """Ask the provider about a token (RFC 7662); ``active`` is always there.

        Raises:
            OAuthRefusal: The provider said no.
            StackFailure: Its answer lacks ``active``.
        """
        answer = await self._post("introspection_endpoint", {"token": token, "token_type_hint": hint})
        if answer.status != 200:
            raise _refusal(answer, "the introspection")
        body = answer.json()
        if not isinstance(body, dict) or not isinstance(body.get("active"), bool):
            raise StackFailure(explain(f"{answer.where} tells active true or false (RFC 7662, 2.2)", answer.described))
        return body

    async def userinfo(self, access_token: str, subject: str | None = None) -> dict[str, Any]:
        """The claims of the UserInfo endpoint (OpenID Connect Core 5.3).

        Args:
            access_token: Of the user.
            subject: ``sub`` of the ID token, which must be the same (5.3.2: token substitution); None leaves it unjudged.

        Raises:
            StackFailure: It refused, or tells of another user.
        """
        url = self.endpoint("userinfo_endpoint")
        answer = await self._session.send("GET", url, headers={"Authorization": f"Bearer {access_token}"}, timeout=self.timeout)
        if answer.status != 200:
            challenge = answer.headers.get("www-authenticate", "no WWW-Authenticate")
            raise StackFailure(explain(f"{answer.where} answers 200", answer.described, evidence=secrets.scrub(challenge)))
        claims = (
            await self._signed_claims(answer) if "application/jwt" in answer.headers.get("content-type", "") else answer.json()
        )
        if not isinstance(claims, dict) or "sub" not in claims:
            raise StackFailure(explain(f"{answer.where} tells sub (OpenID Connect Core 5.3.2)", answer.described))
        if subject is not None and claims["sub"] != subject:
            raise StackFailure(explain(f"{answer.where} tells of {subject!r}, as the ID token does", f"of {claims['sub']!r}"))
        return claims

    async def _signed_claims(self, answer: Answer) -> dict[str, Any]:
        """The claims of a UserInfo answer that is a JWT (OpenID Connect Core 5.3.2), verified."""
        token = decode(answer.text.strip())
        algorithms = ASYMMETRIC | SYMMETRIC
        demands = Demands(await self.keys(), algorithms=algorithms, secret=self.client_secret)
        found = list(signature_problems(token, demands))
        if any(problem.code == "key_unknown" for problem in found):
            found = list(signature_problems(token, replace(demands, keys=await self.keys(fresh=True))))
        audience = token.claims.get("aud", self.client_id)
        if token.claims.get("iss", self.issuer) != self.issuer:
            found.append(Problem("issuer", f"iss {self.issuer!r}", repr(token.claims["iss"]), "OpenID Connect Core 5.3.2"))
        if self.client_id not in (audience if isinstance(audience, list) else [audience]):
            found.append(Problem("audience", f"aud with {self.client_id!r}", repr(audience), "OpenID Connect Core 5.3.2"))
        if found:
            evidence = "\n".join(f"- {problem}" for problem in found)
            raise StackFailure(
                explain(f"{answer.where} answers with a JWT that may be trusted", "another one", evidence=evidence)
            )
        return dict(token.claims)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._session.close()

    async def _post(self, endpoint: str, fields: Mapping[str, str]) -> Answer:
        headers, own = client_authentication(self._client_auth, self.client_id, self.client_secret)
        form = {**{name: value for name, value in fields.items() if value}, **own}
        return await self._session.send(
            "POST",
            self.endpoint(endpoint),
            form=form,
            headers={"Accept": "application/json", **headers},
            timeout=self.timeout,
        )


async def read_keys(session: Session, url: str, timeout: float) -> list[dict[str, Any]]:
    """Read a JWK set (RFC 7517, 5).

    Raises:
        StackFailure: There is none at that URL.
    """
    answer = await session.send("GET", url, timeout=timeout)
    if answer.status != 200:
        raise StackFailure(explain(f"{answer.where} answers 200", answer.described))
    body = answer.json()
    keys = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kty" in key for key in keys):
        raise StackFailure(explain(f"{answer.where} is a JWK set", answer.described))
    private = [key.get("kid") for key in keys if {"d", "k"} & set(key)]
    if private:
        raise StackFailure(
            explain(f"{answer.where} holds public keys only", f"private or symmetric keys {private} are published")
        )
    return keys


def _says_error(answer: Answer) -> bool:
    """Whether an answer is an error although its status says otherwise, as some providers' are."""
    if "json" not in answer.headers.get("content-type", ""):
        return False
    body = answer.json()
    return isinstance(body, dict) and isinstance(body.get("error"), str) and "access_token" not in body


def _refusal(answer: Answer, asked: str) -> StackFailure:
    # RFC 6749, 5.2: errors are JSON; anything else is no answer of a token endpoint.
    if "json" in answer.headers.get("content-type", ""):
        body = answer.json()
        if isinstance(body, dict) and isinstance(body.get("error"), str):
            return OAuthRefusal(body["error"], answer, asked)
    return StackFailure(explain(f"an OAuth answer to {asked}", answer.described))
