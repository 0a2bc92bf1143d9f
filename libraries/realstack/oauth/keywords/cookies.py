"""Keywords about the cookies of a session."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackFailure, explain
from realstack.core.keywords.assertions import verify
from realstack.core.ownership import Owned
from realstack.oauth.http import Session


class CookieKeywords:
    """Reading, setting and deleting cookies; their values are Secrets.

    Args:
        sessions: The open sessions.
    """

    def __init__(self, sessions: Owned[Session]) -> None:
        self._sessions = sessions

    @keyword(tags=["session", "getter"])
    def get_cookie(self, name: str, *, session: str | None = None) -> Secret:
        """Returns the value of a cookie that the session holds, as a Secret.

        Args:
            name: Its name.
            session: Alias; the current one unless given.

        Raises:
            StackFailure: The session holds none of that name.

        ```robotframework
        ${old}    Get Cookie    refresh_token
        ```
        """
        held = self._sessions.get(session)
        value = held.cookie(name)
        if value is None:
            names = ", ".join(held.cookie_names()) or "none"
            raise StackFailure(
                explain(f"session {self._sessions.name(session)!r} holds the cookie {name!r}", f"it holds {names}")
            )
        return Secret(value)  # remembered when it came, where it is a credential

    @keyword(tags=["session", "getter"])
    def get_cookie_names(
        self,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> list[str]:
        """Returns the names of all cookies that the session holds, sorted, and optionally asserts them.

        Args:
            assertion_operator: See [Assertions].
            assertion_expected: What they are compared with.
            message: Instead of the usual text of a failure.
            session: Alias; the current one unless given.

        ```robotframework
        Get Cookie Names    not contains    refresh_token
        ```
        """
        names = self._sessions.get(session).cookie_names()
        result: list[str] = verify(names, assertion_operator, assertion_expected, "Cookies", message)
        return result

    @keyword(tags=["session", "getter"])
    def get_cookie_attribute(
        self,
        name: str,
        attribute: str,
        assertion_operator: AssertionOperator | None = None,
        assertion_expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> str | bool | None:
        """Returns an attribute of a cookie as the server last set it, and optionally asserts it.

        Args:
            name: Of the cookie.
            attribute: ``path``, ``domain``, ``max-age``, ``expires``, ``samesite`` (text), ``httponly``, ``secure``
                (True or None).
            assertion_operator: See [Assertions].
            assertion_expected: What it is compared with.
            message: Instead of the usual text of a failure.
            session: Alias; the current one unless given.

        ```robotframework
        Get Cookie Attribute    refresh_token    httponly    ==    True
        ```
        """
        cookie = self._sessions.get(session).cookies_set.get(name)
        if cookie is None:
            known = ", ".join(self._sessions.get(session).cookies_set) or "none"
            raise StackFailure(explain(f"a server has set the cookie {name!r} in this session", f"it has set {known}"))
        value = cookie.attributes.get(attribute.lower())
        result: str | bool | None = verify(value, assertion_operator, assertion_expected, f"{attribute} of {name}", message)
        return result

    @keyword(tags=["session"])
    def set_cookie(self, name: str, value: Secret, *, session: str | None = None, path: str = "/") -> None:
        """Puts a cookie into a session, in place of what it holds: to replay an old one, or one of another session.

        Args:
            name: Its name.
            value: Its value.
            session: Alias; the current one unless given.
            path: Its path, when the session holds none of that name.

        ```robotframework
        ${old}    Get Cookie    refresh_token
        Send Request    POST    /auth/refresh
        Set Cookie    refresh_token    ${old}
        ```
        """
        self._sessions.get(session).set_cookie(name, str(value.value), path=path)

    @keyword(tags=["session"])
    def delete_cookie(self, name: str, *, session: str | None = None) -> None:
        """Removes a cookie from a session.

        Args:
            name: Its name.
            session: Alias; the current one unless given.

        Raises:
            StackFailure: The session holds none of that name.

        ```robotframework
        Delete Cookie    refresh_token    session=phone
        ```
        """
        if not self._sessions.get(session).delete_cookie(name):
            raise StackFailure(explain(f"the session holds the cookie {name!r}", "it does not"))
