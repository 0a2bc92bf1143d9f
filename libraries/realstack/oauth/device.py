"""Signing in on a device without a browser: the user confirms a code elsewhere (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realstack.core.errors import StackFailure, explain
from realstack.oauth.flow import seconds_of
from realstack.secrets import secrets

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = 5.0
"""Seconds between two questions, where the provider names none (RFC 8628, 3.2)."""
SLOWER = 5.0
"""Seconds that are added where the provider answers ``slow_down`` (RFC 8628, 3.5)."""


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """What a device shows to its user, and asks for tokens with.

    Attributes:
        device_code: What tokens are asked for with, a credential.
        user_code: What the user types in.
        verification_uri: Where.
        verification_uri_complete: The same with the code in it; empty where the provider gives none.
        expires_in: Seconds until both codes are void.
        interval: Seconds between two questions for tokens.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: float


def device_authorization(body: Any, where: str) -> DeviceAuthorization:
    """Read a device authorization endpoint's answer.

    The address is ``verification_url`` to providers that began before the standard, Google among them.

    Raises:
        StackFailure: It lacks what RFC 8628, 3.2 requires.
    """
    told = {name.replace("_url", "_uri"): value for name, value in body.items()} if isinstance(body, dict) else {}
    needed = ("device_code", "user_code", "verification_uri")
    if not all(isinstance(told.get(name), str) and told[name] for name in needed) or "expires_in" not in told:
        seen = f"only {', '.join(told) or type(body).__name__}"
        raise StackFailure(explain(f"{where} answers with {', '.join(needed)}, expires_in (RFC 8628, 3.2)", seen))
    life = seconds_of(told["expires_in"], f"{where} gives expires_in in seconds (RFC 8628, 3.2)")
    given = told.get("interval")
    pause = seconds_of(INTERVAL if given is None else given, f"{where} gives interval in seconds (RFC 8628, 3.2)")
    return DeviceAuthorization(
        secrets.remember(told["device_code"], f"device code of {where}"),
        told["user_code"],
        told["verification_uri"],
        str(told.get("verification_uri_complete") or ""),
        int(life),
        pause,
    )
