"""Keywords of devices that show a code and wait for its confirmation (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.keywords.waiting import seconds
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain, told
from realstack.oauth.client import ProviderClient
from realstack.oauth.device import DeviceAuthorization
from realstack.oauth.keywords.grants import Tokens, granted, the_tokens


@dataclass(frozen=True, slots=True)
class Device:
    """A device that waits for its user.

    Attributes:
        user_code: What the user types in.
        verification_uri: Where.
        verification_uri_complete: The same with the code in it; empty where the provider gives none.
        device_code: What tokens are asked for with, a Secret.
        expires_in: Seconds until both codes are void.
        interval: Seconds that the provider wants between two questions.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    device_code: Secret = field(repr=False)
    expires_in: int
    interval: float


class DeviceKeywords:
    """Keywords of the device authorization grant.

    Args:
        providers: The open providers.
    """

    def __init__(self, providers: Owned[ProviderClient]) -> None:
        self._providers = providers

    @keyword(tags=["provider"])
    def start_device_authorization(
        self, *, scope: str | None = None, refused: str | None = None, provider: str | None = None, **parameters: str
    ) -> Device | None:
        """Asks for the codes of a device without a browser (RFC 8628, 3.1).

        Args:
            scope: Instead of the client's.
            refused: The OAuth error with which the provider must refuse, such as ``invalid_scope``.
            provider: Alias; the one opened last unless given.
            **parameters: Further parameters.

        Returns:
            ``user_code``, ``verification_uri``, ``verification_uri_complete``, ``device_code`` (a Secret), ``expires_in``,
            ``interval`` (seconds); nothing when refused.

        ```robotframework
        ${device}    Start Device Authorization
        VAR    &{fields}    user_code=${device.user_code}    login=reader    password=${PASSWORD}
        Sign In With Forms    ${device.verification_uri}    fields=${fields}    press=Continue
        ${tokens}    Wait For Device Tokens    ${device}
        ```
        """
        client = self._providers.get(provider)
        asked = {"scope": client.scope if scope is None else scope, **parameters}
        given = granted(client, "the device authorization", client.authorize_device(asked), refused)
        if given is None:
            return None
        told(f"The user confirms {given.user_code} at {given.verification_uri}.")
        return Device(
            given.user_code,
            given.verification_uri,
            given.verification_uri_complete,
            Secret(given.device_code),
            given.expires_in,
            given.interval,
        )

    @keyword(tags=["provider"])
    def wait_for_device_tokens(
        self,
        device: Device,
        *,
        timeout: timedelta = timedelta(seconds=10),
        interval: timedelta | None = None,
        refused: str | None = None,
        provider: str | None = None,
    ) -> Tokens | None:
        """Asks for a device's tokens until the user has decided (RFC 8628, 3.4).

        The provider's ``authorization_pending`` and ``slow_down`` are waited out; the latter makes the pauses 5 s longer.

        Args:
            device: As [Start Device Authorization] returned it.
            timeout: How long to go on asking.
            interval: Between two questions, instead of what the provider wants.
            refused: The OAuth error that it must end with: ``access_denied`` where the user says no, ``expired_token``.
            provider: Alias; the one opened last unless given.

        Returns:
            As [Exchange Code].

        Raises:
            StackFailure: The user or the provider said no, or had not decided in time.

        ```robotframework
        ${tokens}    Wait For Device Tokens    ${device}    timeout=20 s
        ```
        """
        client, pause = self._providers.get(provider), None if interval is None else seconds(interval)
        asking = client.device_tokens(_codes(device), seconds(timeout), interval=pause)
        return the_tokens(granted(client, "the device's tokens", asking, refused))

    @keyword(tags=["provider"])
    def exchange_device_code(self, device: Device, *, refused: str | None = None, provider: str | None = None) -> Tokens | None:
        """Asks for a device's tokens once (RFC 8628, 3.4).

        Args:
            device: As [Start Device Authorization] returned it.
            refused: The OAuth error with which the provider must refuse, such as ``authorization_pending``.
            provider: Alias; the one opened last unless given.

        Returns:
            As [Exchange Code].

        ```robotframework
        Exchange Device Code    ${device}    refused=authorization_pending
        ```
        """
        client = self._providers.get(provider)
        return the_tokens(granted(client, "the device's tokens", client.device_tokens(_codes(device), 0.0, once=True), refused))


def _codes(device: Device) -> DeviceAuthorization:
    return DeviceAuthorization(
        plain(device.device_code, "device code"),
        device.user_code,
        device.verification_uri,
        device.verification_uri_complete,
        device.expires_in,
        device.interval,
    )
