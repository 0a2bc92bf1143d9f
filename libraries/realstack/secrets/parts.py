"""What of a credential, as it is sent, is one by itself: behind a scheme or a prefix, in quotes, in base64."""

from __future__ import annotations

import base64
import re

LONG_ENOUGH = 16
"""Characters from which a part is taken for a credential by its place alone."""

SCHEMES = frozenset(
    (
        "apikey",
        "api-key",
        "basic",
        "bearer",
        "digest",
        "dpop",
        "gnap",
        "hawk",
        "jwt",
        "key",
        "negotiate",
        "oauth",
        "token",
        "vapid",
    )
)
"""What credentials stand behind in a header (RFC 9110, 11.1), those that nobody has registered included."""

_QUOTED = re.compile(r'"([^"]{8,})"')


def parts(sent: str) -> list[str]:
    """A credential as it is sent, and what in it opens the same.

    Args:
        sent: A token, a whole header (``Basic …``, ``Token token="…"``) or a whole subprotocol (``jwt.…``,
            ``base64url.bearer.authorization.k8s.io.…``).
    """
    found = [sent, _behind_prefixes(sent)]
    scheme, space, credentials = sent.partition(" ")
    if space and scheme.lower() in SCHEMES:
        found += [credentials, *_QUOTED.findall(credentials)]
    decoded = [text for part in found if (text := _decoded(part)) is not None and len(text) >= LONG_ENOUGH]
    return list(dict.fromkeys(part for part in [*found, *decoded, password_of(sent)] if part))


def password_of(header: str) -> str:
    """The password in a header with an account (RFC 7617); empty where there is none."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    return (_decoded(credentials.strip()) or "").partition(":")[2]


def _behind_prefixes(sent: str) -> str:
    rest = sent
    while True:
        prefix, dot, behind = rest.partition(".")
        if not dot or len(prefix) >= LONG_ENOUGH or len(behind) < LONG_ENOUGH:
            return rest
        rest = behind


def _decoded(part: str) -> str | None:
    """What is told in base64, of either alphabet; None where it is no text."""
    try:
        text = base64.b64decode(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4), validate=True).decode()
    except ValueError:  # it is not base64, or not of a text
        return None
    return text if text.isprintable() else None
