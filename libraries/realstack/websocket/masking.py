"""Keeping credentials out of ledgers, recordings and messages of errors.

A frame is masked once, when it is sent or received; everything behind (ledger, recorder, keywords) only ever
sees the masked copy. A credential that is a whole value is a [Hidden][realstack.secrets.hidden.Hidden] there, of which keywords
make a Secret. Three fences: fields with telling names, values that the run's registry of secrets
knows, and strings that look like credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from realstack.core.several import several
from realstack.secrets import HIDDEN, CredentialNames, Hidden, Registry
from realstack.secrets import secrets as run_secrets
from realstack.secrets.forms import SHORTEST
from realstack.secrets.names import PARAMETER_NAMES, concealed
from realstack.secrets.parts import parts
from realstack.secrets.redaction import PLAIN, redact_text

_MEMBER = re.compile(
    r"""(?P<before>(?P<quote>\\*")(?P<name>[^"\\]{1,80})(?P=quote)\s*:\s*(?P=quote))(?P<value>.*?)(?=(?<!\\)(?P=quote)|\Z)""",
    re.DOTALL,
)
"""A member of a JSON object whose value is a text; in a JSON text within another one its quotes are escaped."""


_PAIR = re.compile(r"(?P<before>(?<![^?&;#\s])(?P<name>[\w.-]{1,80})=)(?P<value>[^\s&;#,\"'<>]+)")
"""A field of a form, of a query or of a fragment, whose value is not empty."""


class Masker:
    """Replaces credentials; safe from any thread.

    Args:
        more_names: Names of fields and headers to hide besides the usual ones (see `realstack.secrets.names`).
        registry: The secrets that are known by value; those of the run where not given.
    """

    def __init__(self, more_names: str | Iterable[str] = (), registry: Registry = run_secrets) -> None:
        self._more = tuple(several(more_names))
        self._registry = registry
        self._based_on, self._names = registry.names, registry.names.also(*self._more)

    @property
    def names(self) -> CredentialNames:
        """The names that tell of a credential: those of the run, which may be told after this was made, and its own."""
        if self._based_on is not self._registry.names:
            self._based_on, self._names = self._registry.names, self._registry.names.also(*self._more)
        return self._names

    def register(self, secret: str, what: str) -> None:
        """Hide a value wherever it appears from now on, in any encoding, and so its parts that are secrets too.

        Args:
            secret: A token, a whole header (``Bearer …``) or a whole subprotocol (``jwt.…``).
            what: Its kind and origin, for the report of a leak.
        """
        for part in parts(secret):
            self._registry.remember(part, what)

    def register_cookies(self, header: str, what: str) -> None:
        """Hide what of a ``Cookie`` header is a credential, each by itself."""
        for _, value in self._registry.names.in_cookies(header):
            self.register(value, what)

    def register_url(self, url: str, what: str) -> None:
        """Hide the password of a URL, and what in its query has the name of a credential."""
        try:
            parted = urlsplit(url)
        except ValueError:  # who opens it says what is wrong with it
            return
        fields = [(name, value) for name, value in parse_qsl(parted.query) if self._tells(name, value)]
        for value in (unquote(parted.password or ""), *(value for _, value in fields)):
            self.register(value, what)

    def text(self, text: str) -> str:
        """The text with every known value and everything that looks like a credential hidden."""
        return redact_text(self._registry.scrub(text))

    def members(self, text: str) -> str:
        """The text, masked, also where it holds JSON that nobody parsed: whole, behind something else, quoted or cut off."""
        return self.text(_MEMBER.sub(self._member, text) if ":" in text else text)

    def told(self, text: str) -> str:
        """The text of an error, a header or a reason, masked: also where it holds JSON or the fields of a form or a query."""
        return _PAIR.sub(self._pair, self.members(text))

    def _pair(self, found: re.Match[str]) -> str:
        return found["before"] + (HIDDEN if self._tells(found["name"], found["value"]) else found["value"])

    def _tells(self, name: str, value: str) -> bool:
        return name in self.names or (name in PARAMETER_NAMES and len(value) >= SHORTEST)

    def _member(self, found: re.Match[str]) -> str:
        value = found["value"]
        if found["name"] in self.names:
            return found["before"] + (HIDDEN if value else "")
        return found["before"] + (_MEMBER.sub(self._member, value) if ":" in value else value)

    def payload(self, raw: str | None, value: Any) -> Any:
        """A masked copy of a JSON value.

        Args:
            raw: The JSON text it came from: where it holds nothing suspicious, only names are looked at. None where it is
                not known.
            value: The parsed value.
        """
        suspicious = raw is None or "\\" in raw or self.text(raw) != raw
        return self._walk(value, suspicious, self.names)

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Headers by name, masked; a repeated header is joined with a comma (RFC 9110, 5.3)."""
        masked: dict[str, str] = {}
        for name, value in headers:
            shown = self._hidden_header(name, value) if name in self.names else self.told(value)
            masked[name] = _joined(masked[name], shown) if name in masked else shown
        return masked

    def _hidden_header(self, name: str, value: str) -> str:
        if name.lower() == "set-cookie":
            cookie, _, held = value.partition(";")[0].partition("=")
            if self._registry.names.cookie(cookie.strip(), held.strip(), http_only="httponly" in value.lower()):
                self._hide(held.strip())
            return Hidden(value)
        return self._hide(value)

    def _hide(self, value: Any) -> str:
        """What stands for a credential; what it opens must not be seen elsewhere either."""
        if not isinstance(value, str):
            return HIDDEN
        if len(value) >= SHORTEST:
            self.register(value, "received over a WebSocket")
        return Hidden(value)

    def _walk(self, value: Any, deep: bool, names: CredentialNames) -> Any:
        # Each frame of each connection goes through here: exact types are told apart quickly, and the rest behind them.
        kind = type(value)
        if kind is str or isinstance(value, str):
            return self._text(value) if deep else value
        if kind in PLAIN:
            return value
        if kind is dict or isinstance(value, Mapping):
            return {
                name: concealed(item, self._hide) if name in names else self._walk(item, deep, names)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._walk(item, deep, names) for item in value]
        return value

    def _text(self, value: str) -> str:
        masked = self.members(value)
        return Hidden(value) if masked == HIDDEN and value != HIDDEN else masked


class Unmasked(Masker):
    """Leaves messages as they are, for connections whose frames nobody sees: who does show one masks it then."""

    def members(self, text: str) -> str:
        """The text itself."""
        return text

    def payload(self, raw: str | None, value: Any) -> Any:
        """The value itself."""
        return value


def _joined(first: str, second: str) -> str:
    """Two values of one header; credentials stay what they are."""
    if isinstance(first, Hidden) and isinstance(second, Hidden):
        return Hidden(f"{first.value}, {second.value}")
    return f"{first}, {second}"
