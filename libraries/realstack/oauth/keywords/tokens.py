"""Keywords about tokens: reading, judging and forging JSON Web Tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.oauth.client import read_keys
from realstack.oauth.forge import Forgery, Issuer, described, forge
from realstack.oauth.http import Session
from realstack.oauth.keywords.base import Base, check, plain, secret
from realstack.oauth.tokens import ASYMMETRIC, Demands, Problem, Token, decode, problems

KEYS_TIMEOUT = 5.0


class TokenKeywords(Base):
    """Keywords that need a token and perhaps its issuer's keys."""

    @keyword(tags=["token"])
    def decode_token(self, token: Secret) -> dict[str, Any]:
        """Take a JWT apart, without verifying it.

        Args:
            token: The token.

        Returns:
            A dictionary with ``header`` and ``claims``. They are shown in the log; the signature is not part of it.

        Raises:
            StackFailure: It is no JWT in compact form (RFC 7515, 7.1).
        """
        read = decode(plain(token, "token"))
        return {"header": dict(read.header), "claims": dict(read.claims)}

    @keyword(tags=["token", "getter"])
    def get_claim(
        self,
        token: Secret,
        claim: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> Any:
        """Return a claim of a JWT and optionally assert it.

        Args:
            token: The token.
            claim: Its name.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.

        Raises:
            StackFailure: The token has no such claim; the text tells which it has.

        ```robotframework
        Get Claim    ${token}    email    ==    reader@example.org
        Get Claim    ${token}    aud      contains    chat
        ```
        """
        return self._part(decode(plain(token, "token")).claims, "claim", claim, (assertion_operator, assertion_expected, message))

    @keyword(tags=["token", "getter"])
    def get_claims(
        self,
        token: Secret,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        without: list[str] | None = None,
    ) -> dict[str, Any]:
        """Return all claims of a JWT as a dictionary and optionally assert them.

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: What they are compared with.
            message: Instead of the usual text of a failure.
            without: Names of claims to leave out, such as the times, to compare tokens of before and after a refresh.

        ```robotframework
        ${before}    Get Claims    ${old}    without=${{['iat', 'exp', 'jti']}}
        Get Claims    ${new}    ==    ${before}    without=${{['iat', 'exp', 'jti']}}
        ```
        """
        claims = {name: value for name, value in decode(plain(token, "token")).claims.items() if name not in (without or [])}
        result: dict[str, Any] = check(claims, assertion_operator, assertion_expected, "Claims", message)
        return result

    @keyword(tags=["token", "getter"])
    def get_token_header(
        self,
        token: Secret,
        name: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
    ) -> Any:
        """Return a parameter of a JWT's JOSE header, such as ``alg`` or ``kid``, and optionally assert it.

        Args:
            token: The token.
            name: Of the parameter.
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
        """
        read = decode(plain(token, "token"))
        return self._part(read.header, "header parameter", name, (assertion_operator, assertion_expected, message))

    @keyword(tags=["token", "getter"])
    def get_token_life_left(
        self,
        token: Secret,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: timedelta | None = None,
        message: str | None = None,
    ) -> timedelta:
        """Return how long a JWT is still valid by this machine's clock, and optionally assert it. Negative once it has expired.

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: A time, such as ``30 s``.
            message: Instead of the usual text of a failure.

        ```robotframework
        Get Token Life Left    ${token}    <=    30 s
        ```
        """
        left = timedelta(seconds=self._expiry(token) - time.time())
        result: timedelta = check(left, assertion_operator, assertion_expected, "Life left", message)
        return result

    @keyword(tags=["token"])
    def wait_until_token_expires(
        self, token: Secret, *, past: timedelta = timedelta(), timeout: timedelta = timedelta(seconds=60)
    ) -> None:
        """Wait until a JWT's ``exp`` has come, by this machine's clock.

        Args:
            token: The token.
            past: How long after ``exp`` to wait on.
            timeout: Refuse at once to wait longer than this.

        Raises:
            StackError: It lives longer than the timeout.
        """
        left = self._expiry(token) + past.total_seconds() - time.time()
        if left > timeout.total_seconds():
            raise StackError(
                explain(
                    f"the token expires within {timeout.total_seconds():g} s",
                    f"it lives for {left:.0f} s more",
                    remedy="Give a longer timeout, or start the platform with shorter tokens.",
                )
            )
        end = time.monotonic() + left
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, 0.2))  # in slices, so that Robot's own time-outs get through
        logger.info(f"Expired {-(self._expiry(token) - time.time()):.3f} s ago.")

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
        logger.info("\n".join(map(str, found)) or "No reason to refuse it.")
        result: list[str] = check(
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
        logger.info(f"Forged: {described(kind)}.")
        return secret(made, f"forged token, {kind}")

    @staticmethod
    def _part(
        values: Mapping[str, Any], what: str, name: str, assertion: tuple[AssertionOperator | None, Any, str | None]
    ) -> Any:
        if name not in values:
            raise StackFailure(explain(f"the token has the {what} {name!r}", f"it has {', '.join(sorted(values)) or 'none'}"))
        operator, expected, message = assertion
        return check(values[name], operator, expected, f"{what.capitalize()} {name}", message)

    @staticmethod
    def _expiry(token: Secret) -> float:
        expiry = decode(plain(token, "token")).claims.get("exp")
        if not isinstance(expiry, int | float) or isinstance(expiry, bool):
            raise StackFailure(explain("the token has an exp in Unix seconds (RFC 7519, 4.1.4)", repr(expiry)))
        return float(expiry)

    def _keys(self, jwks_url: str | None, provider: str | None, *, fresh: bool = False) -> list[dict[str, Any]]:
        if jwks_url is None:
            return self.run(self.providers.get(provider).keys(fresh=fresh))

        async def read(url: str) -> list[dict[str, Any]]:
            session = Session(f"keys {url}")
            try:
                return await read_keys(session, url, KEYS_TIMEOUT)
            finally:
                await session.close()

        return self.run(read(jwks_url))

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
        client = self.providers.get(provider) if jwks_url is None else None
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
