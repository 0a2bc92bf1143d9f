"""Keyword library: sessions of RequestsLibrary in which no credential can get out."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from realstack import __version__
from realstack.core.errors import StackError, explain
from realstack.core.keywords.scope import current_owner
from realstack.core.keywords.waiting import seconds
from realstack.core.keywords.writable import Writable
from realstack.core.ownership import Owned
from realstack.http.keywords.values import plain_headers, plain_json, secret
from realstack.http.session import RestSession


class FilePart(tuple[str, bytes, str]):
    """A file's name, bytes and content type, as `requests` takes them for a form; shown by its size."""

    __slots__ = ()

    def __repr__(self) -> str:
        name, content, kind = self
        return f"<{name}: {len(content)} bytes of {kind}>"


@library(scope="GLOBAL", version=__version__, doc_format="MARKDOWN", auto_keywords=False)
class Rest:
    """Opens sessions for [RequestsLibrary](https://github.com/MarketSquare/robotframework-requests), in which no credential can
    get out and each exchange is recorded.

    Import both. Sessions are opened here and used by RequestsLibrary's own keywords, with their statuses and responses:

    ```robotframework
    *** Settings ***
    Library    RequestsLibrary
    Library    realstack.Rest

    *** Test Cases ***
    Somebody's Threads
        Open Rest Session    ann    ${URL}
        ${answer} =    GET On Session    ann    /api/threads    auth=${token}    expected_status=200
        Should Be Empty    ${answer.json()}[threads]
    ```

    ## Credentials
    RequestsLibrary writes each request and response to the log at INFO, `Authorization` included. A session of this library
    hands it masked ones: URL, headers and body without any credential. Each that is sent or comes back is remembered, so that the
    guard of the OAuth library also finds it anywhere else.

    What is given may hold `Secret` values anywhere, in ``headers``, ``json``, ``params``, ``data`` and ``cookies``; ``auth``
    takes an access token itself and sends it as ``Authorization: Bearer`` (RFC 6750), or a name and a password in a list. Of a
    response, ``json()`` has credentials as `Secret`, ``text`` has them masked, and ``content`` is the bytes as they came, which
    nobody logs.

    ## What else differs from Create Session
    - An exchange has a time limit from its beginning to the end of its body, 5 s unless told otherwise: here, or by
      ``timeout=`` (seconds, as RequestsLibrary reads it) of a request.
    - Redirects are not followed: where one leads is a fact for the test.
    - Nothing is tried again: a fault that was injected must be seen. RequestsLibrary tries to connect four times by itself.
    - What failed is told with what was expected, seen, and what to do.
    - Each exchange goes to the run's recording as kind ``http``: method, URL without values, status, milliseconds.
    - A session belongs to the test or suite that opened it and is closed at its end.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = [self, Writable()]
        self._sessions: Owned[RestSession] = Owned("REST session", "Open Rest Session")

    @keyword(tags=["session"])
    def open_rest_session(
        self,
        alias: str,
        base_url: str,
        *,
        timeout: timedelta = timedelta(seconds=5),
        headers: Mapping[str, Any] | None = None,
        ca: str | None = None,
    ) -> None:
        """Opens a session that keywords of RequestsLibrary use by its alias, such as `GET On Session`.

        Args:
            alias: Its name there and here.
            base_url: Where relative URLs start.
            timeout: For a whole exchange.
            headers: Sent with every request; values may be Secrets.
            ca: PEM file of the certificate authority to trust instead of the usual ones.

        Raises:
            StackError: RequestsLibrary is not imported, or the alias is taken.

        ```robotframework
        Open Rest Session    ann    https://chat.example    timeout=2 s
        ${answer} =    GET On Session    ann    /api/threads    auth=${token}    expected_status=200
        ```
        """
        session = RestSession(
            alias,
            base_url,
            seconds=seconds(timeout),
            headers=plain_headers(headers, "session header"),
            ca=ca,
            hide=secret,
            reveal=plain_json,
        )
        requests_library = self._requests_library()
        self._sessions.add(session, current_owner(), alias)
        # RequestsLibrary keeps sessions by alias and makes them itself; there is no other way to give it one.
        requests_library._cache.register(session, alias=alias)

    @keyword(tags=["session"])
    def close_rest_session(self, alias: str) -> None:
        """Closes a session's connections before its test or suite ends.

        Args:
            alias: The session's.

        ```robotframework
        Open Rest Session    ann    https://chat.example
        Close Rest Session    ann
        ```
        """
        self._sessions.pop(alias).close()

    @keyword(tags=["getter"])
    def get_file_part(self, path: Path, *, name: str | None = None, content_type: str | None = None) -> FilePart:
        """Returns a file as part of a form, for ``files=`` of `POST On Session`: multipart/form-data (RFC 7578).

        Args:
            path: The file.
            name: What to call it instead of its own name.
            content_type: Instead of what its name suggests.

        Returns:
            Name, bytes and content type; a log shows its size instead of its bytes.

        Raises:
            StackError: There is no such file.

        ```robotframework
        ${part} =    Get File Part    ${CURDIR}/report.pdf
        VAR    &{files}    file=${part}
        POST On Session    ann    /api/files    files=${files}    auth=${token}    expected_status=201
        ```
        """
        if not path.is_file():
            raise StackError(explain("a file to upload", f"there is none at {path}"))
        kind = content_type or mimetypes.guess_type(name or path.name)[0] or "application/octet-stream"
        return FilePart((path.name if name is None else name, path.read_bytes(), kind))

    def end_test(self, data: Any, result: Any) -> None:
        """Close what the test has opened."""
        self._close_owned(result.full_name)

    def end_suite(self, data: Any, result: Any) -> None:
        """Close what the suite has opened."""
        self._close_owned(result.full_name)

    def _close_owned(self, owner: str) -> None:
        for session in self._sessions.release(owner):
            session.close()

    @staticmethod
    def _requests_library() -> Any:
        try:
            return BuiltIn().get_library_instance("RequestsLibrary")
        except RuntimeError as error:
            raise StackError(
                explain("RequestsLibrary, whose keywords use the session", "it is not imported", remedy="Import it, too.")
            ) from error
