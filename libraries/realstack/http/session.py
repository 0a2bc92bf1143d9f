"""A session of `requests` in which no credential can get out, whoever logs what it sends and gets.

RequestsLibrary writes each request and response to the log as the session hands them to it: URL, headers, body. So what is
handed over is masked here, before anybody can log it; nothing of that library is changed.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from http import cookiejar
from http.client import HTTPResponse, parse_headers
from typing import Any, cast
from urllib.parse import parse_qsl

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from realstack.core.charsets import decoded
from realstack.core.errors import StackError, StackFailure, explain
from realstack.core.lateness import Late
from realstack.core.quantities import duration
from realstack.core.waiting import time_limit
from realstack.http.cookies import header, keep, of_host, parse_cookie, sent_to
from realstack.http.credentials import (
    BINARY_TYPES,
    masked,
    read_json,
    remember_body,
    remember_headers,
    remember_json,
    remember_pairs,
    shown_body,
    wrapped,
)
from realstack.http.fields import check_method, json_bytes
from realstack.http.urls import joined, parameters, shown, split
from realstack.recording.events import Http
from realstack.recording.recorder import recorder
from realstack.recording.trace import trace
from realstack.secrets import HIDDEN, secrets

# At DEBUG urllib3 writes the path and query of every URL.
logging.getLogger("urllib3").setLevel(logging.WARNING)

CHUNK = 1 << 16
"""Bytes of a body that are read at most before the time limit is looked at again."""


class Bearer(AuthBase):
    """Sends an access token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Final(HTTPResponse):
    """The answer behind those that only announce it (RFC 9110, 15.2), of which Python leaves out one, 100, by itself."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc] # there is no other place to look at it
            if not 101 < status < 200:
                return version, status, reason
            parse_headers(self.fp)


class _Connection(HTTPConnection):
    response_class = _Final


class _TlsConnection(HTTPSConnection):
    response_class = _Final


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class _Jar(RequestsCookieJar):
    """Cookies as browsers keep them; see `realstack.http.cookies`."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """See `http.cookiejar`."""
        keep(self, response.info().get_all("Set-Cookie", []), request.get_full_url())

    def set_cookie(self, cookie: cookiejar.Cookie, *args: Any, **kwargs: Any) -> None:
        """Keep one whose value is in quotes as it is, too."""
        cookiejar.CookieJar.set_cookie(self, cookie)


class RestAnswer(requests.Response):
    """A response as `requests` has it, read to its end and safe to log.

    ``json()`` has every credential wrapped, ``text`` has them masked and says of a body that is no text how large it is, and
    ``request`` and ``headers`` are masked copies. ``content`` is the bytes as they came.
    """

    def __init__(self, answer: requests.Response, hide: Callable[[str], Any]) -> None:
        super().__init__()
        self.__dict__.update(answer.__dict__)
        self._hide = hide
        self.url = masked(answer.url)
        self.headers = _masked_headers(_texts(answer.headers))
        self.request = _masked_request(answer.request)

    @property
    def text(self) -> str:
        """The body in the charset that it names, or as UTF-8, masked."""
        kind = self.headers.get("content-type", "")
        if kind.lower().startswith(BINARY_TYPES):
            return shown_body(kind, self.content)
        return masked(decoded(self.content, kind))

    def json(self, **kwargs: Any) -> Any:
        """The body as JSON; credentials in it, such as ``access_token``, are wrapped.

        Raises:
            StackFailure: It is none.
        """
        kind = self.headers.get("content-type", "")
        try:
            return wrapped(read_json(kind, self.content, **kwargs), self._hide)
        except ValueError as error:
            where = f"{self.request.method} {shown(self.url)}"
            told = f"{self.status_code} ({kind or 'no content type'}): {shown_body(kind, self.content)}"
            raise StackFailure(explain(f"{where} answers JSON", f"no JSON ({error})", evidence=told)) from None


class RestSession(requests.Session):
    """What one user agent sends over REST: its headers and cookies, its time limit, and a record of each exchange.

    Redirects are not followed: where one leads is a fact for the test. Nothing is tried again, as `requests` does it by itself
    only where it is told to: a fault that was injected must be seen. Nothing of the environment (proxies, ``.netrc``) comes
    between a test and its platform.

    Args:
        name: Whom it belongs to, for the recording.
        base_url: Where relative URLs start.
        seconds: How long an exchange may take, from its beginning to the end of the body, unless it says so itself.
        headers: Sent with every request.
        ca: PEM file of the certificate authority to trust instead of the usual ones.
        hide: Wraps a credential that a response brings.
        reveal: Turns what ``hide`` has made, anywhere in a value, into what is sent.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        ca: str | None = None,
        hide: Callable[[str], Any] = str,
        reveal: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        super().__init__()
        self.name = name
        self.url = base_url  # RequestsLibrary joins relative URLs with it
        self.seconds = seconds
        self.headers.update(headers or {})
        self.cookies = _Jar()
        for scheme in self.adapters:
            self.adapters[scheme] = _Adapter()
        self.verify = ca or True
        self.trust_env = False
        self._hide = hide
        self._reveal = reveal
        self._closed = False

    def request(self, method: str, url: str, **options: Any) -> RestAnswer:  # type: ignore[override] # passes all on
        """Send one request and read its response.

        Args:
            method: HTTP method.
            url: Absolute.
            options: As `requests` takes them; ``auth`` may also be an access token, and ``timeout`` a text such as ``500 ms``.

        Raises:
            StackFailure: No response came in time, or the connection failed.
            StackError: The session was closed, or the URL is none.
        """
        if self._closed:
            raise StackError(f"The REST session '{self.name}' was closed. Use [Open Rest Session] again.")
        check_method(method)
        seconds = time_limit.cut(_limit(options.pop("timeout", None)) or self.seconds)
        sent = {option: self._reveal(value) for option, value in options.items()}
        sent |= {
            "auth": _auth(sent.get("auth")),
            "headers": _headers(sent.get("headers")),
            "cookies": _cookies(sent.get("cookies")),
        }
        if sent.get("json") is not None:
            json_bytes(sent["json"])
        _remember_sent(url, sent)
        sent["headers"] |= trace.headers({**self.headers, **sent["headers"]})
        sent |= {"allow_redirects": False, "stream": True, "timeout": seconds}
        began = time.monotonic()
        with _explained(f"{method.upper()} {shown(url)}", seconds):
            response = super().request(method, url, **sent)
            response.cookies = _Jar()
            extract_cookies_to_jar(response.cookies, response.request, response.raw)
            _read(response, began + seconds)
        _remember_received(response)
        answer = RestAnswer(response, self._hide)
        took = round((time.monotonic() - began) * 1000, 1)
        recorder.record(Http(self.name, method.upper(), shown(response.url), response.status_code, took, at=began))
        return answer

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make what is sent, with the cookies that browsers would send."""
        given, request.cookies = cast(dict[str, str], request.cookies or {}), None
        prepared = super().prepare_request(request)
        if not any(name.lower() == "cookie" for name in {**self.headers, **(request.headers or {})}):
            prepared.headers.pop("Cookie", None)
            kept = [one for one in sent_to(self.cookies, prepared.url or "") if one.name not in given]
            if told := header([*kept, *(of_host(name, value, "") for name, value in given.items())]):
                prepared.headers["Cookie"] = told
        return prepared

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:  # type: ignore[override] # there are none
        """Follow none, also where `requests` would only look where it leads, which may be no URL."""
        return iter(())

    def close(self) -> None:
        """Close all connections; nothing can be sent any more."""
        self._closed = True
        for adapter in self.adapters.values():
            assert isinstance(adapter, HTTPAdapter)
            pools = adapter.poolmanager.pools
            for key in pools.keys():  # noqa: SIM118 # they can't be walked through as they are
                # Left to urllib3, connections end when nobody holds the pool any more, and each answer of it that is kept does.
                pools[key].close()
        super().close()


def _read(response: requests.Response, until: float) -> None:
    """Read the body as it comes. A limit of `requests` is one for each wait, so that a server that drips could take for ever."""
    connection = response.raw.connection
    chunks: list[bytes] = []
    try:
        while not chunks or chunks[-1]:
            left = until - time.monotonic()
            if left <= 0:
                raise requests.Timeout
            if connection is not None and connection.sock is not None:
                connection.sock.settimeout(left)
            chunks.append(response.raw.read1(CHUNK, decode_content=True))
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.Timeout from None
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from None
    finally:
        # A body that was read to its end has given its connection back already; any other ends with it.
        response.close()
    response._content = b"".join(chunks)


def _limit(given: Any) -> float:
    """Seconds of a request's own limit, which may be one for connecting and one for reading; 0 where there is none."""
    if isinstance(given, list | tuple):
        return sum(map(_limit, given))
    seconds = 0.0 if given is None else duration(given, "timeout=")
    if seconds < 0:
        raise StackError(f"A time can't be negative: {seconds:g} s")
    return seconds


