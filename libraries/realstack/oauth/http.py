"""HTTP with cookies for one user, in which no credential can get out.

A [Session][] never follows a redirect by itself, remembers every credential that passes it in the run's
[registry][realstack.secrets.registry.Registry], and describes what happened without one. It lives on the background loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import httpx

from realstack.core.charsets import decoded
from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.waiting import time_limit
from realstack.http.cookies import Cookie, goes_to, header, host_of, keep, of_host, parse_cookie, sent_to
from realstack.http.credentials import (
    BINARY_TYPES,
    read_json,
    remember_body,
    remember_headers,
    remember_json,
    remember_pairs,
    shown_body,
)
from realstack.http.fields import check_method, json_bytes
from realstack.http.urls import joined, parameters, shown, split
from realstack.recording.events import Http
from realstack.recording.recorder import recorder
from realstack.recording.trace import trace
from realstack.secrets import secrets

# At INFO httpx writes every URL, at DEBUG httpcore writes every header.
for _name in ("httpx", "httpcore", "authlib", "h11"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read to its end.

    Attributes:
        method: Of the request.
        url: Of the request, with its values; show it by [where][Answer.where] only.
        status: HTTP status code.
        headers: By lower-case name; values of one name are joined by ``, ``. Without ``set-cookie``.
        body: The bytes of the body.
        seconds: From the request to the end of the body.
        cookies: What the response set, in its order.
    """

    method: str
    url: str = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    seconds: float
    cookies: tuple[Cookie, ...] = field(repr=False, default=())

    @property
    def where(self) -> str:
        """Method and URL without any value."""
        return f"{self.method} {shown(self.url)}"

    @property
    def kind(self) -> str:
        """What the body says that it is, in small letters, which have no meaning there (RFC 9110, 8.3.1); empty for nothing."""
        return self.headers.get("content-type", "").lower()

    @property
    def text(self) -> str:
        """The body in the charset that it names, or as UTF-8."""
        return decoded(self.body, self.kind)

    @property
    def binary(self) -> bool:
        """Whether the body says that it is no text."""
        return self.kind.startswith(BINARY_TYPES)

    @property
    def location(self) -> str | None:
        """The absolute URL of a redirect, or None."""
        target = self.headers.get("location")
        return joined(self.url, target) if target and 300 <= self.status < 400 else None

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            StackFailure: It is none.
        """
        try:
            return read_json(self.kind, self.body)
        except ValueError as error:
            raise StackFailure(explain(f"{self.where} answers JSON", f"no JSON ({error})", evidence=self.described)) from None

    @property
    def described(self) -> str:
        """Status, time, where a redirect leads, what a refusal demands, and the start of the body, without credentials."""
        kind = self.kind or "no content type"
        for name in ("WWW-Authenticate", "Retry-After"):
            if self.status >= 400 and name.lower() in self.headers:
                kind += f"; {name}: {secrets.scrub(self.headers[name.lower()])}"
        leads = f" to {shown(self.location)}" if self.location else ""
        return f"{self.where} → {self.status}{leads} in {self.seconds * 1000:.0f} ms ({kind}): {shown_body(kind, self.body)}"


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _trust(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise StackError(
            explain("the CA file holds PEM certificates", f"{ca}: {error}", remedy="Give ca=… another path.")
        ) from error


class Session:
    """One user agent: its cookies and its headers.

    Args:
        name: Whom it belongs to, for errors and the recording.
        base_url: Where relative URLs start.
        headers: Sent with every request.
        ca: PEM file of the certificate authority to trust instead of the system's.
        recorded: Whether requests go to the test's recording.
    """

    def __init__(
        self,
        name: str,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        ca: str | None = None,
        recorded: bool = True,
    ) -> None:
        self.name = name
        self.base_url = base_url
        self.recorded = recorded
        self.cookies_set: dict[str, Cookie] = {}
        self._jar = CookieJar()
        try:
            own = httpx.Headers(dict(headers or {}))
        except UnicodeEncodeError as error:
            raise StackError(
                explain(f"headers of session {name!r} in ASCII", f"{type(error).__name__}: {error.reason}")
            ) from None
        # Nothing of the environment (proxies, .netrc) may come between a test and its platform.
        self._client = httpx.AsyncClient(
            headers=own,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # it is to keep none: see `http.cookies`
            verify=_trust(ca) if ca else _system_trust(),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | list[tuple[str, str]] | None = None,
        form: Mapping[str, str] | list[tuple[str, str]] | None = None,
        json_body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        timeout: float = 5.0,
    ) -> Answer:
        """Send one request and read its response; redirects are not followed.

        Args:
            method: HTTP method.
            url: Absolute, or relative to the session's base URL.
            headers: Besides the session's own.
            query: Appended to the URL's query.
            form: Sent as ``application/x-www-form-urlencoded``.
            json_body: Sent as JSON; None sends none.
            content: Sent as it is.
            files: Multipart: field name to (file name, bytes, content type); ``form`` comes with it.
            timeout: Seconds for the whole exchange.

        Raises:
            StackFailure: No response came in time, or the connection failed.
            StackError: The URL, the method, or what is to be sent is none.
        """
        target, timeout = self.target(url), time_limit.cut(timeout)
        check_method(method)
        host = split(target).netloc
        remember_pairs(form.items() if isinstance(form, Mapping) else form or (), f"form field to {host}")
        remember_json(json_body, f"sent to {host}")
        remember_headers(headers or {})
        fields: Any = form
        body = content
        given = {**self._client.headers, **(headers or {})}
        extra: dict[str, Any] = dict(headers or {}) | trace.headers(given)
        named = {name.lower() for name in given}
        cookies = "" if "cookie" in named else header(sent_to(self._jar, target))
        with self._explained(method.upper(), target, timeout):
            if cookies:  # byte by byte as they came
                extra["Cookie"] = cookies.encode("utf-8", "surrogateescape")
            kind = ""
            if form is not None and files is None:
                body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
                fields = None
            elif json_body is not None:
                body, kind = json_bytes(json_body), "application/json"
            if kind and "content-type" not in named:
                extra["Content-Type"] = kind
            if files is not None and isinstance(form, list):
                fields = {name: [value for other, value in form if other == name] for name, _ in form}
            request = self._client.build_request(
                method.upper(),
                _asking(target, query) if query else target,
                headers=extra,
                content=body,
                data=fields,
                files=dict(files) if files else None,
                timeout=httpx.Timeout(timeout),
            )
            remember_pairs(request.url.params.multi_items(), f"query to {host}")
            started = time.monotonic()
            async with asyncio.timeout(timeout):
                response = await self._client.send(request)
        answer = self._read(response, str(request.url), time.monotonic() - started)
        if self.recorded:
            milliseconds = round(answer.seconds * 1000, 1)
            recorder.record(Http(self.name, answer.method, shown(answer.url), answer.status, milliseconds, at=started))
        return answer

    def target(self, url: str) -> str:
        """The absolute URL of one that may be relative to the session's base URL."""
        relative = bool(self.base_url) and not split(url).scheme
        target = joined(self.base_url.rstrip("/") + "/", url.lstrip("/")) if relative else url
        if split(target).scheme not in {"http", "https"} or not split(target).hostname or not _has_port(target):
            raise StackError(
                explain(
                    "an http or https URL",
                    repr(shown(target)),
                    remedy="Give the whole URL, or open the session with a base URL for relative ones.",
                )
            )
        return target

    @contextlib.contextmanager
    def _explained(self, method: str, target: str, timeout: float) -> Iterator[None]:
        where = f"{method} {shown(target)}"
        try:
            yield
        except (TimeoutError, httpx.TimeoutException):
            raise Late(
                explain(
                    f"{where} is answered within {timeout:g} s",
                    "no complete response in that time",
                    remedy="Look at the service's log.",
                )
            ) from None
        except httpx.ConnectError as error:
            remedy = "Is the service up, and is this its address?"
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                remedy = "Give the PEM file of its authority as ca=, and call the server by a name that is in its certificate."
            raise StackFailure(explain(f"{where} reaches a server", secrets.scrub(str(error)), remedy=remedy)) from None
        except httpx.HTTPError as error:
            seen = f"{type(error).__name__}: {secrets.scrub(str(error))}"
            raise StackFailure(explain(f"{where} is answered", seen)) from None
        except httpx.InvalidURL as error:
            raise StackError(explain("a valid URL", f"{shown(target)}: {secrets.scrub(str(error))}")) from None
        except UnicodeError as error:
            # Names of hosts, headers, the session's cookies, fields: each has characters that it may be of.
            seen = f"{type(error).__name__}: {error.reason}" if isinstance(error, UnicodeEncodeError) else type(error).__name__
            raise StackError(
                explain(
                    f"{where} is of characters that HTTP can tell",
                    seen,
                    remedy="Look at the URL's host, at tokens and cookies that servers gave, and at what the test gives.",
                )
            ) from None

    def _read(self, response: httpx.Response, url: str, seconds: float) -> Answer:
        lines = [one.decode("utf-8", "surrogateescape") for name, one in response.headers.raw if name.lower() == b"set-cookie"]
        cookies = tuple(cookie for line in lines if (cookie := parse_cookie(line)))
        keep(self._jar, lines, url)
        for cookie in cookies:
            self.cookies_set[cookie.name] = cookie
            self._remember_cookie(cookie.name, cookie.value, f" of {split(url).netloc}")
        answer = Answer(
            response.request.method,
            url,
            response.status_code,
            {name: value for name, value in response.headers.items() if name != "set-cookie"},
            response.content,
            seconds,
            cookies,
        )
        if target := answer.location:
            remember_pairs(parameters(target).items(), f"redirect from {split(url).netloc}")
        remember_body(answer.kind, answer.body, f"answer of {split(url).netloc}")
        return answer

    def _remember_cookie(self, name: str, value: str, where: str = "") -> None:
        seen = self.cookies_set.get(name)
        if secrets.names.cookie(name, value, http_only=seen is None or bool(seen.attributes.get("httponly"))):
            secrets.remember(value, f"cookie {name}{where}")

    def cookie(self, name: str, url: str | None = None) -> str | None:
        """The value of a cookie that the session would send to a host now, or None.

        Args:
            name: Its name.
            url: Whose host is meant; that of the base URL unless given, any where there is none.
        """
        where = url or self.base_url
        return next((one.value for one in self._jar if one.name == name and (not where or goes_to(one, host_of(where)))), None)

    def cookie_names(self) -> list[str]:
        """The names of all cookies that the session holds, sorted."""
        return sorted({cookie.name for cookie in self._jar if not cookie.is_expired()})

    def set_cookie(self, name: str, value: str, url: str | None = None, path: str = "/") -> None:
        """Put a cookie into the session, in place of any of the same name at the same host and path."""
        self._remember_cookie(name, value)
        host = host_of(url or self.base_url)
        for held in list(self._jar):
            if held.name == name and goes_to(held, host):
                path = held.path
                self._jar.clear(held.domain, held.path, held.name)
        self._jar.set_cookie(of_host(name, value, host, path))

    def delete_cookie(self, name: str) -> bool:
        """Remove every cookie of that name; tells whether there was one."""
        held = [cookie for cookie in self._jar if cookie.name == name]
        for cookie in held:
            self._jar.clear(cookie.domain, cookie.path, cookie.name)
        return bool(held)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _asking(url: str, query: Mapping[str, str] | list[tuple[str, str]]) -> str:
    """The URL with more behind what its query says already."""
    parts = split(url)
    return parts._replace(query="&".join(filter(None, (parts.query, urlencode(query))))).geturl()


def _has_port(url: str) -> bool:
    try:
        return split(url).port != 0
    except ValueError:  # none that there is
        return False
