"""The life of a session: refresh, its grace and its abuse, logout, keys, and what Redis is told."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis

from chat_auth import revocations
from chat_auth.settings import read_settings
from chat_common.errors import StoreUnavailable
from chat_common.settings import SettingsError
from chat_common.tokens import TokenRefused, Verifier
from support import servers
from support.auth_service import PUBLIC_URL, AuthService, User, auth_service, login
from support.openid_provider import OpenIdProvider, openid_provider
from support.waiting import until

GRACE_SECONDS = 30
"""So long that a busy machine keeps nobody from being in time; nobody waits for its end."""


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def service(
    provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthService]:
    folder = tmp_path_factory.mktemp("auth")
    with auth_service(folder, provider, **auth_stores, AUTH_REFRESH_GRACE=str(GRACE_SECONDS)) as running:
        yield running


@pytest.fixture
def user(service: AuthService, provider: OpenIdProvider) -> User:
    return login(service, provider)


def with_cookie(service: AuthService, token: str) -> httpx.Response:
    headers = {"X-Requested-With": "test", "Cookie": f"refresh_token={token}"}
    return httpx.post(f"{service.url}/auth/refresh", headers=headers, trust_env=False)


def execute(dsn: str, query: str, *values: object) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(query, *values)
        finally:
            await connection.close()

    asyncio.run(run())


def test_rotates_the_refresh_token_and_keeps_the_claims(user: User) -> None:
    first, before = user.browser.cookies["refresh_token"], user.refresh().json()
    asked_at = int(time.time())
    after = user.refresh().json()
    assert user.browser.cookies["refresh_token"] != first
    assert after["user"] == before["user"]
    assert after["expires_in"] == 300
    assert asked_at <= after["expires_at"] - 300 <= time.time(), "in whole seconds"
    assert user.refresh().headers["cache-control"] == "no-store"


def test_gives_two_tabs_that_refresh_at_once_the_same_successor(service: AuthService, user: User) -> None:
    token = user.browser.cookies["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: with_cookie(service, token), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.cookies["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert with_cookie(service, successors.pop()).status_code == 200


def test_a_token_is_used_when_its_turn_has_come_and_not_when_it_began_to_wait(
    service: AuthService, user: User, auth_stores: dict[str, str]
) -> None:
    token = user.browser.cookies["refresh_token"]

    async def refresh_behind_a_lock() -> bool:
        connection = await asyncpg.connect(auth_stores["AUTH_DATABASE_URL"])
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM sessions FOR UPDATE")
                tab = asyncio.create_task(asyncio.to_thread(with_cookie, service, token))
                while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await connection.execute("SELECT pg_sleep(0.01)")
                released = await connection.fetchval("SELECT clock_timestamp()")
            assert (await tab).status_code == 200
            return bool(await connection.fetchval("SELECT max(used_at) > $1 FROM refresh_tokens", released))
        finally:
            await connection.close()

    assert asyncio.run(refresh_behind_a_lock())


def test_ends_the_session_when_an_older_token_comes_back(service: AuthService, user: User) -> None:
    oldest = user.browser.cookies["refresh_token"]
    user.refresh()
    user.refresh()
    assert with_cookie(service, oldest).json()["error"] == "refresh_reused"
    assert user.refresh().json()["error"] == "session_revoked"
    assert user.browser.get("/auth/me", headers=user.bearer).status_code == 401


def test_ends_the_session_when_the_predecessor_comes_back_too_late(
    service: AuthService, user: User, auth_stores: dict[str, str]
) -> None:
    token = user.browser.cookies["refresh_token"]
    user.refresh()
    # The grace is made to be over, instead of waiting for it.
    past = "UPDATE refresh_tokens SET used_at = used_at - interval '1 minute' WHERE used_at IS NOT NULL"
    execute(auth_stores["AUTH_DATABASE_URL"], past)
    assert with_cookie(service, token).json()["error"] == "refresh_reused"


def test_says_why_a_refresh_token_is_refused(service: AuthService, user: User, auth_stores: dict[str, str]) -> None:
    nobody = httpx.post(f"{service.url}/auth/refresh", headers={"X-Requested-With": "test"}, trust_env=False)
    assert (nobody.status_code, nobody.json()["error"]) == (401, "refresh_missing")
    assert with_cookie(service, "made-up").json()["error"] == "refresh_unknown"
    execute(auth_stores["AUTH_DATABASE_URL"], "UPDATE refresh_tokens SET expires_at = now() WHERE used_at IS NULL")
    assert user.refresh().json()["error"] == "refresh_expired"


def test_refreshes_for_its_own_pages_only(user: User) -> None:
    assert user.browser.post("/auth/refresh").status_code == 403
    assert user.refresh(Origin="https://evil.example.org").json()["error"] == "wrong_origin"
    assert user.refresh(Origin=PUBLIC_URL).status_code == 200


def test_stores_no_token_in_the_clear(user: User, auth_stores: dict[str, str]) -> None:
    async def dump() -> str:
        connection = await asyncpg.connect(auth_stores["AUTH_DATABASE_URL"])
        try:
            return str([await connection.fetch(f"SELECT * FROM {table}") for table in ("sessions", "refresh_tokens")])
        finally:
            await connection.close()

    assert user.browser.cookies["refresh_token"] not in asyncio.run(dump())


@pytest.mark.parametrize("by", ["bearer", "cookie"])
def test_logs_out_everywhere(user: User, redis_server: servers.Redis, by: str) -> None:
    client = redis.Redis.from_url(redis_server.url, decode_responses=True)
    listener = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    listener.subscribe("sessions")
    listener.get_message(timeout=2)
    session = user.browser.get("/auth/me", headers=user.bearer).json()["session_id"]
    token = user.browser.cookies["refresh_token"]
    if by == "bearer":
        user.browser.cookies.clear()
    answer = user.browser.post("/auth/logout", headers=user.bearer if by == "bearer" else {})
    assert answer.status_code == 204
    # A logout waits for Redis for a moment only: where that takes longer, it is told afterwards.
    until(lambda: bool(client.exists(f"session:revoked:{session}")), "the revocation in Redis")
    assert 300 < client.ttl(f"session:revoked:{session}") <= 360
    news = f'{{"sid": "{session}", "reason": "logout"}}'
    until(lambda: (listener.get_message() or {}).get("data") == news, "the news of the logout")
    assert with_cookie(user.service, token).json()["error"] == "session_revoked"
    assert user.browser.get("/auth/me", headers=user.bearer).headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert "refresh_token" not in user.browser.cookies


def test_tells_redis_what_it_missed(provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path: Path) -> None:
    """Redis is away at the logout, and comes back empty afterwards."""
    port = servers.free_port()
    with auth_service(tmp_path, provider, **{**auth_stores, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}) as service:
        user = login(service, provider)
        session = user.browser.get("/auth/me", headers=user.bearer).json()["session_id"]
        assert user.browser.post("/auth/logout", headers=user.bearer).status_code == 204
        assert user.browser.get("/auth/me", headers=user.bearer).status_code == 401
        for _ in range(2):
            with _redis(tmp_path, port) as client:
                until(lambda: client.ttl(f"session:revoked:{session}") > 0)


def test_an_announcement_that_the_database_held_up_is_made_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "WATCH_SECONDS", 0.01)

    class Stores:
        """A Redis that stays the same, and a database that can't be reached the second time it is asked."""

        asked = 0

        async def info(self, _section: str) -> dict[str, str]:
            return {"run_id": "one"}

        async def execute(self, *_query: object) -> None:
            """Nothing is forgotten, since nothing was announced."""

        async def fetch(self, *_query: object) -> list[object]:
            self.asked += 1
            if self.asked == 1:
                announcing.notify()
            if self.asked == 2:
                raise StoreUnavailable("postgres", "ConnectionRefusedError")
            if self.asked == 3:
                again.set()
            return []

    async def scenario() -> None:
        running = asyncio.create_task(announcing.run())
        await asyncio.wait_for(again.wait(), 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stores: Any = Stores()
    announcing, again = revocations.Revocations(stores, stores, 300), asyncio.Event()
    asyncio.run(scenario())


class _redis:  # noqa: N801 - used as a function
    def __init__(self, folder: Path, port: int) -> None:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process = subprocess.Popen(["setpriv", "--pdeathsig=KILL", "--", *command], stdout=subprocess.DEVNULL)
        self._client = redis.Redis(port=port, decode_responses=True)

    def __enter__(self) -> redis.Redis:
        until(self._answers)
        return self._client

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait(5)

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False


def test_publishes_keys_that_others_can_check_its_tokens_with(service: AuthService, user: User) -> None:
    jwks = httpx.get(f"{service.url}/.well-known/jwks.json", trust_env=False).json()
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in jwks["keys"])

    async def check() -> None:
        verifier = Verifier(f"{service.url}/.well-known/jwks.json", PUBLIC_URL, "chat")
        claims = await verifier.verify(user.access_token)
        assert (claims.email, claims.name, claims.expires_at - claims.issued_at) == ("one@example.org", "Reader One", 300)
        with pytest.raises(TokenRefused, match="signature"):
            await verifier.verify(user.access_token[:-8] + "AAAAAAAA")
        await verifier.close()

    asyncio.run(check())


