"""OAuth as others speak it: odd tokens, odd answers, answers by other ways, and providers behind another address."""

from __future__ import annotations

import base64
import hmac
import json
import secrets as random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc.jwk import RSAKey

from realstack.core.errors import StackError, StackFailure
from realstack.core.ownership import Owned
from realstack.http.urls import moved, parameters
from realstack.oauth.client import OAuthRefusal, ProviderClient
from realstack.oauth.device import device_authorization
from realstack.oauth.dpop import DpopProver
from realstack.oauth.flow import authorization_request, code_of, token_set
from realstack.oauth.forms import Page, encoded
from realstack.oauth.http import Session
from realstack.oauth.keywords.logout import LogoutKeywords
from realstack.oauth.logout import LogoutReceiver
from realstack.oauth.metadata import Metadata
from realstack.oauth.one_time import one_time_code
from realstack.oauth.rogue.provider import RogueProvider, RogueUser
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.oauth.sign_in import FormWalk, Walk
from realstack.oauth.signing import sign
from realstack.oauth.tokens import SYMMETRIC, Demands, Token, b64encode, decode, problems
from realstack.secrets import secrets

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000
CLAIMS = {"iss": "http://issuer.test", "sub": "reader", "aud": "chat", "iat": NOW, "exp": NOW + 300}
SECRET = "the-secret-of-the-client-0123456789"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


def unsigned(header: dict[str, Any], claims: str) -> str:
    return f"{b64encode(json.dumps(header).encode())}.{b64encode(claims.encode())}."


def symmetric(secret: str, algorithm: str = "HS256") -> Token:
    signed = unsigned({"alg": algorithm}, json.dumps(CLAIMS)).rstrip(".")
    digest = hmac.digest(secret.encode(), signed.encode(), f"sha{algorithm[-3:]}")
    return decode(f"{signed}.{b64encode(digest)}")


def codes(token: Token, **demands: Any) -> list[str]:
    return [problem.code for problem in problems(token, Demands(**{"now": NOW, **demands}))]


# Tokens


@pytest.mark.parametrize("algorithm", sorted(SYMMETRIC))
def test_token_that_the_clients_secret_signs(algorithm: str) -> None:
    token = symmetric(SECRET, algorithm)
    assert codes(token, algorithms={algorithm}, secret=SECRET) == []
    assert codes(token, algorithms={algorithm}, secret="another") == ["signature"]
    assert codes(token, algorithms={algorithm}) == ["key_unknown"]
    assert codes(token, keys=[]) == ["algorithm"]


def test_token_without_a_signature_is_accepted_where_somebody_says_so() -> None:
    raw = unsigned({"alg": "none"}, json.dumps(CLAIMS))
    assert codes(decode(raw), algorithms={"none"}, keys=[]) == []
    assert codes(decode(raw), keys=[]) == ["algorithm"]
    assert codes(decode(raw + "AAAA"), algorithms={"none"}) == ["signature"]


@pytest.mark.parametrize("header", [{"alg": ["RS256"]}, {"alg": None}, {"alg": {}}, {}])
def test_algorithm_that_is_no_text(header: dict[str, Any]) -> None:
    assert codes(decode(unsigned(header, json.dumps(CLAIMS))), keys=[]) == ["algorithm"]


@pytest.mark.parametrize("date", ["1" + "0" * 400, "NaN", "Infinity", "-Infinity", "1e400", "1e14"])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_number_that_is_no_date_is_malformed(name: str, date: str) -> None:
    claims = json.dumps({**CLAIMS, name: "here"}).replace('"here"', date)
    found = problems(decode(unsigned({"alg": "none"}, claims)), Demands(algorithms={"none"}, now=NOW))
    assert [problem.code for problem in found] == ["malformed"]
    assert len(str(found[0])) < 200
    assert name in str(found[0])


def test_claims_without_an_end_are_no_token() -> None:
    with pytest.raises(StackFailure, match="no base64url or no JSON"):
        decode(unsigned({"alg": "none"}, "[" * 100_000))


def test_authorized_party_is_a_matter_of_id_tokens() -> None:
    key = RSAKey.generate_key(2048, auto_kid=True)
    token = decode(sign({"alg": "RS256", "kid": key.kid}, {**CLAIMS, "aud": "api", "azp": "chat"}, key))
    keys = [key.as_dict(private=False)]
    assert codes(token, keys=keys, audience="api", id_token=False) == []
    assert codes(token, keys=keys, audience="api") == ["authorized_party"]
    assert codes(token, keys=keys, audience="other", id_token=False) == ["audience"]


# Answers of token endpoints


