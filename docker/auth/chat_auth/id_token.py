"""Validation of ID tokens, in the order of OpenID Connect Core 1.0, section 3.1.3.7, with a reason of its own for each rule."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from chat_auth.refusals import SignInRefused

# Signatures that only the provider can make. With HMAC the key is the client's secret, and `none` is no signature at all.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEY_TYPES: Mapping[str, type[Key]] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))
# Clocks of provider and platform may differ by this much (seconds).
LEEWAY = 5
SUBJECT_LENGTH = 255
TOKEN_LENGTH = 65536


@dataclass(frozen=True)
class Expected:
    """What a good token says."""

    issuer: str
    client_id: str
    nonce: str
    hosted_domain: str = ""


@dataclass(frozen=True)
class Unverified:
    """A token whose form is good and whose algorithm is allowed; nothing that it claims is known to be true."""

    text: str
    algorithm: str
    key_id: str | None


def parse(token: Any) -> Unverified:
    """Read a token's header.

    Raises:
        SignInRefused: `id_token_malformed` or `id_token_alg`.
    """
    if not isinstance(token, str) or token.count(".") != 2 or len(token) > TOKEN_LENGTH:
        raise SignInRefused("id_token_malformed", "not a compact JWS")
    header = _json_part(token.split(".", maxsplit=1)[0], "header")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise SignInRefused("id_token_alg", f"alg is {str(algorithm)[:20]!r}")
    if "crit" in header:
        raise SignInRefused("id_token_malformed", "unknown critical header")
    if key_id is not None and not isinstance(key_id, str):
        raise SignInRefused("id_token_malformed", "kid is not a text")
    return Unverified(token, str(algorithm), key_id)


def matching_keys(token: Unverified, keys: KeySet) -> list[Key]:
    """Keys that may have signed the token: of the algorithm's type and curve, with the token's `kid` if it names one."""
    kind, curve = _KEY_TYPES[token.algorithm[:2]], _CURVES.get(token.algorithm)
    return [
        key
        for key in keys.keys
        if isinstance(key, kind)
        and (token.key_id is None or key.kid == token.key_id)
        and (curve is None or key.as_dict(private=False).get("crv") == curve)
        and key.as_dict(private=False).get("use", "sig") == "sig"
    ]


def verified_claims(token: Unverified, keys: Sequence[Key]) -> dict[str, Any] | None:
    """Claims of the token if one of the keys signed it, else None."""
    for key in keys:
        try:
            payload = jws.deserialize_compact(token.text, key, algorithms=[token.algorithm], registry=_REGISTRY).payload
        except (JoseError, ValueError, TypeError):
            continue
        return _object(payload, "payload")
    return None


def check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check what a token with a good signature claims.

    Raises:
        SignInRefused: With the first rule that is broken.
    """
    if claims.get("iss") != expected.issuer:
        raise SignInRefused("id_token_issuer")
    _check_audience(claims, expected.client_id)
    _check_times(claims)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH:
        raise SignInRefused("id_token_subject", "no sub")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise SignInRefused("nonce_mismatch", "no nonce" if nonce is None else "")
    # What the browser was sent with is a wish, which anybody can take out of the address; the claim alone tells.
    if expected.hosted_domain and claims.get("hd") != expected.hosted_domain:
        raise SignInRefused("id_token_hosted_domain", "no hd" if claims.get("hd") is None else "")


def check_access_token_hash(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Check `at_hash` where it is given (section 3.1.3.8): the token response was not put together from two.

    Raises:
        SignInRefused: `id_token_malformed`.
    """
    given = claims.get("at_hash")
    if given is None or algorithm == "EdDSA":
        # EdDSA has no hash that the two sides would agree on.
        return
    digest = hashlib.new(f"sha{algorithm[2:]}", access_token.encode()).digest()
    wanted = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise SignInRefused("id_token_malformed", "at_hash does not fit the access token")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    names = audience if isinstance(audience, list) else [audience]
    if client_id not in names:
        raise SignInRefused("id_token_audience")
    if any(name != client_id for name in names):
        raise SignInRefused("id_token_audience", "others are in the audience too")
    if claims.get("azp", client_id) != client_id:
        raise SignInRefused("id_token_audience", "azp names another client")


def _check_times(claims: Mapping[str, Any]) -> None:
    now = time.time()
    for name in ("exp", "iat"):
        if not isinstance(claims.get(name), int | float) or isinstance(claims.get(name), bool):
            raise SignInRefused("id_token_malformed", f"{name} is not a time")
    if now >= claims["exp"] + LEEWAY:
        raise SignInRefused("id_token_expired")
    not_before = claims.get("nbf", 0)
    if claims["iat"] > now + LEEWAY or (isinstance(not_before, int | float) and not_before > now + LEEWAY):
        raise SignInRefused("id_token_expired", "issued in the future")


def _json_part(text: str, what: str) -> dict[str, Any]:
    try:
        return _object(urlsafe_b64decode(text + "=" * (-len(text) % 4)), what)
    except (binascii.Error, ValueError) as error:
        raise SignInRefused("id_token_malformed", f"{what} is not base64url") from error


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SignInRefused("id_token_malformed", f"{what} is not JSON") from error
    if not isinstance(value, dict):
        raise SignInRefused("id_token_malformed", f"{what} is not an object")
    return value
