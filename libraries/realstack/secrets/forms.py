"""The ways in which one secret value can show up in a file.

A credential seldom leaks as it is: it sits in a URL, in XML or JSON, in a Basic header, in a WebSocket subprotocol.
Each of these forms is searched for by windows: every stretch of [WINDOW][] characters at a multiple of it
must be missing. So a text that holds at least ``2 * WINDOW - 1`` characters in a row of any form is found, cut or not.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

WINDOW = 16
"""Characters of a window. 16 characters of a base64url alphabet are 96 bits: no chance hit."""

SHORTEST = 8
"""Characters below which a value can't be searched for without false alarms."""

VARIED = 6
"""Different characters that a window must have: runs of one character (zeros, in base64) are in many files."""


_PERCENT = re.compile(r"%[0-9A-F]{2}")


def forms(value: str) -> set[str]:
    """Every written form of a value: as it is, escaped for URL, XML and JSON, and base64 in any alignment.

    Percent-encoding leaves ``/`` as it is or not, has capital or small digits (RFC 3986, 2.1), and is done twice where a URL is
    put into another one.
    """
    quoted = {quote(value, safe=""), quote_plus(value)}
    if "://" not in value:  # a URL's password is a credential by itself; each form of the whole is looked for in every message
        quoted |= {quote(value), *(quote(form, safe="") for form in quoted)}
    quoted |= {_PERCENT.sub(lambda code: code[0].lower(), form) for form in quoted}
    return {
        value,
        *quoted,
        html.escape(value),
        html.escape(value, quote=False),
        json.dumps(value)[1:-1],
        *_base64_forms(value.encode()),
    }


def _base64_forms(data: bytes) -> Iterator[str]:
    # What stands before the value in the encoded text (a user name, say) shifts it by 0, 1 or 2 bytes. The
    # characters that the neighbours share with the value are left out at both ends.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode()
        first = (0, 2, 3)[shift]
        last = len(encoded) - (0, 3, 2)[(shift + len(data)) % 3]
        core = encoded[first:last]
        if len(core) >= SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def core(value: str) -> str:
    """The part of a value that is worth searching for.

    What is signed, such as the claims of a compact JWS (RFC 7515) or the content of a signed cookie, is no secret, and pieces
    of its encoding are in other texts too: only the signature counts.
    """
    return value.rpartition(".")[2] if _is_signed(value) else value


def windows(value: str) -> Iterator[str]:
    """The windows of every form of a value; whole forms where they are shorter, or a URL, which is mostly public."""
    if _is_signed(value) and value.startswith("eyJ") and value.count(".") == 2:
        # Where the claims begin, a token can be told from all other texts, also one that was cut off before its signature.
        dot = value.index(".")
        yield value[dot - 8 : dot + 8]
    for form in forms(core(value)):
        if len(form) < WINDOW or "://" in value:
            if len(form) >= SHORTEST:
                yield form
            continue
        starts = [*range(0, len(form) - WINDOW + 1, WINDOW), len(form) - WINDOW]
        yield from (window for start in starts if len(set(window := form[start : start + WINDOW])) >= VARIED)


def _is_signed(value: str) -> bool:
    first, dot, rest = value.partition(".")
    if not dot or len(rest.rpartition(".")[2]) not in {0, *range(WINDOW, 2048)}:
        return False
    try:
        json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:  # neither base64url nor JSON: nothing that anybody could read
        return False
    return True