@pytest.mark.parametrize(
    ("given", "life"), [(3600, 3600), ("3600", 3600), ("3600.0", 3600), (3599.9, 3599), (0, 0), (None, None), ("1e3", 1000)]
)
def test_life_of_an_access_token_in_seconds(given: Any, life: int | None) -> None:
    assert token_set({"access_token": "a-token", "token_type": "Bearer", "expires_in": given}, "POST /token").expires_in == life


@pytest.mark.parametrize("given", ["", "never", [1], {}, True, float("nan"), float("inf"), 10**400, "1e999", -1])
def test_life_that_is_no_number_of_seconds_is_explained(given: Any) -> None:
    with pytest.raises(StackFailure, match=r"POST /token gives expires_in in seconds \(RFC 6749, 5.1\)"):
        token_set({"access_token": "a-token", "token_type": "Bearer", "expires_in": given}, "POST /token")


@pytest.mark.parametrize("name", ["refresh_token", "id_token"])
def test_token_that_is_no_text_is_explained(name: str) -> None:
    with pytest.raises(StackFailure, match=f"gives {name} as a text.*\n.*a dict"):
        token_set({"access_token": "a-token", "token_type": "Bearer", name: {"a": 1}}, "POST /token")


# Requests and callbacks


@pytest.mark.parametrize(
    "extra",
    [{"response_type": "code id_token"}, {"client_id": "other"}, {"uri": "x"}, {"state": "mine"}, {"code_challenge": "c"}],
)
def test_parameters_of_a_request_are_honoured(extra: dict[str, str]) -> None:
    request = authorization_request("http://issuer.test/a?tenant=1", "chat", "http://client.test/", "openid", extra=extra)
    sent = parameters(request.url)
    assert {name: sent[name] for name in extra} == extra
    assert (sent["tenant"], sent["redirect_uri"]) == ("1", "http://client.test/")


def test_request_remembers_the_state_that_was_sent() -> None:
    request = authorization_request(
        "http://issuer.test/a", "chat", "http://client.test/", "openid", extra={"state": "mine", "nonce": "my-nonce"}
    )
    assert (request.state, request.nonce) == ("mine", "my-nonce")


def test_code_may_come_in_the_fragment() -> None:
    assert code_of("http://client.test/back#state=s&code=the-code-of-a-fragment") == "the-code-of-a-fragment"
    with pytest.raises(StackFailure, match="error access_denied"):
        code_of("http://client.test/back#error=access_denied")
    assert parameters("http://client.test/?a=1#a=2&b=3") == {"a": "1", "b": "3"}


# Servers

Site = Callable[[Request], Response]


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[str]:
    async def answer(request: Request) -> Response:
        return site(request)

    server = HttpServer(answer)
    host, port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://{host}:{port}"
    finally:
        await server.close()


def jsoned(value: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode())


async def test_error_with_a_good_status_is_an_error() -> None:
    async with served(lambda _: jsoned({"error": "bad_verification_code", "error_description": "it has expired"})) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = type(client.metadata)(address, {"token_endpoint": f"{address}/token"})
        with pytest.raises(OAuthRefusal, match=r"bad_verification_code.*\n.*it has expired") as caught:
            await client.grant("authorization_code", {"code": "some-code"})
        assert caught.value.code == "bad_verification_code"
        await client.close()


async def test_issuer_may_be_reached_at_another_address() -> None:
    issuer = "http://idp.internal:8080/realms/test"
    asked: list[str] = []

    def site(request: Request) -> Response:
        asked.append(request.path)
        if request.path.endswith("openid-configuration"):
            return jsoned({"issuer": issuer, "jwks_uri": f"{issuer}/keys", "authorization_endpoint": f"{issuer}/authorize"})
        return jsoned({"keys": []})

    async with served(site) as address:
        client = ProviderClient(issuer, "chat", SECRET, redirect_uri="http://client.test/", address=f"{address}/realms/test")
        await client.discover()
        assert await client.keys() == []
        assert asked == ["/realms/test/.well-known/openid-configuration", "/realms/test/keys"]
        assert client.request().url.startswith(f"{address}/realms/test/authorize?")
        assert client.issuer == issuer
        await client.close()


KEY = RSAKey.generate_key(2048, auto_kid=True)


@pytest.mark.parametrize(
    ("claims", "problem"),
    [({}, ""), ({"iss": "http://other.test"}, "issuer"), ({"aud": "other"}, "audience"), ({"aud": ["chat", "other"]}, "")],
)
async def test_userinfo_may_be_a_signed_token(claims: dict[str, Any], problem: str) -> None:
    def site(request: Request) -> Response:
        if request.path == "/keys":
            return jsoned({"keys": [KEY.as_dict(private=False)]})
        told = {"sub": "reader", "name": "Ann", **claims}
        return Response(200, sign({"alg": "RS256", "kid": KEY.kid}, told, KEY).encode(), "Application/JWT; charset=utf-8")

    async with served(site) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = type(client.metadata)(
            address, {"userinfo_endpoint": f"{address}/userinfo", "jwks_uri": f"{address}/keys"}
        )
        if problem:
            with pytest.raises(StackFailure, match=f"a JWT that may be trusted.*\n.*\nEvidence: - {problem}"):
                await client.userinfo("an-access-token", "reader")
        else:
            assert (await client.userinfo("an-access-token", "reader"))["name"] == "Ann"
        await client.close()


