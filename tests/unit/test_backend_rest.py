"""The backend's REST routes, limits, uploads and events, on real replicas and stores."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from pypdf import PdfWriter
from redis.asyncio import Redis
from reportlab.pdfgen.canvas import Canvas

from support import servers
from support.chat import INTERNAL_TOKEN, Chat, User, chat


@pytest.fixture(scope="module")
def platform(
    postgres_server: servers.Postgres,
    redis_server: servers.Redis,
    clickhouse_server: servers.ClickHouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chat]:
    account = {
        "CLICKHOUSE_USER": clickhouse_server.user,
        "CLICKHOUSE_PASSWORD": clickhouse_server.password,
        "CLICKHOUSE_DATABASE": clickhouse_server.database,
    }
    folder = tmp_path_factory.mktemp("chat")
    with chat(postgres_server, redis_server, clickhouse_server.url, folder, replicas=2, agents=1, **account) as running:
        yield running


def client(platform: Chat, user: User | None = None, replica: int = 0) -> httpx.Client:
    headers = {"Authorization": f"Bearer {platform.issuer.token(user)}"} if user else {}
    return httpx.Client(base_url=platform.replicas[replica].url, headers=headers, timeout=15, trust_env=False)


def pdf(*pages: str) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    for page in pages:
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 750 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def upload(
    platform: Chat, user: User, content: bytes, name: str = "report.pdf", replica: int = 0, **fields: str
) -> httpx.Response:
    with client(platform, user, replica) as http:
        data = {"thread_id": str(uuid.uuid4()), **fields}
        return http.post("/api/files", data=data, files={"file": (name, content, "application/pdf")})


# -- access ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/threads", "/api/files", "/api/workspaces", "/api/plan", f"/api/threads/{uuid.uuid4()}/messages"]
)
def test_every_route_wants_a_token(platform: Chat, path: str) -> None:
    user = User()
    for header in (None, "Bearer nonsense", f"Bearer {platform.issuer.token(user, -1)}", f"Basic {platform.issuer.token(user)}"):
        with client(platform) as http:
            answer = http.get(path, headers={"Authorization": header} if header else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert set(answer.json()) == {"error", "detail"}


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


# -- threads -----------------------------------------------------------------------------------------------------------


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


# -- limits ------------------------------------------------------------------------------------------------------------


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
        assert (limited["limit"], limited["window"], limited["message_id"]) == (5, 2, refused_id)
        assert await redis.get(f"limit:messages:{user.id}") == "5"
        assert 0 < await redis.pttl(f"limit:messages:{user.id}") <= limited["retry_after"] * 1000
        answer = await asyncio.to_thread(upload, platform, user, pdf("x"))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        await asyncio.sleep(limited["retry_after"])
        await second.say(thread_id, "sixth", refused_id)
        assert (await second.next("message_accepted"))["payload"].get("duplicate") is None
        assert await redis.get(f"limit:messages:{user.id}") == "1"
        await second.next("agent_completed")
        texts = [message["text"] for message in second.messages("user")]
        assert texts.count("sixth") == 1
        await asyncio.gather(first.close(), second.close(), redis.aclose())

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
            assert http.get("/api/plan").json() == {"plan": "free", "limit": 5, "window": 2}
            assert http.post("/api/plan", json={"plan": "paid"}).json() == {"plan": "paid", "limit": None, "window": 2}
        for number in range(8):
            await tab.say(str(uuid.uuid4()), f"number {number}")
            await tab.next("message_accepted")
        await tab.close()

    asyncio.run(scenario())


# -- files -------------------------------------------------------------------------------------------------------------


def test_file_is_stored_read_answered_and_given_back_whole(platform: Chat, clickhouse_server: servers.ClickHouse) -> None:
    async def scenario() -> None:
        user, thread_id = User(), str(uuid.uuid4())
        tab = await platform.tab(user, 1)
        content = pdf("The harbour opens at dawn.", "The vault code is 7319.\nNobody knows it.", "Fish are sold at noon.")
        answer = await asyncio.to_thread(
            upload,
            platform,
            user,
            content,
            "../../etc/Jahresbericht ü.pdf",
            thread_id=thread_id,
            question="What is the vault code?",
        )
        assert answer.status_code == 201
        body = answer.json()
        digest = hashlib.sha256(content).hexdigest()
        expected = ("Jahresbericht ü.pdf", len(content), digest, "application/pdf", "stored")
        assert (body["name"], body["size"], body["sha256"], body["content_type"], body["state"]) == expected
        done = (await tab.next("agent_completed", timeout=15))["payload"]["text"]
        assert "Answer (page 2): The vault code is 7319." in done
        assert tab.messages("user")[0]["file"] == {"id": body["id"], "name": "Jahresbericht ü.pdf", "size": len(content)}
        with client(platform, user) as http, client(platform, User()) as stranger:
            assert http.get("/api/files").json()["files"][0]["state"] == "processed"
            got = http.get(f"/api/files/{body['id']}")
            assert got.content == content
            assert got.headers["digest"] == "sha-256=" + base64.b64encode(hashlib.sha256(content).digest()).decode()
            assert "filename*=UTF-8''Jahresbericht%20%C3%BC.pdf" in got.headers["content-disposition"]
            assert stranger.get(f"/api/files/{body['id']}").status_code == 404
        await tab.say(thread_id, 'find "vault code" in my files')
        assert "page 2: The vault code is 7319." in (await tab.next("agent_completed"))["payload"]["text"]
        stored = events(clickhouse_server, body["id"], 2)
        assert {row["kind"] for row in stored} == {"file_stored", "file_processed"}
        assert all(json.loads(row["data"])["sha256"] == digest for row in stored)
        assert sorted(path.name for path in platform.files.iterdir()) == sorted([f"{body['id']}.pdf", "incoming"])
        await tab.close()

    asyncio.run(scenario())


def events(clickhouse: servers.ClickHouse, subject: str, count: int) -> list[dict[str, str]]:
    """Events about something, as soon as there are so many."""
    deadline = time.monotonic() + 10
    headers = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    while True:
        query = f"SELECT kind, data FROM events.chat_events FINAL WHERE subject_id = '{subject}' FORMAT JSONEachRow"
        answer = httpx.post(clickhouse.url, content=query, headers=headers, trust_env=False)
        rows = [json.loads(line) for line in answer.text.splitlines()] if answer.status_code == 200 else []
        if len(rows) >= count:
            return rows
        assert time.monotonic() < deadline, f"{len(rows)} of {count} events about {subject} came: {answer.text}"
        time.sleep(0.05)


def encrypted() -> bytes:
    writer = PdfWriter()
    writer.append(io.BytesIO(pdf("secret")))
    writer.encrypt("password")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def bomb() -> bytes:
    """Few bytes, many pages: every node of the page tree has the next one ten times as its kid."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [b"<< /Type /Pages /Count 1 /Kids [" + b"%d 0 R " % (number + 1) * 10 + b"] >>" for number in range(2, 12)]
    objects.append(b"<< /Type /Page /MediaBox [0 0 9 9] >>")
    data, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + tail


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (lambda: b"", 400, "empty_file"),
        (lambda: b"%PDF-1.7\n" + b"x" * 6_000_001, 413, "file_too_large"),
        (lambda: b"%PDF-1.7\n" + b"x" * 7_000_000, 413, "file_too_large"),
        (lambda: b"PK\x03\x04 not a pdf", 415, "not_a_pdf"),
        (lambda: b"%PDF-1.7\nbut nothing else\n%%EOF", 422, "broken_pdf"),
        (lambda: pdf("a", "b")[:-400], 422, "broken_pdf"),
        (encrypted, 422, "encrypted_pdf"),
        (lambda: pdf(*["page"] * 51), 422, "too_many_pages"),
        (bomb, 422, "too_many_pages"),
    ],
    ids=["empty", "large", "larger than any form", "zip", "hollow", "cut", "encrypted", "51 pages", "bomb"],
)
def test_files_that_are_not_taken_leave_nothing(platform: Chat, content: Any, status: int, code: str) -> None:
    user = User()
    before = sorted(platform.files.rglob("*"))
    answer = upload(platform, user, content())
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    with client(platform, user) as http:
        assert http.get("/api/files").json() == {"files": []}
        assert http.get("/api/threads").json() == {"threads": []}
    assert sorted(platform.files.rglob("*")) == before


