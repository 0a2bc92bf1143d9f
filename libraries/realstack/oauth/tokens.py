"""Reading JSON Web Tokens, and judging them against OpenID Connect Core 3.1.3.7 and RFC 7519, each fault by its own name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry

from realstack.core.errors import StackFailure, explain
from realstack.secrets import secrets

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"})
"""Signatures that only the issuer can make. A relying party that knows the issuer's public keys accepts no others."""

SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})
"""Signatures with the client's own secret (OpenID Connect Core 10.1); accepted where the caller says so."""

ALGORITHMS = ASYMMETRIC | SYMMETRIC | {"none"}
"""All that can be judged; ``none`` is an unsecured token (RFC 7519, 6)."""

LATEST = 10**13
"""Seconds; a date beyond it is none (the year 300,000), and no library can reckon with it."""

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
"""Each of these signs with one curve only (RFC 7518, 3.4)."""

_OF_KEYS = frozenset({"kty", "n", "e", "crv", "x", "y"})
"""What a public key is made of (RFC 7518, 6; RFC 8037, 2)."""

KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT in compact form, taken apart and not verified.

    Attributes:
        raw: The token itself, a credential.
        header: Its JOSE header.
        claims: Its claims.
        signature: The bytes of its signature.
    """

    raw: str = field(repr=False)
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a token.

    Attributes:
        code: ``malformed algorithm key_unknown signature critical_header issuer audience authorized_party subject
            expired expiry_missing not_yet_valid issued_at nonce access_token_hash code_hash``.
        expected: What the standard or the caller demands.
        seen: What the token has.
        source: The standard.
    """

    code: str
    expected: str
    seen: str
    source: str

    def __str__(self) -> str:
        return f"{self.code}: expected {self.expected}, seen {self.seen} ({self.source})"