async def test_userinfo_that_somebody_else_signed_is_refused() -> None:
    other = RSAKey.generate_key(2048, {"kid": KEY.kid})

    def site(request: Request) -> Response:
        if request.path == "/keys":
            return jsoned({"keys": [KEY.as_dict(private=False)]})
        return Response(200, sign({"alg": "RS256", "kid": KEY.kid}, {"sub": "reader"}, other).encode(), "application/jwt")

    async with served(site) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = type(client.metadata)(address, {"userinfo_endpoint": f"{address}/u", "jwks_uri": f"{address}/keys"})
        with pytest.raises(StackFailure, match="- signature"):
            await client.userinfo("an-access-token", "reader")
        await client.close()


@pytest.mark.parametrize("attributes", ["Secure", "Secure; HttpOnly; SameSite=None"])
async def test_secure_cookie_is_sent_to_the_same_machine(attributes: str) -> None:
    def site(request: Request) -> Response:
        if request.path == "/set":
            return Response(204, headers={"Set-Cookie": f"session=secure-cookie-0123456789; Path=/; {attributes}"})
        return jsoned({"cookie": request.headers.get("cookie", "none")})

    async with served(site) as address:
        for host in (address, address.replace("127.0.0.1", "localhost")):
            session = Session("reader", host)
            await session.send("GET", "/set")
            assert (await session.send("GET", "/")).json() == {"cookie": "session=secure-cookie-0123456789"}
            assert session.cookies_set["session"].attributes["secure"] is True
            await session.close()


# Pages


def html(body: str) -> Response:
    return Response(200, f"<html><body>{body}</body></html>".encode(), "text/html")


async def walked(site: Site, fields: dict[str, str], press: list[str], stop_before: str = "") -> Walk:
    async with served(site) as address:
        session = Session("reader", address)
        try:
            stop = f"{address}{stop_before}" if stop_before else ""
            return await FormWalk(session, fields, press=press, stop_before=stop).run(address + "/")
        finally:
            await session.close()


LOGIN = "<form method=post action=/login><input name=user><button>Go</button></form>"


def posting(request: Request) -> Response:
    if request.path == "/":
        return html(LOGIN)
    if request.path == "/login":
        hidden = '<input type=hidden name=code value="the-code-of-a-post"><input type=hidden name=state value=s>'
        return html(
            f"<form method=post action=/back>{hidden}<noscript><button>Continue</button></noscript></form>"
            "<script>document.forms[0].submit()</script>"
        )
    return html(f"Welcome, {request.form.get('state')} {len(request.form)}")


@pytest.mark.parametrize(("status", "method"), [(307, "POST"), (308, "POST"), (302, "GET"), (303, "GET")])
async def test_form_is_sent_on_as_it_is_where_a_redirect_says_so(status: int, method: str) -> None:
    """Frameworks do so where a path lacks its last slash."""

    def site(request: Request) -> Response:
        if request.path == "/login":
            return Response(status, headers={"Location": "/login/"})
        return html(LOGIN if request.path == "/" else f"{request.method} by {request.form.get('user')}")

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == f"{method} by {'ann' if method == 'POST' else None}"


async def test_page_is_one_however_its_kind_is_written() -> None:
    def site(request: Request) -> Response:
        return Response(
            200, (LOGIN if request.path == "/" else f"in as {request.form['user']}").encode(), "Text/HTML; Charset=UTF-8"
        )

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == "in as ann"


