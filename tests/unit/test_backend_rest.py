"""The backend's REST routes, limits, uploads and events, on real replicas and stores."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request

from chat_backend import api
from chat_backend.limits import counter_key
from chat_backend.profiles import Profiles
from chat_common.errors import ERROR_HANDLERS
from chat_common.postgres import Database
from chat_common.tokens import Claims
from support import servers
from support.backend_rest import client, events, pdf, upload
from support.chat import INTERNAL_TOKEN, Chat, User
from support.waiting import until


@pytest.mark.parametrize(
    "path", ["/api/threads", "/api/files", "/api/workspaces", "/api/plan", f"/api/threads/{uuid.UUID(int=1)}/messages"]
)
def test_every_route_wants_a_token(platform: Chat, path: str) -> None:
    user = User()
    for header in (None, "Bearer nonsense", f"Bearer {platform.issuer.token(user, -1)}", f"Basic {platform.issuer.token(user)}"):
        with client(platform) as http:
            answer = http.get(path, headers={"Authorization": header} if header else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert set(answer.json()) == {"error", "detail"}


def test_threads_beyond_a_page_are_listed_on_the_next(platform: Chat) -> None:
    with client(platform, User()) as http, client(platform, User()) as stranger:
        made = [http.post("/api/threads", json={"title": str(number)}).json()["id"] for number in range(7)]
        stranger.post("/api/threads", json={"title": "another's"})
        found, query = [], {"limit": "3"}
        for _page in range(3):
            page = http.get("/api/threads", params=query).json()
            found.append([item["id"] for item in page["threads"]])
            query["after"] = page["next"]
        assert found == [made[:3:-1], made[3:0:-1], made[:1]]
        assert query["after"] is None
        assert http.get("/api/threads").json()["next"] is None
        for cursor in ("", "x", "1", f"{'9' * 18}.{made[0]}", f"-1.{made[0]}", "1.2"):
            assert http.get("/api/threads", params={"after": cursor}).json()["error"] == "bad_request", cursor


def test_what_hangs_is_told_before_nginx_gives_the_replica_up(monkeypatch: pytest.MonkeyPatch) -> None:
    template = (Path(__file__).parents[2] / "docker" / "frontend" / "nginx.conf.template").read_text()
    place = re.search(r"location /api/ \{.*?proxy_read_timeout (\d+)s", template, re.DOTALL)
    assert place is not None
    # A second for the way there and back on a busy machine.
    assert int(place[1]) - 1 >= api.ANSWER_SECONDS

    class Hanging:
        async def user(self, _request: Request) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(api, "ANSWER_SECONDS", 0.01)
    parts: Any = dict.fromkeys([item.name for item in fields(api.Api)], None)
    app = Starlette(routes=api.Api(**(parts | {"access": Hanging()})).routes(), exception_handlers=ERROR_HANDLERS)

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://replica") as http:
            for path in ("/api/threads", "/api/plan", f"/api/files/{uuid.uuid4()}"):
                answer = await http.get(path)
                assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (503, "unavailable", "1")

    asyncio.run(ask())


def test_revoked_session_is_refused(platform: Chat, redis_server: servers.Redis) -> None:
    async def revoke(user: User) -> None:
        redis = Redis.from_url(redis_server.url)
        await redis.set(f"session:revoked:{user.session}", 1, ex=30)
        await redis.aclose()

    user = User()
    asyncio.run(revoke(user))
    with client(platform, user) as http:
        assert http.get("/api/threads").json()["error"] == "session_revoked"


def test_profile_follows_the_token(platform: Chat, postgres_server: servers.Postgres) -> None:
    user = User()

    def profile() -> tuple[str, str]:
        async def look() -> Any:
            connection = await asyncpg.connect(postgres_server.dsn)
            row = await connection.fetchrow("SELECT name, email FROM profiles WHERE user_id = $1", user.id)
            await connection.close()
            return row

        return tuple(asyncio.run(look()))

    now = int(time.time())
    for name, issued, expected in (("Ann", now - 2, "Ann"), ("Anna", now, "Anna"), ("Ann", now - 1, "Anna")):
        token = platform.issuer.token(user, name=name, iat=issued)
        with client(platform) as http:
            assert http.get("/api/plan", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert profile() == (expected, f"{user.id[:8]}@example.org")


def test_profile_is_the_newest_tokens_whichever_replica_it_came_to(platform: Chat, postgres_server: servers.Postgres) -> None:
    async def scenario() -> None:
        database = Database(postgres_server.dsn, name="profiles")
        await database.start()
        await database.ready.wait()
        here, there, user = Profiles(database), Profiles(database), User()
        look = "SELECT name, updated_at FROM profiles WHERE user_id = $1"

        async def name_after(replica: Profiles, name: str, issued_at: int) -> str:
            await replica.note(Claims(user.id, user.session, "a@example.org", name, "", issued_at, issued_at + 60, "t"))
            row = await database.fetchrow(look, user.id)
            return str(row["name"])

        assert await name_after(here, "Ann", 1) == "Ann"
        assert await name_after(there, "Anna", 2) == "Anna"
        assert await name_after(here, "Ann", 3) == "Ann", "it is what this replica wrote, but not what is there"
        changed = (await database.fetchrow(look, user.id))["updated_at"]
        assert await name_after(there, "Ann", 5) == "Ann"
        assert await name_after(here, "Anna", 4) == "Ann", "a newer token has said the same meanwhile"
        assert (await database.fetchrow(look, user.id))["updated_at"] == changed
        await database.stop()

    asyncio.run(scenario())


def test_threads_and_messages(platform: Chat) -> None:
    user, thread_id = User(), str(uuid.uuid4())
    with client(platform, user) as http, client(platform, User()) as stranger:
        made = http.post("/api/threads", json={"id": thread_id, "title": "Plans"})
        assert made.status_code == 201
        assert http.post("/api/threads", json={"id": thread_id, "title": "Others"}).json()["title"] == "Plans"
        assert stranger.post("/api/threads", json={"id": thread_id}).status_code == 404

        async def talk() -> None:
            tab = await platform.tab(user)
            for number in range(3):
                await tab.say(thread_id, f"What is {number} + 1?")
                await tab.next("agent_completed")
            await tab.close()

        asyncio.run(talk())
        listed = http.get("/api/threads").json()["threads"]
        assert [(item["id"], item["title"], item["last_seq"], item["read_seq"]) for item in listed] == [
            (thread_id, "Plans", 6, 0)
        ]
        page = http.get(f"/api/threads/{thread_id}/messages", params={"after": 1, "limit": 3}).json()
        assert ([message["seq"] for message in page["messages"]], page["has_more"]) == ([2, 3, 4], True)
        rest = http.get(f"/api/threads/{thread_id}/messages", params={"after": 4}).json()
        assert ([message["seq"] for message in rest["messages"]], rest["has_more"]) == ([5, 6], False)
        asked = [message["message_id"] for message in rest["messages"] if message["role"] == "user"]
        assert [message.get("answers") for message in rest["messages"]] == [None, *asked]
        # A page of nothing would have a next one for ever.
        assert http.get(f"/api/threads/{thread_id}/messages?limit=0").json()["error"] == "bad_request"
        assert rest["messages"][1]["text"] == "2 + 1 = 3"
        assert stranger.get(f"/api/threads/{thread_id}/messages").status_code == 404
        assert http.get("/api/threads/none/messages").status_code == 404
        assert http.get(f"/api/threads/{thread_id}/messages", params={"after": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/threads", "{"),
        ("/api/threads", "[]"),
        ("/api/threads", '{"id": "x"}'),
        ("/api/threads", '{"title": 5}'),
        ("/api/plan", '{"plan": "gold"}'),
    ],
)
def test_bad_bodies(platform: Chat, path: str, body: str) -> None:
    with client(platform, User()) as http:
        answer = http.post(path, content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_five_messages_pass_the_sixth_waits_and_repeats_do_not_count(platform: Chat, redis_server: servers.Redis) -> None:
    async def scenario() -> None:
        user, thread_id = User(), str(uuid.uuid4())
        redis = Redis.from_url(redis_server.url, decode_responses=True)
        first, second = await platform.tab(user, 0), await platform.tab(user, 1)
        ids = [await first.say(thread_id, f"number {number}") for number in range(5)]
        for _ in ids:
            await first.next("message_accepted")
        await second.say(thread_id, "number 0", ids[0])
        assert (await second.next("message_accepted"))["payload"]["duplicate"]
        refused_id = await second.say(thread_id, "sixth")
        limited = (await second.next("rate_limited"))["payload"]
        assert (limited["limit"], limited["window"], limited["message_id"]) == (5, 60, refused_id)
        counter = counter_key(user.id)
        left = await redis.pttl(counter)
        assert await redis.get(counter) == "5"
        assert 0 < left <= limited["retry_after"] * 1000
        answer = await asyncio.to_thread(upload, platform, user, pdf("x"))
        assert answer.status_code == 429
        assert await redis.pttl(counter) < int(answer.headers["retry-after"]) * 1000 <= left + 1000
        # The window is a minute, so that the machine may be slow; the rest of it is made a second, so that it can be waited for.
        await redis.pexpire(counter, 1000)
        await second.say(thread_id, "sixth", refused_id)
        await asyncio.sleep((await second.next("rate_limited"))["payload"]["retry_after"])
        await second.say(thread_id, "sixth", refused_id)
        assert (await second.next("message_accepted"))["payload"].get("duplicate") is None
        assert await redis.get(counter) == "1"
        await second.next("agent_completed")
        texts = [message["text"] for message in second.messages("user")]
        assert texts.count("sixth") == 1
        await asyncio.gather(first.close(), second.close(), redis.aclose())

    asyncio.run(scenario())


def test_upload_that_was_taken_is_known_again_when_no_more_are(platform: Chat) -> None:
    async def scenario() -> None:
        user, thread_id, message_id = User(), str(uuid.uuid4()), str(uuid.uuid4())
        content, place = pdf("x"), {"thread_id": thread_id, "message_id": message_id}
        tab = await platform.tab(user, 0)
        first = await asyncio.to_thread(upload, platform, user, content, **place)
        for number in range(5):
            await tab.say(thread_id, f"number {number}")
        await tab.next("rate_limited")
        again = await asyncio.to_thread(upload, platform, user, content, **place)
        assert (first.status_code, again.status_code) == (201, 201)
        assert (again.json()["id"], again.json()["duplicate"]) == (first.json()["id"], True)
        other = await asyncio.to_thread(upload, platform, user, content, thread_id=thread_id)
        assert other.status_code == 429
        await tab.close()

    asyncio.run(scenario())


def test_tabs_that_race_on_two_replicas_get_exactly_the_limit(platform: Chat) -> None:
    async def scenario() -> None:
        user = User()
        tabs = [await platform.tab(user, place % 2) for place in range(6)]
        for tab in tabs:
            for number in range(4):
                await tab.say(str(uuid.uuid4()), f"number {number}")
        outcomes = [(await tab.next("message_accepted", "rate_limited"))["type"] for tab in tabs for _ in range(4)]
        assert outcomes.count("message_accepted") == 5
        await asyncio.gather(*(tab.close() for tab in tabs))

    asyncio.run(scenario())


def test_paid_plan_has_no_limit_at_once_and_free_counts_again(platform: Chat) -> None:
    async def scenario() -> None:
        user = User()
        tab = await platform.tab(user, 1)
        for number in range(6):
            await tab.say(str(uuid.uuid4()), f"number {number}")
        await tab.next("rate_limited")
        with client(platform, user, 0) as http:
            assert http.get("/api/plan").json() == {"plan": "free", "limit": 5, "window": 60}
            assert http.post("/api/plan", json={"plan": "paid"}).json() == {"plan": "paid", "limit": None, "window": 60}
        for number in range(8):
            await tab.say(str(uuid.uuid4()), f"number {number}")
            await tab.next("message_accepted")
        await tab.close()

    asyncio.run(scenario())


def test_workspaces_are_made_once_and_never_after_their_deletion(platform: Chat) -> None:
    user, workspace, operation = User(), str(uuid.uuid4()), str(uuid.uuid4())
    secret = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
    body = {"user_id": user.id, "name": "Lab", "operation_id": operation}
    path = f"/internal/workspaces/{workspace}"
    with client(platform) as http, client(platform, user) as own:
        assert http.put(path, json=body).status_code == 401
        assert http.put(path, json=body, headers={"Authorization": "Bearer wrong"}).status_code == 401
        for _ in range(2):
            assert http.put(path, json=body, headers=secret).json()["name"] == "Lab"
        assert [item["id"] for item in own.get("/api/workspaces").json()["workspaces"]] == [workspace]
        assert http.put(path, json={**body, "operation_id": str(uuid.uuid4())}, headers=secret).status_code == 409
        for _ in range(2):
            assert http.delete(path, headers=secret).status_code == 204
        assert http.put(path, json=body, headers=secret).status_code == 410
        early = f"/internal/workspaces/{uuid.uuid4()}"
        assert http.delete(early, headers=secret).status_code == 204
        assert http.put(early, json={**body, "operation_id": str(uuid.uuid4())}, headers=secret).status_code == 410
        assert own.get("/api/workspaces").json() == {"workspaces": []}


def test_every_message_becomes_one_event(platform: Chat, clickhouse_server: servers.ClickHouse) -> None:
    async def scenario() -> list[str]:
        tab = await platform.tab(User())
        thread_id = str(uuid.uuid4())
        ids = [await tab.say(thread_id, f"number {number}") for number in range(5)]
        await tab.until_messages(10)
        await tab.close()
        return ids

    for message_id in asyncio.run(scenario()):
        assert [row["kind"] for row in events(clickhouse_server, message_id, 1)] == ["message_stored"]


def test_clickhouse_that_hangs_delays_only_events(platform: Chat, clickhouse_server: servers.ClickHouse) -> None:
    async def scenario() -> str:
        tab = await platform.tab(User())
        message_id = await tab.say(str(uuid.uuid4()), "What is 5 * 5?")
        await tab.next("agent_completed", text="5 * 5 = 25")
        await tab.close()
        return message_id

    os.kill(clickhouse_server.pid, signal.SIGSTOP)
    try:
        message_id = asyncio.run(scenario())
        until(lambda: any(replica.events("relay_delayed") for replica in platform.replicas), "the relay's complaint")
    finally:
        os.kill(clickhouse_server.pid, signal.SIGCONT)
    assert [row["kind"] for row in events(clickhouse_server, message_id, 1)] == ["message_stored"]
