"""Uploads to the backend: what is taken, what is not, and that nothing is left of what is not."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import io
import json
import os
import socket
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from starlette.requests import Request

from chat_backend.filestore import SWEEP_SECONDS, FileStore
from chat_backend.limits import Verdict
from chat_backend.messages import Messages, NewFile, NewMessage, NotFound, Standing
from chat_backend.uploads import Uploads
from chat_common.errors import ApiError, StoreUnavailable
from chat_common.postgres import Database
from support import servers
from support.backend_rest import client, events, pdf, upload
from support.chat import Chat, User
from support.waiting import until


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
        assert http.get("/api/threads").json()["threads"] == []
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
        until(lambda: any(platform.files.glob("incoming/*.part")), "the part file")
    until(lambda: sorted(platform.files.rglob("*")) == before, "the clean-up")


def test_half_upload_of_a_killed_replica_is_removed(platform: Chat) -> None:
    left = platform.files / "incoming" / f"{uuid.uuid4()}.part"
    left.write_bytes(b"%PDF-1.7 half")
    until(lambda: not left.exists(), "the removal of what a crash left")


def test_upload_that_begins_is_not_taken_for_a_half_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, lock, swept = FileStore(tmp_path, 100), fcntl.flock, []
    store.prepare()

    async def exists(_file_id: str) -> bool:
        return False

    def swept_before(handle: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:  # the upload's; the sweep's own would not wait
            swept.append(asyncio.run(store.sweep(exists)))
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", swept_before)
    part = store.new(str(uuid.uuid4()))
    part.write(b"%PDF-1.7")
    assert asyncio.run(store.sweep(exists)) == 0
    assert (swept, part.path.read_bytes()) == ([0], b"%PDF-1.7")
    part.discard()
    assert list(store.incoming.iterdir()) == []


def test_sweep_at_start_waits_for_the_store_and_no_longer(tmp_path: Path) -> None:
    store, asked = FileStore(tmp_path, 100), []
    store.prepare()
    left = store.incoming / f"{uuid.uuid4()}.part"
    left.write_bytes(b"%PDF-1.7 half")

    async def exists(file_id: str) -> bool:
        asked.append(file_id)
        if len(asked) < 3:
            raise StoreUnavailable("postgres", "connecting")
        return False

    async def scenario() -> None:
        sweeping = asyncio.create_task(store.sweep_forever(exists))
        async with asyncio.timeout(SWEEP_SECONDS):
            await asyncio.to_thread(until, lambda: not left.exists(), "the removal of what a crash left")
        sweeping.cancel()

    asyncio.run(scenario())
    assert asked == [left.stem] * 3


class Form:
    """What an upload needs besides the file store: a form with a PDF, a look at its pages, and a store that fails."""

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    def request(self) -> Request:
        fields = f'--b\r\nContent-Disposition: form-data; name="thread_id"\r\n\r\n{uuid.uuid4()}\r\n'
        file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\r\n--b--\r\n'

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": (fields + file).encode(), "more_body": False}

        return Request({"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=b")]}, receive)

    async def call(self, _job: str, *_values: Any) -> int:
        return 1

    async def plan(self, _user_id: str) -> str:
        return "paid"

    async def exhausted(self, _plan: str, _user_id: str) -> float:
        return 0.0

    async def admit(self, _plan: str, _user_id: str, _message_id: str) -> Verdict:
        return Verdict(True)

    async def standing(self, _message: NewMessage) -> Standing:
        return Standing("paid", None)

    async def store(self, _message: NewMessage, _file: NewFile) -> None:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "kept"),
    [
        (asyncio.CancelledError(), True),
        (StoreUnavailable("postgres", "ConnectionDoesNotExistError", outcome_unknown=True), True),
        (RuntimeError("whatever else"), True),
        (StoreUnavailable("postgres", "ConnectionRefusedError"), False),
        (NotFound(), False),
    ],
    ids=["stopped", "answer lost", "unexpected", "never asked", "refused"],
)
def test_bytes_whose_row_may_be_committed_are_the_sweeps_to_judge(tmp_path: Path, failure: BaseException, kept: bool) -> None:
    store, parts, user = FileStore(tmp_path, 100), Form(failure), str(uuid.uuid4())
    store.prepare()
    rest: Any = parts
    uploads = Uploads(store, rest, rest, messages=rest, limits=rest, profiles=rest, commands=rest, max_pages=9)

    async def scenario() -> None:
        with pytest.raises((asyncio.CancelledError, StoreUnavailable, RuntimeError, ApiError)):
            await uploads.take(parts.request(), user)

        async def exists(_file_id: str) -> bool:
            return True

        assert await store.sweep(exists) == kept

    asyncio.run(scenario())
    assert len(list(tmp_path.glob("*.pdf"))) == kept
    assert list(store.incoming.iterdir()) == []


def test_second_try_that_comes_to_nothing_does_not_undo_the_first() -> None:
    failures = [
        StoreUnavailable("postgres", "ConnectionDoesNotExistError", outcome_unknown=True),
        StoreUnavailable("postgres", "ConnectionRefusedError"),
    ]

    class LostAnswer(Database):
        @asynccontextmanager
        async def connection(self) -> AsyncIterator[Any]:
            raise failures.pop(0)
            yield

    messages = Messages(LostAnswer("postgresql://nobody@127.0.0.1:9/none", name="none"))
    with pytest.raises(StoreUnavailable) as failure:
        asyncio.run(messages.store(NewMessage(*(str(uuid.uuid4()) for _ in range(3)), "text")))
    assert failure.value.outcome_unknown
    assert failures == []


def test_stop_waits_for_the_thread_that_puts_a_file_into_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, linking, go_on = FileStore(tmp_path, 100), threading.Event(), threading.Event()
    store.prepare()
    part = store.new(str(uuid.uuid4()))
    part.write(b"%PDF-1.7")
    link = os.link

    def slow(*paths: Any) -> None:
        linking.set()
        go_on.wait(10)
        link(*paths)

    async def scenario() -> None:
        monkeypatch.setattr(os, "link", slow)
        placing = asyncio.create_task(part.place())
        await asyncio.to_thread(linking.wait, 10)
        placing.cancel()
        # Its end must not come before the thread's: what is cleaned up before would be made again.
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await placing
        assert store.path(part.file_id).exists()

    asyncio.run(scenario())
    part.discard()
    assert list(tmp_path.rglob("*.p*")) == []


def test_sweep_waits_for_a_transaction_that_may_make_a_file_somebodys(
    platform: Chat, postgres_server: servers.Postgres, tmp_path: Path
) -> None:
    async def scenario() -> None:
        rest: Any = None
        database = Database(postgres_server.dsn, name="sweeper")
        uploads = Uploads(rest, rest, database, messages=rest, limits=rest, profiles=rest, commands=rest, max_pages=9)
        await database.start()
        await database.ready.wait()
        user, file_id = User(), str(uuid.uuid4())
        message = NewMessage(str(uuid.uuid4()), str(uuid.uuid4()), user.id, "Uploaded a.pdf")
        file = NewFile(file_id, "a.pdf", 8, "00", "application/pdf", 1)
        async with database.transaction() as other:
            # An upload's transaction inserts the file, and then waits here for its run's table.
            await other.execute("LOCK TABLE runs IN SHARE MODE")
            storing = asyncio.create_task(Messages(database).store(message, file))
            while not await other.fetchval("SELECT 1 FROM pg_locks WHERE relation = 'runs'::regclass AND NOT granted"):
                assert not storing.done()
            looking = asyncio.create_task(uploads.exists(file_id))
            while not await other.fetchval("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                assert not looking.done(), "it was judged while its transaction was under way"
        await storing
        assert await looking
        assert not await uploads.exists(str(uuid.uuid4()))
        await database.stop()

    asyncio.run(scenario())


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
