"""How a client shows who it is at a provider's endpoints (RFC 6749, 2.3; RFC 7523; OpenID Connect Core 9)."""

from __future__ import annotations

import base64
import secrets as random
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus

from joserfc.jwk import OctKey

from realstack.core.errors import StackError, explain
from realstack.oauth.signing import SigningKey, fits, sign, usual_algorithm
from realstack.oauth.tokens import SYMMETRIC

ClientAuth = Literal["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = 60
"""Seconds that a client's assertion is valid; each is made for one request."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a client shows.

    Attributes:
        client_id: Its identifier.
        method: How it shows who it is.
        secret: Its secret; for ``client_secret_jwt`` the key of the assertion's HMAC.
        key: Its private key, for ``private_key_jwt``.
        algorithm: What assertions are signed with; empty takes the usual one of the key, or ``HS256``.
    """

    client_id: str
    method: ClientAuth
    secret: str = field(default="", repr=False)
    key: SigningKey | None = field(default=None, repr=False)
    algorithm: str = ""

    def shown(self, audience: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form fields of one request.

        Args:
            audience: Whom an assertion is for: the token endpoint (OpenID Connect Core 9) or the issuer (RFC 9126, 2).

        Raises:
            StackError: The method needs what was not given.
        """
        if self.method == "none":
            return {}, {"client_id": self.client_id}
        if self.method == "private_key_jwt":
            return {}, self._assertion(audience, self._private_key(), *self._key_header())
        if not self.secret:
            remedy = "Give client_secret=…, or client_auth=none."
            raise StackError(explain(f"a client secret for {self.method}", "none", remedy=remedy))
        if self.method == "client_secret_post":
            return {}, {"client_id": self.client_id, "client_secret": self.secret}
        if self.method == "client_secret_jwt":
            algorithm = self.algorithm or "HS256"
            if algorithm not in SYMMETRIC:
                raise StackError(explain(f"one of {', '.join(sorted(SYMMETRIC))} for client_secret_jwt", algorithm))
            return {}, self._assertion(audience, OctKey.import_key(self.secret), algorithm, None)
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}, {}

    def _private_key(self) -> SigningKey:
        if self.key is None:
            raise StackError(
                explain(
                    "the client's private key for private_key_jwt",
                    "none",
                    remedy="Give client_key=…: a file, or PEM or JWK as a Secret.",
                )
            )
        return self.key

    def _key_header(self) -> tuple[str, str | None]:
        key = self._private_key()
        algorithm = self.algorithm or usual_algorithm(key)
        if not fits(key, algorithm):
            raise StackError(
                explain(f"a key that {algorithm} signs with (RFC 7518, 3.1)", f"an {key.key_type} key of another kind")
            )
        return algorithm, key.kid

    def _assertion(self, audience: str, key: SigningKey | OctKey, algorithm: str, kid: str | None) -> dict[str, str]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": random.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_LIFE,
        }
        header = {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {})}
        made = sign(header, claims, key)
        return {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": made}
