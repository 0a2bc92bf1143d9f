"""The keys that sign access tokens: a folder of EC P-256 private keys, of which the last by name signs and all are published."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chat_common.logs import Log
from chat_common.tokens import ALGORITHM, Claims, check_token

log = Log("keys")
CURVE = "P-256"


class KeysError(Exception):
    """The folder of keys can't be used; the text names the file and the reason."""


class SigningKeys:
    """Signs and checks access tokens.

    Args:
        folder: Where the `*.pem` files are; a first one is made when there is none.
        issuer: `iss` of the tokens.
        audience: `aud` of the tokens.
        lifetime: Seconds that a token is good for.
    """

    def __init__(self, folder: Path, issuer: str, audience: str, lifetime: int) -> None:
        self._folder = folder
        self._issuer = issuer
        self._audience = audience
        self._lifetime = lifetime
        self._keys: dict[str, ECKey] = {}
        self._signer: ECKey | None = None

    def load(self) -> None:
        """Read the folder.

        Raises:
            KeysError: A file is no EC P-256 private key, or can't be read; the keys that were loaded before stay in use.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            files = sorted(self._folder.glob("*.pem"))
            if not files:
                # Another replica may be doing the same now; whoever comes second uses what the first one made.
                with contextlib.suppress(FileExistsError):
                    _make_key(self._folder / "0001.pem")
                files = sorted(self._folder.glob("*.pem"))
            loaded = [_read_key(file) for file in files]
        except OSError as error:
            raise KeysError(f"{self._folder}: {error.strerror}") from error
        if not loaded:
            raise KeysError(f"{self._folder}: no key could be made")
        self._keys = {str(key.kid): key for key in loaded}
        self._signer = loaded[-1]
        log.info("signing_keys_loaded", signing=str(loaded[-1].kid), published=len(loaded))

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517)."""
        described = {"alg": ALGORITHM, "use": "sig"}
        return {"keys": [{**key.as_dict(private=False), **described} for key in self._keys.values()]}

    def sign(self, user: Mapping[str, Any], session_id: UUID) -> tuple[str, int]:
        """Make an access token.

        Args:
            user: Row of `users`.
            session_id: Its session.

        Returns:
            The token, and when it expires (seconds since 1970).
        """
        assert self._signer is not None, "load() comes first"
        now = int(time.time())
        expires = now + self._lifetime
        claims = {
            "iss": self._issuer,
            "sub": str(user["id"]),
            "aud": self._audience,
            "sid": str(session_id),
            "email": user["email"],
            "name": user["name"],
            "picture": user["picture"],
            "iat": now,
            "exp": expires,
            "jti": secrets.token_urlsafe(12),
        }
        header = {"alg": ALGORITHM, "kid": str(self._signer.kid), "typ": "JWT"}
        return jwt.encode(header, claims, self._signer, algorithms=[ALGORITHM]), expires

    def check(self, token: str, *, allow_expired: bool = False) -> Claims:
        """Check an access token.

        Raises:
            TokenRefused: It is not good.
        """
        return check_token(token, self._keys, self._issuer, self._audience, allow_expired=allow_expired)


def _make_key(path: Path) -> None:
    key = ECKey.generate_key(CURVE)
    # Written aside and linked, so that nobody ever reads half a key.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.as_pem(private=True))
        os.link(draft, path)
    finally:
        draft.unlink()


def _read_key(path: Path) -> ECKey:
    try:
        key = ECKey.import_key(path.read_bytes())
    except (JoseError, ValueError, TypeError) as error:
        raise KeysError(f"{path}: not an EC private key in PEM form") from error
    if not key.is_private or key.as_dict(private=False).get("crv") != CURVE:
        raise KeysError(f"{path}: must be a private key on the curve {CURVE}")
    key.ensure_kid()
    return key
