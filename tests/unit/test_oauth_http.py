"""Sessions, sign-in walks and the client of a provider, over real connections; no credential ever shows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.http.credentials import wrapped
from realstack.oauth.client import OAuthRefusal, ProviderClient
from realstack.oauth.flow import code_of
from realstack.oauth.http import Session
from realstack.oauth.rogue.provider import RogueProvider, RogueUser
from realstack.oauth.rogue.scenarios import SCENARIOS, misbehaving_endpoint
from realstack.oauth.rogue.server import HttpServer, Request, Response
from realstack.oauth.sign_in import MOST_HOPS, FormWalk, Walk, expect_end
from realstack.oauth.tokens import Demands, decode, problems
from realstack.recording.recorder import recorder
from realstack.secrets import secrets

pytestmark = pytest.mark.anyio

WORD = "correct-horse-battery-staple"
CODE = "the-code-that-nobody-may-see"
REDIRECT = "http://127.0.0.1:9/callback"


@pytest.fixture
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


def page(body: str, status: int = 200, **headers: str) -> Response:
    return Response(
        status, f"<html><body>{body}</body></html>".encode(), "text/html", {k.replace("_", "-"): v for k, v in headers.items()}
    )


def go(target: str, status: int = 302, **headers: str) -> Response:
    return Response(status, headers={"Location": target, **{k.replace("_", "-"): v for k, v in headers.items()}})


class Site:
    """A provider's pages in small: user name, password, consent, back."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    async def __call__(self, request: Request) -> Response:
        self.seen.append((request.method, request.path, dict(request.form)))
        name = f"_{request.method.lower()}_{request.path.strip('/') or 'start'}"
        handler = getattr(self, name, None)
        return handler(request) if handler else Response(404, b"nothing", "text/plain")

    def _get_start(self, _: Request) -> Response:
        return go("/login", Set_Cookie="flow=flow-cookie-0123456789; Path=/; HttpOnly; SameSite=Lax")

    def _get_login(self, _: Request) -> Response:
        hidden = '<input type=hidden name=csrf value="c-1">'
        fields = f"{hidden}<input name=user><input name=word type=password>"
        return page(f"<form action=/search><input name=q></form><form method=post>{fields}</form>")

    def _post_login(self, request: Request) -> Response:
        good = request.form.get("csrf") == "c-1" and request.form.get("word") == WORD and "flow=flow" in request.headers["cookie"]
        return go("/consent", 303) if good else self._get_login(request)

    def _get_consent(self, _: Request) -> Response:
        return page("<form method=post><button name=answer value=no>No</button><button name=answer value=yes>Yes</button></form>")

    def _post_consent(self, request: Request) -> Response:
        return go(f"/back?code={CODE}" if request.form.get("answer") == "yes" else "/back?error=access_denied")

    def _get_back(self, _: Request) -> Response:
        return page("<p>Welcome</p>")

    def _post_unauthorized(self, _: Request) -> Response:
        return page("Wrong name or password.", 401)

    def _get_unauthorized(self, _: Request) -> Response:
        return page("<form method=post><input name=user></form>")

    def _get_other(self, _: Request) -> Response:
        return page("<form method=post><input name=email><input name=pin type=password></form>", 401)

    def _get_round(self, _: Request) -> Response:
        return go("/round")

    def _get_broken(self, _: Request) -> Response:
        return page(f"internal error with {WORD}", 500)

    def _get_required(self, _: Request) -> Response:
        return page("<form method=post><input name=user><input name=pin required></form>")

    def _get_json(self, _: Request) -> Response:
        return Response(200, json.dumps({"access_token": "token-in-a-json-answer", "code": "not_a_secret"}).encode())


@asynccontextmanager
async def site() -> AsyncIterator[tuple[Site, Session]]:
    made = Site()
    server = HttpServer(made)
    host, port = await server.start("127.0.0.1", 0)
    session = Session("reader", f"http://{host}:{port}")
    try:
        yield made, session
    finally:
        await session.close()
        await server.close()


