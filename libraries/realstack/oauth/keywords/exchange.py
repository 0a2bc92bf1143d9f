"""One exchange over HTTP: what a keyword sends, what it returns, and what it expects of the answer."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from robot.api.types import Secret

from realstack.core.errors import StackError, StackFailure, explain
from realstack.http.keywords.values import hidden, plain, plain_headers, plain_json, plain_pairs, plain_url
from realstack.oauth.http import Answer, Session
from realstack.secrets import secrets

_JSON = re.compile(r"\s*[^\s;/]+/(?:[^\s;]*[+.-])?json\s*(?:;|$)")

Status = int | Literal["ok", "any"]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response, safe to log: credentials in ``json``, ``headers`` and ``text`` are Secrets or masked.

    Attributes:
        status: HTTP status code.
        seconds: From the request to the end of the body.
        headers: By lower-case name.
        json: The body when it says that it is JSON (a document, not lines of such), else None.
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
    is_json = _JSON.match(answer.kind) and answer.body.strip()
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


async def send(session: Session, method: str, url: str | Secret, out: Outgoing) -> Answer:
    """Send a request whose values may be Secrets."""
    headers = plain_headers(out.headers, "header")
    if out.bearer is not None:
        headers["Authorization"] = f"Bearer {plain(out.bearer, 'access token')}"
    return await session.send(
        method,
        plain_url(url),
        headers=headers,
        query=plain_pairs(out.query, "query") if out.query else None,
        form=plain_pairs(out.form, "form field") if out.form is not None else None,
        json_body=plain_json(out.json),
        files=out.files,
        timeout=out.timeout,
    )


def all_good(names: Sequence[str], outcomes: Sequence[Any]) -> list[Any]:
    """The outcomes of doing something at once, when all are good; else one error that tells all that failed."""
    failed = [f"{name}: {error}" for name, error in zip(names, outcomes, strict=True) if isinstance(error, BaseException)]
    stopped = next((error for error in outcomes if isinstance(error, BaseException) and not isinstance(error, Exception)), None)
    if stopped is not None:
        raise stopped
    if failed:
        raise StackFailure(f"{len(failed)} of {len(names)} failed.\n" + "\n\n".join(failed))
    return list(outcomes)
