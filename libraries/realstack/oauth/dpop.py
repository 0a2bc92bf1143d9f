"""Demonstrating proof of possession: tokens that only the holder of a key can use (RFC 9449)."""

from __future__ import annotations

import hashlib
import secrets as random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlunsplit

from realstack.http.urls import origin, split
from realstack.oauth.signing import SigningAlgorithm, new_key, sign
from realstack.oauth.tokens import b64encode

NONCE_ERROR = "use_dpop_nonce"
"""What a server answers that wants its nonce in the proof (RFC 9449, 8)."""


class DpopProver:
    """A client's key, and the proofs that it signs with it.

    Args:
        algorithm: What proofs are signed with; a key is made for it.
    """

    def __init__(self, algorithm: SigningAlgorithm = "ES256") -> None:
        self._algorithm = algorithm
        self._key = new_key(algorithm)
        self._nonces: dict[str, str] = {}

    @property
    def thumbprint(self) -> str:
        """The key's thumbprint, which bound tokens carry as ``cnf.jkt`` (RFC 9449, 6.1)."""
        return self._key.thumbprint()

    def proof(
        self,
        method: str,
        url: str,
        access_token: str = "",
        *,
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Make a proof for one request (RFC 9449, 4.2).

        Args:
            method: HTTP method.
            url: Where the request goes; query and fragment are no part of it.
            access_token: The token that comes with it, for ``ath``.
            claims: Claims to set besides; None as a value removes one.
            headers: The same for the JOSE header.
        """
        target = urlunsplit(split(url)._replace(query="", fragment=""))
        told: dict[str, Any] = {"jti": random.token_urlsafe(16), "htm": method.upper(), "htu": target, "iat": int(time.time())}
        if access_token:
            told["ath"] = b64encode(hashlib.sha256(access_token.encode()).digest())
        if nonce := self._nonces.get(origin(url)):
            told["nonce"] = nonce
        header = {"typ": "dpop+jwt", "alg": self._algorithm, "jwk": self._key.as_dict(private=False)}
        return sign(_set(header, headers), _set(told, claims), self._key)

    def hear(self, url: str, headers: Mapping[str, str]) -> bool:
        """Remember the nonce that an answer brings for the next proof to its server; tells whether it brought another one."""
        nonce = headers.get("dpop-nonce", "")
        if not nonce or self._nonces.get(origin(url)) == nonce:
            return False
        self._nonces[origin(url)] = nonce
        return True


def _set(values: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in {**values, **(changes or {})}.items() if value is not None}
