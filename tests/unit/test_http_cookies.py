"""Cookies are read, kept and sent as browsers do, in sessions of OAuth and of REST alike."""

from __future__ import annotations

import asyncio
from http.cookiejar import CookieJar
from typing import Any

import pytest

from realstack.http.cookies import header, host_of, keep, moment, sent_to
from realstack.http.session import RestSession
from realstack.oauth.http import Session
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.secrets import secrets

pytestmark = pytest.mark.anyio

LONG = "of-a-session-0123456789"


@pytest.fixture
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


def sent(line: str, asked: str = "https://chat.example.test/a/b", then: str = "") -> str:
    jar = CookieJar()
    keep(jar, [line], asked)
    return header(sent_to(jar, then or asked))


@pytest.mark.parametrize(
    "attributes",
    [
        *("Max-Age=abc", "Max-Age=", "Max-Age=3600.5", 'Max-Age="60"', "Max-Age=99999999999999999999"),
        *("Expires=0", "Expires=-1", "Expires=nonsense", "Expires=Wed, 31 Dec 9999 23:59:59 GMT"),
        *("Domain=", 'Port="80"', "Port", "Path=", "Path=somewhere", "Version=1", "Comment=x; Discard"),
        *("Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=Thu, 31 Feb 1970 00:00:00 GMT"),
        *("Domain=chat.example.test", "Domain=.example.test", "Domain=EXAMPLE.test", "Secure"),
    ],
)
def test_cookie_is_kept_whatever_else_is_said_of_it(attributes: str) -> None:
    assert sent(f"a=b; {attributes}") == "a=b"


@pytest.mark.parametrize(
    "attributes",
    [
        *("Max-Age=0", "Max-Age=-1", "Max-Age=0; Expires=Wed, 31 Dec 2098 23:59:59 GMT"),
        *("Expires=Thu, 01 Jan 1970 00:00:00 GMT", "expires=Thu, 01-Jan-70 00:00:01 GMT", "Expires=Thu, 1 Jan 1970 0:0:0 UTC"),
        "Expires=Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
        *("Domain=elsewhere.test", "Domain=test", "Domain=ple.test", "Domain=other.chat.example.test"),
    ],
)
def test_cookie_is_removed_or_refused(attributes: str) -> None:
    jar = CookieJar()
    keep(jar, ["a=old; Path=/a"], "https://chat.example.test/a/b")
    keep(jar, [f"a=b; Path=/a; {attributes}"], "https://chat.example.test/a/b")
    assert header(sent_to(jar, "https://chat.example.test/a/b")) == ("a=old" if "Domain" in attributes else "")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Host-a=b", False),
        ("__Host-a=b; Secure", False),
        ("__Host-a=b; Secure; Path=/a", False),
        ("__Host-a=b; Secure; Path=/; Domain=chat.example.test", False),
        ("__Host-a=b; Secure; Path=/", True),
        ("__host-a=b; Path=/", False),
        ("__Secure-a=b", False),
        ("__Secure-a=b; Secure; Domain=example.test", True),
        (f"a={'b' * 4096}", False),
        ("=b", False),
        ("a", False),
    ],
)
def test_cookie_that_browsers_refuse_is_not_kept(line: str, kept: bool) -> None:
    assert bool(sent(line)) is kept