def test_signs_with_a_new_key_after_sighup_and_accepts_the_old_one(service: AuthService, user: User) -> None:
    keys = Path(service.environment["AUTH_SIGNING_KEYS_DIR"])
    new = keys / "0002.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", new], check=True)
    (keys / "0003.pem").write_text("no key")
    service.signal(signal.SIGHUP)
    until(lambda: any(line["event"] == "signing_keys_not_loaded" for line in service.log()))
    (keys / "0003.pem").unlink()
    loaded = len([line for line in service.log() if line["event"] == "signing_keys_loaded"])
    service.signal(signal.SIGHUP)
    until(lambda: len([line for line in service.log() if line["event"] == "signing_keys_loaded"]) > loaded)
    old = user.bearer
    user.refresh()
    assert old["Authorization"].split(".")[0] != user.bearer["Authorization"].split(".")[0]
    assert user.browser.get("/auth/me", headers=old).status_code == 200
    assert user.browser.get("/auth/me", headers=user.bearer).status_code == 200
    new.unlink()
    service.signal(signal.SIGHUP)


def test_serves_nobody_without_a_good_token(service: AuthService) -> None:
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic abc"}):
        answer = httpx.get(f"{service.url}/auth/me", headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_stops_gracefully(provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path: Path) -> None:
    with auth_service(tmp_path, provider, **auth_stores) as service:
        user = login(service, provider)
        assert user.browser.get("/auth/config").json()["access_token_ttl"] == 300
        assert service.end() == 0
    assert service.log()[-1]["event"] == "stopped"


def test_waits_for_its_database_and_says_so(provider: OpenIdProvider, auth_stores: dict[str, str], tmp_path: Path) -> None:
    settings = {**auth_stores, "AUTH_DATABASE_URL": "postgresql://owner:pass-word-1@127.0.0.1:1/none"}
    with auth_service(tmp_path, provider, wait="live", **settings) as service:

        def others() -> list[str]:
            ready = httpx.get(f"{service.url}/health/ready", trust_env=False)
            assert (ready.status_code, ready.json()["status"]) == (503, "unready")
            return [ready.json()["checks"][store] for store in ("redis", "clickhouse")]

        # A check has half a second, which the first ones of a process may need on a busy machine.
        until(lambda: others() == ["ok", "ok"], "the other stores")
        refused = httpx.get(f"{service.url}/auth/login?provider=test", trust_env=False)
        assert (refused.status_code, refused.json()["error"], refused.headers["retry-after"]) == (503, "unavailable", "1")
    assert "pass-word-1" not in service.log_file.read_text()


def test_names_every_wrong_setting() -> None:
    with pytest.raises(SettingsError) as failure:
        read_settings(
            {"PORT": "x", "AUTH_PROVIDERS": '[{"id":"A","issuer":"ftp://x"}]', "AUTH_DATABASE_URL": "mysql://u:hidden@h/d"}
        )
    text = str(failure.value)
    for name in ("PORT", "PUBLIC_URL", "AUTH_PROVIDERS[0]", "AUTH_DATABASE_URL", "REDIS_URL", "INTERNAL_TOKEN"):
        assert name in text
    assert "hidden" not in text


@pytest.mark.parametrize("domain", ["*", "Example.org", "example.org,example.com", "https://example.org", 7])
def test_a_hosted_domain_is_one_domain(domain: object) -> None:
    provider = {"id": "a", "issuer": "https://id.example.org", "client_id": "chat", "hosted_domain": domain}
    with pytest.raises(SettingsError, match="hosted_domain"):
        read_settings({"AUTH_PROVIDERS": json.dumps([provider])})


def test_the_way_to_providers_is_an_address_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"(?s)AUTH_PROVIDER_PROXY: must be an absolute URL.*AUTH_PROVIDER_CA: there is no file"
    ):
        read_settings({"AUTH_PROVIDER_PROXY": "proxy:3128", "AUTH_PROVIDER_CA": str(tmp_path / "ca.pem")})
