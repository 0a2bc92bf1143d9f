"""Tokens that nobody may accept, for tests of those who must refuse them (RFC 8725).

Where a forgery needs a signing key, it is one that the issuer never had, so that the token must fail whatever else it says.
A caller that owns the issuer (the rogue provider) gives its key and gets tokens with exactly one fault.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from joserfc.jwk import ECKey, OKPKey, RSAKey

from realstack.core.errors import StackError, explain
from realstack.oauth.signing import SigningKey, as_json, fits, joined, sign, usual_algorithm
from realstack.oauth.tokens import KEY_TYPES, Token, b64encode, imported, may_verify
from realstack.secrets import secrets

Forgery = Literal[
    "alg-none",
    "alg-none-mixed-case",
    "signature-missing",
    "signature-zero",
    "tampered-payload",
    "foreign-key",
    "foreign-key-embedded",
    "foreign-key-url",
    "foreign-kid",
    "kid-path",
    "kid-sql",
    "hs256-public-key",
    "critical-header",
    "expired",
    "not-yet-valid",
    "issued-in-future",
    "issuer-wrong",
    "audience-wrong",
    "subject-missing",
    "nonce-wrong",
    "expiry-missing",
    "issued-at-missing",
    "issuer-missing",
    "audience-missing",
]
"""The kinds of forgery; [described][] tells what each is."""

_DESCRIPTIONS: dict[str, str] = {
    "alg-none": "unsigned, with alg none (RFC 8725, 3.1)",
    "alg-none-mixed-case": "unsigned, with alg nOnE, against deny lists",
    "signature-missing": "the token with its signature cut off",
    "signature-zero": "an ECDSA signature of zeros, which a broken verifier accepts for every message",
    "tampered-payload": "changed claims under the old signature",
    "foreign-key": "signed with a key that the issuer never had, under the issuer's kid",
    "foreign-key-embedded": "signed with a foreign key that the header brings along as jwk (RFC 7515, 4.1.3)",
    "foreign-key-url": "signed with a foreign key that the header's jku points to (RFC 7515, 4.1.2)",
    "foreign-kid": "signed with a foreign key under a kid that nobody knows",
    "kid-path": "a kid that climbs the file system to an empty file, signed with an empty HMAC key",
    "kid-sql": "a kid that injects SQL",
    "hs256-public-key": "an HMAC made with the bytes of the issuer's public key (RFC 8725, 2.1)",
    "critical-header": "a header extension that must be understood and is not (RFC 7515, 4.1.11)",
    "expired": "exp six minutes ago",
    "not-yet-valid": "nbf in six minutes",
    "issued-in-future": "iat in six minutes",
    "issuer-wrong": "another issuer",
    "audience-wrong": "another audience",
    "subject-missing": "no sub",
    "nonce-wrong": "another nonce",
    "expiry-missing": "no exp",
    "issued-at-missing": "no iat",
    "issuer-missing": "no iss",
    "audience-missing": "no aud",
}
assert set(_DESCRIPTIONS) == set(get_args(Forgery))

_KINDS = frozenset(KEY_TYPES.values())

AWAY = 360
"""Seconds that times are off by: more than clocks are usually allowed to differ, which is five minutes at most."""


def described(kind: Forgery) -> str:
    """What a forgery is, in one line."""
    return _DESCRIPTIONS[kind]


@dataclass(frozen=True, slots=True)
class Issuer:
    """What is known of the issuer.

    Attributes:
        public_keys: Its JWK objects, for ``hs256-public-key``.
        signing_key: Its private key when the caller owns it; else forgeries are signed with a foreign one.
    """

    public_keys: tuple[Mapping[str, Any], ...] = ()
    signing_key: SigningKey | None = None


@cache
def foreign_key(kind: str) -> SigningKey:
    """A private key that no issuer has; one of each kind (RSA, EC, OKP) for the life of the process."""
    if kind == "RSA":
        return RSAKey.generate_key(2048)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519")
    return ECKey.generate_key("P-256")


def forge(
    token: Token,
    kind: Forgery,
    *,
    issuer: Issuer | None = None,
    claims: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> str:
    """Make a forgery of a token.

    Args:
        token: What it should look like.
        kind: What is wrong with it.
        issuer: What is known of the issuer.
        claims: Claims to set besides; None as a value removes one.
        headers: The same for the JOSE header.

    Returns:
        The forgery, remembered as a credential.

    Raises:
        StackError: The forgery needs something that is not known.
    """
    work = _Forger(token, issuer or Issuer(), claims or {}, headers or {})
    made = work.make(kind)
    return secrets.remember(made, f"forged token, {kind}")


class _Forger:
    def __init__(self, token: Token, issuer: Issuer, claims: Mapping[str, Any], headers: Mapping[str, Any]) -> None:
        self._token = token
        self._issuer = issuer
        self._extra_headers = dict(headers)
        self.claims = _merged(token.claims, claims)
        self.header = dict(token.header)
        algorithm = str(token.header.get("alg"))
        self._foreign = foreign_key(KEY_TYPES.get(algorithm[:2], "EC"))
        if not fits(self._foreign, algorithm):
            self.header["alg"] = "ES256"
            self._foreign = foreign_key("EC")

    def make(self, kind: Forgery) -> str:
        method: Callable[[], str] | None = getattr(self, "_" + kind.replace("-", "_"), None)
        return method() if method is not None else self._changed(kind)

    def _signed(self, key: SigningKey | None = None, **headers: Any) -> str:
        if key is not None and not fits(key, self.header["alg"]):
            headers["alg"] = usual_algorithm(key)
        header = _merged({**self.header, **headers}, self._extra_headers)
        return sign(header, self.claims, key or self._foreign)

    def _unsigned(self, algorithm: str) -> str:
        return joined(_merged({**self.header, "alg": algorithm}, self._extra_headers), self.claims) + "."

    def _alg_none(self) -> str:
        return self._unsigned("none")

    def _alg_none_mixed_case(self) -> str:
        return self._unsigned("nOnE")

    def _signature_missing(self) -> str:
        return self._token.raw.rpartition(".")[0] + "."

    def _signature_zero(self) -> str:
        return joined({**self.header, "alg": "ES256"}, self.claims) + "." + b64encode(bytes(64))

    def _tampered_payload(self) -> str:
        head, _, rest = self._token.raw.partition(".")
        if self.claims == dict(self._token.claims):
            self.claims["sub"] = f"{self.claims.get('sub', '')}-somebody-else"
        return f"{head}.{b64encode(as_json(self.claims))}.{rest.partition('.')[2]}"

    def _foreign_key(self) -> str:
        return self._signed()

    def _foreign_key_embedded(self) -> str:
        return self._signed(jwk=self._foreign.as_dict(private=False))

    def _foreign_key_url(self) -> str:
        return self._signed(jku=self._extra_headers.get("jku", "http://127.0.0.1:9/keys.json"))

    def _foreign_kid(self) -> str:
        return self._signed(kid="no-such-key")

    def _kid_path(self) -> str:
        return self._hmac(b"", kid="../../../../../../dev/null")

    def _kid_sql(self) -> str:
        return self._hmac(b"a", kid="' UNION SELECT 'a' --")

    def _hs256_public_key(self) -> str:
        kid = self._token.header.get("kid")
        fitting = [key for key in self._issuer.public_keys if (kid is None or key.get("kid") == kid) and may_verify(key)]
        keys: list[Any] = [found for key in fitting if key.get("kty") in _KINDS and (found := imported(key)) is not None]
        if not keys:
            raise StackError(
                explain(
                    f"the issuer's public key {kid!r}, to sign with its bytes",
                    f"{len(self._issuer.public_keys)} keys, none of that kid that can be read",
                    remedy="Give the provider, or the JWKS URL, that the token is from.",
                )
            )
        return self._hmac(keys[0].as_pem(private=False))

    def _critical_header(self) -> str:
        return self._signed(self._issuer.signing_key, crit=["exp-policy"], **{"exp-policy": "strict"})

    def _changed(self, kind: str) -> str:
        """The forgeries that only say something else: with the issuer's own key, when the caller has it."""
        now = int(time.time())
        changes: dict[str, dict[str, Any]] = {
            "expired": {"exp": now - AWAY, "iat": now - 2 * AWAY},
            "not-yet-valid": {"nbf": now + AWAY},
            "issued-in-future": {"iat": now + AWAY, "exp": now + 2 * AWAY},
            "issuer-wrong": {"iss": "https://issuer.invalid"},
            "audience-wrong": {"aud": "somebody-else", "azp": None},
            "subject-missing": {"sub": None},
            "nonce-wrong": {"nonce": "not-the-nonce-of-the-request"},
            "expiry-missing": {"exp": None},
            "issued-at-missing": {"iat": None},
            "issuer-missing": {"iss": None},
            "audience-missing": {"aud": None, "azp": None},
        }
        self.claims = _merged(self.claims, changes[kind])
        return self._signed(self._issuer.signing_key)

    def _hmac(self, key: bytes, **headers: Any) -> str:
        # By hand: joserfc rightly refuses to make an HMAC from a public key.
        signed = joined(_merged({**self.header, "alg": "HS256", **headers}, self._extra_headers), self.claims)
        return f"{signed}.{b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def _merged(values: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**values, **change}.items() if value is not None}
