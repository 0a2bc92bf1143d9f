"""What all keyword groups of `OAuth` share: what is open, whose it is, and how values are handed over."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from assertionengine import AssertionOperator, verify_assertion
from robot.api import logger
from robot.api.types import Secret
from robot.utils import timestr_to_secs

from realstack.core.loop import background
from realstack.oauth.aliases import Aliases
from realstack.oauth.begun import BegunRequest
from realstack.oauth.client import ProviderClient
from realstack.oauth.http import Session, wrapped
from realstack.oauth.rogue.provider import RogueProvider
from realstack.oauth.scim import Directory, ProviderUser
from realstack.secrets import secrets

T = TypeVar("T")

CLOSING = 5.0
"""Seconds that closing everything of a test may take."""


class Base:
    """State of the library, and the listener that closes what a test or suite has opened."""

    def __init__(self) -> None:
        self.sessions: Aliases[Session] = Aliases("session", "Open Session")
        self.begun: Aliases[BegunRequest] = Aliases("begun request", "Begin Request")
        self.providers: Aliases[ProviderClient] = Aliases("provider", "Open Provider")
        self.directories: Aliases[Directory] = Aliases("directory", "Open Directory")
        self.rogues: Aliases[RogueProvider] = Aliases("rogue provider", "Start Rogue Provider")
        self.users: list[tuple[str, Directory, ProviderUser]] = []
        self.owners: list[str] = ["run"]

    @property
    def owner(self) -> str:
        """The test or suite that runs now, which owns what is opened now."""
        return self.owners[-1]

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine on the background loop; each has a deadline of its own."""
        return background.run(coroutine)

    def start_suite(self, data: Any, result: Any) -> None:
        """From now on the suite owns what is opened."""
        self.owners.append(f"suite {result.full_name}")

    def end_suite(self, data: Any, result: Any) -> None:
        """Close what the suite has opened."""
        self._close_owned()

    def start_test(self, data: Any, result: Any) -> None:
        """From now on the test owns what is opened."""
        self.owners.append(f"test {result.full_name}")

    def end_test(self, data: Any, result: Any) -> None:
        """Close what the test has opened, and make a rogue provider that outlives it honest again."""
        self._close_owned()
        for rogue in self.rogues.items():
            rogue.reset()

    def _close_owned(self) -> None:
        owner = self.owners.pop() if len(self.owners) > 1 else self.owners[0]
        users = [(directory, user) for held_by, directory, user in self.users if held_by == owner]
        self.users = [entry for entry in self.users if entry[0] != owner]
        opened: list[BegunRequest | Session | Directory | ProviderClient | RogueProvider] = [
            *self.begun.take_owned(owner),
            *self.rogues.take_owned(owner),
            *self.sessions.take_owned(owner),
            *self.directories.take_owned(owner),
            *self.providers.take_owned(owner),
        ]
        if not users and not opened:
            return
        problems: list[str] = []

        async def close() -> None:
            for directory, user in users:
                try:
                    await directory.delete(user.id)
                except AssertionError as error:  # the provider may be gone by now; the verdict is not about that
                    problems.append(f"{user.user_name}: {error}")
            for thing in opened:
                await thing.close()

        try:
            background.run(close(), CLOSING)
        except TimeoutError as error:
            problems.append(f"closing was {error}")
        if problems:
            logger.warn(f"Not all of {owner} could be removed at the provider:\n" + "\n".join(problems))


def plain(value: str | Secret, what: str = "given by the test") -> str:
    """The text of a value that may be a Secret, remembered as a credential when it is one."""
    if isinstance(value, Secret):
        return secrets.remember(str(value.value), what)
    return value


def plain_url(value: str | Secret) -> str:
    """The text of a URL that may be a Secret. The code that it may carry is remembered where it is used, not the whole of it."""
    return str(value.value) if isinstance(value, Secret) else value


def plain_map(values: Mapping[str, Any] | None, what: str) -> dict[str, str]:
    """The texts of a dictionary whose values may be Secrets."""
    return {str(name): plain(value if isinstance(value, Secret) else str(value), what) for name, value in (values or {}).items()}


def secret(value: str, what: str = "credential") -> Secret:
    """A Secret, remembered."""
    return Secret(secrets.remember(value, what))


def hidden(value: Any) -> Any:
    """A copy of a JSON value with every credential in it as a Secret."""
    return wrapped(value, Secret)


def check(value: Any, operator: AssertionOperator | None, expected: Any, subject: str, message: str | None) -> Any:
    """Return a value, or compare it first: text from a table becomes a number, boolean, list or time where the value is one."""
    if (
        operator is not None
        and isinstance(expected, str)
        and not isinstance(value, str)
        and operator.value not in {"validate", "then"}
    ):
        expected = _typed(expected, value)
    return verify_assertion(value, operator, expected, subject, message)


def _typed(expected: str, value: Any) -> Any:
    if isinstance(value, timedelta):
        return timedelta(seconds=timestr_to_secs(expected))
    try:
        return json.loads(expected.lower() if expected.lower() in {"true", "false", "none"} else expected)
    except ValueError:
        # Not JSON, so it is meant as the text that it is.
        return None if expected.lower() == "none" else expected