async def test_answer_that_is_posted_is_posted_on() -> None:
    end = await walked(posting, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == "Welcome, s 2"


async def test_answer_that_is_posted_can_be_stopped_and_read() -> None:
    end = await walked(posting, {"user": "ann"}, [], stop_before="/back")
    assert end.stopped
    assert code_of(end.url) == "the-code-of-a-post"
    assert "the-code" not in end.told


@pytest.mark.parametrize(
    ("head", "body", "submitted"),
    [
        ("<script>document.forms[0].submit()</script>", "<body>", True),
        ("<script>addEventListener('load', () => f.requestSubmit ());</script>", "<body>", True),
        ("", "<body onload='document.forms[0].submit()'>", True),
        ("<script>go.submitted = 1</script>", "<body>", False),
        ("", "<body>.submit()", False),
    ],
)
async def test_page_that_submits_itself_goes_on(head: str, body: str, submitted: bool) -> None:
    form = "<form method=post action=/on><input type=hidden name=relay value=1><noscript><button>Go</button></noscript></form>"

    def site(request: Request) -> Response:
        page = f"<html><head>{head}</head>{body}{form}" if request.path == "/" else f"<p>{request.method} {request.form}"
        return Response(200, page.encode(), "text/html")

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert ("POST" in end.page.text) is submitted


@pytest.mark.parametrize("press", ["[ Cancel ]", "Cancel"])
async def test_way_out_of_a_form_may_be_a_link(press: str) -> None:
    def site(request: Request) -> Response:
        return html(f"{LOGIN}<a href=/abort>[ Cancel ]</a>" if request.path == "/" else f"at {request.path}")

    end = await walked(site, {"user": "ann"}, [press])
    assert end.page is not None
    assert end.page.text == "at /abort"
    assert "[Cancel]" in end.told or "[[ Cancel ]]" in end.told


async def test_link_that_leads_nowhere_is_told() -> None:
    with pytest.raises(StackFailure, match="the link 'Again' leads on"):
        await walked(lambda _: html("<a href=/>Again</a>"), {}, ["Again"])


@pytest.mark.parametrize(
    ("button", "seen"),
    [
        ("<button formaction=/other>Go</button>", "POST /other"),
        ("<button formaction=/other formmethod=get>Go</button>", "GET /other"),
        ("<input type=submit value=Go formmethod=GET>", "GET /login"),
        ("<input type=image formaction=/other>", "POST /other"),
    ],
)
async def test_button_says_where_its_form_goes(button: str, seen: str) -> None:
    def site(request: Request) -> Response:
        if request.path == "/":
            return html(f"<form method=post action=/login><input name=user>{button}</form>")
        return html(f"{request.method} {request.path} {(request.form or request.query).get('user')}")

    end = await walked(site, {"user": "ann"}, ["Go"])
    assert end.page is not None
    assert end.page.text == f"{seen} ann"


@pytest.mark.parametrize(
    ("kind", "meta", "charset"),
    [
        ("text/html; charset=ISO-8859-1", "", "cp1252"),
        ("text/html", "<meta charset='windows-1252'>", "cp1252"),
        ("text/html", "<meta http-equiv=content-type content='text/html; charset=latin1'>", "cp1252"),
        ("text/html", "", "utf-8"),
        ("text/html; charset=no-such-one", "", "utf-8"),
    ],
)
async def test_form_is_sent_in_its_pages_charset(kind: str, meta: str, charset: str) -> None:
    came: list[str] = []

    def site(request: Request) -> Response:
        if request.path == "/":
            fields = "<input type=hidden name=token value=grün><input name=user><button>Go</button>"
            page = f"{meta}<form action=/login?old=1#x>{fields}</form>"
            return Response(200, page.encode(charset), kind)
        came.append(request.raw_query)
        return html("done")

    await walked(site, {"user": "ann 1"}, [])
    assert came == [f"token={quote_plus('grün', encoding=charset)}&user=ann+1"]


async def test_page_that_sends_its_reader_on_is_followed() -> None:
    def site(request: Request) -> Response:
        on = "<meta http-equiv=refresh content='0; url=/there?code=the-code-of-a-refresh'>"
        return html(on if request.path == "/" else f"at {request.path}")

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == "at /there"
    stopped = await walked(site, {"user": "ann"}, [], stop_before="/there")
    assert code_of(stopped.url) == "the-code-of-a-refresh"


@pytest.mark.parametrize(
    ("kind", "refresh", "there"),
    [("text/html", "0; url=/there", "/there"), ("", "1;/there", "/there"), ("text/html", "60; url=/there", "/")],
)
async def test_header_that_sends_its_reader_on_is_followed(kind: str, refresh: str, there: str) -> None:
    def site(request: Request) -> Response:
        if request.path == "/there":
            return Response(200, b"<p>welcome</p>", "text/html")
        return Response(200, b"<p>wait</p>", kind, headers={"Refresh": refresh})

    async with served(site) as address:
        session = Session("user")
        walk = await FormWalk(session, {}).run(f"{address}/")
        await session.close()
    assert walk.url == f"{address}{there}"


async def test_form_that_wants_no_validation_may_lack_what_is_required() -> None:
    def site(request: Request) -> Response:
        fields = "<input name=user><input name=phone required>"
        return html(
            f"<form method=post action=/in>{fields}<button formnovalidate>Go</button></form>" if request.path == "/" else "in"
        )

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == "in"


def test_controls_of_a_disabled_fieldset_are_not_sent() -> None:
    page = Page(
        "http://a.test/",
        """<form><input name=a value=1>
        <fieldset disabled><legend><input name=b value=2></legend><legend><input name=c value=3></legend>
          <input name=d value=4><select name=e><option>5</select><textarea name=f>6</textarea><button name=g>7</button>
          <fieldset><input name=h value=8></fieldset>
        </fieldset><fieldset><input name=i value=9></fieldset></form>""",
    )
    assert page.forms[0].submission({}, None) == [("a", "1"), ("b", "2"), ("i", "9")]
    assert page.forms[0].buttons == []


# What HTTP can't tell, and cookies


@pytest.mark.parametrize(
    "url",
    [
        "http://a\0b/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://xn--a/",
        "http://[::1",
        "http://h/\ud83d",
        "//h",
        "ftp://h/",
    ],
)
async def test_endpoints_that_are_no_urls_are_told(url: str) -> None:
    client = ProviderClient("http://issuer.test", "chat", SECRET, dpop=DpopProver("ES256"))
    client.metadata = type(client.metadata)(
        "http://issuer.test", dict.fromkeys(("token_endpoint", "jwks_uri", "userinfo_endpoint"), url)
    )
    for ask in (client.grant("x", {}), client.keys(), client.userinfo("an-access-token")):
        with pytest.raises((StackError, StackFailure)):
            await ask
    await client.close()


@pytest.mark.parametrize("token", ["t\u00f6k-of-a-provider", "half-\ud83d-of-a-pair"])
async def test_tokens_that_no_header_can_carry_are_told(token: str) -> None:
    client = ProviderClient("http://issuer.test", "chat", SECRET)
    client.metadata = type(client.metadata)("http://issuer.test", {"userinfo_endpoint": "http://127.0.0.1:1/"})
    with pytest.raises(StackError, match="is of characters that HTTP can tell") as caught:
        await client.userinfo(token)
    assert token not in str(caught.value)
    await client.close()


@pytest.mark.parametrize(
    ("line", "cookie", "sent"),
    [
        ('a="b c"; Version=1; Path=/', ("a", '"b c"', {"version": "1", "path": "/"}), 'a="b c"'),
        ("a=b; Priority=High; Partitioned", ("a", "b", {"priority": "High"}), "a=b"),
        ("a[b]=c; HttpOnly; SECURE", ("a[b]", "c", {"httponly": True, "secure": True}), "a[b]=c"),
        ('a="unclosed', ("a", '"unclosed', {}), 'a="unclosed'),
        ("a=b, c=d", ("a", "b, c=d", {}), "a=b, c=d"),
        ("a=b=c;;; Expires=nonsense", ("a", "b=c", {"expires": "nonsense"}), "a=b=c"),
        ("=b", None, "none"),
        (";", None, "none"),
    ],
)
async def test_cookies_are_read_and_sent_as_browsers_do(
    line: str, cookie: tuple[str, str, dict[str, Any]] | None, sent: str
) -> None:
    def site(request: Request) -> Response:
        headers = {"Set-Cookie": line} if request.path == "/set" else {}
        return Response(200, json.dumps({"cookie": request.headers.get("cookie", "none")}).encode(), headers=headers)

    async with served(site) as address:
        session = Session("reader", address)
        (read,) = (await session.send("GET", "/set")).cookies or (None,)
        assert (read and (read.name, read.value, read.attributes)) == cookie
        assert (await session.send("GET", "/")).json() == {"cookie": sent}
        await session.close()


@pytest.mark.parametrize("charset", ["idna", "base64", "undefined", "punycode", "unicode_escape", "rot13"])
async def test_what_is_no_charset_of_the_web_is_read_as_utf_8(charset: str) -> None:
    def site(_: Request) -> Response:
        return Response(200, "<p>gr\u00fcn \\ud83d".encode(), f"text/html; charset={charset}")

    end = await walked(site, {"user": "ann"}, [])
    assert end.page is not None
    assert end.page.text == "gr\u00fcn \\ud83d"


@pytest.mark.parametrize(
    ("form", "button", "kind"),
    [
        ("enctype=multipart/form-data", "", "multipart/form-data"),
        ("", "formenctype=multipart/form-data", "multipart/form-data"),
        ("enctype=text/plain", "", "text/plain"),
        ("enctype=multipart/form-data", "formenctype=application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("enctype=application/json", "", "application/x-www-form-urlencoded"),
    ],
)
def test_form_is_encoded_as_it_or_its_button_says(form: str, button: str, kind: str) -> None:
    page = Page(
        "http://a.test/", f"<form method=post {form}><input name='na\"me'><textarea name=t>a\nb</textarea><button {button}>Go"
    )
    shown, pressed = page.forms[0], page.forms[0].buttons[0]
    told, body = encoded(shown.submission({'na"me': "gr\u00fcn"}, pressed), pressed.enctype or shown.enctype, "utf-8")
    assert told.partition(";")[0] == kind
    if kind == "text/plain":
        assert body == 'na"me=gr\u00fcn\r\nt=a\r\nb\r\n'.encode()
    elif kind.startswith("multipart"):
        message = message_from_bytes(f"Content-Type: {told}\r\n\r\n".encode() + body)
        parts = [
            (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
            for part in message.get_payload()
        ]
        assert parts == [("na%22me", "gr\u00fcn".encode()), ("t", b"a\r\nb")]
    else:
        assert body == b"na%22me=gr%C3%BCn&t=a%0D%0Ab"


async def test_form_goes_in_its_own_encoding() -> None:
    kinds: list[str] = []

    def site(request: Request) -> Response:
        if request.method == "POST":
            kinds.append(request.headers["content-type"].partition(";")[0])
            return html("in")
        return html("<form method=post enctype=multipart/form-data><input name=user><button>Go</button></form>")

    end = await walked(site, {"user": "ann"}, [])
    assert (end.page and end.page.text, kinds) == ("in", ["multipart/form-data"])


def test_page_that_sends_its_reader_on_after_no_number_of_seconds_is_one_to_read() -> None:
    assert not Page("http://a.test/", f"<meta http-equiv=refresh content='{'9' * 5000};url=/x'>").refresh


async def test_form_that_leads_nowhere_is_told() -> None:
    with pytest.raises(StackError, match="an http or https URL"):
        await walked(lambda _: html("<form action='http://[::1'><input name=user></form>"), {"user": "ann"}, [])


# What an answer says that it is need not be so


def said(kind: str, body: str, status: int = 200) -> Response:
    return Response(status, body.encode(), kind)


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/html; charset=utf-8", "text/javascript", "application/JSON", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize(
    "body", ['{"refresh_token": "%s"}', "refresh_token=%s&scope=chat", '\ufeff{"a": [{"refresh_token": "%s"}]}']
)
async def test_credentials_of_an_answer_are_known_whatever_it_says_that_it_is(kind: str, body: str) -> None:
    token = f"opaque-{random.token_hex(16)}"
    async with served(lambda _: said(kind, body % token, 500)) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = type(client.metadata)(address, {"token_endpoint": f"{address}/token"})
        with pytest.raises(StackFailure) as caught:
            await client.grant("authorization_code", {"code": "some-code"})
        await client.close()
    assert "refresh_token" in str(caught.value)
    assert token[8:] not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", '{"error": "invalid_grant"}'),
        ("text/plain;charset=UTF-8", '\r\n{"error": "invalid_grant"}'),
        ("application/JSON", '\ufeff{"error": "invalid_grant", "access_token": null}'),
        ("application/x-www-form-urlencoded", "error=invalid_grant&error_description=it+is+old"),
    ],
)
async def test_error_is_read_whatever_its_answer_says_that_it_is(kind: str, body: str) -> None:
    async with served(lambda _: said(kind, body, 400)) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = type(client.metadata)(address, {"token_endpoint": f"{address}/token"})
        with pytest.raises(OAuthRefusal) as caught:
            await client.grant("refresh_token", {"refresh_token": "some-token"})
        await client.close()
    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    ("given", "scope"), [(["openid", "email"], "openid email"), ("openid email", "openid email"), (None, "")]
)
def test_scope_may_be_a_list(given: Any, scope: str) -> None:
    assert token_set({"access_token": "an-access-token", "token_type": "bearer", "scope": given}, "POST /token").scope == scope


