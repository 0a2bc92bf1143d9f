"""Keywords that make and remove users at the provider, over SCIM 2.0."""

from __future__ import annotations

import asyncio
import secrets as random
from dataclasses import dataclass, field
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain, told
from realstack.oauth.client import ProviderClient
from realstack.oauth.scim import Directory, ProviderUser

MOST_USERS = 500


@dataclass(frozen=True, slots=True)
class User:
    """A user at the provider.

    Attributes:
        id: The directory's identifier.
        user_name: What the user signs in with.
        password: The password, a Secret.
        email: E-mail address.
        name: Full name.
    """

    id: str
    user_name: str
    password: Secret = field(repr=False)
    email: str
    name: str


class DirectoryKeywords:
    """Keywords of the provider's user administration.

    Args:
        providers: The open providers.
    """

    def __init__(self, providers: Owned[ProviderClient]) -> None:
        self._providers = providers
        self._directories: Owned[Directory] = Owned("directory", "Open Directory")
        self._users: Owned[tuple[Directory, ProviderUser]] = Owned("user", "Create Provider User")

    async def close_owned(self, owner: str) -> list[str]:
        """Remove the users that an owner has made, and close its directories; tells of users that could not be removed."""
        problems: list[str] = []
        for directory, user in self._users.release(owner):
            try:
                await directory.delete(user.id)
            except AssertionError as error:  # the provider may be gone by now; the verdict is not about that
                problems.append(f"{user.user_name}: {error}")
        for opened in self._directories.release(owner):
            await opened.close()
        return problems

    @keyword(tags=["directory"])
    def open_directory(self, url: str, *, provider: str | None = None, alias: str | None = None) -> str:
        """Enters a provider's SCIM service (RFC 7644) with a client's own credentials.

        The provider must have been opened with a confidential client that may administer users; its tokens are
        asked for by client credentials and renewed before they expire.

        Args:
            url: Base URL of the service, such as ``http://127.0.0.2:20010/scim/v2``.
            provider: Alias of the provider; the one opened last unless given.
            alias: Name for later keywords.

        Returns:
            The alias.

        ```robotframework
        Open Provider    ${ISSUER}    admin    ${ADMIN_SECRET}    alias=admin
        Open Directory    ${ISSUER}/scim/v2    provider=admin
        ```
        """
        self._directories.free_alias(alias)
        client = self._providers.get(provider)

        async def make() -> Directory:
            return Directory(url, client)

        return self._directories.add(background.run(make()), current_owner(), alias)

    @keyword(tags=["directory"])
    def create_provider_user(
        self,
        base_name: str = "user",
        *,
        password: Secret | None = None,
        email: str | None = None,
        given_name: str | None = None,
        family_name: str = "Tester",
        exact: bool = False,
        directory: str | None = None,
    ) -> User:
        """Makes a user at the provider (RFC 7644, 3.3). The user is removed at the end of the test or suite that made it.

        Args:
            base_name: Start of the user name; a random end makes it unique.
            password: A random one unless given.
            email: ``<user name>@example.org`` unless given.
            given_name: First name; the base name unless given.
            family_name: Last name.
            exact: Take the base name as it is.
            directory: Alias; the one opened last unless given.

        Returns:
            ``id``, ``user_name``, ``password`` (a Secret), ``email``, ``name``.

        ```robotframework
        ${user}    Create Provider User    reader
        ```
        """
        chosen = self._directories.get(directory)
        made = background.run(
            _create(chosen, base_name, password, email, given_name=given_name, family_name=family_name, exact=exact)
        )
        self._users.add((chosen, made), current_owner())
        return _user(made)

    @keyword(tags=["directory"])
    def create_provider_users(self, count: int, base_name: str = "user", *, directory: str | None = None) -> list[User]:
        """Makes several users at once, as [Create Provider User] does.

        Args:
            count: How many, up to 500.
            base_name: Start of each user name.
            directory: Alias; the one opened last unless given.

        ```robotframework
        ${users}    Create Provider Users    10    reader
        ```
        """
        if not 1 <= count <= MOST_USERS:
            raise StackError(explain(f"1 to {MOST_USERS} users", str(count)))
        chosen = self._directories.get(directory)

        async def create_all() -> list[ProviderUser | BaseException]:
            making = [_create(chosen, f"{base_name}{number}", None, None) for number in range(1, count + 1)]
            return await asyncio.gather(*making, return_exceptions=True)

        outcomes = background.run(create_all())
        made = [outcome for outcome in outcomes if isinstance(outcome, ProviderUser)]
        for user in made:
            self._users.add((chosen, user), current_owner())
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if errors:
            raise StackFailure(f"{len(errors)} of {count} users could not be made. The first:\n{errors[0]}") from None
        told("Made " + ", ".join(user.user_name for user in made))
        return [_user(user) for user in made]

    @keyword(tags=["directory"])
    def change_provider_user(self, user: User, attribute: str, value: Any, *, directory: str | None = None) -> None:
        """Replaces one attribute of a user at the provider (RFC 7644, 3.5.2).

        Args:
            user: As [Create Provider User] returned it.
            attribute: Path in SCIM's words, such as ``displayName`` or ``name.formatted``.
            value: The new value.
            directory: Alias; the one opened last unless given.

        ```robotframework
        Change Provider User    ${user}    displayName    Ann Reader
        ```
        """
        new = plain(value, attribute) if isinstance(value, Secret) else value
        background.run(self._directories.get(directory).change(user.id, attribute, new))

    @keyword(tags=["directory"])
    def delete_provider_user(self, user: User, *, directory: str | None = None) -> None:
        """Removes a user at the provider (RFC 7644, 3.6).

        Args:
            user: As [Create Provider User] returned it.
            directory: Alias; the one opened last unless given.

        Raises:
            StackFailure: There is no such user.

        ```robotframework
        Delete Provider User    ${user}
        ```
        """
        for made in self._users:
            if made[1].id == user.id:
                self._users.drop(made)
        if not background.run(self._directories.get(directory).delete(user.id)):
            raise StackFailure(explain(f"the provider has the user {user.user_name!r}", "it has none of that id"))


async def _create(
    directory: Directory,
    base_name: str,
    password: Secret | None,
    email: str | None,
    *,
    given_name: str | None = None,
    family_name: str = "Tester",
    exact: bool = False,
) -> ProviderUser:
    user_name = base_name if exact else f"{base_name}-{random.token_hex(4)}"
    word = plain(password, "password") if password is not None else random.token_urlsafe(18)
    address = email or f"{user_name}@example.org"
    first = given_name or base_name.capitalize()
    return await directory.create(user_name, word, address, first, family_name, displayName=f"{first} {family_name}")


def _user(made: ProviderUser) -> User:
    return User(made.id, made.user_name, Secret(made.password), made.email, made.name)
