"""Private keys, and what is signed with them: assertions, proofs, tokens (RFC 7515, RFC 7517)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from realstack.core.errors import StackError, explain
from realstack.oauth.tokens import ASYMMETRIC, CURVES, KEY_TYPES, SYMMETRIC, b64encode
from realstack.secrets import secrets

SigningKey = RSAKey | ECKey | OKPKey
"""The private half of a key pair."""

SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

_PEM_KINDS = (RSAKey, ECKey, OKPKey)


def new_key(algorithm: SigningAlgorithm) -> SigningKey:
    """Make a key pair for an algorithm, with its thumbprint (RFC 7638) as ``kid``."""
    if algorithm in CURVES:
        return ECKey.generate_key(CURVES[algorithm], auto_kid=True)
    if algorithm.startswith("Ed"):
        return OKPKey.generate_key("Ed25519", auto_kid=True)
    return RSAKey.generate_key(2048, auto_kid=True)


def usual_algorithm(key: SigningKey) -> SigningAlgorithm:
    """What one signs with a key unless something else is agreed upon."""
    if isinstance(key, RSAKey):
        return "RS256"
    if isinstance(key, OKPKey):
        return "EdDSA"
    algorithms: dict[str, SigningAlgorithm] = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
    return algorithms.get(key.curve_name, "ES256")


def read_private_key(text: str) -> SigningKey:
    """Read a private key: PEM (PKCS #8 and its elders) or a JWK as JSON. It is remembered as a credential.

    Raises:
        StackError: It is none, or only the public half.
    """
    key = _read(text.strip())
    if key is None:
        seen = f"a text of {len(text)} characters that is none"
        raise StackError(explain("a private key of RSA, EC or OKP, as PEM or as a JWK in JSON", seen))
    if not key.is_private:
        raise StackError(explain("a private key, to sign with", "a public one", remedy="Give the other half of the pair."))
    _remember(text)
    key.ensure_kid()
    return key


def _remember(text: str) -> None:
    """Remember what of a private key opens anything; the rest of a JWK is public, and a PEM breaks it into lines."""
    if text.lstrip().startswith("{"):
        private = json.loads(text)
        for name in ("d", "p", "q"):
            secrets.remember(str(private.get(name, "")), "private key", lasting=True)
    else:
        body = "".join(line.strip() for line in text.splitlines() if not line.startswith("-----") and ":" not in line)
        secrets.remember(body, "private key", lasting=True)


def read_private_key_file(path: Path) -> SigningKey:
    """Read a private key from a file; see [read_private_key][].

    Raises:
        StackError: It can't be read, or holds none.
    """
    try:
        return read_private_key(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(explain(f"a private key in the file {path}", str(error))) from error


def _read(text: str) -> SigningKey | None:
    try:
        if not text.startswith("{"):
            return _read_pem(text)
        given = json.loads(text)
        key = JWKRegistry.import_key(given)
    except (JoseError, LookupError, ValueError, TypeError, RecursionError):  # a curve that nobody knows is a KeyError
        return None
    return key if isinstance(key, _PEM_KINDS) else None


def _read_pem(text: str) -> SigningKey | None:
    for kind in _PEM_KINDS:
        try:
            return kind.import_key(text)
        except (JoseError, ValueError, TypeError):  # a key of another kind, or none
            continue
    return None


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: SigningKey | OctKey) -> str:
    """Make a compact JWS of claims, whatever they say.

    Raises:
        StackError: The algorithm does not sign with such a key, or header or claims are no JSON.
    """
    algorithm = str(header.get("alg"))
    kind = KEY_TYPES.get(algorithm[:2]) if algorithm in ASYMMETRIC else "oct" if algorithm in SYMMETRIC else None
    if algorithm != "none" and kind != key.key_type:
        raise StackError(explain(f"an algorithm that signs with an {key.key_type} key (RFC 7518, 3.1)", f"alg {algorithm}"))
    signed = joined(header, claims)
    with warnings.catch_warnings():
        # ``EdDSA`` and short secrets are what providers have; who tests them must use them.
        warnings.simplefilter("ignore", SecurityWarning)
        signature = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(signed.encode(), key)
    return secrets.remember(f"{signed}.{b64encode(signature)}", "token made by the test")


def fits(key: SigningKey, algorithm: str) -> bool:
    """Whether an algorithm signs with keys of this kind and curve (RFC 7518, 3.1; RFC 8037, 3.1)."""
    if algorithm in CURVES:
        return isinstance(key, ECKey) and key.curve_name == CURVES[algorithm]
    return algorithm in ASYMMETRIC and isinstance(key, OKPKey if algorithm.startswith("Ed") else RSAKey)


def as_json(value: Mapping[str, Any]) -> bytes:
    """JSON without blanks, as parts of tokens are.

    Raises:
        StackError: It is none.
    """
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StackError(explain("claims and headers that are values of JSON", str(error))) from None


def joined(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """What is signed (RFC 7515, 5.1)."""
    return f"{b64encode(as_json(header))}.{b64encode(as_json(claims))}"
