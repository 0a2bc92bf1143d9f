"""Cookies as browsers read, keep and send them (RFC 6265, 5, and what its successor adds for names with a prefix).

Python's own jar is another user agent's. It drops a cookie for an attribute that it can't read, keeps one that was removed by a
date in an old form, sends to each host of a domain what was set for one of them, and knows neither prefixes nor IPv6.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import cookiejar

from realstack.http.urls import split

LARGEST = 4096
"""Bytes of name and value together; browsers keep no larger one."""

_BETWEEN = re.compile(r"[\t -/;-@\[-`{-~]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(r"(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(\d{2,4})(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SECONDS = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie as the server set it.

    Attributes:
        name: Its name.
        value: Its value, a credential; empty when the server removed it.
        attributes: ``path``, ``domain``, ``max-age``, ``expires``, ``samesite`` (text) and ``httponly``, ``secure`` (bool).
    """

    name: str
    value: str = field(repr=False)
    attributes: Mapping[str, str | bool]

    def told(self, attribute: str) -> str:
        """What an attribute says; empty where there is none."""
        found = self.attributes.get(attribute, "")
        return found if isinstance(found, str) else ""


def parse_cookie(line: str) -> Cookie | None:
    """The cookie of one ``Set-Cookie`` header (5.2); None where it has no name."""
    pair, *more = line.split(";")
    name, _, value = pair.partition("=")
    if "=" not in pair or not name.strip():
        return None
    attributes: dict[str, str | bool] = {}
    for one in more:
        key, _, told = (part.strip() for part in one.partition("="))
        attributes[key.lower()] = True if key.lower() in {"secure", "httponly"} else told
    return Cookie(name.strip(), value.strip(), {key: told for key, told in attributes.items() if key and told})


def keep(jar: cookiejar.CookieJar, lines: Iterable[str], url: str) -> None:
    """Keep the cookies that an answer sets, and let go what it removes (5.3).

    Args:
        jar: Where they are kept.
        lines: Values of its ``Set-Cookie`` headers.
        url: What was asked.
    """
    for line in lines:
        cookie = parse_cookie(line)
        kept = None if cookie is None else _kept(cookie, url)
        if kept is not None:
            jar.set_cookie(kept)
            if kept.is_expired():
                jar.clear(kept.domain, kept.path, kept.name)


def sent_to(jar: cookiejar.CookieJar, url: str) -> list[cookiejar.Cookie]:
    """The cookies that go with a request, in their order (5.4)."""
    parts = split(url)
    host, path = host_of(url), parts.path or "/"
    found = [
        one
        for one in jar
        if goes_to(one, host)
        and (path == one.path or path.startswith(f"{one.path.rstrip('/')}/"))
        and (not one.secure or _is_trusted(parts.scheme, host))
    ]
    return sorted(found, key=lambda one: -len(one.path))


def header(cookies: Iterable[cookiejar.Cookie]) -> str:
    """The ``Cookie`` header of cookies; empty where there are none."""
    return "; ".join(f"{one.name}={one.value or ''}" for one in cookies)


def goes_to(cookie: cookiejar.Cookie, host: str) -> bool:
    """Whether a cookie is one of a host, at any path, and holds still."""
    if cookie.is_expired():
        return False
    # One that a test puts in by `requests` has no domain, and goes everywhere.
    return cookie.domain in ("", host) or (cookie.domain_specified and f".{host}".endswith(cookie.domain))


def of_host(name: str, value: str, host: str, path: str = "/") -> cookiejar.Cookie:
    """A cookie of one host, until the end of its session."""
    return _made(name, value, host, path)


def host_of(url: str) -> str:
    """The host of a URL as cookies have it: in small letters, in ASCII, an address of IPv6 without brackets; empty for none."""
    host = split(url).hostname or ""
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:  # none that there is
        return host


def _kept(cookie: Cookie, url: str) -> cookiejar.Cookie | None:
    """What is kept of a cookie that a URL sets; None where browsers refuse it."""
    host, scheme = host_of(url), split(url).scheme
    domain = cookie.told("domain").lower().removeprefix(".")
    one_host = not domain or (domain == host and not ("." in host and not _is_address(host)))
    secure, path = "secure" in cookie.attributes, cookie.told("path")
    prefix = cookie.name.lower().partition("-")[0] + "-"
    if len(cookie.name.encode(errors="replace")) + len(cookie.value.encode(errors="replace")) > LARGEST:
        return None
    if not one_host and ("." not in domain or _is_address(host) or not f".{host}".endswith(f".{domain}")):
        return None
    if secure and not _is_trusted(scheme, host):
        return None
    if prefix in {"__secure-", "__host-"} and not secure:
        return None
    if prefix == "__host-" and (domain or path != "/"):
        return None
    where = host if one_host else f".{domain}"
    return _made(cookie.name, cookie.value, where, path if path.startswith("/") else _folder(url), _end(cookie), secure=secure)


def _end(cookie: Cookie) -> int | None:
    """When a cookie ends, in seconds since 1970; None where it does with the session. What can't be read counts for nothing."""
    if _SECONDS.fullmatch(age := cookie.told("max-age")):
        return int(time.time() + min(int(age[:20]), 10**10)) if not age.startswith("-") else 0
    return moment(cookie.told("expires"))


def moment(text: str) -> int | None:
    """The moment that an ``Expires`` attribute tells, in seconds since 1970, however it is written (5.1.1); None where none."""
    clock: tuple[int, int, int] | None = None
    day = year = None
    month = 0
    for token in _BETWEEN.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = int(found[1]), int(found[2]), int(found[3])
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif not month and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if clock is None or day is None or not month or year is None:
        return None
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if year < 1601:
        return None
    try:
        return int(datetime(year, month, day, *clock, tzinfo=UTC).timestamp())
    except ValueError:  # the 31st of February
        return None


def _folder(url: str) -> str:
    """The path of a cookie that has none: that of what was asked, up to its last part (5.1.4)."""
    return split(url).path.rpartition("/")[0] or "/"


def _made(name: str, value: str, domain: str, path: str, end: int | None = None, *, secure: bool = False) -> cookiejar.Cookie:
    of_domain = domain.startswith(".")
    return cookiejar.Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=of_domain,
        domain_initial_dot=of_domain,
        path=path,
        path_specified=True,
        secure=secure,
        expires=end,
        discard=end is None,
        comment=None,
        comment_url=None,
        rest={},
    )


def _is_trusted(scheme: str, host: str) -> bool:
    """Whether cookies that are for secure connections go there: also what does not leave the machine (Secure Contexts, 3.1)."""
    if scheme in {"https", "wss"} or host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:  # a name
        return False
    return True
