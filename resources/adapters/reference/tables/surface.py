"""Variable file: what every answer at the public address says to browsers, so that nobody else gets in.

Sources: Fetch, Content Security Policy 3, RFC 6265bis (cookies), RFC 9110 and 9111 (types, caches), RFC 6266 (downloads).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

KEEPS_OUT = {
    "a frame on another site": ("content-security-policy", r".*frame-ancestors 'none'"),
    "a frame in an old browser": ("x-frame-options", r"DENY$"),
    "scripts of elsewhere": ("content-security-policy", r".*default-src 'none'; script-src 'self';"),
    "styles of elsewhere": ("content-security-policy", r".*style-src 'self';"),
    "a connection to elsewhere": ("content-security-policy", r".*connect-src 'self';"),
    "another base for links": ("content-security-policy", r".*base-uri 'none'"),
    "a form that leads elsewhere": ("content-security-policy", r".*form-action 'self'"),
    "a guess at the type": ("x-content-type-options", r"nosniff"),
    "a window of another site": ("cross-origin-opener-policy", r"same-origin$"),
    "a page of another site": ("cross-origin-resource-policy", r"same-origin$"),
    "another site's log of referrers": ("referrer-policy", r"(same-origin|no-referrer)$"),
    "a camera": ("permissions-policy", r".*camera=\(\)"),
    "whoever knows what is wrong with a version": ("server", r"\D*$"),
}
"""Who is kept out by every answer, whatever its status: by which header, and how its value begins."""

AN_ANSWER = {"a cache": ("cache-control", "no-store"), "another type": ("content-type", "application/json")}
KINDS = {
    "a page": {"a cache": ("cache-control", "no-store"), "another type": ("content-type", "text/html; charset=utf-8$")},
    "a script": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "text/javascript; charset=utf-8$")},
    "a style": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "text/css; charset=utf-8$")},
    "a picture": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", r"image/svg\+xml")},
    "a setting": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "application/json")},
    "an answer": AN_ANSWER,
    # What a client can act on: how to be let in (RFC 6750), by which method (RFC 9110), and when again.
    "a refusal without a token": {**AN_ANSWER, "a client that is not told how": ("www-authenticate", r"Bearer\b")},
    "a refusal of a method": {**AN_ANSWER, "a client that is not told the methods": ("allow", r"[A-Z]+(, [A-Z]+)*$")},
    "a refusal for now": {**AN_ANSWER, "a client that comes again at once": ("retry-after", r"[1-9]\d*$")},
    "keys": {
        "a cache that keeps what was withdrawn": ("cache-control", "public, max-age=60$"),
        "another type": ("content-type", "application/json"),
    },
    "nothing": {"a cache": ("cache-control", "no-store")},
    "a file": {
        "a cache": ("cache-control", ".*no-store"),
        "another type": ("content-type", "application/pdf$"),
        "a browser that shows it": ("content-disposition", "attachment; filename="),
    },
    "public": {},
}
"""Who is kept out besides, by the kind of an answer."""

PLACES = {
    "/": "a page",
    "/threads/00000000-0000-4000-8000-000000000000": "a page",
    "/js/main.js": "a script",
    "/css/base.css": "a style",
    "/icon.svg": "a picture",
    "/config.json": "a setting",
    "/.well-known/jwks.json": "keys",
    "/nothing": "public",
    "/js/": "public",
    "/internal/doors": "public",
    "/metrics": "public",
}
"""Places at the public address that are none of the services' doors."""

ELSEWHERE = {
    "another site": "https://evil.example/",
    "another site by its scheme alone": "https:evil.example",
    "another site without a scheme": "//evil.example/",
    "three slashes": "///evil.example/",
    "a backslash": "/\\evil.example/",
    "two backslashes": "\\\\evil.example/",
    "a tab between slashes": "/\t/evil.example/",
    "a line end between slashes": "/\n/evil.example/",
    "a blank before them": " //evil.example/",
    "a script": "javascript:alert(1)",
    "a page of data": "data:text/html,x",
    "a name without a slash": "evil.example",
    "a name before the host": "//127.0.0.1@evil.example/",
    "nothing": "",
}
"""Places that a sign-in must not lead to."""


def let_in(headers: Mapping[str, Any], kind: str) -> list[str]:
    """Who would get in by an answer of a kind, by its headers."""
    kept = {**KEEPS_OUT, **KINDS[kind]}
    found = [who for who, (name, says) in kept.items() if not re.match(says, str(headers.get(name, "")))]
    return found + [f"other origins, by {name}" for name in headers if name.startswith("access-control-allow")]


def cookie_lets_in(attributes: Mapping[str, Any], path: str, longest: int) -> list[str]:
    """Who would get at a cookie that is for one path of one site, by its attributes.

    Args:
        attributes: As the server set them, by name.
        path: The only path that it is for.
        longest: Seconds that it may live.
    """
    life = str(attributes.get("max-age") or "")
    kept = {
        "scripts of the page": attributes.get("httponly") is True,
        "other sites": str(attributes.get("samesite")).lower() in {"lax", "strict"},
        "other paths": attributes.get("path") == path,
        "other hosts": not attributes.get("domain"),
        "whoever comes years later": life.isdecimal() and 0 < int(life) <= longest,
    }
    return [who for who, out in kept.items() if not out]