@pytest.mark.parametrize("more", [{"interval": None}, {"verification_url": "https://idp.test/device"}])
def test_device_is_read_as_older_providers_answer(more: dict[str, Any]) -> None:
    """Google gives ``verification_url``."""
    told = {"device_code": "a-device-code", "user_code": "ABCD", "expires_in": 600, "verification_uri": "https://idp.test/device"}
    if "verification_url" in more:
        del told["verification_uri"]
    found = device_authorization(told | more, "POST /device")
    assert (found.verification_uri, found.interval) == ("https://idp.test/device", 5)


# Keys as issuers publish them


SIGNING = RSAKey.generate_key(2048)
SIGNED = decode(sign({"alg": "RS256", "kid": "k1"}, CLAIMS, SIGNING))
PUBLIC = {**SIGNING.as_dict(private=False), "kid": "k1"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"use": None, "alg": None, "key_ops": None, "x5c": None, "x5t": None}, ""),
        ({"use": "", "key_ops": []}, ""),
        ({"use": "sig", "key_ops": ["verify"], "x5c": [], "x5u": 5, "nbf": 1}, ""),
        ({"use": "enc"}, "key_unknown"),
        ({"key_ops": ["encrypt"]}, "key_unknown"),
        ({"n": "no key!"}, "key_unknown"),
        ({"n": None}, "key_unknown"),
        ({"e": "Aw"}, "signature"),
    ],
)
def test_key_is_what_it_is_made_of(changes: dict[str, Any], problem: str) -> None:
    assert codes(SIGNED, keys=[{**PUBLIC, **changes}]) == [one for one in [problem] if one]


