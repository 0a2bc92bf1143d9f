"""What a provider says about itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlunsplit

from authlib.oidc.discovery import get_well_known_url

from realstack.core.errors import StackFailure, explain
from realstack.http.urls import split
from realstack.oauth.tokens import shortened


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's metadata document.

    Attributes:
        issuer: Its identifier, compared character by character.
        values: The whole document.
    """

    issuer: str
    values: Mapping[str, Any] = field(repr=False)

    def endpoint(self, name: str) -> str:
        """The URL of an endpoint, such as ``token_endpoint`` or ``jwks_uri``.

        Raises:
            StackFailure: The provider does not have it.
        """
        url = self.values.get(name)
        if not isinstance(url, str) or not url:
            urls = {key for key, value in self.values.items() if isinstance(value, str)}
            told = sorted(key for key in urls if key.endswith(("_endpoint", "_uri")))
            seen = f"it is {shortened(url)}" if url else "its metadata names none"
            raise StackFailure(explain(f"{self.issuer} has a {name}", seen, evidence=f"It names {', '.join(told) or 'none'}"))
        return url


def discovery_urls(issuer: str) -> tuple[str, str]:
    """Where the metadata of an issuer may be: by OpenID Connect Discovery 4, and by RFC 8414, 3.1."""
    parts = split(issuer)
    rfc8414 = urlunsplit((parts.scheme, parts.netloc, "/.well-known/oauth-authorization-server" + parts.path.rstrip("/"), "", ""))
    return str(get_well_known_url(issuer, external=True)), rfc8414


def read_metadata(issuer: str, document: Any, where: str) -> Metadata:
    """Check a metadata document against the issuer that it was asked for.

    Raises:
        StackFailure: It is none, or another issuer's (OpenID Connect Discovery 4.3; RFC 8414, 3.3: mix-up attack).
    """
    if not isinstance(document, dict):
        raise StackFailure(explain(f"{where} is a JSON object", type(document).__name__))
    said = document.get("issuer")
    if said != issuer:
        raise StackFailure(
            explain(
                f"{where} names the issuer {issuer!r}",
                f"it names {said!r}",
                remedy="They must be equal to the character (OpenID Connect Discovery 4.3): correct one of them.",
            )
        )
    return Metadata(issuer, document)