def test_upload_that_is_cut_leaves_nothing(platform: Chat) -> None:
    user = User()
    before = sorted(platform.files.rglob("*"))
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7' + b"x" * 300_000
    head = (
        f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {platform.issuer.token(user)}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 4000000\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", platform.replicas[0].port)) as line:
        line.sendall(head + body)
        wait_until(lambda: any(platform.files.glob("incoming/*.part")), "the part file")
    wait_until(lambda: sorted(platform.files.rglob("*")) == before, "the clean-up")


def wait_until(good: Any, what: str) -> None:
    deadline = time.monotonic() + 10
    while not good():
        assert time.monotonic() < deadline, f"{what} did not come within 10 s"
        time.sleep(0.01)


def test_half_upload_of_a_killed_replica_is_removed(platform: Chat) -> None:
    left = platform.files / "incoming" / f"{uuid.uuid4()}.part"
    left.write_bytes(b"%PDF-1.7 half")
    wait_until(lambda: not left.exists(), "the removal of what a crash left")


def test_repeated_upload_with_a_message_id_is_one_file(platform: Chat) -> None:
    user, fields = User(), {"thread_id": str(uuid.uuid4()), "message_id": str(uuid.uuid4())}
    first = upload(platform, user, pdf("once"), replica=0, **fields).json()
    again = upload(platform, user, pdf("once"), replica=1, **fields)
    assert (again.status_code, again.json()["id"], again.json()["duplicate"]) == (201, first["id"], True)
    other = upload(platform, user, pdf("once"), replica=1, thread_id=fields["thread_id"]).json()
    assert other["id"] != first["id"]
    with client(platform, user) as http:
        assert len(http.get("/api/files").json()["files"]) == 2


@pytest.mark.parametrize("fields", [{"thread_id": "x"}, {"message_id": "x"}, {"question": "x" * 16_001}])
def test_upload_with_wrong_fields(platform: Chat, fields: dict[str, str]) -> None:
    answer = upload(platform, User(), pdf("x"), **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


# -- workspaces --------------------------------------------------------------------------------------------------------


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
        wait_until(lambda: any(replica.events("relay_delayed") for replica in platform.replicas), "the relay's complaint")
    finally:
        os.kill(clickhouse_server.pid, signal.SIGCONT)
    assert [row["kind"] for row in events(clickhouse_server, message_id, 1)] == ["message_stored"]