async def walk(session: Session, start: str, press: str = "answer=yes", **options: Any) -> Walk:
    return await FormWalk(session, {"user": "reader", "word": WORD}, press=[press], **options).run(session.target(start))


async def test_walk_signs_in_through_all_pages() -> None:
    async with site() as (made, session):
        end = await walk(session, "/")
        assert urlsplit(end.url).path == "/back"
        assert [(method, path) for method, path, _ in made.seen] == [
            ("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("GET", "/consent"), ("POST", "/consent"), ("GET", "/back"),
        ]  # fmt: skip
        assert made.seen[2][2] == {"csrf": "c-1", "user": "reader", "word": WORD}
        assert session.cookies_set["flow"].attributes == {"path": "/", "httponly": True, "samesite": "Lax"}
        assert session.cookie("flow") == "flow-cookie-0123456789"
        expect_end(end, session.target("/back"))
        assert not secrets.find(end.told)


async def test_walk_stops_before_a_redirect_and_shows_no_code() -> None:
    async with site() as (made, session):
        end = await walk(session, "/", stop_before=session.target("/back"))
        assert end.stopped
        assert dict(parse_qsl(urlsplit(end.url).query)) == {"code": CODE}
        assert made.seen[-1][1] == "/consent"
        assert CODE not in f"{end!r} {end.told}"
        assert secrets.find(CODE)


async def test_walk_can_deny() -> None:
    async with site() as (_, session):
        assert (await walk(session, "/", press="No")).url.endswith("error=access_denied")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("/round", rf"at most {MOST_HOPS} requests"),
        ("/broken", r"a page or a redirect.*\n.*→ 500"),
        ("/required", r"values for all required fields.*\nSeen: none for pin"),
    ],
)
async def test_walk_that_goes_wrong_tells_how(start: str, expected: str) -> None:
    secrets.remember(WORD, "password")
    async with site() as (_, session):
        with pytest.raises(StackFailure, match=expected) as caught:
            await walk(session, start)
        assert WORD not in str(caught.value)


async def test_walk_with_a_wrong_password_shows_the_page() -> None:
    async with site() as (_, session):
        with pytest.raises(StackFailure, match=r"the provider accepts user, word.*\n.*shows the same form again"):
            await FormWalk(session, {"user": "reader", "word": "wrong-word-of-this-test"}).run(session.target("/"))


async def test_end_elsewhere_tells_what_the_page_shows() -> None:
    async with site() as (_, session):
        end = await FormWalk(session, {"nothing": "x"}).run(session.target("/"))
        with pytest.raises(
            StackFailure, match=r"ends at http.*/back…\n.*ended at .*/login with status 200\nEvidence:\n.*\n.*fields user, word"
        ):
            expect_end(end, session.target("/back"))


@pytest.mark.parametrize(
    ("start", "says"), [("/unauthorized", "Wrong name or password"), ("/other", "fields email, pin"), ("/x", "404")]
)
@pytest.mark.parametrize("end_at", ["", "/"])
async def test_a_refusal_is_no_good_end_wherever_it_is_seen(start: str, says: str, end_at: str) -> None:
    async with site() as (_, session):
        end = await walk(session, start)
        with pytest.raises(StackFailure, match=rf"(?s)the sign-in ends at .*{start} with status 40[14].*{says}"):
            expect_end(end, session.target("/") if end_at else "")
    async with site() as (_, session):
        expect_end(await walk(session, "/"))


async def test_answers_show_no_credential_at_any_log_level(caplog: pytest.LogCaptureFixture) -> None:
    recording = recorder.begin("http")
    with caplog.at_level(logging.DEBUG):
        async with site() as (_, session):
            headers = {"Authorization": "Bearer bearer-of-this-test-0123"}
            answer = await session.send("GET", f"/json?code={CODE}&page=2", headers=headers, form={"password": WORD})
    shown = f"{answer!r} {answer.described} {caplog.text} {[event.data for event in recording.events()]}"
    assert "/json?code=…&page=…" in shown
    assert not secrets.find(shown)
    assert wrapped(answer.json(), lambda value: f"<{len(value)}>") == {"access_token": "<22>", "code": "not_a_secret"}


