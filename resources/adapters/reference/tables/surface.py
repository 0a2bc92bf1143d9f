"""Variable file: what every answer at the public address says to browsers, so that nobody else gets in.

Sources: Fetch, Content Security Policy 3, RFC 6265bis (cookies), RFC 9110 and 9111 (types, caches), RFC 6266 (downloads).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

POLICY = {
    "whatever the policy does not name": ("default-src", "'none'"),
    "scripts of elsewhere": ("script-src", "'self'"),
    "styles of elsewhere": ("style-src", "'self'"),
    "a connection to elsewhere": ("connect-src", "'self'"),
    "fonts of elsewhere": ("font-src", "'self'"),
    "workers of elsewhere": ("worker-src", "'self'"),
    "a manifest of elsewhere": ("manifest-src", "'self'"),
    # The provider says where a user's picture is.
    "pictures that run": ("img-src", "'self' https: http: data:"),
    "a form that leads elsewhere": ("form-action", "'self'"),
    "another base for links": ("base-uri", "'none'"),
    "a frame on another site": ("frame-ancestors", "'none'"),
}
"""Who is kept out by the content security policy of every answer: by which directive, and the most that it may name."""

KEEPS_OUT = {
    "a frame in an old browser": ("x-frame-options", r"DENY$"),
    "a guess at the type": ("x-content-type-options", r"nosniff(, nosniff)*$"),
    "a window of another site": ("cross-origin-opener-policy", r"same-origin$"),
    "a page of another site": ("cross-origin-resource-policy", r"same-origin$"),
    "another site's log of referrers": ("referrer-policy", r"(same-origin|no-referrer)$"),
    "a camera": ("permissions-policy", r".*\bcamera=\(\)"),
    "a microphone": ("permissions-policy", r".*\bmicrophone=\(\)"),
    "who asks for the place": ("permissions-policy", r".*\bgeolocation=\(\)"),
    "who asks for money": ("permissions-policy", r".*\bpayment=\(\)"),
    "whoever knows what is wrong with a version": ("server", r"\D*$"),
}
"""Who is kept out besides, whatever the answer's status: by which header, and how its value begins."""

STATUS = ":status"
AN_ANSWER = {"a cache": ("cache-control", "no-store"), "another type": ("content-type", "application/json")}
_KINDS = {
    "a page": {"a cache": ("cache-control", "no-store"), "another type": ("content-type", "text/html; charset=utf-8$")},
    "a script": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "text/javascript; charset=utf-8$")},
    "a style": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "text/css; charset=utf-8$")},
    "a picture": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", r"image/svg\+xml")},
    "a setting": {"a cache": ("cache-control", "no-cache"), "another type": ("content-type", "application/json")},
    "an answer": AN_ANSWER,
    # What a client can act on: how to be let in (RFC 6750), by which method (RFC 9110), and when again.
    "a refusal without a token": {
        **AN_ANSWER,
        "whoever has no token": (STATUS, "401$"),
        "a client that is not told how": ("www-authenticate", r"Bearer\b"),
    },
    "a refusal of a method": {
        **AN_ANSWER,
        "another method": (STATUS, "405$"),
        "a client that is not told the methods": ("allow", r"[A-Z]+(, [A-Z]+)*$"),
    },
    "a refusal for now": {
        **AN_ANSWER,
        "whoever takes it for an answer": (STATUS, "503$"),
        "a client that comes again at once": ("retry-after", r"[1-9]\d*$"),
    },
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
    "no place": {"whoever looks for what is nobody's": (STATUS, "40[34]$")},
}
"""Who is kept out besides, by the kind of an answer."""

OF_PRIVATE_KEYS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
"""Members of a JSON web key that its owner alone may know (RFC 7518, section 6)."""

PLACES = {
    "/": "a page",
    "/threads/00000000-0000-4000-8000-000000000000": "a page",
    "/js/main.js": "a script",
    "/css/base.css": "a style",
    "/icon.svg": "a picture",
    "/config.json": "a setting",
    "/.well-known/jwks.json": "keys",
    "/nothing": "no place",
    "/js/": "no place",
    "/js": "no place",
    "/nginx.conf": "no place",
    "/headers.conf": "no place",
    "/.config.json.new": "no place",
    "/temp/": "no place",
    "/internal/doors": "no place",
    "/metrics": "no place",
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


def let_in(answer: Any, kind: str) -> list[str]:
    """Who would get in by an answer of a kind, by its status, its headers, and keys that it tells."""
    said = {**answer.headers, STATUS: answer.status}
    kept = {**KEEPS_OUT, **_KINDS[kind]}
    found = _past_the_policy(str(said.get("content-security-policy", "")))
    found += [who for who, (name, says) in kept.items() if not re.match(says, str(said.get(name, "")))]
    if kind == "keys" and any(OF_PRIVATE_KEYS & set(key) for key in answer.json["keys"]):
        found.append("whoever signs with the platform's own key")
    return found + [f"other origins, by {name}" for name in said if name.startswith("access-control-allow")]


def _past_the_policy(policy: str) -> list[str]:
    # Of a directive that is there twice the first counts.
    parts = [part.split() for part in reversed(policy.lower().split(";")) if part.strip()]
    named = {name: sources for name, *sources in parts}
    past = [who for who, (name, most) in POLICY.items() if not set(named.pop(name, ["*"])) <= set(most.split())]
    return past + [f"whatever {name} lets in" for name in named]


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
