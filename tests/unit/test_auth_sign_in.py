"""Signing in at an OpenID provider: the good way, and each refusal for its own reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx
import pytest

from chat_auth.flows import Flow
from chat_auth.provider import Provider
from chat_auth.refusals import SignInRefused
from chat_auth.settings import ProviderSettings
from support import servers
from support.auth_service import PUBLIC_URL, AuthService, auth_service, begin_login, login
from support.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OpenIdProvider,
    openid_provider,
    sign_hs256_with_public_key,
    sign_none,
    sign_with_foreign_key,
)


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def service(
    provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    with auth_service(tmp_path_factory.mktemp("auth"), provider, **auth_stores) as running:
        yield running


@pytest.fixture(autouse=True)
def _good_provider(provider: OpenIdProvider) -> Iterator[None]:
    yield
    provider.metadata, provider.claims, provider.userinfo, provider.sign, provider.token_status = {}, {}, {}, None, 200


def rows(dsn: str) -> dict[str, int]:
    async def count() -> dict[str, int]:
        connection = await asyncpg.connect(dsn)
        try:
            tables = ("users", "sessions", "refresh_tokens", "login_flows")
            return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
        finally:
            await connection.close()

    return asyncio.run(count())


def test_signs_in_and_tells_the_providers_profile(service: AuthService, provider: OpenIdProvider) -> None:
    user = login(service, provider, "subject-profile")
    me = user.browser.get("/auth/me", headers=user.bearer).json()
    assert {name: me[name] for name in ("email", "name", "picture", "display_name", "timezone", "provider")} == {
        "email": "one@example.org",
        "name": "Reader One",
        "picture": "http://pictures.example.org/1",
        "display_name": "Reader One",
        "timezone": "UTC",
        "provider": "test",
    }
    cookie = next(cookie for cookie in user.browser.cookies.jar if cookie.name == "refresh_token")
    assert (cookie.path, cookie.secure, cookie.has_nonstandard_attr("HttpOnly")) == ("/auth", False, True)
    assert [cookie.name for cookie in user.browser.cookies.jar] == ["refresh_token"]


def test_returns_to_where_the_sign_in_began(service: AuthService, provider: OpenIdProvider) -> None:
    browser, answer = begin_login(service, provider, return_to="/threads/7?tab=2#end")
    assert browser.get("/auth/callback/test", params=answer).headers["location"] == "/threads/7?tab=2#end"


@pytest.mark.parametrize(
    "target", ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "threads", "/\tx", ""]
)
def test_returns_to_own_pages_only(service: AuthService, target: str) -> None:
    answer = httpx.get(f"{service.url}/auth/login", params={"provider": "test", "return_to": target}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_return_to")


def test_completes_the_profile_from_userinfo(service: AuthService, provider: OpenIdProvider) -> None:
    provider.claims = {"sub": "subject-userinfo", "email": None, "picture": None}
    provider.userinfo = {
        "sub": "subject-userinfo",
        "email": "two@example.org",
        "picture": "http://pictures.example.org/2",
        "name": "X",
    }
    user = login(service, provider, "subject-userinfo")
    me = user.browser.get("/auth/me", headers=user.bearer).json()
    assert (me["email"], me["picture"], me["name"]) == ("two@example.org", "http://pictures.example.org/2", "Reader One")


def test_follows_a_key_rotation_of_the_provider(service: AuthService, provider: OpenIdProvider) -> None:
    login(service, provider, "subject-rotation")
    provider.requests.clear()
    login(service, provider, "subject-rotation")
    assert "jwks" not in provider.requests
    provider.rotate_key()
    login(service, provider, "subject-rotation")
    assert provider.requests.count("jwks") == 1


def sign_in_from(provider: OpenIdProvider, domain: str) -> dict[str, Any]:
    """Sign in with accounts of one domain only; gives the claims, and `asked`, the domain that the provider was asked for."""

    async def run() -> dict[str, Any]:
        settings = ProviderSettings("test", "Test", provider.issuer, CLIENT_ID, CLIENT_SECRET, "openid", domain)
        async with httpx.AsyncClient(trust_env=False) as client:
            party = Provider(settings, client)
            flow = Flow("test", "/", "a state", "a nonce", "a verifier")
            there = await party.authorization_url(
                state=flow.state, nonce=flow.nonce, code_challenge=flow.code_challenge, redirect_uri=PUBLIC_URL
            )
            code = provider.answer_to(there)["code"]
            claims = await party.sign_in(code, redirect_uri=PUBLIC_URL, code_verifier=flow.code_verifier, nonce=flow.nonce)
            return {**claims, "asked": dict(parse_qsl(urlsplit(there).query)).get("hd")}

    return asyncio.run(run())


@pytest.mark.parametrize(("domain", "claimed"), [("example.org", "example.org"), ("", None), ("", "example.org")])
def test_takes_accounts_of_its_hosted_domain(provider: OpenIdProvider, domain: str, claimed: str | None) -> None:
    provider.claims = {"hd": claimed}
    signed_in = sign_in_from(provider, domain)
    assert (signed_in["sub"], signed_in["asked"]) == ("subject-1", domain or None)


@pytest.mark.parametrize("claimed", [None, "", "another.example.org", "EXAMPLE.ORG", ["example.org"], {"example.org": 1}])
def test_refuses_accounts_of_no_or_another_hosted_domain(provider: OpenIdProvider, claimed: Any) -> None:
    provider.claims = {"hd": claimed}
    with pytest.raises(SignInRefused, match=r"^id_token_hosted_domain:"):
        sign_in_from(provider, "example.org")


BENT: list[tuple[str, str, Any]] = [
    ("nonce_mismatch", "claims", {"nonce": "another"}),
    ("nonce_mismatch", "claims", {"nonce": None}),
    ("id_token_alg", "sign", sign_none),
    ("id_token_alg", "sign", sign_hs256_with_public_key),
    ("id_token_signature", "sign", sign_with_foreign_key),
    ("id_token_issuer", "claims", {"iss": "https://another.example.org"}),
    ("id_token_audience", "claims", {"aud": "another"}),
    ("id_token_audience", "claims", {"aud": ["chat", "another"]}),
    ("id_token_audience", "claims", {"azp": "another"}),
    ("id_token_expired", "claims", {"exp": int(time.time()) - 60}),
    ("id_token_expired", "claims", {"iat": int(time.time()) + 86400}),
    ("id_token_subject", "claims", {"sub": None}),
    ("id_token_subject", "claims", {"sub": ""}),
    ("id_token_subject", "claims", {"sub": 7}),
    ("id_token_subject", "userinfo", {"sub": "somebody else"}),
    ("id_token_malformed", "claims", {"exp": "tomorrow"}),
    ("id_token_malformed", "claims", {"at_hash": "bm90IHRoZSByaWdodCBvbmU"}),
    ("id_token_malformed", "sign", lambda _claims, _key: "no.token"),
    ("id_token_malformed", "sign", lambda _claims, _key: "a.b.c"),
    ("provider_unreachable", "token_status", 500),
    ("code_rejected", "token_status", 400),
    ("discovery_issuer_mismatch", "metadata", {"issuer": "https://another.example.org"}),
]


@pytest.mark.parametrize(("code", "what", "value"), BENT, ids=[f"{code}-{index}" for index, (code, _, _) in enumerate(BENT)])
def test_refuses_for_its_own_reason_and_leaves_nothing(  # noqa: PLR0917 - fixtures and a row
    service: AuthService, provider: OpenIdProvider, postgres_server: servers.Postgres, code: str, what: str, value: Any
) -> None:
    browser, answer = begin_login(service, provider)
    before = rows(postgres_server.dsn)
    setattr(provider, what, value)
    if what == "userinfo":
        provider.claims = {"email": None}
    refused = browser.get("/auth/callback/test", params=answer)
    assert (refused.status_code, refused.json()["error"]) == (400, code)
    assert list(browser.cookies.jar) == []
    assert rows(postgres_server.dsn) == {**before, "login_flows": before["login_flows"] - 1}


def _forge_cookie(browser: httpx.Client) -> None:
    browser.cookies.clear()
    browser.cookies.set("login_flow", "x" * 43)


STATES: list[tuple[str, Callable[[httpx.Client, dict[str, str]], None]]] = [
    ("state_missing", lambda _browser, answer: answer.pop("state")),  # type: ignore[list-item]
    ("state_unknown", lambda _browser, answer: answer.update(state="made up")),
    ("state_wrong_browser", lambda browser, _answer: browser.cookies.clear()),
    ("state_wrong_browser", lambda browser, _answer: _forge_cookie(browser)),
    ("code_missing", lambda _browser, answer: answer.pop("code")),  # type: ignore[list-item]
    ("provider_error", lambda _browser, answer: answer.update(error="access_denied")),
    ("provider_error", lambda _browser, answer: answer.update(iss="https://another.example.org")),
    ("code_rejected", lambda _browser, answer: answer.update(code="made up")),
]


@pytest.mark.parametrize(("code", "bend"), STATES)
def test_refuses_a_bent_answer(
    service: AuthService, provider: OpenIdProvider, code: str, bend: Callable[[httpx.Client, dict[str, str]], None]
) -> None:
    browser, answer = begin_login(service, provider)
    bend(browser, answer)
    refused = browser.get("/auth/callback/test", params=answer)
    assert (refused.status_code, refused.json()["error"]) == (400, code)
    assert "refresh_token" not in refused.headers.get("set-cookie", "")


def test_uses_a_state_up_whatever_the_outcome(service: AuthService, provider: OpenIdProvider) -> None:
    browser, answer = begin_login(service, provider)
    cookies = dict(browser.cookies)
    assert browser.get("/auth/callback/test", params=answer).status_code == 302
    again = httpx.get(f"{service.url}/auth/callback/test", params=answer, cookies=cookies, trust_env=False)
    assert again.json()["error"] == "state_unknown"


def test_lets_two_tabs_of_a_browser_sign_in(service: AuthService, provider: OpenIdProvider) -> None:
    browser, first = begin_login(service, provider)
    second = provider.answer_to(browser.get("/auth/login", params={"provider": "test"}).headers["location"])
    assert browser.get("/auth/callback/test", params=first).status_code == 302
    assert browser.get("/auth/callback/test", params=second).status_code == 302


def test_sends_browsers_to_the_page_with_the_reason(service: AuthService) -> None:
    answer = httpx.get(f"{service.url}/auth/callback/test", headers={"Accept": "text/html"}, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/?error=state_missing")


def test_says_that_a_provider_is_unknown(service: AuthService) -> None:
    answer = httpx.get(f"{service.url}/auth/login", params={"provider": "other"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_provider")


def test_asks_with_pkce_state_and_nonce(service: AuthService) -> None:
    location = httpx.get(f"{service.url}/auth/login", params={"provider": "test"}, trust_env=False).headers["location"]
    query = httpx.URL(location).params
    assert {"state", "nonce", "code_challenge"} < set(query)
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["redirect_uri"] == f"{PUBLIC_URL}/auth/callback/test"


def test_logs_no_secret(service: AuthService, provider: OpenIdProvider) -> None:
    browser, answer = begin_login(service, provider)
    browser.get("/auth/callback/test", params=answer)
    token = browser.cookies["refresh_token"]
    text = service.log_file.read_text()
    assert "login_completed" in text
    assert [secret for secret in (answer["code"], answer["state"], token) if secret in text] == []
