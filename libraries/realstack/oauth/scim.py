"""Users of a provider, made and removed over SCIM 2.0 (RFC 7643, RFC 7644)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realstack.core.errors import StackFailure, explain
from realstack.oauth.client import ProviderClient
from realstack.oauth.http import Answer, Session
from realstack.secrets import secrets

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
MEDIA_TYPE = "application/scim+json"
EARLY = 5.0
"""Seconds before its expiry at which the directory's token is replaced."""


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """A user at the provider.

    Attributes:
        id: The directory's identifier.
        user_name: What the user signs in with.
        password: The user's password.
        email: The user's first e-mail address.
        name: The full name.
        resource: The whole SCIM resource as the directory returned it, without the password.
    """

    id: str
    user_name: str
    password: str = field(repr=False)
    email: str
    name: str
    resource: Mapping[str, Any] = field(repr=False)


class Directory:
    """A provider's SCIM service, entered with client credentials (RFC 6749, 4.4).

    Args:
        url: Base URL, such as ``http://127.0.0.1:9000/scim/v2``.
        client: A confidential client that may manage users.
    """

    def __init__(self, url: str, client: ProviderClient) -> None:
        self._client = client
        self._session = Session(f"directory {url}", url)
        self._token = ""
        self._good_until = 0.0

    async def create(
        self, user_name: str, password: str, email: str, given_name: str, family_name: str, **more: Any
    ) -> ProviderUser:
        """Create a user.

        Args:
            user_name: Unique in the directory.
            password: In clear; remembered as a credential.
            email: First e-mail address.
            given_name: First name.
            family_name: Last name.
            more: Further SCIM attributes, such as ``displayName``.

        Raises:
            StackFailure: The directory refused.
        """
        full_name = f"{given_name} {family_name}".strip()
        body = {
            "schemas": [USER_SCHEMA],
            "userName": user_name,
            "password": secrets.remember(password, f"password of {user_name}", lasting=True),
            "name": {"givenName": given_name, "familyName": family_name, "formatted": full_name},
            "emails": [{"value": email}],
            "active": True,
            **more,
        }
        answer = await self._send("POST", "Users", body)
        if answer.status != 201:
            raise _refused(answer, f"the directory creates {user_name!r}")
        resource = _resource(answer)
        if "id" not in resource:
            raise _refused(answer, "the directory tells the id of the user that it created (RFC 7643, 3.1)")
        return ProviderUser(str(resource["id"]), user_name, password, email, full_name, resource)

    async def read(self, user_id: str) -> dict[str, Any] | None:
        """The resource of a user, or None when the directory has none of that id."""
        answer = await self._send("GET", f"Users/{user_id}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _refused(answer, f"the directory shows user {user_id}")
        return _resource(answer)

    async def change(self, user_id: str, attribute: str, value: Any) -> None:
        """Replace one attribute of a user (RFC 7644, 3.5.2).

        Raises:
            StackFailure: The directory refused.
        """
        operation = {"op": "replace", "path": attribute, "value": value}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        answer = await self._send("PATCH", f"Users/{user_id}", body)
        if answer.status not in {200, 204}:
            raise _refused(answer, f"the directory changes {attribute} of user {user_id}")

    async def delete(self, user_id: str) -> bool:
        """Delete a user; tells whether there was one.

        Raises:
            StackFailure: The directory refused.
        """
        answer = await self._send("DELETE", f"Users/{user_id}")
        if answer.status not in {204, 404}:
            raise _refused(answer, f"the directory deletes user {user_id}")
        return answer.status == 204

    async def close(self) -> None:
        """Close the connections to the directory."""
        await self._session.close()

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        if time.monotonic() >= self._good_until:
            tokens = await self._client.grant("client_credentials", {})
            self._token = tokens.access_token
            self._good_until = time.monotonic() + max(1.0, (tokens.expires_in or 60) - EARLY)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": MEDIA_TYPE}
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        return await self._session.send(method, path, headers=headers, json_body=body, timeout=self._client.timeout)


def _resource(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise _refused(answer, f"{answer.where} answers with a resource (RFC 7643, 3)")
    return {name: value for name, value in body.items() if name != "password"}


def _refused(answer: Answer, expected: str) -> StackFailure:
    return StackFailure(explain(expected, answer.described))