def _auth(given: Any) -> Any:
    """What says who asks: an access token, a name and a password, or what `requests` knows."""
    if isinstance(given, list | tuple) and len(given) == 2:
        return HTTPBasicAuth(*(str(one).encode() for one in given))
    return Bearer(given) if isinstance(given, str) else given


def _headers(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Headers as `requests` takes them: None takes out one of the session."""
    return {name: value if value is None or isinstance(value, bytes) else str(value) for name, value in (given or {}).items()}


def _cookies(given: Any) -> dict[str, str]:
    """Cookies of one request by name, those of a jar, too."""
    if isinstance(given, cookiejar.CookieJar):
        return {one.name: one.value or "" for one in given}
    return {str(name): str(value) for name, value in (given or {}).items() if value is not None}


def _remember_sent(url: str, sent: Mapping[str, Any]) -> None:
    where = shown(url)
    remember_pairs(parse_qsl(split(url).query), f"query to {where}")
    for option, what in {"params": "query", "data": "form field"}.items():
        if isinstance(fields := sent.get(option), Mapping):
            remember_pairs(fields.items(), f"{what} to {where}")
    remember_json(sent.get("json"), f"sent to {where}")
    remember_headers({name: value for name, value in _texts(sent["headers"]).items() if value is not None})
    for cookie, value in sent["cookies"].items():
        if secrets.names.cookie(cookie, value, http_only=True):
            secrets.remember(value, f"cookie {cookie}")


def _remember_received(response: requests.Response) -> None:
    asked = _texts(response.request.headers)
    remember_headers(asked)
    if body := response.request.body:  # a text that was given as it is, or the fields that were made of pairs
        sent = body if isinstance(body, bytes) else str(body).encode(errors="replace")
        remember_body(asked.get("content-type", ""), sent, f"sent to {shown(response.url)}")
    for line in response.raw.headers.getlist("set-cookie"):
        cookie = parse_cookie(line)
        if cookie and secrets.names.cookie(cookie.name, cookie.value, http_only="httponly" in cookie.attributes):
            secrets.remember(cookie.value, f"cookie {cookie.name} of {split(response.url).netloc}")
    if target := response.headers.get("location"):
        remember_pairs(parameters(joined(response.url, target)).items(), f"redirect from {split(response.url).netloc}")
    remember_body(response.headers.get("content-type", ""), response.content, f"answer of {shown(response.url)}")


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers by lower-case name; what was given as bytes is text here as well."""
    return {name.lower(): value.decode("latin-1") if isinstance(value, bytes) else value for name, value in headers.items()}


def _masked_headers(headers: Mapping[str, str]) -> Any:
    shown_headers = {name: HIDDEN if name in secrets.names else masked(value) for name, value in headers.items()}
    return requests.structures.CaseInsensitiveDict(shown_headers)


def _masked_request(request: requests.PreparedRequest) -> requests.PreparedRequest:
    headers = _texts(request.headers)
    copy = request.copy()
    copy.url = masked(request.url or "")
    copy.headers = _masked_headers(headers)
    if request.body:
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        kind = headers.get("content-type", "")
        copy.body = f"{len(body)} bytes" if kind.lower().startswith("multipart/") else shown_body(kind, body)
    return copy


@contextlib.contextmanager
def _explained(where: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except requests.Timeout:
        expected = f"{where} is answered within {seconds:g} s"
        raise Late(explain(expected, "no complete response in that time", remedy="Look at the service's log.")) from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema) as error:
        raise StackError(
            explain("an http or https URL", f"{where}: {masked(str(error))}", remedy="Open the session with a base URL.")
        ) from None
    except requests.ConnectionError as error:
        remedy = "Is the service up, and is this its address?"
        raise StackFailure(explain(f"{where} is answered", masked(str(error)), remedy=remedy)) from None
    except UnicodeError as error:
        # Names of hosts, headers and cookies each have characters that they may be of.
        seen = f"{type(error).__name__}: {error.reason}" if isinstance(error, UnicodeEncodeError) else type(error).__name__
        remedy = "Look at the URL's host, at headers, cookies and tokens."
        raise StackError(explain(f"{where} is of characters that HTTP can tell", seen, remedy=remedy)) from None
    except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidJSONError) as error:
        raise StackError(explain(f"{where} can be sent", masked(str(error)))) from None
    except requests.RequestException as error:
        raise StackFailure(explain(f"{where} is answered", f"{type(error).__name__}: {masked(str(error))}")) from None
