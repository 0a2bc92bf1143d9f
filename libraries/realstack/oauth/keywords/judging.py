"""Keywords that need a token's issuer: judging tokens by its keys, and forging what it never gave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.oauth.client import ProviderClient, read_keys
from realstack.oauth.forge import Forgery, Issuer, described, forge
from realstack.oauth.http import Session
from realstack.oauth.keywords.values import plain, secret, told
from realstack.oauth.tokens import ASYMMETRIC, Demands, Problem, Token, decode, problems

KEYS_TIMEOUT = 5.0


class JudgingKeywords:
    """Keywords that need a token and its issuer's keys.

    Args:
        providers: The open providers.
    """

    def __init__(self, providers: Owned[ProviderClient]) -> None:
        self._providers = providers

    @keyword(tags=["token"])
    def verify_token(
        self,
        token: Secret,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        nonce: str | None = None,
        access_token: Secret | None = None,
        algorithms: list[str] | None = None,
        leeway: timedelta = timedelta(),
        jwks_url: str | None = None,
        provider: str | None = None,
    ) -> dict[str, Any]:
        """Verify a JWT against its issuer's published keys and OpenID Connect Core 3.1.3.7.

        Without ``jwks_url`` the keys, and the issuer unless given, are the provider's. Only asymmetric signatures are
        accepted unless ``algorithms`` says otherwise.

        Args:
            token: The token.
            issuer: What ``iss`` must be.
            audience: What ``aud`` must contain (and ``azp`` be, where there is one); for a provider, its client unless given.
            nonce: What ``nonce`` must be.
            access_token: What ``at_hash`` must fit, where there is one.
            algorithms: Accepted signature algorithms, instead of all asymmetric ones.
            leeway: How far clocks may differ.
            jwks_url: Where the issuer publishes its keys (RFC 7517).
            provider: Alias of the provider; the one opened last unless given.

        Returns:
            The claims.

        Raises:
            StackFailure: It must be refused. The text names every reason.

        ```robotframework
        Verify Token    ${tokens.id_token}    nonce=${request.nonce}    access_token=${tokens.access_token}
        Verify Token    ${access}    jwks_url=${URL}/.well-known/jwks.json    issuer=${URL}    audience=chat
        ```
        """
        read = decode(plain(token, "token"))
        demands = self._demands(
            issuer=issuer,
            audience=audience,
            nonce=nonce,
            access_token=access_token,
            algorithms=algorithms,
            leeway=leeway,
            jwks_url=jwks_url,
            provider=provider,
        )
        found = self._judged(read, demands, jwks_url, provider)
        if found:
            evidence = "\n".join(f"- {problem}" for problem in found)
            raise StackFailure(explain("a token that may be trusted", f"{len(found)} reasons to refuse it", evidence=evidence))
        return dict(read.claims)

    @keyword(tags=["token", "getter"])
    def get_token_problems(
        self,
        token: Secret,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        nonce: str | None = None,
        access_token: Secret | None = None,
        algorithms: list[str] | None = None,
        leeway: timedelta = timedelta(),
        jwks_url: str | None = None,
        provider: str | None = None,
    ) -> list[str]:
        """Return the codes of all reasons to refuse a JWT and optionally assert them; an empty list for a good one.

        Codes: ``algorithm``, ``key_unknown``, ``signature``, ``critical_header``, ``issuer``, ``audience``, ``authorized_party``,
        ``subject``, ``expired``, ``expiry_missing``, ``not_yet_valid``, ``issued_at``, ``nonce``, ``access_token_hash``.

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: What they are compared with.
            message: Instead of the usual text of a failure.
            issuer: As in [Verify Token], like all that follow.
            audience: ``aud``.
            nonce: ``nonce``.
            access_token: For ``at_hash``.
            algorithms: Accepted algorithms.
            leeway: How far clocks may differ.
            jwks_url: Where the keys are.
            provider: Alias.

        ```robotframework
        Get Token Problems    ${forged}    contains    signature    nonce=${request.nonce}
        ```
        """
        read = decode(plain(token, "token"))
        demands = self._demands(
            issuer=issuer,
            audience=audience,
            nonce=nonce,
            access_token=access_token,
            algorithms=algorithms,
            leeway=leeway,
            jwks_url=jwks_url,
            provider=provider,
        )
        found = self._judged(read, demands, jwks_url, provider)
        told("\n".join(map(str, found)) or "No reason to refuse it.")
        result: list[str] = verify(
            [problem.code for problem in found], assertion_operator, assertion_expected, "Problems", message
        )
        return result

    @keyword(tags=["token"])
    def forge_token(
        self,
        token: Secret,
        kind: Forgery,
        *,
        claims: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        jwks_url: str | None = None,
        provider: str | None = None,
    ) -> Secret:
        """Make a token that nobody may accept, in the likeness of a good one (RFC 8725).

        Whatever needs a signature gets one of a key that the issuer never had. Kinds:

        | kind | what it is |
        |---|---|
        | ``alg-none``, ``alg-none-mixed-case`` | unsigned, ``alg`` ``none`` or ``nOnE`` |
        | ``signature-missing``, ``signature-zero`` | the signature cut off, or 64 zero bytes |
        | ``tampered-payload`` | other claims under the old signature |
        | ``foreign-key``, ``foreign-kid`` | a foreign key's signature under the issuer's ``kid``, or under an unknown one |
        | ``foreign-key-embedded``, ``foreign-key-url`` | a foreign key in the header (``jwk``), or pointed to (``jku``) |
        | ``kid-path``, ``kid-sql`` | a ``kid`` that climbs the file system, or injects SQL |
        | ``hs256-public-key`` | an HMAC with the bytes of the issuer's public key (PEM) |
        | ``critical-header`` | a header extension that must be understood and is not |
        | ``expired``, ``not-yet-valid``, ``expiry-missing`` | ``exp`` an hour ago, ``nbf`` in an hour, no ``exp`` |
        | ``issuer-wrong``, ``audience-wrong``, ``subject-missing``, ``nonce-wrong`` | other claims, signed by a foreign key |

        Args:
            token: The token that it looks like.
            kind: What is wrong with it.
            claims: Claims to set besides; None as a value removes one.
            headers: Header parameters to set besides.
            jwks_url: Where the issuer publishes its keys; only for ``hs256-public-key``.
            provider: Alias of the issuer, instead of ``jwks_url``.

        ```robotframework
        ${forged}    Forge Token    ${token}    hs256-public-key    jwks_url=${URL}/.well-known/jwks.json
        ```
        """
        keys = self._keys(jwks_url, provider) if kind == "hs256-public-key" else []
        made = forge(decode(plain(token, "token")), kind, issuer=Issuer(tuple(keys)), claims=claims, headers=headers)
        told(f"Forged: {described(kind)}.")
        return secret(made, f"forged token, {kind}")

    def _keys(self, jwks_url: str | None, provider: str | None, *, fresh: bool = False) -> list[dict[str, Any]]:
        if jwks_url is None:
            return background.run(self._providers.get(provider).keys(fresh=fresh))

        async def read(url: str) -> list[dict[str, Any]]:
            session = Session(f"keys {url}")
            try:
                return await read_keys(session, url, KEYS_TIMEOUT)
            finally:
                await session.close()

        return background.run(read(jwks_url))

    def _demands(
        self,
        *,
        issuer: str | None,
        audience: str | None,
        nonce: str | None,
        access_token: Secret | None,
        algorithms: list[str] | None,
        leeway: timedelta,
        jwks_url: str | None,
        provider: str | None,
    ) -> Demands:
        client = self._providers.get(provider) if jwks_url is None else None
        return Demands(
            self._keys(jwks_url, provider),
            issuer or (client.issuer if client else None),
            audience or (client.client_id if client else None),
            nonce,
            plain(access_token, "access token") if access_token else None,
            frozenset(algorithms) if algorithms else ASYMMETRIC,
            leeway.total_seconds(),
        )

    def _judged(self, token: Token, demands: Demands, jwks_url: str | None, provider: str | None) -> list[Problem]:
        found = problems(token, demands)
        if jwks_url is None and any(problem.code == "key_unknown" for problem in found):
            # The issuer may have a new key: a relying party reads the set again (OpenID Connect Core 10.1.1).
            keys = self._keys(None, provider, fresh=True)
            found = problems(token, replace(demands, keys=keys))
        return found