def b64decode(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515, 2).

    Raises:
        ValueError: It is something else.
    """
    if set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"):
        raise ValueError("characters outside of base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64encode(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(raw: str) -> Token:
    """Take a compact JWT apart without verifying anything.

    Raises:
        StackFailure: It is no JWT. The text says which part is wrong, without showing the token.
    """
    secrets.remember(raw, "token")
    parts = raw.split(".")
    if len(parts) != 3:
        raise _malformed(f"{len(parts)} parts (an opaque token, or an encrypted one?)", len(raw))
    try:
        header = json.loads(b64decode(parts[0]))
        claims = json.loads(b64decode(parts[1]))
        signature = b64decode(parts[2])
    except (ValueError, RecursionError) as error:
        raise _malformed(f"a part that is no base64url or no JSON ({type(error).__name__})", len(raw)) from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _malformed("a header or claims that are no JSON object", len(raw))
    return Token(raw, header, claims, signature)


def _malformed(seen: str, length: int) -> StackFailure:
    return StackFailure(
        explain("a signed JWT of three parts: header.claims.signature (RFC 7515, 7.1)", f"{seen}, {length} characters")
    )


@dataclass(frozen=True, slots=True)
class Demands:
    """What a token must be.

    Attributes:
        keys: The issuer's public keys, as JWK objects; None leaves the signature unjudged.
        issuer: Must equal ``iss``; None leaves it unjudged.
        audience: Must be in ``aud``.
        nonce: Must equal ``nonce``.
        access_token: Must match ``at_hash``, when the token has one.
        code: Must match ``c_hash``, which a token that comes with a code must have.
        algorithms: Signature algorithms that are accepted.
        secret: The client's, for ``HS256`` and the like.
        id_token: Whether the rules hold that are for ID tokens only (``azp``).
        leeway: Seconds that clocks may differ.
        now: Unix time to judge by; None is the time of judging.
    """

    keys: Sequence[Mapping[str, Any]] | None = None
    issuer: str | None = None
    audience: str | None = None
    nonce: str | None = None
    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    algorithms: Collection[str] = ASYMMETRIC
    secret: str | None = field(default=None, repr=False)
    id_token: bool = True
    leeway: float = 0.0
    now: float | None = None


def problems(token: Token, demands: Demands) -> list[Problem]:
    """All reasons to refuse a token; none means that it may be trusted as far as it was judged."""
    return [*signature_problems(token, demands), *_claim_problems(token, demands), *_time_problems(token, demands)]


def signature_problems(token: Token, demands: Demands) -> Iterator[Problem]:
    """The reasons to refuse a token that lie in its header and signature."""
    algorithm = token.header.get("alg")
    if "crit" in token.header:  # an empty one is not allowed either
        seen = f"crit {token.header['crit']!r}"
        yield Problem("critical_header", "no header extension that must be understood", seen, "RFC 7515, 4.1.11")
    if not isinstance(algorithm, str) or algorithm not in demands.algorithms:
        accepted = ", ".join(sorted(demands.algorithms))
        yield Problem("algorithm", f"one of {accepted}", f"alg {algorithm!r}", "OpenID Connect Core 3.1.3.7 (7), RFC 8725, 3.1")
        return
    if algorithm == "none":
        if token.signature:
            yield Problem("signature", "none, as alg says", f"{len(token.signature)} bytes", "RFC 7518, 3.6")
        return
    if algorithm in SYMMETRIC:
        yield from _symmetric_problems(token, algorithm, demands.secret)
        return
    if demands.keys is None:
        return
    kid = token.header.get("kid")
    kind = KEY_TYPES[algorithm[:2]]
    curve = CURVES.get(algorithm)
    fitting = [key for key in demands.keys if key.get("kty") == kind and may_verify(key)]
    fitting = [key for key in fitting if curve is None or key.get("crv") == curve]
    chosen = [key for key in fitting if kid is None or key.get("kid") == kid]
    if not chosen:
        known = ", ".join(repr(key.get("kid")) for key in demands.keys) or "none"
        yield Problem(
            "key_unknown", f"an {kind} key of the issuer with the kid {kid!r}", f"the issuer's keys {known}", "RFC 7515, 4.1.4"
        )
        return
    readable = [found for key in chosen if (found := imported(key)) is not None]
    if not readable:
        yield Problem("key_unknown", f"an {kind} key that can be read", f"one that can't, with the kid {kid!r}", "RFC 7518, 6")
        return
    if not any(_signed_by(token, key, algorithm) for key in readable):
        yield Problem(
            "signature",
            f"a signature made with the issuer's key {kid!r}",
            f"one that does not fit, {len(token.signature)} bytes",
            "RFC 7515, 5.2",
        )


def _symmetric_problems(token: Token, algorithm: str, secret: str | None) -> Iterator[Problem]:
    source = "OpenID Connect Core 10.1"
    if not secret:
        yield Problem("key_unknown", f"the client's secret, with which {algorithm} signs", "none is known", source)
        return
    signed = token.raw.rpartition(".")[0].encode()
    made = hmac.digest(secret.encode(), signed, f"sha{algorithm[-3:]}")
    if not hmac.compare_digest(made, token.signature):
        seen = f"one that does not fit, {len(token.signature)} bytes"
        yield Problem("signature", "a signature made with the client's secret", seen, source)


def may_verify(key: Mapping[str, Any]) -> bool:
    """Whether a key is there for signatures (RFC 7517, 4.2 and 4.3); some issuers write null for what they leave open."""
    operations = key.get("key_ops")
    return key.get("use") in (None, "", "sig") and (not isinstance(operations, list) or not operations or "verify" in operations)


def imported(key: Mapping[str, Any]) -> Any:
    """A key by what is its own, whatever else is said of it; None where that can't be read."""
    own = {name: value for name, value in key.items() if name in _OF_KEYS}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # small keys are what some issuers sign with
            return JWKRegistry.import_key(own)
    except (JoseError, LookupError, ValueError, TypeError, AttributeError):
        return None


def _signed_by(token: Token, key: Any, algorithm: str) -> bool:
    signed = token.raw.rpartition(".")[0].encode()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # ``EdDSA`` is what some issuers sign with
            method = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
            return bool(method.verify(signed, token.signature, key))
    except (JoseError, LookupError, ValueError, TypeError, AttributeError):
        return False  # a key or a signature of the wrong shape verifies nothing


