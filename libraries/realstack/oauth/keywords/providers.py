"""Keywords of the relying party: discovery, authorization request, tokens, revocation, introspection, UserInfo."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.keywords.assertions import verify
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.http.keywords.values import hidden, plain, plain_url, secret
from realstack.http.urls import parameters
from realstack.oauth.client import ProviderClient
from realstack.oauth.client_auth import ClientAuth
from realstack.oauth.dpop import DpopProver
from realstack.oauth.flow import AuthorizationRequest, Pkce, authorization_answer, check_answer, code_of
from realstack.oauth.keywords.grants import Answered, Tokens, granted, the_tokens
from realstack.oauth.metadata import Metadata
from realstack.oauth.signing import SigningAlgorithm, SigningKey, read_private_key, read_private_key_file


class ProviderKeywords:
    """Keywords that talk to a provider as its client."""

    def __init__(self) -> None:
        self.providers: Owned[ProviderClient] = Owned("provider", "Open Provider")

    async def close_owned(self, owner: str) -> list[str]:
        """Close an owner's connections to providers; there is nothing that could fail."""
        for client in self.providers.release(owner):
            await client.close()
        return []

    @keyword(tags=["provider"])
    def open_provider(
        self,
        issuer: str,
        client_id: str,
        client_secret: Secret | None = None,
        *,
        alias: str | None = None,
        client_auth: ClientAuth | None = None,
        redirect_uri: str = "",
        scope: str = "openid profile email",
        ca: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
        address: str = "",
        endpoints: dict[str, str] | None = None,
        client_key: Secret | Path | None = None,
        client_algorithm: str = "",
        assertion_audience: str = "",
        dpop: SigningAlgorithm | None = None,
    ) -> str:
        """Reads a provider's metadata, checks its issuer, and is its client from now on.

        The metadata is looked for where OpenID Connect Discovery 1.0 puts it, then where RFC 8414 does. The issuer that it
        names must be the given one to the character (RFC 8414, 3.3).

        Args:
            issuer: Issuer identifier.
            client_id: Of the relying party.
            client_secret: Its secret; none for a public client.
            alias: Name for later keywords.
            client_auth: How the client shows who it is; ``private_key_jwt`` with a key, ``client_secret_basic`` with a secret,
                ``none`` without. Besides there are ``client_secret_post`` and ``client_secret_jwt`` (OpenID Connect Core 9).
            redirect_uri: Where authorization answers go, unless a request says otherwise.
            scope: What is asked for, unless a request says otherwise.
            ca: PEM file of the certificate authority to trust instead of the system's.
            timeout: For each request to the provider.
            address: Where the provider is reached, when that is not its issuer, as with one in a container:
                ``http://127.0.0.1:8080/realms/test``. Its metadata is read there, and endpoints with the issuer's origin are
                called there.
            endpoints: The metadata of a provider that publishes none, by name: ``token_endpoint``, ``authorization_endpoint``,
                ``jwks_uri``, … Nothing is read then.
            client_key: The client's private key, for ``private_key_jwt``: a file, or a Secret with PEM or a JWK in JSON.
            client_algorithm: What the client's assertions are signed with; the key's usual one, or ``HS256``, unless given.
            assertion_audience: Whom these are for (``aud``); the token endpoint unless given. Some want the issuer.
            dpop: Binds tokens to a key that is made for this client (RFC 9449), and signs proofs so: ``ES256``, say. Requests
                for tokens, pushed requests and [Get User Info] carry proofs then; for others see [Create Dpop Headers].

        Returns:
            The alias.

        Raises:
            StackFailure: There is no metadata, or it is another issuer's.

        ```robotframework
        Open Provider    http://127.0.0.2:20010    chat    ${CLIENT_SECRET}    redirect_uri=http://127.0.0.1:20000/auth/callback/main
        Open Provider    ${ISSUER}    chat    client_key=${CURDIR}/chat.pem    dpop=ES256
        ```
        """
        self.providers.free_alias(alias)
        key = _client_key(client_key)
        client = ProviderClient(
            issuer,
            client_id,
            plain(client_secret, f"client secret of {client_id}") if client_secret else "",
            client_auth=client_auth or ("private_key_jwt" if key else "client_secret_basic" if client_secret else "none"),
            redirect_uri=redirect_uri,
            scope=scope,
            ca=ca,
            timeout=seconds(timeout),
            address=address,
            client_key=key,
            client_algorithm=client_algorithm,
            assertion_audience=assertion_audience,
            dpop=DpopProver(dpop) if dpop else None,
        )
        try:
            if endpoints:
                client.metadata = Metadata(issuer, {"issuer": issuer, **endpoints})
            else:
                background.run(client.discover())
        except BaseException:
            background.run(client.close())
            raise
        return self.providers.add(client, current_owner(), alias)

    @keyword(tags=["provider", "getter"])
    def get_provider_metadata(
        self,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        provider: str | None = None,
    ) -> Any:
        """Returns one value of the provider's metadata, such as ``token_endpoint``, and optionally asserts it.

        Args:
            name: Its name.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            provider: Alias; the one opened last unless given.

        ```robotframework
        Get Provider Metadata    code_challenge_methods_supported    contains    S256
        ```
        """
        metadata = self.providers.get(provider).metadata
        return verify(metadata.values.get(name), assertion_operator, assertion_expected, f"{name} of {metadata.issuer}", message)

    @keyword(tags=["provider"])
    def create_authorization_request(
        self,
        *,
        redirect_uri: str | None = None,
        scope: str | None = None,
        pkce: Pkce = "S256",
        state: str | None = None,
        nonce: str | None = None,
        provider: str | None = None,
        **parameters: str,
    ) -> AuthorizationRequest:
        """Makes an authorization request (RFC 6749, 4.1.1) with PKCE (RFC 7636), state and nonce.

        The request keeps what its answer needs later; its ``url`` is where the user's browser goes.

        Args:
            redirect_uri: Instead of the client's.
            scope: Instead of the client's.
            pkce: Method of the code challenge; ``none`` leaves PKCE out.
            state: Instead of a random one; empty leaves it out.
            nonce: Instead of a random one; empty leaves it out.
            provider: Alias; the one opened last unless given.
            **parameters: Further parameters, such as ``prompt=login``; one that stands already, such as ``response_type`` or
                ``client_id``, is set to that.

        ```robotframework
        ${request}    Create Authorization Request    prompt=login    state=${EMPTY}
        Sign In With Forms    ${request.url}    fields=${fields}    stop_before=${URL}
        ```
        """
        return self.providers.get(provider).request(
            redirect_uri=redirect_uri, scope=scope, pkce=pkce, state=state, nonce=nonce, extra=parameters
        )

    @keyword(tags=["provider"])
    def get_code(
        self, callback: Secret | str, request: AuthorizationRequest | None = None, *, provider: str | None = None
    ) -> Secret:
        """Takes the authorization code out of the URL that the provider redirected to.

        Args:
            callback: That URL, as [Sign In With Forms] returns it.
            request: Whose state the answer must carry.
            provider: Alias of the provider whose ``iss`` the answer must carry when it has one (RFC 9207).

        Raises:
            StackFailure: The answer is an error, has no code, or has another state or issuer, or its JWT (JARM) may not be
                trusted.

        ```robotframework
        ${end}    Sign In With Forms    ${request.url}    fields=${fields}    stop_before=${URL}
        ${code}    Get Code    ${end.callback}    ${request}
        ```
        """
        url, found, issuer = self._answer(callback, request, provider)
        return secret(code_of(url, request, issuer, found), "authorization code")

    @keyword(tags=["provider"])
    def get_authorization_answer(
        self, callback: Secret | str, request: AuthorizationRequest | None = None, *, provider: str | None = None
    ) -> Answered:
        """Takes apart what the provider's redirect brought, also without a code: hybrid and implicit answers.

        They come in the query, in the fragment (OAuth 2.0 Multiple Response Types), by a posted form, or as one JWT
        (``response_mode=jwt``, JARM), which is verified. An ID token is not judged here: see [Verify Token].

        Args:
            callback: That URL, as [Sign In With Forms] returns it.
            request: Whose state the answer must carry.
            provider: Alias of the provider; the one opened last unless given.

        Returns:
            ``code``, ``access_token``, ``id_token`` (Secrets or None) and ``parameters``, the names of all that came.

        Raises:
            StackFailure: The answer is an error, has another state or issuer, or its JWT may not be trusted.

        ```robotframework
        ${request}    Create Authorization Request    response_type=code id_token
        ${end}    Sign In With Forms    ${request.url}    fields=${fields}    stop_before=${URL}
        ${answer}    Get Authorization Answer    ${end.callback}    ${request}
        Verify Token    ${answer.id_token}    nonce=${request.nonce}    code=${answer.code}
        ```
        """
        url, found, issuer = self._answer(callback, request, provider)
        check_answer(url, found, request, issuer)
        return Answered.of(authorization_answer(found))

    @keyword(tags=["provider"])
    def push_authorization_request(
        self, request: AuthorizationRequest, *, refused: str | None = None, provider: str | None = None
    ) -> AuthorizationRequest | None:
        """Pushes an authorization request to the provider, by the client itself (RFC 9126).

        Args:
            request: As [Create Authorization Request] made it.
            refused: The OAuth error with which the provider must refuse, such as ``invalid_request``.
            provider: Alias; the one opened last unless given.

        Returns:
            The request with another ``url``, which names what was pushed and holds none of it; nothing when refused.

        ```robotframework
        ${request}    Create Authorization Request
        ${request}    Push Authorization Request    ${request}
        Sign In With Forms    ${request.url}    fields=${fields}    stop_before=${URL}
        ```
        """
        client = self.providers.get(provider)
        return granted(client, "the pushed authorization request", client.push(request), refused)

    @keyword(tags=["provider"])
    def exchange_code(
        self,
        code: Secret,
        request: AuthorizationRequest | None = None,
        *,
        code_verifier: Secret | None = None,
        redirect_uri: str | None = None,
        refused: str | None = None,
        provider: str | None = None,
    ) -> Tokens | None:
        """Exchanges an authorization code for tokens (RFC 6749, 4.1.3).

        Args:
            code: The code.
            request: The request that it answers: gives redirect URI and code verifier.
            code_verifier: Instead of the request's.
            redirect_uri: Instead of the request's.
            refused: The OAuth error with which the provider must refuse, such as ``invalid_grant``. Nothing else passes then.
            provider: Alias; the one opened last unless given.

        Returns:
            ``access_token``, ``refresh_token``, ``id_token`` (Secrets or None), ``token_type``, ``expires_in``,
            ``scope``; nothing when refused.

        ```robotframework
        ${tokens}    Exchange Code    ${code}    ${request}
        Exchange Code    ${code}    ${request}    refused=invalid_grant
        ```
        """
        verifier = plain(code_verifier) if code_verifier is not None else (request.verifier if request else "")
        target = redirect_uri if redirect_uri is not None else (request.redirect_uri if request else "")
        fields = {"code": plain(code, "authorization code"), "redirect_uri": target, "code_verifier": verifier}
        return self._grant("authorization_code", fields, refused, provider)

    @keyword(tags=["provider"])
    def refresh_tokens(
        self, refresh_token: Secret, *, scope: str = "", refused: str | None = None, provider: str | None = None
    ) -> Tokens | None:
        """Gets new tokens for a refresh token (RFC 6749, 6).

        Args:
            refresh_token: The refresh token.
            scope: A narrower scope than was granted.
            refused: The OAuth error with which the provider must refuse.
            provider: Alias; the one opened last unless given.

        Returns:
            As [Exchange Code].

        ```robotframework
        ${new}    Refresh Tokens    ${tokens.refresh_token}
        Refresh Tokens    ${tokens.refresh_token}    refused=invalid_grant
        ```
        """
        return self._grant(
            "refresh_token", {"refresh_token": plain(refresh_token, "refresh token"), "scope": scope}, refused, provider
        )

    @keyword(tags=["provider"])
    def request_client_tokens(self, *, scope: str = "", refused: str | None = None, provider: str | None = None) -> Tokens | None:
        """Gets tokens for the client itself, by client credentials (RFC 6749, 4.4).

        Args:
            scope: What is asked for.
            refused: The OAuth error with which the provider must refuse.
            provider: Alias; the one opened last unless given.

        Returns:
            As [Exchange Code].

        ```robotframework
        ${tokens}    Request Client Tokens    scope=users:write
        ```
        """
        return self._grant("client_credentials", {"scope": scope}, refused, provider)

    @keyword(tags=["provider"])
    def revoke_token(self, token: Secret, *, hint: str = "refresh_token", provider: str | None = None) -> None:
        """Revokes a token at the provider (RFC 7009). Revoking one that is not known succeeds as well.

        Args:
            token: The token.
            hint: ``refresh_token`` or ``access_token``: where the provider looks first.
            provider: Alias; the one opened last unless given.

        ```robotframework
        Revoke Token    ${tokens.refresh_token}
        Refresh Tokens    ${tokens.refresh_token}    refused=invalid_grant
        ```
        """
        background.run(self.providers.get(provider).revoke(plain(token, hint), hint))

    @keyword(tags=["provider", "getter"])
    def get_introspection(
        self,
        token: Secret,
        field: str = "active",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        hint: str = "access_token",
        provider: str | None = None,
    ) -> Any:
        """Asks the provider about a token (RFC 7662), returns one field of the answer and optionally asserts it.

        Args:
            token: The token.
            field: Of the answer; ``*`` returns all of it.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            hint: ``refresh_token`` or ``access_token``.
            provider: Alias; the one opened last unless given.

        ```robotframework
        Get Introspection    ${tokens.access_token}    active    ==    True
        ```
        """
        answer = hidden(background.run(self.providers.get(provider).introspect(plain(token, hint), hint)))
        value = answer if field == "*" else answer.get(field)
        return verify(value, assertion_operator, assertion_expected, f"Introspected {field}", message)

    @keyword(tags=["provider", "getter"])
    def get_user_info(
        self,
        access_token: Secret,
        claim: str = "*",
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        subject: str | None = None,
        provider: str | None = None,
    ) -> Any:
        """Asks the provider who the user is (OpenID Connect Core 5.3), returns a claim and optionally asserts it.

        Args:
            access_token: Of the user.
            claim: Its name; ``*`` returns all.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            subject: ``sub`` of the ID token, which the answer must have too (5.3.2).
            provider: Alias; the one opened last unless given.

        ```robotframework
        Get User Info    ${tokens.access_token}    email    ==    ann@example.org
        ```
        """
        claims = hidden(background.run(self.providers.get(provider).userinfo(plain(access_token, "access token"), subject)))
        value = claims if claim == "*" else claims.get(claim)
        return verify(value, assertion_operator, assertion_expected, f"UserInfo's {claim}", message)

    def _answer(
        self, callback: Secret | str, request: AuthorizationRequest | None, provider: str | None
    ) -> tuple[str, dict[str, str], str | None]:
        """The URL, the parameters of the answer, and the issuer that it must name."""
        url = plain_url(callback)
        found = parameters(url)
        if "response" in found or request is not None or provider:
            client = self.providers.get(provider)
            return url, background.run(client.answer_parameters(url)), client.issuer
        return url, found, None

    def _grant(self, grant_type: str, fields: dict[str, str], refused: str | None, provider: str | None) -> Tokens | None:
        client = self.providers.get(provider)
        return the_tokens(granted(client, f"the {grant_type} grant", client.grant(grant_type, fields), refused))


def _client_key(given: Secret | Path | None) -> SigningKey | None:
    if given is None:
        return None
    return read_private_key(str(given.value)) if isinstance(given, Secret) else read_private_key_file(given)