async def test_connection_problems_are_told() -> None:
    async def slow(_: Request) -> Response:
        return Response(delay=5)

    async def cut(_: Request) -> Response:
        return Response(abort=True)

    for handler, seconds, expected in ((slow, 0.1, "answered within 0.1 s"), (cut, 5, "is answered")):
        server = HttpServer(handler)
        host, port = await server.start("127.0.0.1", 0)
        session = Session("reader", f"http://{host}:{port}")
        with pytest.raises(StackFailure, match=expected):
            await session.send("GET", "/", timeout=seconds)
        await server.close()
        with pytest.raises(StackFailure, match="reaches a server"):
            await session.send("GET", "/")
        await session.close()
    with pytest.raises(StackError, match="an http or https URL"):
        await Session("reader").send("GET", "/relative")
    with pytest.raises(StackError, match="CA file"):
        Session("reader", ca="/no/such/file.pem")


async def test_certificate_that_is_not_trusted_is_told_with_what_to_give(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=chat.test")
    await asyncio.to_thread(
        subprocess.run, ["openssl", "req", "-x509", *options, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    session = Session("reader", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(StackFailure, match=r"(?s)CERTIFICATE_VERIFY_FAILED.*Remedy: .*ca="):
        await session.send("GET", "/")
    await session.close()
    server.close()


async def test_cookies_are_set_replaced_and_deleted() -> None:
    async with site() as (_, session):
        session.set_cookie("flow", "first-value-of-the-cookie")
        session.set_cookie("flow", "second-value-of-the-cookie")
        assert session.cookie("flow") == "second-value-of-the-cookie"
        assert session.cookie_names() == ["flow"]
        assert session.delete_cookie("flow")
        assert not session.delete_cookie("flow")
        assert session.cookie("flow") is None


async def test_server_survives_what_is_no_http() -> None:
    async def good(_: Request) -> Response:
        return Response(body=b"{}")

    server = HttpServer(good)
    host, port = await server.start("127.0.0.1", 0)
    for garbage in (
        b"\0\xff nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nx",
        b"",
    ):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(garbage)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
    session = Session("reader", f"http://{host}:{port}")
    assert (await session.send("GET", "/")).status == 200
    with pytest.raises(StackError, match=f"{host}:{port} is free to listen on"):
        await HttpServer(good).start(host, port)
    await session.close()
    await server.close()


@asynccontextmanager
async def rogue() -> AsyncIterator[tuple[RogueProvider, ProviderClient, Session]]:
    provider = RogueProvider("chat", "client-secret-of-this-test", RogueUser("rogue-1", "rogue@example.org", "Rogue"))
    issuer = await provider.start("127.0.0.1", 0)
    client = ProviderClient(issuer, "chat", "client-secret-of-this-test", redirect_uri=REDIRECT)
    session = Session("reader", issuer)
    try:
        await client.discover()
        yield provider, client, session
    finally:
        await session.close()
        await client.close()
        await provider.close()


async def tokens_of(client: ProviderClient, session: Session, **fields: str) -> tuple[Any, Any]:
    request = client.request()
    answer = await session.send("GET", request.url)
    code = code_of(answer.location or "", request, client.issuer)
    grant = {"code": code, "redirect_uri": REDIRECT, "code_verifier": request.verifier, **fields}
    return await client.grant("authorization_code", grant), request


async def test_honest_rogue_is_a_good_provider() -> None:
    async with rogue() as (provider, client, session):
        tokens, request = await tokens_of(client, session)
        token = decode(tokens.id_token)
        assert problems(token, Demands(await client.keys(), client.issuer, "chat", request.nonce)) == []
        assert (await client.userinfo(tokens.access_token, "rogue-1"))["email"] == "rogue@example.org"
        assert [(one.endpoint, one.status, one.misbehaved) for one in provider.receipts] == [
            ("discovery", 200, False), ("authorize", 302, False), ("token", 200, False), ("jwks", 200, False),
            ("userinfo", 200, False),
        ]  # fmt: skip
        assert provider.receipts[2].facts == {
            "client_auth": "client_secret_basic", "grant_type": "authorization_code", "pkce_method": "S256",
            "pkce_verified": True,
        }  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{"code_verifier": ""}, {"code_verifier": "x" * 43}, {"redirect_uri": f"{REDIRECT}/"}, {"code": "unknown-code"}]
)
async def test_rogue_refuses_what_a_good_provider_refuses(fields: dict[str, str]) -> None:
    async with rogue() as (_, client, session):
        with pytest.raises(OAuthRefusal, match="invalid_grant") as caught:
            await tokens_of(client, session, **fields)
        assert caught.value.code == "invalid_grant"


async def test_rogue_knows_its_client_only() -> None:
    async with rogue() as (provider, client, session):
        for others in (("other", "client-secret-of-this-test"), ("chat", "another-secret-of-this-test")):
            stranger = ProviderClient(client.issuer, *others, redirect_uri=REDIRECT)
            await stranger.discover()
            with pytest.raises(OAuthRefusal, match="invalid_client"):
                await stranger.grant("authorization_code", {"code": "some-code"})
            await stranger.close()
        assert (await session.send("GET", f"/authorize?client_id=other&redirect_uri={REDIRECT}")).status == 400
        assert provider.receipts[-1].outcome == "invalid_client"


async def test_code_of_another_tenant_is_refused() -> None:
    async with rogue() as (provider, client, session):
        request = client.request()
        other = request.url.replace("/authorize", "/tenant/authorize", 1)
        answer = await session.send("GET", other)
        code = code_of(answer.location or "", request, provider.issuer("tenant"))
        with pytest.raises(OAuthRefusal, match="invalid_grant"):
            await client.grant("authorization_code", {"code": code, "redirect_uri": REDIRECT, "code_verifier": request.verifier})


@pytest.mark.parametrize(
    "scenario", [one for one in SCENARIOS if one not in {"honest", "token-slow", "answers-slowly", "secret-in-form"}]
)
async def test_every_lie_is_told_once_asked_and_shows_in_the_receipts(scenario: Any) -> None:
    async with rogue() as (provider, client, session):
        provider.set_scenario(scenario)
        for asking in (client.discover, lambda: client.keys(fresh=True), lambda: _userinfo(client, session)):
            # Most scenarios make something fail on the way; the receipt is what counts here.
            with contextlib.suppress(StackFailure):
                await asking()
        misbehaving = {one.endpoint for one in provider.receipts if one.misbehaved}
        assert misbehaving == {misbehaving_endpoint(scenario)}
        provider.reset()
        assert provider.scenario() == "honest"
        assert provider.receipts == []


async def test_who_wants_the_secret_in_the_form_takes_it_no_other_way() -> None:
    async with rogue() as (provider, client, session):
        provider.set_scenario("secret-in-form")
        with pytest.raises(OAuthRefusal, match="invalid_client"):
            await tokens_of(client, session)
        assert not any(one.misbehaved for one in provider.receipts)
        secret = "client-secret-of-this-test"
        other = ProviderClient(client.issuer, "chat", secret, client_auth="client_secret_post", redirect_uri=REDIRECT)
        await other.discover()
        await tokens_of(other, session)
        assert provider.receipts[-1].misbehaved
        await other.close()


async def _userinfo(client: ProviderClient, session: Session) -> None:
    tokens, _ = await tokens_of(client, session)
    await client.userinfo(tokens.access_token, "rogue-1")


def test_field_names_cover_the_standards() -> None:
    standard = {"access_token", "refresh_token", "id_token", "code", "code_verifier", "client_secret", "password", "assertion"}
    assert [name for name in standard if name not in secrets.parameters] == []
    assert [name for name in ("code", "assertion") if name in secrets.names] == []
