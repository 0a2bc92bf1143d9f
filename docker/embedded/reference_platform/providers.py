"""Which provider the auth service is told of, by the platform file's `provider`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from realstack.core.errors import StackError, explain
from realstack.platform.service import Stack
from realstack.secrets import secrets

CANAILLE = "canaille"
"""The one that the platform brings along."""
SCOPE = "openid profile email"


def chosen(stack: Stack) -> str:
    """The provider's id.

    Raises:
        StackError: It is none that this platform can be told of.
    """
    provider = str(stack.content.get("provider", CANAILLE))
    if provider not in ENTRIES:
        raise StackError(explain(f"'provider' is one of {', '.join(ENTRIES)}.", f"It is '{provider}'."))
    return provider


def _canaille(stack: Stack) -> dict[str, Any]:
    return {"issuer": stack["idp"].url, "client_id": "chat", "client_secret": stack.credentials["idp-client"]}


def _google(_stack: Stack) -> dict[str, Any]:
    return {
        "issuer": "https://accounts.google.com",
        "client_id": os.environ["GOOGLE_CLIENT_ID"],
        "client_secret": secrets.remember(os.environ["GOOGLE_CLIENT_SECRET"], "client secret of Google", lasting=True),
        "hosted_domain": os.environ.get("GOOGLE_HOSTED_DOMAIN", ""),
    }


ENTRIES: dict[str, Callable[[Stack], dict[str, Any]]] = {CANAILLE: _canaille, "google": _google}
"""What the auth service is told of each, apart from its names."""


def entry(stack: Stack) -> dict[str, Any]:
    """What the auth service is told of the platform's provider."""
    provider = chosen(stack)
    return {"id": provider, "name": provider.title(), "scope": SCOPE, **ENTRIES[provider](stack)}
