"""The provider's signing keys: a folder of RSA private keys, of which the last by name signs."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

KEY_BITS = 2048


def signing_keys(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read the folder, making a first key when it is empty.

    Returns:
        The key that signs, and the older ones, which are still published (as lists of private JWKs).
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.glob("*.pem"))
    if not files:
        files = [_make_key(folder / "0001.pem")]
    keys = []
    for file in files:
        key = RSAKey.import_key(file.read_bytes())
        key.ensure_kid()
        keys.append(dict(key.as_dict(private=True)))
    return keys[-1:], keys[:-1]


def load_keys(config: MutableMapping[str, Any], folder: Path) -> None:
    """Put the folder's keys into Canaille's configuration, which it looks at whenever it signs or publishes."""
    active, older = signing_keys(folder)
    # Threads answer requests meanwhile: at each moment the key that has signed until now is published.
    config["INACTIVE_JWKS"] = older
    config["ACTIVE_JWKS"] = active


def _make_key(path: Path) -> Path:
    key = RSAKey.generate_key(KEY_BITS)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.as_pem(private=True))
    return path
