"""Keywords that tell the history what became of credentials: where they were tried, and when they ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from robot.api.deco import keyword

from realstack.history.events import ClaimsRead, EntryAttempt, ExpiryNotice, SessionRevoked, TokenExpired
from realstack.recording.recorder import Recorder


class CredentialKeywords:
    """Evidence for the laws about credentials.

    Args:
        recorder: What is recorded into.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._record = recorder.record

    @keyword(tags=["evidence"])
    def record_entry_attempt(
        self,
        door: str,
        credential: str,
        *,
        admitted: bool,
        good: bool = False,
        answer: str | int | None = None,
        reason: str | None = None,
        expected_reason: str | None = None,
        left: list[Any] | None = None,
    ) -> None:
        """Records that a credential was tried somewhere, for the law ``no-entry``.

        Try a good credential at every door, too: a door at which none was tried proves nothing by staying shut.

        Args:
            door: Where: a route, the socket, the callback.
            credential: What is wrong with it (``expired``, ``forged``), or what is right; never the credential itself.
            admitted: Whether the door opened.
            good: Whether the credential is one that must be let in.
            answer: What came back: a status, a close code.
            reason: The reason that was named for the refusal.
            expected_reason: The reason that should be named.
            left: What a refusal left behind: rows, cookies, sessions.

        ```robotframework
        Record Entry Attempt    /api/threads    expired    admitted=${False}    answer=401    reason=invalid_token
        Record Entry Attempt    /api/threads    valid    admitted=${True}    good=${True}    answer=200
        Law Should Hold    no-entry
        ```
        """
        self._record(
            EntryAttempt(
                door,
                credential=credential,
                admitted=admitted,
                good=good,
                answer=None if answer is None else str(answer),
                reason=reason,
                expected_reason=expected_reason,
                left=left or (),
            )
        )

    @keyword(tags=["evidence"])
    def record_revocation(self, *tabs: str, within: timedelta = timedelta(seconds=1)) -> None:
        """Records that a session ended now, and that these open tabs of it must be closed in time (``no-entry``).

        Args:
            tabs: Aliases of connections of the session.
            within: How soon the platform must have closed them.

        ```robotframework
        Record Revocation    tab 1    tab 2    within=500 ms
        Send Request    POST    /auth/logout    session=ann    status=204
        Law Should Hold    no-entry
        ```
        """
        self._record(SessionRevoked(", ".join(tabs), list(tabs), within.total_seconds()))

    @keyword(tags=["evidence"])
    def record_token_expiry(self, alias: str) -> None:
        """Records that a tab's credential expired just now, where the platform does not tell the moment itself.

        Args:
            alias: The tab or page.

        ```robotframework
        Wait Until Token Expires    ${token}
        Record Token Expiry    tab 1
        ```
        """
        self._record(TokenExpired(alias))

    @keyword(tags=["evidence"])
    def record_expiry_notice(self, alias: str, told: bool) -> None:
        """Records whether a tab was told in time that its credential is about to expire, for the law ``one-connection``.

        Args:
            alias: The tab.
            told: Whether it was.

        ```robotframework
        ${told} =    Run Keyword And Return Status    Wait For Frame    auth_expiring    alias=tab 1    timeout=2 s
        Record Expiry Notice    tab 1    ${told}
        ```
        """
        self._record(ExpiryNotice(alias, told))

    @keyword(tags=["evidence"])
    def record_claims(self, session: str, claims: dict[str, Any]) -> None:
        """Records what a session's newest token claims, for the law ``same-claims``; never the token itself.

        Args:
            session: The test's name for the session.
            claims: The claims by name, and what else the platform tells of the user with the token.

        ```robotframework
        ${claims} =    Get Claims    ${token}
        Record Claims    ann    ${claims}
        ```
        """
        self._record(ClaimsRead(session, dict(claims)))
