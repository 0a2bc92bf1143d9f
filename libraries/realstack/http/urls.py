"""URLs that are safe to show.

An authorization response carries its code in the query (RFC 6749, 4.1.2), so no URL is ever shown with its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from realstack.secrets import secrets

LEFT_OUT = "…"
"""In the place of each value, whatever it is."""
_AROUND = "".join(map(chr, range(33)))
"""Control characters of ASCII, and the blank."""
_PUBLIC_PARAMETERS = frozenset(
    {"error", "provider", "client_id", "response_type", "response_mode", "scope", "code_challenge_method", "prompt"}
)


def split(url: str) -> SplitResult:
    """The parts of a URL; one that is none, such as ``http://[``, which pages and redirects of others may hold, is all path."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url.partition("?")[0].rpartition("@")[2], "", "")


def joined(base: str, target: str) -> str:
    """Where a link leads that stands at a URL, without blanks around it (URL Standard, 4.4); as written where that is none."""
    try:
        return urljoin(base, target.strip(_AROUND))
    except ValueError:
        return target


def is_public(name: str, value: str) -> bool:
    """Whether anybody may know a parameter of a query: by its name, or as an address that has none itself, such as ``iss``."""
    if name in _PUBLIC_PARAMETERS:
        return True
    there = split(value)
    return there.scheme in ("http", "https") and not (there.query or there.fragment or "@" in there.netloc)


def shown(url: str) -> str:
    """The URL without user information, fragment, credentials and the values of its query, but for a few harmless ones."""
    parts = split(url)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{name}={value if is_public(name, value) else LEFT_OUT}" for name, value in pairs)
    # A provider may put what is a credential elsewhere, such as the name of an interaction, into its path.
    return secrets.scrub(urlunsplit((parts.scheme, host, parts.path, query, LEFT_OUT if parts.fragment else "")))


def parameters(url: str) -> dict[str, str]:
    """The query of a URL by name, and its fragment, where answers may come as well (OAuth 2.0 Multiple Response Types, 2.1).

    Of a name that comes twice it is the first value.
    """
    found: dict[str, str] = {}
    parts = split(url)
    for name, value in [*parse_qsl(parts.query, keep_blank_values=True), *parse_qsl(parts.fragment, keep_blank_values=True)]:
        found.setdefault(name, value)
    return found


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as an ``Origin`` header has them (RFC 6454)."""
    parts = split(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def with_parameters(url: str, values: Mapping[str, str | None]) -> str:
    """The URL with parameters of its query set, in place of all of that name, or removed where the value is None."""
    parts = split(url)
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values]
    pairs += [(name, value) for name, value in values.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode([(_scalar(name), _scalar(value)) for name, value in pairs])))


def _scalar(text: str) -> str:
    """A text with half a surrogate pair told as browsers tell it: by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _server(url: str) -> tuple[str, str, int | None]:
    """What an origin means: names in any case, and the port also where it is left out (RFC 6454, 4)."""
    parts = split(url)
    try:
        port = parts.port
    except ValueError:  # none that there is
        return parts.scheme, parts.netloc, None
    return parts.scheme, parts.hostname or "", port or {"http": 80, "https": 443}.get(parts.scheme)


def moved(url: str, old: str, new: str) -> str:
    """The URL with its origin changed, where it is the old one; a URL of elsewhere stays."""
    if _server(url) != _server(old):
        return url
    there = split(new)
    return urlunsplit(split(url)._replace(scheme=there.scheme, netloc=there.netloc))