def _claim_problems(token: Token, demands: Demands) -> Iterator[Problem]:
    claims = token.claims
    if demands.issuer is not None and claims.get("iss") != demands.issuer:
        yield Problem("issuer", f"iss {demands.issuer!r}", f"{claims.get('iss')!r}", "OpenID Connect Core 3.1.3.7 (2)")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > 255:
        yield Problem("subject", "a sub of 1 to 255 characters", repr(subject), "OpenID Connect Core 2")
    if demands.audience is not None:
        yield from _audience_problems(claims, demands.audience, id_token=demands.id_token)
    if demands.nonce is not None and claims.get("nonce") != demands.nonce:
        seen = "another one" if claims.get("nonce") else "none"
        yield Problem("nonce", "the nonce of the authorization request", seen, "OpenID Connect Core 3.1.3.7 (11)")
    algorithm = token.header.get("alg")
    access, told = demands.access_token, claims.get("at_hash")
    if access is not None and "at_hash" in claims and told != half_hash(access, algorithm):
        yield Problem("access_token_hash", "the at_hash of the access token", "another one", "OpenID Connect Core 3.1.3.8")
    if demands.code is not None and claims.get("c_hash") != half_hash(demands.code, algorithm):
        seen = "another one" if claims.get("c_hash") else "none"
        yield Problem("code_hash", "the c_hash of the code", seen, "OpenID Connect Core 3.3.2.11")


def _audience_problems(claims: Mapping[str, Any], audience: str, *, id_token: bool) -> Iterator[Problem]:
    told = claims.get("aud")
    audiences = told if isinstance(told, list) else [told]
    if audience not in audiences:
        yield Problem("audience", f"aud with {audience!r}", repr(told), "OpenID Connect Core 3.1.3.7 (3)")
    if not id_token:
        return  # an access token's audience is a service, and its authorized party the client that it was given to
    party = claims.get("azp")
    if len(audiences) > 1 and party is None:
        yield Problem("authorized_party", "azp, because aud has several", "none", "OpenID Connect Core 3.1.3.7 (4)")
    elif party is not None and party != audience:
        yield Problem("authorized_party", f"azp {audience!r}", repr(party), "OpenID Connect Core 3.1.3.7 (5)")


def half_hash(value: str, algorithm: object) -> str:
    """What an ID token says of what comes with it: ``at_hash`` and ``c_hash`` (OpenID Connect Core 3.1.3.6, 3.3.2.11).

    Args:
        value: The access token or the code.
        algorithm: That the ID token is signed with, such as ``RS256``, as its header tells it.
    """
    bits = str(algorithm)[-3:]
    digest = hashlib.new(f"sha{bits if bits in {'256', '384', '512'} else '512'}", value.encode(errors="surrogatepass")).digest()
    return b64encode(digest[: len(digest) // 2])


def _time_problems(token: Token, demands: Demands) -> Iterator[Problem]:
    now = time.time() if demands.now is None else demands.now
    claims = token.claims
    yield from (_malformed_date(name, claims[name]) for name in ("exp", "nbf", "iat") if _is_odd(claims.get(name)))
    expiry = claims.get("exp")
    if _is_odd(expiry):
        pass  # told above
    elif not is_date(expiry):
        yield Problem("expiry_missing", "an exp in Unix seconds", repr(expiry), "OpenID Connect Core 2")
    elif now >= expiry + demands.leeway:
        yield Problem(
            "expired", f"an exp after {now:.0f}", f"{expiry}, {now - expiry:.1f} s ago", "OpenID Connect Core 3.1.3.7 (9)"
        )
    begin = claims.get("nbf")
    if "nbf" in claims and not _is_odd(begin) and (not is_date(begin) or begin > now + demands.leeway):
        yield Problem("not_yet_valid", f"an nbf of at most {now:.0f}", repr(begin), "RFC 7519, 4.1.5")
    issued = claims.get("iat")
    if _is_odd(issued):
        return
    if not is_date(issued):
        yield Problem("issued_at", "an iat in Unix seconds", repr(issued), "OpenID Connect Core 2")
    elif issued > now + demands.leeway + 1:
        # Whole seconds: a token of this very second may carry the next one's number.
        yield Problem(
            "issued_at",
            f"an iat of at most {now:.0f}",
            f"{issued}, {issued - now:.1f} s ahead",
            "OpenID Connect Core 3.1.3.7 (10)",
        )


def is_date(value: object) -> TypeGuard[int | float]:
    """Whether a value is a date in seconds since 1970 (NumericDate, RFC 7519, 2) that can be reckoned with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not _is_odd(value)


def _is_odd(value: object) -> bool:
    """A number that is no date: JSON of others has ``NaN``, ``Infinity`` and numbers without an end."""
    return isinstance(value, int | float) and not (-LATEST <= value <= LATEST)


def _malformed_date(name: str, value: object) -> Problem:
    return Problem("malformed", f"{name} in seconds since 1970", shortened(value), "RFC 7519, 2 (NumericDate)")


def shortened(value: object) -> str:
    """How a value is written, up to 40 characters of it."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}… ({len(text)} characters)"
