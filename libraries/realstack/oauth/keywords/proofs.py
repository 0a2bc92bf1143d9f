"""Keywords about tokens that only the holder of a key can use (DPoP, RFC 9449)."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.assertions import verify
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain, plain_json, plain_url, secret
from realstack.oauth.client import ProviderClient
from realstack.oauth.dpop import DpopProver


class ProofKeywords:
    """Keywords that prove the possession of a key.

    Args:
        providers: The open providers.
    """

    def __init__(self, providers: Owned[ProviderClient]) -> None:
        self._providers = providers

    @keyword(tags=["token"])
    def create_dpop_headers(
        self,
        method: str,
        url: str | Secret,
        access_token: Secret | None = None,
        *,
        claims: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        provider: str | None = None,
    ) -> dict[str, Secret]:
        """Makes the headers of one request with a token that is bound to the client's key (RFC 9449, 7.1).

        Args:
            method: HTTP method of the request.
            url: Where it goes, absolute; a query is no part of the proof.
            access_token: The token; none leaves ``Authorization`` out.
            claims: Claims of the proof to set besides, to make a bad one; None as a value removes one.
            headers: The same for the proof's JOSE header.
            provider: Alias of the provider that was opened with ``dpop``; the one opened last unless given.

        Returns:
            ``DPoP`` and ``Authorization``, Secrets.

        ```robotframework
        ${headers}    Create Dpop Headers    GET    ${URL}/api/threads    ${tokens.access_token}
        Send Request    GET    ${URL}/api/threads    headers=${headers}
        ${headers}    Create Dpop Headers    GET    ${URL}/api/files    ${tokens.access_token}
        Send Request    GET    ${URL}/api/threads    headers=${headers}    status=401
        ```
        """
        token = plain(access_token, "access token") if access_token is not None else ""
        made = self._prover(provider).proof(method, plain_url(url), token, claims=plain_json(claims), headers=plain_json(headers))
        proof = {"DPoP": secret(made, "DPoP proof")}
        return {**proof, "Authorization": Secret(f"DPoP {token}")} if token else proof

    @keyword(tags=["token", "getter"])
    def get_dpop_thumbprint(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        provider: str | None = None,
    ) -> str:
        """Returns the thumbprint of the client's key, which bound tokens carry as ``cnf.jkt`` (RFC 9449, 6.1), and asserts.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            provider: Alias of the provider that was opened with ``dpop``; the one opened last unless given.

        ```robotframework
        ${confirmation}    Get Claim    ${tokens.access_token}    cnf
        Get Dpop Thumbprint    ==    ${confirmation}[jkt]
        ```
        """
        what = "Thumbprint of the DPoP key"
        return verify(self._prover(provider).thumbprint, assertion_operator, assertion_expected, what, message)

    def _prover(self, provider: str | None) -> DpopProver:
        prover = self._providers.get(provider).dpop
        if prover is None:
            seen = f"provider '{self._providers.name(provider)}' was opened without"
            raise StackError(explain("a client with a DPoP key", seen, remedy="Open it with dpop=ES256."))
        return prover
