"""A relying party's conversation with one OpenID provider, on the background loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from realstack.core.errors import StackFailure, explain
from realstack.core.waiting import Deadline
from realstack.http.urls import moved, parameters, with_parameters
from realstack.oauth.client_auth import ClientAuth, ClientCredentials
from realstack.oauth.device import DEVICE_GRANT, SLOWER, DeviceAuthorization, device_authorization
from realstack.oauth.dpop import NONCE_ERROR, DpopProver
from realstack.oauth.flow import (
    AuthorizationRequest,
    Pkce,
    TokenSet,
    authorization_request,
    seconds_of,
    token_set,
)
from realstack.oauth.forms import URLENCODED
from realstack.oauth.http import Answer, Session
from realstack.oauth.metadata import Metadata, discovery_urls, read_metadata
from realstack.oauth.signing import SigningKey
from realstack.oauth.tokens import ASYMMETRIC, SYMMETRIC, Demands, Problem, Token, decode, problems
from realstack.secrets import secrets

OF_OTHER_KEYS = frozenset({"key_unknown", "signature"})
"""Problems of a token that a key which the issuer has exchanged meanwhile would have, be it under another name or none."""


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
        client_key: The client's private key, for ``private_key_jwt``.
        client_algorithm: What the client's assertions are signed with; empty takes the usual one.
        assertion_audience: Whom they are for; the token endpoint when empty.
        dpop: Binds tokens to its key (RFC 9449); None asks for bearer tokens.
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
        client_key: SigningKey | None = None,
        client_algorithm: str = "",
        assertion_audience: str = "",
        dpop: DpopProver | None = None,
    ) -> None:
        self.issuer = issuer
        self.address = address or issuer
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.scope = scope
        self.timeout = timeout
        self.metadata = Metadata(issuer, {})
        self.client_secret = secrets.remember(client_secret, f"client secret of {client_id}", lasting=True)
        self.dpop = dpop
        self._credentials = ClientCredentials(client_id, client_auth, self.client_secret, client_key, client_algorithm)
        self._assertion_audience = assertion_audience
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
        answer = await self._post("token_endpoint", {"grant_type": grant_type, **fields})
        if answer.status != 200 or _error_code(answer):
            raise _refusal(answer, f"tokens for {grant_type}")
        return token_set(answer.json(), answer.where)

    async def push(self, request: AuthorizationRequest) -> AuthorizationRequest:
        """Push an authorization request (RFC 9126); what a browser carries is then only its name.

        Raises:
            OAuthRefusal: The provider said no.
            StackFailure: It answered something that is no answer to a pushed request.
        """
        asked = parameters(request.url)
        answer = await self._post("pushed_authorization_request_endpoint", asked)
        if answer.status not in {200, 201}:
            raise _refusal(answer, "the pushed authorization request")
        body = answer.json()
        name = body.get("request_uri") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise StackFailure(
                explain(f"{answer.where} answers with request_uri and expires_in (RFC 9126, 2.2)", answer.described)
            )
        seconds_of(body.get("expires_in"), f"{answer.where} gives expires_in in seconds (RFC 9126, 2.2)")
        url = with_parameters(
            self.endpoint("authorization_endpoint"), {"client_id": asked.get("client_id", self.client_id), "request_uri": name}
        )
        return replace(request, url=url)

    async def authorize_device(self, fields: Mapping[str, str]) -> DeviceAuthorization:
        """Ask for the codes of a device (RFC 8628, 3.1).

        Raises:
            OAuthRefusal: The provider said no.
            StackFailure: It answered something else.
        """
        answer = await self._post("device_authorization_endpoint", fields)
        if answer.status != 200 or _error_code(answer):
            raise _refusal(answer, "the device authorization")
        return device_authorization(answer.json(), answer.where)

    async def device_tokens(
        self, device: DeviceAuthorization, timeout: float, *, interval: float | None = None, once: bool = False
    ) -> TokenSet:
        """Ask for a device's tokens until the user has decided (RFC 8628, 3.4).

        Args:
            device: The codes.
            timeout: Seconds to go on asking.
            interval: Seconds between two questions, instead of what the provider wants.
            once: Ask a single time, whatever the answer.

        Raises:
            OAuthRefusal: The user or the provider said no, or nothing was decided in time.
        """
        pause = device.interval if interval is None else interval
        deadline = Deadline(timeout)
        while True:
            try:
                return await self.grant(DEVICE_GRANT, {"device_code": device.device_code})
            except OAuthRefusal as refusal:
                if refusal.code == "slow_down":
                    pause += SLOWER
                if once or refusal.code not in {"authorization_pending", "slow_down"} or deadline.left < pause:
                    raise
            await asyncio.sleep(pause)

    async def answer_parameters(self, callback: str) -> dict[str, str]:
        """The parameters of an authorization response: of the query, of the fragment, or of a JWT (JARM), which is verified.

        Raises:
            StackFailure: The JWT may not be trusted.
        """
        found = parameters(callback)
        if "response" not in found:
            return found
        token = decode(found["response"])
        # JARM 2.1: iss, aud and exp are all that it must have besides the answer itself.
        refused = await self.untrusted(token, aside={"subject", "issued_at"})
        if refused:
            evidence = "\n".join(f"- {problem}" for problem in refused)
            expected = "an authorization response whose JWT may be trusted (JARM 2.4)"
            raise StackFailure(explain(expected, "another one", evidence=evidence))
        return {name: str(value) for name, value in token.claims.items() if name not in {"aud", "exp"}}

    async def untrusted(self, token: Token, *, aside: Collection[str] = ()) -> list[Problem]:
        """The reasons to refuse a JWT that the provider made for this client.

        Args:
            token: The token.
            aside: Codes of problems that don't count.
        """
        algorithm = token.header.get("alg")
        keys = await self.keys() if isinstance(algorithm, str) and algorithm in ASYMMETRIC else None
        demands = Demands(
            keys,
            self.issuer,
            self.client_id,
            algorithms=ASYMMETRIC | SYMMETRIC,
            secret=self.client_secret,
            id_token=False,
        )
        found = problems(token, demands)
        if keys is not None and OF_OTHER_KEYS & {problem.code for problem in found}:
            # The issuer may have a new key: a relying party reads the set again (OpenID Connect Core 10.1.1).
            found = problems(token, replace(demands, keys=await self.keys(fresh=True)))
        return [problem for problem in found if problem.code not in aside]

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
        answer = await self._ask_userinfo(access_token)
        if answer.status != 200:
            missing = "" if "www-authenticate" in answer.headers else "no WWW-Authenticate"
            raise StackFailure(explain(f"{answer.where} answers 200", answer.described, evidence=missing))
        claims = await self._signed_claims(answer) if "application/jwt" in answer.kind else answer.json()
        if not isinstance(claims, dict) or "sub" not in claims:
            raise StackFailure(explain(f"{answer.where} tells sub (OpenID Connect Core 5.3.2)", answer.described))
        if subject is not None and claims["sub"] != subject:
            raise StackFailure(explain(f"{answer.where} tells of {subject!r}, as the ID token does", f"of {claims['sub']!r}"))
        return claims

    async def _signed_claims(self, answer: Answer) -> dict[str, Any]:
        """The claims of a UserInfo answer that is a JWT (OpenID Connect Core 5.3.2), verified."""
        token = decode(answer.text.strip())
        aside = {"subject", "issued_at", "expiry_missing"}
        aside |= {code for code, claim in (("issuer", "iss"), ("audience", "aud")) if claim not in token.claims}
        found = await self.untrusted(token, aside=aside)
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
        url = self.endpoint(endpoint)
        given = {name: value for name, value in fields.items() if value}
        answer = await self._post_once(endpoint, url, given)
        if self.dpop is not None and self.dpop.hear(url, answer.headers) and _error_code(answer) == NONCE_ERROR:
            answer = await self._post_once(endpoint, url, given)  # with the nonce that the answer brought (RFC 9449, 8)
        return answer

    async def _post_once(self, endpoint: str, url: str, fields: Mapping[str, str]) -> Answer:
        audience = self._assertion_audience or str(self.metadata.values.get("token_endpoint") or url)
        headers, own = self._credentials.shown(audience)
        if self.dpop is not None and endpoint in {"token_endpoint", "pushed_authorization_request_endpoint"}:
            headers["DPoP"] = self.dpop.proof("POST", url)
        return await self._session.send(
            "POST",
            url,
            form={**fields, **own},
            headers={"Accept": "application/json", **headers},
            timeout=self.timeout,
        )

    async def _ask_userinfo(self, access_token: str) -> Answer:
        url = self.endpoint("userinfo_endpoint")
        if self.dpop is None:
            return await self._session.send("GET", url, headers={"Authorization": f"Bearer {access_token}"}, timeout=self.timeout)

        async def ask(prover: DpopProver) -> Answer:
            headers = {"Authorization": f"DPoP {access_token}", "DPoP": prover.proof("GET", url, access_token)}
            return await self._session.send("GET", url, headers=headers, timeout=self.timeout)

        answer = await ask(self.dpop)
        # A resource wants its nonce in the same way (RFC 9449, 9).
        return await ask(self.dpop) if self.dpop.hear(url, answer.headers) and answer.status == 401 else answer


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
    if not isinstance(keys, list):
        raise StackFailure(explain(f"{answer.where} is a JWK set", answer.described))
    # What lacks what each key has is passed over (RFC 7517, 5).
    keys = [key for key in keys if isinstance(key, dict) and isinstance(key.get("kty"), str)]
    private = [key.get("kid") for key in keys if {"d", "k"} & set(key)]
    if private:
        raise StackFailure(
            explain(f"{answer.where} holds public keys only", f"private or symmetric keys {private} are published")
        )
    return keys


def _error_code(answer: Answer) -> str:
    """The OAuth error of an answer (RFC 6749, 5.2), or empty.

    It is read from JSON whatever the answer says that it is, and from the fields of a form, as some providers write it.
    """
    kind = answer.kind
    if URLENCODED in kind:
        body: Any = dict(parse_qsl(answer.text))
    elif "json" in kind or answer.text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            body = answer.json()
        except StackFailure:  # nothing, or half of it
            return ""
    else:
        return ""
    code = body.get("error") if isinstance(body, dict) and not body.get("access_token") else None
    return code if isinstance(code, str) else ""


def _refusal(answer: Answer, asked: str) -> StackFailure:
    if code := _error_code(answer):
        return OAuthRefusal(code, answer, asked)
    return StackFailure(explain(f"an OAuth answer to {asked}", answer.described))