def test_header_that_must_be_understood_is_not_empty() -> None:
    assert codes(decode(sign({"alg": "RS256", "kid": "k1", "crit": []}, CLAIMS, SIGNING)), keys=[PUBLIC]) == ["critical_header"]


async def test_keys_that_are_none_are_passed_over() -> None:
    def site(_: Request) -> Response:
        return jsoned({"keys": [{}, "RSA", {"kid": "k0"}, {"kty": 5}, {"kty": "NEW"}, PUBLIC]})

    async with served(site) as address:
        client = ProviderClient(address, "chat")
        client.metadata = type(client.metadata)(address, {"jwks_uri": address})
        assert codes(SIGNED, keys=await client.keys()) == []
        await client.close()


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ({"access_token": "", "token_type": "Bearer"}, "only token_type"),
        ({"access_token": 5, "token_type": "Bearer"}, "access_token that is a int"),
        ({"access_token": "an-access-token", "token_type": ["Bearer"]}, "token_type that is a list"),
        ([], "only list"),
        ({}, "only nothing"),
    ],
)
def test_tokens_that_are_none_are_explained(body: Any, seen: str) -> None:
    with pytest.raises(StackFailure, match=f"Seen: {seen}$"):
        token_set(body, "POST /token")


def test_endpoint_that_is_no_url_is_told_as_what_it_is() -> None:
    with pytest.raises(StackFailure, match="Seen: it is 5\nEvidence: It names token_endpoint"):
        Metadata("http://a.test", {"jwks_uri": 5, "token_endpoint": "http://a.test/token"}).endpoint("jwks_uri")


