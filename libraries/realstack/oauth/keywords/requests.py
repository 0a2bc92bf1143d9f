"""Keywords of requests that wait for their answer while the test goes on."""

from __future__ import annotations

import concurrent.futures
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from realstack.core.errors import InvalidRun, StackFailure, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.loop import background
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain_url, told
from realstack.http.urls import shown
from realstack.oauth.begun import BegunRequest
from realstack.oauth.http import Session
from realstack.oauth.keywords.exchange import HttpAnswer, Outgoing, Status, answered, expect_status, file_part, send


class RequestKeywords:
    """Requests that are begun now and answered later.

    Args:
        sessions: The open sessions.
    """

    def __init__(self, sessions: Owned[Session]) -> None:
        self._sessions = sessions
        self.begun: Owned[BegunRequest] = Owned("begun request", "Begin Request")

    async def close_owned(self, owner: str) -> list[str]:
        """Hang up what an owner has begun; there is nothing that could fail."""
        for request in self.begun.release(owner):
            await request.close()
        return []

    @keyword(tags=["session"])
    def begin_request(
        self,
        name: str,
        method: str,
        url: str | Secret,
        *,
        session: str | None = None,
        bearer: Secret | None = None,
        headers: dict[str, Any] | None = None,
        json: Any = None,
        timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        """Sends a request and goes on at once; [Wait For Answer] takes its answer.

        It belongs to the running test or suite: what is not answered by its end is hung up.

        Args:
            name: What the test calls the request.
            method: HTTP method.
            url: Absolute, or relative to the session's base URL.
            session: Alias; the current one unless given.
            bearer: Sent as ``Authorization: Bearer`` (RFC 6750).
            headers: Besides the session's; values may be Secrets.
            json: A value (not a text) to send as JSON.
            timeout: For the whole exchange.

        ```robotframework
        Begin Request    change    PATCH    /auth/profile    json=${{ {'display_name': 'Ann'} }}    bearer=${token}
        Request Should Be Under Way    change
        ${answer} =    Wait For Answer    change    status=503
        ```
        """
        self.begun.free_alias(name)
        out = Outgoing(bearer, headers, None, json, None, seconds(timeout))
        future = background.spawn(send(self._sessions.get(session), method, url, out))
        self.begun.add(BegunRequest(f"{method} {shown(plain_url(url))}", future), current_owner(), name)

    @keyword(tags=["session"])
    def begin_upload(
        self,
        name: str,
        url: str | Secret,
        path: Path,
        *,
        field_name: str = "file",
        file_name: str | None = None,
        content_type: str | None = None,
        form: dict[str, Any] | None = None,
        session: str | None = None,
        bearer: Secret | None = None,
        timeout: timedelta = timedelta(seconds=15),
    ) -> None:
        """Begins to send a file as ``multipart/form-data`` (RFC 7578) and goes on at once; [Wait For Answer] takes the answer.

        It belongs to the running test or suite: what is not answered by its end is hung up.

        Args:
            name: What the test calls the request.
            url: Absolute, or relative to the session's base URL.
            path: The file.
            field_name: Name of the form's file field.
            file_name: What to call it instead of its own name.
            content_type: Instead of what its name suggests.
            form: Further fields.
            session: Alias; the current one unless given.
            bearer: Sent as ``Authorization: Bearer``.
            timeout: For the whole exchange.

        ```robotframework
        Cut After Bytes    wire    1000000    direction=to-service    ending=stall
        Begin Upload    report    ${wire}/api/files    ${file}[path]    bearer=${token}
        Request Should Be Under Way    report
        ```
        """
        self.begun.free_alias(name)
        file = file_part(path, file_name, content_type)
        out = Outgoing(bearer, None, None, None, form, seconds(timeout), {field_name: file})
        future = background.spawn(send(self._sessions.get(session), "POST", url, out))
        self.begun.add(BegunRequest(f"POST {shown(plain_url(url))}", future), current_owner(), name)

    @keyword(tags=["session"])
    def request_should_be_under_way(self, name: str) -> None:
        """Makes sure that a begun request has no answer yet: that whoever answers it stands still, as the test wants.

        Args:
            name: Name given to [Begin Request].

        Raises:
            InvalidRun: It is over; the text tells how it ended.

        ```robotframework
        Begin Request    change    PATCH    /auth/profile    json=${{ {'name': 'Ann'} }}
        Request Should Be Under Way    change
        ```
        """
        request = self.begun.get(name)
        if request.future.done():
            error = request.future.exception()
            seen = str(error) if error is not None else request.future.result().described
            raise InvalidRun(explain(f"{request.what} ('{name}') to be under way", "it is over", evidence=seen))

    @keyword(tags=["session"])
    def wait_for_answer(self, name: str, *, status: Status = "ok", timeout: timedelta = timedelta(seconds=10)) -> HttpAnswer:
        """Waits for the answer of a begun request and takes it.

        Args:
            name: Name given to [Begin Request].
            status: The status that the answer must have; ``ok`` is any below 400.
            timeout: How long to wait from now on.

        Returns:
            As [Send Request].

        Raises:
            StackFailure: No answer in time, a broken connection, or another status.

        ```robotframework
        Begin Request    slow    GET    /api/report
        ${answer}    Wait For Answer    slow    status=200    timeout=15 s
        ```
        """
        request = self.begun.pop(name)
        try:
            answer = request.future.result(seconds(timeout))
        except concurrent.futures.TimeoutError as error:
            if request.future.done():
                raise
            seen = f"none after {seconds(timeout):g} s"
            raise StackFailure(explain(f"an answer to {request.what} ('{name}')", seen)) from error
        finally:
            request.future.cancel()
        told(answer.described)
        expect_status(answer, status)
        return answered(answer)
