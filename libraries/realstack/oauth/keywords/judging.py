"""Keywords that need a token's issuer: judging tokens by its keys, and forging what it never gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.core.several import several
from realstack.http.keywords.values import plain, plain_json, plain_url, secret, told
from realstack.http.urls import shown
from realstack.oauth.client import OF_OTHER_KEYS, ProviderClient, read_keys
from realstack.oauth.forge import Forgery, Issuer, described, forge
from realstack.oauth.http import Session
from realstack.oauth.signing import read_private_key_file
from realstack.oauth.tokens import ALGORITHMS, ASYMMETRIC, Demands, Problem, Token, decode, problems

KEYS_TIMEOUT = 5.0

TokenKind = Literal["auto", "id-token", "access-token"]


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
        code: Secret | None = None,
        algorithms: Sequence[str] | str | None = None,
        leeway: timedelta = timedelta(),
        jwks_url: str | Secret | None = None,
        provider: str | None = None,
        kind: TokenKind = "auto",
        client_secret: Secret | None = None,
        ca: str | None = None,
    ) -> dict[str, Any]:
        """Verifies a JWT against its issuer's published keys and OpenID Connect Core 3.1.3.7.

        Without ``jwks_url`` the keys, and the issuer unless given, are the provider's. Only asymmetric signatures are
        accepted unless ``algorithms`` says otherwise.

        Args:
            token: The token.
            issuer: What ``iss`` must be.
            audience: What ``aud`` must contain; for a provider, its client unless given. Of an ID token ``azp`` must be the same.
            nonce: What ``nonce`` must be.
            access_token: What ``at_hash`` must fit, where there is one.
            code: What ``c_hash`` must fit: the code that came together with this token (OpenID Connect Core 3.3.2.11).
            algorithms: Accepted signature algorithms, instead of all asymmetric ones: a text, texts between commas, or a list.
                ``HS256`` and the like are verified with the client's secret, ``none`` must have no signature.
            leeway: How far clocks may differ.
            jwks_url: Where the issuer publishes its keys (RFC 7517).
            provider: Alias of the provider; the one opened last unless given.
            kind: What it is judged as. ``auto`` sees an access token where ``typ`` is ``at+jwt`` (RFC 9068), where it has a
                scope, or where another audience than the provider's client is given and nothing tells of an ID token (a nonce,
                a hash).
            client_secret: For ``HS256`` and the like; the provider's client's unless given.
            ca: PEM file of the certificate authority to trust at ``jwks_url`` instead of the system's.

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
        keys = _IssuerKeys(None if jwks_url is not None else self._providers.get(provider), jwks_url, ca)
        demands = self._demands(
            read,
            issuer=issuer,
            audience=audience,
            nonce=nonce,
            access_token=access_token,
            code=code,
            algorithms=algorithms,
            leeway=leeway,
            issuer_keys=keys,
            kind=kind,
            client_secret=client_secret,
        )
        found = self._judged(read, demands, keys)
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
        code: Secret | None = None,
        algorithms: Sequence[str] | str | None = None,
        leeway: timedelta = timedelta(),
        jwks_url: str | Secret | None = None,
        provider: str | None = None,
        kind: TokenKind = "auto",
        client_secret: Secret | None = None,
        ca: str | None = None,
    ) -> list[str]:
        """Returns the codes of all reasons to refuse a JWT and optionally asserts them; an empty list for a good one.

        Codes: ``algorithm``, ``key_unknown``, ``signature``, ``critical_header``, ``issuer``, ``audience``, ``authorized_party``,
        ``subject``, ``expired``, ``expiry_missing``, ``not_yet_valid``, ``issued_at``, ``nonce``, ``access_token_hash``,
        ``code_hash``, ``malformed`` (a date that is none, such as ``NaN``).

        Args:
            token: The token.
            assertion_operator: See [Assertions].
            assertion_expected: What they are compared with.
            message: Instead of the usual text of a failure.
            issuer: As in [Verify Token], like all that follow.
            audience: ``aud``.
            nonce: ``nonce``.
            access_token: For ``at_hash``.
            code: For ``c_hash``.
            algorithms: Accepted algorithms.
            leeway: How far clocks may differ.
            jwks_url: Where the keys are.
            provider: Alias.
            kind: ``id-token``, ``access-token`` or ``auto``.
            client_secret: For ``HS256`` and the like.
            ca: Whom to trust at ``jwks_url``.

        ```robotframework
        Get Token Problems    ${forged}    contains    signature    nonce=${request.nonce}
        ```
        """
        read = decode(plain(token, "token"))
        keys = _IssuerKeys(None if jwks_url is not None else self._providers.get(provider), jwks_url, ca)
        demands = self._demands(
            read,
            issuer=issuer,
            audience=audience,
            nonce=nonce,
            access_token=access_token,
            code=code,
            algorithms=algorithms,
            leeway=leeway,
            issuer_keys=keys,
            kind=kind,
            client_secret=client_secret,
        )
        found = self._judged(read, demands, keys)
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
        key: Path | None = None,
        jwks_url: str | Secret | None = None,
        provider: str | None = None,
        ca: str | None = None,
    ) -> Secret:
        """Makes a token that nobody may accept, in the likeness of a good one (RFC 8725).

        Whatever needs a signature gets one of a key that the issuer never had, unless a key of the issuer's is given for what
        only says something else: then nothing but its claims is wrong. Kinds:

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
        | ``expired``, ``expiry-missing`` | ``exp`` six minutes ago, no ``exp`` |
        | ``not-yet-valid``, ``issued-in-future`` | ``nbf``, or ``iat``, in six minutes |
        | ``issuer-wrong``, ``audience-wrong``, ``nonce-wrong`` | other claims |
        | ``issuer-missing``, ``audience-missing``, ``subject-missing``, ``issued-at-missing`` | a claim left out |

        Args:
            token: The token that it looks like.
            kind: What is wrong with it.
            claims: Claims to set besides; None as a value removes one.
            headers: Header parameters to set besides.
            key: PEM file of a private key that the issuer signs with, for the last four lines; its thumbprint (RFC 7638) is
                the ``kid``.
            jwks_url: Where the issuer publishes its keys; only for ``hs256-public-key``.
            provider: Alias of the issuer, instead of ``jwks_url``.
            ca: PEM file of the certificate authority to trust at ``jwks_url`` instead of the system's.

        ```robotframework
        ${forged}    Forge Token    ${token}    hs256-public-key    jwks_url=${URL}/.well-known/jwks.json
        ```
        """
        keys: list[dict[str, Any]] = []
        if kind == "hs256-public-key":
            keys = _IssuerKeys(None if jwks_url is not None else self._providers.get(provider), jwks_url, ca).read()
        own = None if key is None else read_private_key_file(key)
        if own is not None:
            headers = {"kid": own.kid, **(headers or {})}
        made = forge(
            decode(plain(token, "token")),
            kind,
            issuer=Issuer(tuple(keys), own),
            claims=plain_json(claims),
            headers=plain_json(headers),
        )
        told(f"Forged: {described(kind)}.")
        return secret(made, f"forged token, {kind}")

    def _demands(
        self,
        token: Token,
        *,
        issuer: str | None,
        audience: str | None,
        nonce: str | None,
        access_token: Secret | None,
        code: Secret | None,
        algorithms: Sequence[str] | str | None,
        leeway: timedelta,
        issuer_keys: _IssuerKeys,
        kind: TokenKind,
        client_secret: Secret | None,
    ) -> Demands:
        client = issuer_keys.client
        accepted = frozenset(several(algorithms)) if algorithms else ASYMMETRIC
        if unknown := accepted - ALGORITHMS:
            raise StackError(explain(f"algorithms among {', '.join(sorted(ALGORITHMS))}", ", ".join(sorted(unknown))))
        hinted = nonce is not None or access_token is not None or code is not None
        return Demands(
            issuer_keys.read() if accepted & ASYMMETRIC else None,
            issuer or (client.issuer if client else None),
            audience or (client.client_id if client else None),
            nonce,
            plain(access_token, "access token") if access_token else None,
            plain(code, "authorization code") if code else None,
            accepted,
            plain(client_secret, "client secret") if client_secret else (client.client_secret if client else None),
            kind == "id-token" or (kind == "auto" and (hinted or _is_id_token(token, audience, client))),
            leeway.total_seconds(),
        )

    @staticmethod
    def _judged(token: Token, demands: Demands, keys: _IssuerKeys) -> list[Problem]:
        found = problems(token, demands)
        if keys.client is not None and demands.keys is not None and OF_OTHER_KEYS & {problem.code for problem in found}:
            # The issuer may have a new key: a relying party reads the set again (OpenID Connect Core 10.1.1).
            found = problems(token, replace(demands, keys=keys.read(fresh=True)))
        return found


def _is_id_token(token: Token, audience: str | None, client: ProviderClient | None) -> bool:
    kind = str(token.header.get("typ", "")).lower().removeprefix("application/")
    if kind == "at+jwt" or {"scope", "scp"} & set(token.claims):
        return False
    if {"nonce", "at_hash", "c_hash"} & set(token.claims):
        return True
    return audience is None or (client is not None and audience == client.client_id)


@dataclass(frozen=True, slots=True)
class _IssuerKeys:
    """Where an issuer's public keys are: those of an open provider, or at a URL."""

    client: ProviderClient | None
    url: str | Secret | None
    ca: str | None

    def read(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        if self.client is not None:
            return background.run(self.client.keys(fresh=fresh))
        url = plain_url(self.url or "")

        async def read() -> list[dict[str, Any]]:
            session = Session(f"keys {shown(url)}", ca=self.ca)
            try:
                return await read_keys(session, url, KEYS_TIMEOUT)
            finally:
                await session.close()

        return background.run(read())