@pytest.mark.parametrize(
    ("issuer", "endpoint", "there"),
    [
        ("https://idp.test", "https://idp.test:443/token", "http://127.0.0.1:8080/token"),
        ("http://IDP.test:80/realm", "http://idp.test/token", "http://127.0.0.1:8080/token"),
        ("https://idp.test", "https://idp.test:444/token", "https://idp.test:444/token"),
        ("https://idp.test", "http://idp.test/token", "http://idp.test/token"),
        ("https://idp.test", "https://idp.test:x/token", "https://idp.test:x/token"),
    ],
)
def test_endpoint_is_reached_where_its_issuer_is(issuer: str, endpoint: str, there: str) -> None:
    assert moved(endpoint, issuer, "http://127.0.0.1:8080") == there


async def test_servers_of_the_test_may_be_reached_by_ipv6() -> None:
    provider = RogueProvider("chat", "client-secret-of-this-test", RogueUser("rogue-1", "rogue@example.org", "Rogue"))
    client = ProviderClient(await provider.start("::1", 0), "chat", "client-secret-of-this-test")
    assert client.issuer.startswith("http://[::1]:")
    await client.discover()
    assert await client.keys()
    receiver = LogoutReceiver()
    session = Session("idp", await receiver.start("::1", 0, "back"))
    assert (await session.send("POST", receiver.url, form={"logout_token": "a-logout-token"})).status == 200
    for one in (client, session, provider, receiver):
        await one.close()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_schemes_of_credentials_have_no_case(scheme: str) -> None:
    provider = RogueProvider("chat", "client-secret-of-this-test", RogueUser("rogue-1", "rogue@example.org", "Rogue"))
    session = Session("app", await provider.start("127.0.0.1", 0))
    account = base64.b64encode(b"chat:client-secret-of-this-test").decode()
    answer = await session.send("POST", "/token", form={"grant_type": "x"}, headers={"Authorization": f"{scheme}  {account}"})
    assert answer.json() == {"error": "unsupported_grant_type"}
    provider._access["an-access-token-of-the-test"] = provider.user
    told = {"Authorization": f"{'bEARER' if scheme == 'Basic' else 'Bearer'} an-access-token-of-the-test"}
    assert (await session.send("GET", "/userinfo", headers=told)).status == 200
    await session.close()
    await provider.close()


@pytest.mark.parametrize("headers", [{"X": "\u0416"}, {"\u0416": "x"}])
def test_headers_of_a_session_that_http_can_not_tell_are_told(headers: dict[str, str]) -> None:
    with pytest.raises(StackError, match="headers of session 'reader' in ASCII"):
        Session("reader", headers=headers)


