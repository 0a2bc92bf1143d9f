"""Ends of sessions: asked for through the browser, and told from server to server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.http.urls import parameters
from realstack.oauth.client import ProviderClient
from realstack.oauth.forge import forge
from realstack.oauth.http import Answer, Session
from realstack.oauth.logout import LogoutReceiver, check_logout_answer, logout_request
from realstack.oauth.logout_tokens import logout_problems
from realstack.oauth.rogue.provider import RogueProvider, RogueUser
from realstack.oauth.tokens import decode
from realstack.secrets import secrets

pytestmark = pytest.mark.anyio

ENDPOINT = "http://issuer.test/logout?tenant=1"
BACK = "http://client.test/goodbye"
USER = RogueUser("reader-1", "reader@example.org", "Reader One")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


# Asked for through the browser


def test_request_names_session_client_and_where_to_go() -> None:
    request = logout_request(ENDPOINT, "app", "the-id-token-0123456789", BACK, extra={"ui_locales": "de"})
    assert parameters(request.url) == {
        "tenant": "1", "id_token_hint": "the-id-token-0123456789", "client_id": "app", "post_logout_redirect_uri": BACK,
        "state": request.state, "ui_locales": "de",
    }  # fmt: skip
    assert "the-id-token" not in repr(request)
    assert request.state


def test_request_without_a_way_back_has_no_state() -> None:
    assert parameters(logout_request("http://i.test/logout", "app", "", "").url) == {"client_id": "app"}


def test_answer_must_go_back_with_the_state() -> None:
    request = logout_request(ENDPOINT, "app", "", BACK, state="s")
    check_logout_answer(f"{BACK}?state=s", request)
    check_logout_answer(f"{BACK}?state=s#top", request)
    check_logout_answer(BACK, logout_request(ENDPOINT, "app", "", BACK, state=""))
    for callback, seen in (
        (f"{BACK}?state=x", "the state of the logout request\nSeen: another one"),
        (BACK, "Seen: none"),
        ("http://client.test/goodbyes?state=s", "redirects to http://client.test/goodbye after the logout\nSeen: http"),
        ("http://issuer.test/done", "Seen: http://issuer.test/done"),
    ):
        with pytest.raises(StackFailure, match=seen):
            check_logout_answer(callback, request)
    with pytest.raises(StackFailure, match="nowhere"):
        check_logout_answer(BACK, logout_request(ENDPOINT, "app", "", ""))
    with pytest.raises(StackFailure, match="carries no state\nSeen: another one"):
        check_logout_answer(f"{BACK}?state=x", logout_request(ENDPOINT, "app", "", BACK, state=""))


# Told from server to server


@asynccontextmanager
async def a_provider_and_its_client() -> AsyncIterator[tuple[RogueProvider, ProviderClient]]:
    provider = RogueProvider("app", "a-client-secret-0123456789", USER)
    client = ProviderClient(await provider.start("127.0.0.1", 0), "app", "a-client-secret-0123456789")
    try:
        await client.discover()
        yield provider, client
    finally:
        await client.close()
        await provider.close()


async def refused(client: ProviderClient, raw: str, **wanted: Any) -> list[str]:
    token = decode(raw)
    found = await client.untrusted(token, aside={"subject"})
    return [problem.code for problem in [*found, *logout_problems(token, **wanted)]]


async def test_good_logout_token_is_trusted() -> None:
    async with a_provider_and_its_client() as (provider, client):
        assert await refused(client, provider.logout_token("reader-1", "s-1", {}), subject="reader-1", session_id="s-1") == []
        assert await refused(client, provider.logout_token("reader-1", None, {})) == []
        assert await refused(client, provider.logout_token(None, "s-1", {})) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"nonce": "n"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"events": None}, "events"),
        ({"events": {}}, "events"),
        ({"events": ["http://schemas.openid.net/event/backchannel-logout"]}, "events"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": True}}, "events"),
        ({"sub": None}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sid": ""}, "subject"),
        ({"jti": None}, "jti"),
        ({"aud": "another"}, "audience"),
        ({"iss": "http://issuer.invalid"}, "issuer"),
        ({"exp": 5}, "expired"),
        ({"exp": None}, "expiry_missing"),
        ({"iat": None}, "issued_at"),
        ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, "issued_at"),
    ],
)
async def test_each_fault_of_a_logout_token_is_told_by_name(changes: dict[str, Any], problem: str) -> None:
    async with a_provider_and_its_client() as (provider, client):
        assert await refused(client, provider.logout_token("reader-1", None, changes)) == [problem]


async def test_logout_token_of_others_is_refused() -> None:
    async with a_provider_and_its_client() as (provider, client):
        good = provider.logout_token("reader-1", "s-1", {})
        assert await refused(client, good, subject="reader-2", session_id="s-2") == ["subject", "session"]
        for kind, problem in (("foreign-key", "signature"), ("alg-none", "algorithm"), ("tampered-payload", "signature")):
            assert problem in await refused(client, forge(decode(good), kind))  # type: ignore[arg-type]


async def posted(url: str, **form: str) -> Answer:
    session = Session("provider", recorded=False)
    try:
        return await session.send("POST", url, form=form)
    finally:
        await session.close()


async def test_receiver_gives_the_token_that_is_waited_for() -> None:
    provider, receiver = RogueProvider("app", "a-client-secret-0123456789", USER), LogoutReceiver()
    url = await receiver.start("127.0.0.1", 0, "hear")
    try:
        first, second = provider.logout_token("reader-1", "s-1", {}), provider.logout_token("reader-2", "s-2", {})
        for token in (first, second):
            assert (await posted(url, logout_token=token)).status == 200
        assert await receiver.wait(None, "s-2", 0) == second
        assert await receiver.wait("reader-1", None, 0) == first
        assert secrets.find(first)
        with pytest.raises(StackFailure, match=r"a logout token with sub 'reader-1' comes to .*/hear within 0 s\nSeen: nothing"):
            await receiver.wait("reader-1", None, 0)
    finally:
        await receiver.close()


async def test_receiver_tells_what_came_instead() -> None:
    receiver = LogoutReceiver(status=400)
    url = await receiver.start("127.0.0.1", 0, "/hear")
    try:
        token = RogueProvider("app", "a-client-secret-0123456789", USER).logout_token("reader-1", None, {})
        assert (await posted(url, logout_token=token)).status == 400
        assert (await posted(url, token="x")).status == 400
        assert (await posted(f"{url}/elsewhere", logout_token="x")).status == 400
        seen = (
            "Seen: one with sub 'reader-1' .before.; no logout request: POST /hear with token; no .* /hear/elsewhere with logout"
        )
        with pytest.raises(StackFailure, match=seen):
            await receiver.wait("reader-2", None, 0)
        assert (await posted(url, logout_token="no token at all")).status == 400
        assert await receiver.wait("reader-1", None, 0) == token
        assert await receiver.wait(None, None, 0) == "no token at all"
        with pytest.raises(StackError, match="is free to listen on"):
            await LogoutReceiver().start("127.0.0.1", int(url.split(":")[2].split("/")[0]), "/")
    finally:
        await receiver.close()