@pytest.mark.parametrize(
    ("line", "asked", "then", "goes"),
    [
        ("a=b", "https://example.test/", "https://chat.example.test/", False),
        ("a=b; Domain=example.test", "https://example.test/", "https://chat.example.test/", True),
        ("a=b; Domain=example.test", "https://chat.example.test/", "https://example.test/", True),
        ("a=b", "http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
        ("a=b; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", True),
        ("a=b; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", False),
        ("a=b; Domain=localhost", "http://localhost/", "http://localhost/", True),
        ("a=b; Secure", "http://[::1]:8080/", "http://[::1]:8081/x", True),
        ("a=b; Secure", "http://app.localhost/", "http://app.localhost/", True),
        ("a=b; Secure", "http://chat.example.test/", "https://chat.example.test/", False),
        ("a=b; Secure", "https://chat.example.test/", "http://chat.example.test/", False),
        ("a=b", "https://b\u00fccher.test/", "https://xn--bcher-kva.test/", True),
        ("a=b", "https://chat.example.test/a/b", "https://chat.example.test/a", True),
        ("a=b", "https://chat.example.test/a/b", "https://chat.example.test/ab", False),
        ("a=b; Path=/a/", "https://chat.example.test/", "https://chat.example.test/a/c", True),
        ("a=b; Path=/a", "https://chat.example.test/", "https://chat.example.test/ab", False),
    ],
)
def test_cookie_goes_where_browsers_send_it(line: str, asked: str, then: str, goes: bool) -> None:
    assert sent(line, asked, then) == ("a=b" if goes else "")


def test_cookies_of_longer_paths_come_first() -> None:
    jar = CookieJar()
    keep(jar, ["a=1; Path=/", "a=2; Path=/a", "b=3; Path=/"], "https://chat.example.test/a/b")
    assert header(sent_to(jar, "https://chat.example.test/a/b")) == "a=2; a=1; b=3"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("06 November 1994 8:49:37", 784111777),
        ("Mon, 01 Jan 1600 00:00:00 GMT", None),
        ("Wed, 01 Jan 69 00:00:00 GMT", 3124224000),
        ("1994-11-06T08:49:37Z", None),
        ("", None),
    ],
)
def test_dates_are_read_in_every_form(text: str, told: int | None) -> None:
    assert moment(text) == told


def test_host_that_is_none_is_no_error() -> None:
    label = "\u00fc" * 70
    assert host_of(f"http://{label}.test/") == f"{label}.test"
    assert host_of("http://[") == ""


@pytest.mark.parametrize(
    ("line", "then"),
    [
        (f"session={LONG}; Max-Age=; HttpOnly", f"session={LONG}"),
        (f"session={LONG}; Secure", f"session={LONG}"),
        (f'session="{LONG}\\"x"', f'session="{LONG}\\"x"'),
        (f"session={LONG}-\u00fc", f"session={LONG}-\u00fc"),
        (f"__Host-session={LONG}", ""),
        (f"session={LONG}; Expires=Thu, 01-Jan-70 00:00:00 GMT", ""),
    ],
)
async def test_sessions_keep_and_send_cookies_byte_by_byte(line: str, then: str) -> None:
    asked: list[str] = []

    async def site(request: Request) -> Response:
        asked.append(request.headers.get("cookie", ""))
        set_it: Any = {"Set-Cookie": line.encode("latin-1")} if request.path == "/set" else {}
        return Response(204, headers=set_it)

    server = HttpServer(site)
    host, port = await server.start("127.0.0.1", 0)
    url = f"http://{host}:{port}"
    session = Session("reader", url)
    await session.send("GET", "/set")
    await session.send("GET", "/")
    assert session.cookie_names() == (["session"] if then else [])
    await session.send("GET", "/", headers={"cookie": "mine=1"})
    await session.close()

    def rest() -> None:
        one = RestSession("reader", url, seconds=5)
        answer = one.get(f"{url}/set")
        one.get(f"{url}/")
        one.get(f"{url}/", cookies={"session": "given", "more": 5})
        one.cookies.set("everywhere", "it goes")
        one.get(f"{url}/")
        one.cookies.set("everywhere", None)
        assert list(answer.cookies.keys()) == list(one.cookies.keys()) == (["session"] if then else [])
        one.close()

    await asyncio.to_thread(rest)
    await server.close()
    assert asked == ["", then, "mine=1", "", then, "session=given; more=5", "; ".join(filter(None, (then, "everywhere=it goes")))]
    assert secrets.find(LONG)


async def test_cookies_of_hosts_are_got_set_and_deleted() -> None:
    for url in ("http://[::1]:9", "http://localhost:9", "http://b\u00fccher.test"):
        session = Session("reader", url)
        keep(session._jar, ["flow=first; Path=/deep"], f"{url}/deep/er")
        assert session.cookie("flow") == "first"
        session.set_cookie("flow", "second")
        assert session.cookie("flow") == "second"
        assert header(sent_to(session._jar, f"{url}/deep/x")) == "flow=second"
        assert session.delete_cookie("flow")
        await session.close()


async def test_cookie_of_a_domain_is_one_of_its_hosts() -> None:
    session = Session("reader", "https://chat.example.test")
    keep(session._jar, ["flow=first; Domain=example.test"], "https://login.example.test/")
    assert session.cookie("flow") == "first"
    assert session.cookie("flow", "https://example.test/") == "first"
    assert session.cookie("flow", "https://elsewhere.test/") is None
    await session.close()
