"""Keywords of a user's HTTP session: requests, cookies, and signing in through forms."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.oauth.http import Answer, Session
from realstack.oauth.keywords.base import hidden, plain, plain_map, plain_url
from realstack.oauth.keywords.cookies import CookieKeywords
from realstack.secrets import secrets

Status = int | Literal["ok", "any"]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response, safe to log: credentials in ``json``, ``headers`` and ``text`` are Secrets or masked.

    Attributes:
        status: HTTP status code.
        seconds: From the request to the end of the body.
        headers: By lower-case name.
        json: The body when it is JSON, else None.
        text: The body as text, masked.
        body: The body's bytes, as they are; never logged by this library.
        location: Where a redirect goes to, absolute; it may carry a code.
    """

    status: int
    seconds: float
    headers: Mapping[str, Any] = field(repr=False)
    json: Any = field(repr=False)
    text: str = field(repr=False)
    body: bytes = field(repr=False)
    location: Secret | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a request carries; values may be Secrets.

    Attributes:
        bearer: Access token.
        headers: Besides the session's.
        query: Parameters of the URL.
        json: JSON body.
        form: Form body.
        timeout: Seconds for the whole exchange.
        files: Multipart: field name to (file name, bytes, content type); ``form`` comes with it.
    """

    bearer: Secret | None
    headers: Mapping[str, Any] | None
    query: Mapping[str, Any] | None
    json: Any
    form: Mapping[str, Any] | None
    timeout: float
    files: Mapping[str, tuple[str, bytes, str]] | None = None


def file_part(path: Path, file_name: str | None, content_type: str | None) -> tuple[str, bytes, str]:
    """A file as a part of a form: its name, its bytes, its content type.

    Raises:
        StackError: There is no such file.
    """
    if not path.is_file():
        raise StackError(explain("a file to upload", f"there is none at {path}"))
    kind = content_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return path.name if file_name is None else file_name, path.read_bytes(), kind


def answered(answer: Answer) -> HttpAnswer:
    """What a keyword returns for a response."""
    is_json = "json" in answer.headers.get("content-type", "") and bool(answer.body)
    location = Secret(answer.location) if answer.location else None
    headers = hidden({name: value for name, value in answer.headers.items() if name != "location"})
    body = hidden(answer.json()) if is_json else None
    text = "" if answer.binary else secrets.scrub(answer.text)
    return HttpAnswer(answer.status, answer.seconds, headers, body, text, answer.body, location)


def expect_status(answer: Answer, status: Status) -> None:
    """Check a response's status.

    Raises:
        StackFailure: It is another one.
    """
    if status in {"any", answer.status} or (status == "ok" and answer.status < 400):
        return
    expected = "a status below 400" if status == "ok" else str(status)
    raise StackFailure(explain(f"{answer.where} answers {expected}", f"{answer.status}", evidence=answer.described))


class SessionKeywords(CookieKeywords):
    """Keywords that act as one user agent, or as many at once."""

    @keyword(tags=["session"])
    def open_session(
        self,
        base_url: str = "",
        *,
        alias: str | None = None,
        headers: dict[str, Any] | None = None,
        ca: str | None = None,
    ) -> str:
        """Open an HTTP session with cookies of its own, as one more browser would have.

        It belongs to the running test, or to the suite when opened in its setup, and is closed at the end of it.

        Args:
            base_url: Where relative URLs start.
            alias: Name for later keywords.
            headers: Sent with every request; values may be Secrets.
            ca: PEM file of the certificate authority to trust instead of the system's.

        Returns:
            The alias.
        """
        self.sessions.check_free(alias)
        name = alias or f"session-{len(self.sessions.names()) + 1}"

        async def make() -> Session:
            return Session(name, base_url, headers=plain_map(headers, "session header"), ca=ca)

        return self.sessions.add(alias, self.run(make()), self.owner)

    @keyword(tags=["session"])
    def switch_session(self, alias: str) -> str | None:
        """Make another session the current one.

        Returns:
            The alias that was current.
        """
        return self.sessions.switch(alias)

    @keyword(tags=["session"])
    def close_session(self, session: str | None = None) -> None:
        """Close a session and forget its cookies.

        Args:
            session: Alias; the current one unless given.
        """
        self.run(self.sessions.take(session).close())

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
        """Send one HTTP request and read its answer. Redirects are not followed.

        Args:
            method: HTTP method.
            url: Absolute, or relative to the session's base URL.
            session: Alias; the current one unless given.
            bearer: Sent as ``Authorization: Bearer`` (RFC 6750).
            headers: Besides the session's; values may be Secrets.
            query: Parameters of the URL.
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
        out = Outgoing(bearer, headers, query, json, form, timeout.total_seconds())
        answer = self.run(self._send(self.sessions.get(session), method, url, out))
        logger.info(answer.described)
        expect_status(answer, status)
        return answered(answer)

    @keyword(tags=["session"])
    def send_requests_at_once(
        self,
        method: str,
        url: str,
        *,
        sessions: Sequence[str],
        bearers: Sequence[Secret] | None = None,
        headers: dict[str, Any] | None = None,
        json: Any = None,
        status: Status = "ok",
        timeout: timedelta = timedelta(seconds=5),
    ) -> list[HttpAnswer]:
        """Send the same request in several sessions at the same moment. One session may be named more than once.

        Args:
            method: HTTP method.
            url: Absolute, or relative to each session's base URL.
            sessions: Aliases.
            bearers: A token for each session, in the same order.
            headers: Besides the sessions'; values may be Secrets.
            json: A value to send as JSON.
            status: The status that every answer must have; ``ok`` is any below 400.
            timeout: For each exchange.

        Returns:
            The answers, in the order of ``sessions``.

        Raises:
            StackFailure: At least one failed; the text tells which.
        """
        if bearers is not None and len(bearers) != len(sessions):
            raise StackError(explain(f"a token for each of the {len(sessions)} sessions", f"{len(bearers)} tokens"))
        opened = [self.sessions.get(alias) for alias in sessions]
        tokens: Sequence[Secret | None] = bearers if bearers is not None else [None] * len(opened)
        seconds = timeout.total_seconds()

        async def send_all() -> list[Answer | BaseException]:
            sending = [
                self._send(one, method, url, Outgoing(bearer, headers, None, json, None, seconds))
                for one, bearer in zip(opened, tokens, strict=True)
            ]
            return await asyncio.gather(*sending, return_exceptions=True)

        answers = self._all(sessions, self.run(send_all()))
        for answer in answers:
            logger.info(answer.described)
        for answer in answers:
            expect_status(answer, status)
        return [answered(answer) for answer in answers]

    @keyword(tags=["session"])
    def upload_file(
        self,
        url: str,
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
        """Send a file as ``multipart/form-data`` (RFC 7578).

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
        """
        file = file_part(path, file_name, content_type)
        out = Outgoing(bearer, None, None, None, form, timeout.total_seconds(), {field_name: file})
        answer = self.run(self._send(self.sessions.get(session), "POST", url, out))
        logger.info(answer.described)
        expect_status(answer, status)
        return answered(answer)

    @staticmethod
    async def _send(session: Session, method: str, url: str | Secret, out: Outgoing) -> Answer:
        headers = plain_map(out.headers, "header")
        if out.bearer is not None:
            headers["Authorization"] = f"Bearer {plain(out.bearer, 'access token')}"
        return await session.send(
            method,
            plain_url(url),
            headers=headers,
            query=plain_map(out.query, "query") if out.query else None,
            form=plain_map(out.form, "form field") if out.form is not None else None,
            json_body=_unwrapped(out.json),
            files=out.files,
            timeout=out.timeout,
        )

    @staticmethod
    def _all(names: Sequence[str], outcomes: Sequence[Any]) -> list[Any]:
        """The outcomes of doing something at once, when all are good; else one error that tells all that failed."""
        failed = [f"{name}: {error}" for name, error in zip(names, outcomes, strict=True) if isinstance(error, BaseException)]
        stopped = next(
            (error for error in outcomes if isinstance(error, BaseException) and not isinstance(error, Exception)), None
        )
        if stopped is not None:
            raise stopped
        if failed:
            raise StackFailure(f"{len(failed)} of {len(names)} failed.\n" + "\n\n".join(failed))
        return list(outcomes)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Secret):
        return plain(value, "JSON member")
    if isinstance(value, Mapping):
        return {str(name): _unwrapped(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_unwrapped(inner) for inner in value]
    return value
