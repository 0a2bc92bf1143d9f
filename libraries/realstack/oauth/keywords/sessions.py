"""Keywords of a user's HTTP session: one request, many at once, and uploads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.core.several import several
from realstack.http.keywords.values import plain_headers, told
from realstack.oauth.http import Answer, Session
from realstack.oauth.keywords.exchange import HttpAnswer, Outgoing, Status, all_good, answered, expect_status, file_part, send


class SessionKeywords:
    """Keywords that act as one user agent, or as many at once."""

    def __init__(self) -> None:
        self.sessions: Owned[Session] = Owned("session", "Open Session")

    async def close_owned(self, owner: str) -> list[str]:
        """Close the sessions of an owner; there is nothing that could fail."""
        for session in self.sessions.release(owner):
            await session.close()
        return []

    @keyword(tags=["session"])
    def open_session(
        self,
        base_url: str = "",
        *,
        alias: str | None = None,
        headers: dict[str, Any] | None = None,
        ca: str | None = None,
    ) -> str:
        """Opens an HTTP session with cookies of its own, as one more browser would have.

        It belongs to the running test, or to the suite when opened in its setup, and is closed at the end of it.

        Args:
            base_url: Where relative URLs start.
            alias: Name for later keywords.
            headers: Sent with every request; values may be Secrets.
            ca: PEM file of the certificate authority to trust instead of the system's.

        Returns:
            The alias.

        ```robotframework
        Open Session    ${URL}    alias=phone    headers=${{ {'Accept-Language': 'fi'} }}
        ```
        """
        name = self.sessions.free_alias(alias)

        async def make() -> Session:
            return Session(name, base_url, headers=plain_headers(headers, "session header"), ca=ca)

        return self.sessions.add(background.run(make()), current_owner(), name)

    @keyword(tags=["session"])
    def switch_session(self, alias: str) -> str | None:
        """Makes another session the current one.

        Args:
            alias: Its alias.

        Returns:
            The alias that was current.

        ```robotframework
        ${before}    Switch Session    phone
        Send Request    GET    /auth/me
        Switch Session    ${before}
        ```
        """
        return self.sessions.switch(alias)

    @keyword(tags=["session"])
    def close_session(self, session: str | None = None) -> None:
        """Closes a session and forgets its cookies.

        Args:
            session: Alias; the current one unless given.

        ```robotframework
        Close Session    phone
        ```
        """
        background.run(self.sessions.pop(session).close())

    @keyword(tags=["session"])
    def send_request(
        self,
        method: str,
        url: str | Secret,
        *,
        session: str | None = None,
        bearer: Secret | None = None,
        headers: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        json: Any = None,
        form: dict[str, Any] | None = None,
        status: Status = "ok",
        timeout: timedelta = timedelta(seconds=5),
    ) -> HttpAnswer:
        """Sends one HTTP request and reads its answer. Redirects are not followed.

        Args:
            method: HTTP method.
            url: Absolute, or relative to the session's base URL.
            session: Alias; the current one unless given.
            bearer: Sent as ``Authorization: Bearer`` (RFC 6750).
            headers: Besides the session's; values may be Secrets.
            query: Parameters of the URL; several of a name as a list, none for None, as in ``form``.
            json: A value (not a text) to send as JSON; Secrets in it are sent as what they are.
            form: Fields to send URL-encoded; values may be Secrets.
            status: The status that the answer must have; ``ok`` is any below 400.
            timeout: For the whole exchange.

        Returns:
            ``status``, ``seconds``, ``headers``, ``json``, ``text``, ``body`` (bytes), ``location`` (a Secret, or None).
            Credentials in ``json``, such as ``access_token``, are Secrets.

        Raises:
            StackFailure: No answer in time, or one of another status.

        ```robotframework
        ${answer}    Send Request    POST    /auth/refresh    headers=${{ {'X-Requested-With': 'robot'} }}
        Send Request    GET    /auth/me    bearer=${answer.json}[access_token]    status=200
        ```
        """
        out = Outgoing(bearer, headers, query, json, form, seconds(timeout))
        answer = background.run(send(self.sessions.get(session), method, url, out))
        told(answer.described)
        expect_status(answer, status)
        return answered(answer)

    @keyword(tags=["session"])
    def send_requests_at_once(
        self,
        method: str,
        url: str | Secret,
        *,
        sessions: Sequence[str] | str,
        bearers: Sequence[Secret] | Secret | None = None,
        headers: dict[str, Any] | None = None,
        json: Any = None,
        status: Status = "ok",
        timeout: timedelta = timedelta(seconds=5),
    ) -> list[HttpAnswer]:
        """Sends the same request in several sessions at the same moment. One session may be named more than once.

        Args:
            method: HTTP method.
            url: Absolute, or relative to each session's base URL.
            sessions: Aliases: texts between commas, or a list.
            bearers: A token for each session, in the same order.
            headers: Besides the sessions'; values may be Secrets.
            json: A value to send as JSON.
            status: The status that every answer must have; ``ok`` is any below 400.
            timeout: For each exchange.

        Returns:
            The answers, in the order of ``sessions``.

        Raises:
            StackFailure: At least one failed; the text tells which.

        ```robotframework
        ${answers}    Send Requests At Once    POST    /auth/refresh    sessions=phone, laptop, laptop
        ```
        """
        sessions = several(sessions)
        if isinstance(bearers, Secret):
            bearers = [bearers]
        if bearers is not None and len(bearers) != len(sessions):
            raise StackError(explain(f"a token for each of the {len(sessions)} sessions", f"{len(bearers)} tokens"))
        opened = [self.sessions.get(alias) for alias in sessions]
        tokens: Sequence[Secret | None] = bearers if bearers is not None else [None] * len(opened)
        limit = seconds(timeout)

        async def send_all() -> list[Answer | BaseException]:
            sending = [
                send(one, method, url, Outgoing(bearer, headers, None, json, None, limit))
                for one, bearer in zip(opened, tokens, strict=True)
            ]
            return await asyncio.gather(*sending, return_exceptions=True)

        answers = all_good(sessions, background.run(send_all()))
        for answer in answers:
            told(answer.described)
        for answer in answers:
            expect_status(answer, status)
        return [answered(answer) for answer in answers]

    @keyword(tags=["session"])
    def upload_file(
        self,
        url: str | Secret,
        path: Path,
        *,
        field_name: str = "file",
        file_name: str | None = None,
        content_type: str | None = None,
        form: dict[str, Any] | None = None,
        session: str | None = None,
        bearer: Secret | None = None,
        status: Status = "ok",
        timeout: timedelta = timedelta(seconds=15),
    ) -> HttpAnswer:
        """Sends a file as ``multipart/form-data`` (RFC 7578).

        Args:
            url: Absolute, or relative to the session's base URL.
            path: The file.
            field_name: Name of the form's file field.
            file_name: What to call it instead of its own name.
            content_type: Instead of what its name suggests.
            form: Further fields.
            session: Alias; the current one unless given.
            bearer: Sent as ``Authorization: Bearer``.
            status: The status that the answer must have.
            timeout: For the whole exchange.

        Returns:
            As [Send Request].

        ```robotframework
        ${answer}    Upload File    /api/files    ${CURDIR}/report.pdf    bearer=${token}    timeout=30 s
        ```
        """
        file = file_part(path, file_name, content_type)
        out = Outgoing(bearer, None, None, None, form, seconds(timeout), {field_name: file})
        answer = background.run(send(self.sessions.get(session), "POST", url, out))
        told(answer.described)
        expect_status(answer, status)
        return answered(answer)
