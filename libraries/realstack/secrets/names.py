"""Which names tell that a value is a credential, and the one text that stands in its place.

Fields of JSON, columns, keys, headers and form fields are all judged by one list of names. It holds names that are credentials
wherever they appear; a word that is one in some places only (``code``, ``nonce``) is told by whom it concerns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from realstack.core.several import several

HIDDEN = "<hidden>"
"""What stands in the place of a credential: in frames, rows, recordings, logs and errors."""

CREDENTIAL_NAMES = (
    # RFC 6749, 7009, 7521, 7591, 7636, 8628, OpenID Connect
    *("*token", "id_token_hint", "code_verifier", "client_assertion", "device_code"),
    *(
        "*password",
        "*passwd",
        "*passphrase",
        "*passcode",
        "*secret",
        "*secret_key",
        "*secret_access_key",
        "*private_key",
        "*api_key",
        "*apikey",
    ),
    # Stored in place of one: who has it may guess, or come in.
    *("*token_hash", "*token_digest", "*password_hash", "*password_digest", "*secret_hash"),
    # Several of them.
    *("*passwords", "*secrets", "*api_keys", "*private_keys", "access_tokens", "refresh_tokens", "id_tokens", "api_tokens"),
    # RFC 9110, 6265
    *("authorization", "proxy_authorization", "cookie", "set_cookie"),
    # Settings of Redis
    *("requirepass", "masterauth", "primaryauth"),
    # Marks of a place in a list are called so, too.
    *("!*page_token", "!continuation_token", "!sync_token", "!cancellation_token"),
)
"""Shell patterns of names; one that begins with ``!`` takes names out. The last that fits counts.

They are in small letters with underscores: ``accessToken``, ``Access-Token`` and ``ACCESS_TOKEN`` are one name."""

PARAMETER_NAMES = ("code", "assertion")
"""Besides in fields of forms and queries (RFC 6749, 4.1.2; RFC 7521, 4.1). In JSON a ``code`` is what an error calls its kind."""

COOKIE_NAMES = ("*session*", "*sess", "*sid", "*auth*", "*login*", "*jwt*", "*csrf*", "*xsrf*", "*remember*", "*verifier*")
"""Besides in cookies."""

SHORTEST_RANDOM = 16
"""Characters of the shortest value that nobody could guess: 64 bits in hexadecimal digits."""

NAMES_KEPT = 4096

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KINDS = tuple(re.compile(kind) for kind in (r"[a-z]", r"[A-Z]", r"\d"))


_UNASKED = object()


class CredentialNames:
    """The usual names, and more: ``name in names`` tells whether a value under that name is a credential.

    Args:
        more: Further patterns: a text, a text with commas, or several. One with ``!`` before it takes names out.
    """

    def __init__(self, more: str | Iterable[str] = ()) -> None:
        self._more = tuple(several(more))
        self._patterns = (*CREDENTIAL_NAMES, *self._more)
        self._told: dict[str, bool | None] = {}

    @property
    def more(self) -> tuple[str, ...]:
        """The further patterns."""
        return self._more

    def also(self, *patterns: str) -> CredentialNames:
        """These names and some that are credentials in one place only; what was said to come in or out still counts."""
        return CredentialNames((*patterns, *self._more))

    def __contains__(self, name: object) -> bool:
        told = self._told.get(name, _UNASKED)  # type: ignore[call-overload]
        return told is True if told is not _UNASKED else isinstance(name, str) and self._tells(name) is True

    def cookie(self, name: str, value: str, *, http_only: bool) -> bool:
        """Whether a cookie is a credential: by its name, or because it is kept from scripts and nobody could guess it.

        Args:
            name: Its name.
            value: Its value.
            http_only: Whether the server keeps it from scripts (RFC 6265, 4.1.2.6), or nobody knows.
        """
        told = self._tells(name)
        if told is not None:
            return told
        return _last_that_fits(COOKIE_NAMES, name) is True or (http_only and _random(value))

    def in_cookies(self, header: str) -> Iterator[tuple[str, str]]:
        """Name and value of each credential in a ``Cookie`` header, which does not say what is kept from scripts."""
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if self.cookie(name, value, http_only=True):
                yield name, value

    def _tells(self, name: str) -> bool | None:
        # Each frame and event asks for each of its fields; names that come from outside have no end.
        if name not in self._told:
            if len(self._told) >= NAMES_KEPT:
                self._told.clear()
            self._told[name] = _last_that_fits(self._patterns, name)
        return self._told[name]


def _last_that_fits(patterns: Iterable[str], name: str) -> bool | None:
    one = _plain(name)
    fitting = [pattern for pattern in patterns if fnmatchcase(one, _plain(pattern.removeprefix("!")))]
    return None if not fitting else not fitting[-1].startswith("!")


def _plain(name: str) -> str:
    return _HUMP.sub("_", name).replace("-", "_").lower()


def _random(value: str) -> bool:
    """Whether a text looks as if it had been drawn: words, a number or a choice (``summer-sale``) do not."""
    return len(value) >= SHORTEST_RANDOM and sum(bool(kind.search(value)) for kind in _KINDS) > 1


_usual = CredentialNames()


def is_credential_name(name: str) -> bool:
    """Whether a value under that name is a credential, wherever it appears."""
    return name in _usual


def concealed(value: Any, hide: Callable[[Any], Any] = lambda _: HIDDEN) -> Any:
    """The value of a field that has a credential's name, with everything secret in it replaced.

    Numbers, truths, moments, nulls and empty texts are left: they tell nothing that opens anything.

    Args:
        value: What the field holds; of objects and lists it is what is in them.
        hide: Makes what is shown instead.
    """
    if isinstance(value, Mapping):
        return {name: concealed(inner, hide) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [concealed(inner, hide) for inner in value]
    if value is None or value in ("", b"") or isinstance(value, (bool, int, float, Decimal, date, time, timedelta)):
        return value
    return hide(value)
