"""One-time codes by the time of day (TOTP), as authenticator apps show them.

Sources: RFC 6238 (TOTP), RFC 4226 (HOTP), RFC 4648 (base32).
"""

from __future__ import annotations

import hmac
from base64 import b32decode

from realstack.core.errors import StackError, explain

STEP = 30
"""Seconds for which a code holds."""
DIGITS = 6


def one_time_code(secret: str, at: float, *, digits: int = DIGITS) -> str:
    """The code of a moment (HMAC-SHA-1, steps of 30 s).

    Args:
        secret: In base32, as providers show it; blanks, case and padding don't matter.
        at: Seconds since 1970.
        digits: How many digits it has.

    Raises:
        StackError: The secret is not base32.
    """
    bare = "".join(secret.split()).rstrip("=").upper()
    try:
        key = b32decode(bare + "=" * (-len(bare) % 8))
    except ValueError as error:
        raise StackError(explain("a secret in base32 (letters, digits 2 to 7)", f"{len(bare)} characters: {error}")) from error
    if not key:
        raise StackError(explain("a secret in base32", "an empty one"))
    digest = hmac.digest(key, int(at // STEP).to_bytes(8, "big"), "sha1")
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"
