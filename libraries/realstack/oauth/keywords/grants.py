"""What a provider grants or refuses, as keywords return it."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.loop import background
from realstack.http.keywords.values import told
from realstack.oauth.client import OAuthRefusal, ProviderClient
from realstack.oauth.flow import AuthorizationAnswer, TokenSet

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave. Tokens are Secrets; None where the provider gave none."""

    access_token: Secret
    refresh_token: Secret | None
    id_token: Secret | None
    token_type: str
    expires_in: int | None
    scope: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What an authorization response brought. Credentials are Secrets; None where it brought none."""

    code: Secret | None
    access_token: Secret | None
    id_token: Secret | None
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, answer: AuthorizationAnswer) -> Answered:
        """The same with its credentials wrapped."""
        return cls(_secret(answer.code), _secret(answer.access_token), _secret(answer.id_token), answer.parameters)


def _secret(value: str) -> Secret | None:
    return Secret(value) if value else None


def the_tokens(given: TokenSet | None) -> Tokens | None:
    """Tokens with their credentials wrapped; None where they were refused."""
    if given is None:
        return None
    return Tokens(
        Secret(given.access_token),
        _secret(given.refresh_token),
        _secret(given.id_token),
        given.token_type,
        given.expires_in,
        given.scope,
    )


def granted(
    client: ProviderClient, what: str, asking: Coroutine[Any, Any, T], refused: str | None, timeout: float | None = None
) -> T | None:
    """What a provider gives, or None where it refuses as it should.

    Args:
        client: Who asks.
        what: What is asked for, for errors.
        asking: Asks.
        refused: The OAuth error with which the provider must refuse; None takes no refusal.
        timeout: Seconds that asking may take; None leaves it to its own limits.

    Raises:
        OAuthRefusal: The provider refused, and nobody expected it.
        StackFailure: It refused with another error, or did not refuse.
    """
    if refused is not None and not refused:
        asking.close()
        raise StackError(explain("refused=… with an OAuth error code, such as invalid_grant", "an empty one"))
    try:
        given = background.run(asking, timeout)
    except OAuthRefusal as refusal:
        if refused is None:
            raise
        if refused != refusal.code:
            expected = f"{client.issuer} refuses {what} with {refused}"
            raise StackFailure(explain(expected, refusal.code, evidence=refusal.answer.described)) from None
        told(f"Refused as expected: {refusal.answer.described}")
        return None
    if refused is not None:
        seen = "it gave tokens" if isinstance(given, TokenSet) else "it agreed"
        raise StackFailure(explain(f"{client.issuer} refuses {what} with {refused}", seen))
    return given