@pytest.mark.parametrize("secret", ["\u00fc", "JBSWY3DP\u0416", "1", "A"])
def test_secret_that_is_no_base32_is_told(secret: str) -> None:
    with pytest.raises(StackError, match="a secret in base32"):
        one_time_code(secret, 0)


@pytest.mark.parametrize("port", [-1, 99999])
async def test_port_that_there_is_none_of_is_told(port: int) -> None:
    with pytest.raises(StackError, match="is free to listen on"):
        await LogoutReceiver().start("127.0.0.1", port, "/")


async def test_receiver_answers_with_any_status() -> None:
    receiver = LogoutReceiver(420)
    session = Session("idp", await receiver.start("127.0.0.1", 0, "back"))
    assert (await session.send("POST", receiver.url, form={"logout_token": "a-logout-token"})).status == 420
    await session.close()
    await receiver.close()
    with pytest.raises(StackError, match="200 to 999"):
        LogoutKeywords(Owned("provider", "Open Provider")).start_logout_receiver(status=99)


@pytest.mark.parametrize("kid", ["the-only-one", None])
async def test_key_that_was_exchanged_under_its_old_name_or_none_is_read_again(kid: str | None) -> None:
    other = RSAKey.generate_key(2048)
    named = {} if kid is None else {"kid": kid}
    published = [{**KEY.as_dict(private=False), "kid": kid}]
    asked: list[str] = []

    def site(request: Request) -> Response:
        asked.append(request.path)
        return jsoned({"keys": published})

    async with served(site) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = Metadata(address, {"jwks_uri": f"{address}/keys"})
        now = int(time.time())
        claims = {**CLAIMS, "iss": address, "iat": now, "exp": now + 60}
        assert await client.untrusted(decode(sign({"alg": "RS256", **named}, claims, KEY))) == []
        published[0] = {**other.as_dict(private=False), "kid": kid}
        assert await client.untrusted(decode(sign({"alg": "RS256", **named}, claims, other))) == []
        assert [one.code for one in await client.untrusted(decode(sign({"alg": "RS256", **named}, claims, KEY)))] == ["signature"]
        assert asked == ["/keys"] * 3
        await client.close()


async def test_redirect_of_what_is_not_followed_says_where_to() -> None:
    def site(request: Request) -> Response:
        return Response(302, headers={"Location": "https://elsewhere.test/realms/chat?code=the-code-of-somebody-0123"})

    async with served(site) as address:
        client = ProviderClient(address, "chat", SECRET)
        with pytest.raises(StackFailure, match=r"302 to https://elsewhere\.test/realms/chat\?code=") as error:
            await client.discover()
        assert "the-code-of-somebody" not in str(error.value)
        await client.close()


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (Response(204), r"→ 204 .*: empty"),
        (Response(500, b""), r"→ 500 .*: empty"),
        (Response(401, b"", "text/plain", {"WWW-Authenticate": 'Basic error="invalid_client"'}), 'Basic error="invalid_client"'),
        (Response(429, b"", headers={"Retry-After": "30"}), "Retry-After: 30"),
    ],
)
async def test_refusal_without_an_oauth_error_is_told_with_what_it_says(answer: Response, seen: str) -> None:
    async with served(lambda _: answer) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = Metadata(address, {"revocation_endpoint": f"{address}/r", "userinfo_endpoint": f"{address}/u"})
        with pytest.raises(StackFailure, match=f"an OAuth answer to the revocation\nSeen: .*{seen}"):
            await client.revoke("a-refresh-token", "refresh_token")
        with pytest.raises(StackFailure, match=f"answers 200\nSeen: .*{seen}"):
            await client.userinfo("an-access-token")
        await client.close()


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain; charset=iso-8859-1"])
async def test_credentials_of_a_body_of_any_width_are_known_and_hidden(coding: str, kind: str) -> None:
    """With zeros between its letters a token was found by nobody, and a log leaves them out."""
    token = f"token-{random.token_hex(12)}"
    body = json.dumps({"access_token": token}).encode(coding)
    if "iso" in kind and not coding.endswith(("sig", "16", "32")):
        kind = "text/plain"
    async with served(lambda _: Response(200, body, kind)) as address:
        client = ProviderClient(address, "chat", SECRET)
        client.metadata = Metadata(address, {"userinfo_endpoint": f"{address}/u"})
        with pytest.raises(StackFailure, match="tells sub") as error:
            await client.userinfo("an-access-token")
        assert "access_token" in str(error.value)
        assert token not in str(error.value).replace("\0", "")
        assert secrets.find(f"x {token} y")
        await client.close()
