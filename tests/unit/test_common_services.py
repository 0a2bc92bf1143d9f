"""What the services share: settings, logs, stores that come and go, migrations, and access tokens."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from chat_common import tokens
from chat_common.clickhouse import ClickHouse, ClickHouseError, literal
from chat_common.doors import doors_route
from chat_common.errors import ERROR_HANDLERS, StoreUnavailable
from chat_common.logs import JsonFormatter, Log, redact
from chat_common.postgres import Database, migrate
from chat_common.serve import LingeringClose
from chat_common.settings import ClickHouseSettings, Env, SettingsError, service_settings
from chat_common.tasks import Together, cancel, insist, jittered, keep_running
from chat_common.tokens import REFETCHES_AT_ONCE, TokenRefused, Verifier, check_token, keys_by_id
from support import servers
from support.loopback import served

ISSUER, AUDIENCE = "http://platform", "chat"


def test_reads_settings_with_their_defaults() -> None:
    read = service_settings(Env({"PORT": "8000"}), "backend")
    assert (read.name, read.host, read.port, read.log_level) == ("backend", "127.0.0.1", 8000, "INFO")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", ""), ("PORT", "0"), ("PORT", "65536"), ("PORT", "1.5"), ("LOG_LEVEL", "loud"), ("SERVICE_NAME", "a b")],
)
def test_names_the_wrong_variable(name: str, value: str) -> None:
    env = Env({"PORT": "1", name: value})
    service_settings(env, "x")
    with pytest.raises(SettingsError, match=name):
        env.finish()


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "soon"])
def test_refuses_what_is_no_duration(value: str) -> None:
    env = Env({"T": value})
    env.seconds("T", minimum=0, maximum=1e6)
    with pytest.raises(SettingsError):
        env.finish()


@pytest.mark.parametrize("value", ["redis://:hidden@", "http://u:hidden@h/x", "//u:hidden@h", "postgresql://u:hidden@h:port/d"])
def test_hides_what_may_be_a_secret(value: str) -> None:
    env = Env({"U": value})
    env.url("U", schemes=("redis", "postgresql"))
    with pytest.raises(SettingsError) as failure:
        env.finish()
    assert "hidden" not in str(failure.value)


SECRETS = [
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "Bearer abcdef0123456789",
    "postgresql://auth:hidden0123@127.0.0.1:5432/auth",
    "redis://:hidden0123@127.0.0.1/0",
    "GET /auth/callback/x?code=hidden0123&state=hidden0123 HTTP/1.1",
]


# Runs of what the patterns look for, as anybody may send them as a path.
HOSTILE_TEXTS = ["a", "eyJaaaaaa", "eyJ-", "a://b:", "Bearer "]
REDACTED_IN_BOUNDS = """
import resource, sys
from chat_common.logs import redact
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for text in sys.argv[1:]:
    redact(text * (400_000 // len(text)), "path")
"""


def test_a_text_of_any_form_is_logged_within_bounds() -> None:
    command = [sys.executable, "-c", REDACTED_IN_BOUNDS, *HOSTILE_TEXTS]
    done = subprocess.run(command, env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert done.returncode == 0, "60 s of the processor are not enough to log one path"


@pytest.mark.parametrize("text", SECRETS)
def test_takes_credentials_out_of_texts(text: str) -> None:
    cleaned = json.dumps(redact({"a": [text], "b": text}))
    assert "hidden0123" not in cleaned
    assert "abcdef0123456789" not in cleaned
    assert "eyJzdWIiOiIxIn0" not in cleaned


@pytest.mark.parametrize(
    "name",
    ["password", "client_secret", "refresh_token", "access_token", "token", "Authorization", "cookie"],
)
def test_takes_credentials_out_by_name(name: str) -> None:
    assert redact({name: "anything"}) == {name: "[redacted]"}


@pytest.mark.parametrize("name", ["status", "error_code", "token_id", "user_id", "close_code", "tokens_left", "reason", "path"])
def test_leaves_other_fields_alone(name: str) -> None:
    assert redact({name: "kept"}) == {name: "kept"}


@pytest.mark.parametrize("name", ["code", "state", "nonce"])
def test_tells_secrets_from_words_of_the_same_name(name: str) -> None:
    assert redact({name: "rolled_back"}) == {name: "rolled_back"}
    assert redact({name: "AbCdEfGhIjKlMnOp01"}) == {name: "[redacted]"}


def test_writes_one_json_object_a_line() -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "something_happened", None, None)
    record.fields = {"user_id": "u\n1", "ts": "not mine", "password": "p"}
    line = JsonFormatter("backend-1").format(record)
    assert "\n" not in line
    read = json.loads(line)
    assert read.pop("ts").endswith("Z")
    assert read == {
        "level": "warning", "service": "backend-1", "event": "something_happened", "user_id": "u\n1", "password": "[redacted]",
    }  # fmt: skip
    assert isinstance(Log("x"), Log)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_quotes_every_text_for_clickhouse(text: str) -> None:
    quoted = literal(text)
    assert quoted.startswith("'")
    assert "'" not in quoted[1:-1].replace("\\\\", "").replace("\\'", "")


def test_clickhouse_gives_back_what_it_was_given(clickhouse_server: servers.ClickHouse) -> None:
    where = ClickHouseSettings(
        clickhouse_server.url, clickhouse_server.user, clickhouse_server.password, clickhouse_server.database
    )
    awkward = 'it\'s a \\ "test"\n\twith ü, 漢字, 🎈, {braces} and\u2028other\x85ends of lines'

    async def run() -> None:
        client = ClickHouse(where)
        table = "CREATE TABLE events.texts (t String, n UInt64) ENGINE = MergeTree() ORDER BY n"
        await client.execute(table)
        await client.insert("texts", [{"t": awkward, "n": 2**63}, {"t": "other", "n": 1}])
        assert await client.query("SELECT t, n FROM events.texts WHERE t = {t}", {"t": awkward}) == [{"t": awkward, "n": 2**63}]
        assert await client.query("SELECT count() AS c FROM events.texts WHERE n IN {n}", {"n": [1, 2]}) == [{"c": 1}]
        with pytest.raises(ClickHouseError) as failure:
            await client.execute("SELECT nonsense")
        assert failure.value.code == 47
        with pytest.raises(KeyError, match="missing"):
            await client.query("SELECT {missing}", {})
        await client.close()

    asyncio.run(run())
    assert clickhouse_server.password not in repr(where)


def test_clickhouse_says_whether_a_request_may_have_been_carried_out(clickhouse_server: servers.ClickHouse) -> None:
    async def hang(_request: Request) -> Response:
        await asyncio.to_thread(answered.wait, 10)
        return Response()

    async def reason(url: str) -> bool:
        # The connection must be there in that time, too.
        client = ClickHouse(ClickHouseSettings(url, "u", "p", "events"), timeout=0.5)
        with pytest.raises(StoreUnavailable) as failure:
            await client.execute("SELECT 1")
        await client.close()
        return failure.value.outcome_unknown

    answered = threading.Event()
    with served(Starlette(routes=[Route("/", hang, methods=["POST"])])) as origin:
        assert asyncio.run(reason(origin)) is True
        answered.set()
    assert asyncio.run(reason("http://127.0.0.1:1")) is False


def test_database_comes_up_when_its_server_does(postgres_server: servers.Postgres) -> None:
    """The address is wrong at first, as when the server is not there yet."""

    async def run() -> None:
        port = servers.free_port()
        database = Database(
            postgres_server.dsn.replace(f":{postgres_server.port}/", f":{port}/"), name="late", schema=LATE, timeout=2
        )
        await database.start()
        with pytest.raises(StoreUnavailable):
            await database.check()
        relay = await asyncio.start_server(lambda r, w: forward(r, w, postgres_server.port), "127.0.0.1", port)
        await asyncio.wait_for(database.ready.wait(), 5)
        await database.execute("INSERT INTO late VALUES ($1)", {"a": [1]})
        assert await database.fetchval("SELECT data FROM late") == {"a": [1]}
        with pytest.raises(asyncpg.UndefinedTableError):
            await database.fetch("SELECT * FROM nowhere")
        with pytest.raises(asyncpg.DataError):
            await database.fetchval("SELECT $1::int", "text")
        await database.stop()
        relay.close()

    asyncio.run(run())


LATE = ("CREATE TABLE IF NOT EXISTS late (data jsonb)",)


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    await asyncio.gather(copy(reader, back), copy(there, writer))


def test_database_outlives_its_connections(postgres_server: servers.Postgres) -> None:
    async def run() -> None:
        database = Database(postgres_server.dsn, name="outlives", timeout=2)
        await database.start()
        await asyncio.wait_for(database.ready.wait(), 5)
        with pytest.raises(StoreUnavailable):
            async with database.transaction() as connection:
                await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await database.check()
        await database.stop()

    asyncio.run(run())


def test_who_gives_up_does_not_wait_until_a_hanging_server_knows() -> None:
    class Hanging:
        async def acquire(self, timeout: float) -> None:
            """A connection, whatever it is."""

        async def release(self, _connection: None, timeout: float) -> None:
            await asyncio.Event().wait()

    async def use(database: Database) -> None:
        async with database.connection():
            await asyncio.Event().wait()

    async def run() -> None:
        database, hanging = Database("postgresql://nobody@127.0.0.1:9/none", name="hangs"), Hanging()
        database._pool = hanging
        using = asyncio.create_task(use(database))
        await asyncio.sleep(0)
        using.cancel()
        # Everything that is ready happens.
        for _ in range(10):
            await asyncio.sleep(0)
        assert using.cancelled()

    asyncio.run(run())


def test_migrates_once_however_many_replicas_start(postgres_server: servers.Postgres) -> None:
    schema = ("CREATE TABLE IF NOT EXISTS migrated (n int)", "INSERT INTO migrated VALUES (1)")

    async def run() -> None:
        connections = [await asyncpg.connect(postgres_server.dsn) for _ in range(4)]
        ran = await asyncio.gather(*(migrate(connection, "test", schema) for connection in connections))
        assert sorted(ran) == [False, False, False, True]
        assert await connections[0].fetchval("SELECT count(*) FROM migrated") == 1
        assert await migrate(connections[0], "test", (*schema, "SELECT 1")) is True
        for connection in connections:
            await connection.close()

    asyncio.run(run())


def make_key() -> ECKey:
    key = ECKey.generate_key("P-256")
    key.ensure_kid()
    return key


def make_token(key: ECKey, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u", "sid": "s", "iat": now, "exp": now + 3600, **changes}
    return jwt.encode({"alg": "ES256", "kid": str(key.kid), **(header or {})}, claims, key, algorithms=["ES256"])


KEY, OTHER, NOBODYS = make_key(), make_key(), make_key()


REFUSED = {
    "nothing": ("", "malformed"),
    "no base64": ("a.b.c", "malformed"),
    "no ASCII": ("é.b.c", "malformed"),
    "a part too many": (make_token(KEY) + ".x", "malformed"),
    "of a key that is not known": (make_token(OTHER), "unknown_key"),
    "of another key under its name": (make_token(OTHER, {"kid": str(KEY.kid)}), "signature"),
    "of another issuer": (make_token(KEY, iss="http://other"), "issuer"),
    "for others": (make_token(KEY, aud="other"), "audience"),
    "for several others": (make_token(KEY, aud=["other"]), "audience"),
    "expired": (make_token(KEY, exp=int(time.time()) - 1), "expired"),
    "until a word": (make_token(KEY, exp="tomorrow"), "claims"),
    "until a truth": (make_token(KEY, exp=True), "claims"),
    "of tomorrow": (make_token(KEY, iat=int(time.time()) + 86400), "claims"),
    "not before tomorrow": (make_token(KEY, nbf=int(time.time()) + 86400), "claims"),
    "not before a word": (make_token(KEY, nbf="today"), "claims"),
    "of nobody": (make_token(KEY, sub=""), "claims"),
    "of no session": (make_token(KEY, sid=None), "claims"),
}


@pytest.mark.parametrize(("token", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses_a_token_for_its_own_reason(token: str, reason: str) -> None:
    with pytest.raises(TokenRefused) as refusal:
        check_token(token, {str(KEY.kid): KEY}, ISSUER, AUDIENCE)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256"}, {}])
def test_accepts_no_algorithm_but_its_own(header: dict[str, str]) -> None:
    head, _, rest = make_token(KEY).partition(".")
    forged = urlsafe_b64encode(json.dumps({"kid": str(KEY.kid), **header}).encode()).rstrip(b"=").decode()
    assert head != forged
    with pytest.raises(TokenRefused, match="alg"):
        check_token(f"{forged}.{rest}", {str(KEY.kid): KEY}, ISSUER, AUDIENCE)


def test_verifier_follows_new_keys_and_outlives_the_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    # However long it takes, no other question is earned meanwhile.
    monkeypatch.setattr(tokens, "REFETCH_PAUSE", 3600.0)
    published, asked = [KEY], []

    async def jwks(_request: Request) -> Response:
        asked.append(1)
        return JSONResponse({"keys": [key.as_dict(private=False) for key in published] + [{"kty": "oct", "k": "AA"}]})

    async def run(origin: str) -> Verifier:
        verifier = Verifier(f"{origin}/jwks", ISSUER, AUDIENCE)
        await asyncio.gather(*(verifier.verify(make_token(KEY)) for _ in range(10)))
        assert len(asked) == 1
        published.append(OTHER)  # right after it asked
        assert (await verifier.verify(make_token(OTHER))).user_id == "u"
        for _ in range(10):
            with pytest.raises(TokenRefused, match="unknown_key"):
                await verifier.verify(make_token(NOBODYS))
        assert len(asked) == REFETCHES_AT_ONCE
        published.append(NOBODYS)
        verifier._asks_counted -= tokens.REFETCH_PAUSE
        assert (await verifier.verify(make_token(NOBODYS))).user_id == "u"
        return verifier

    async def alone() -> None:
        with served(Starlette(routes=[Route("/jwks", jwks)])) as origin:
            verifier = await run(origin)
        assert (await verifier.verify(make_token(KEY))).session_id == "s"
        await verifier.close()
        nobody = Verifier("http://127.0.0.1:1/jwks", ISSUER, AUDIENCE)
        with pytest.raises(StoreUnavailable):
            await nobody.verify(make_token(KEY))
        await nobody.close()

    asyncio.run(alone())


def test_nobody_whose_key_is_known_waits_for_a_silent_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are old are fetched again beside the requests; who needs a new one shares one wait, which ends."""
    monkeypatch.setattr(tokens, "KEYS_LIFETIME", 0.0)
    monkeypatch.setattr(tokens, "RETRY_PAUSE", 60.0)
    asked, silent, speak = [0], threading.Event(), threading.Event()

    async def jwks(_request: Request) -> Response:
        asked[0] += 1
        if asked[0] == 1:
            # Only the silent ones are given up so soon: this one must come through.
            monkeypatch.setattr(tokens, "FETCH_SECONDS", 0.2)
        else:
            silent.set()
            await asyncio.to_thread(speak.wait, 10)
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    async def run(origin: str) -> None:
        verifier = Verifier(f"{origin}/jwks", ISSUER, AUDIENCE)
        fresh = asyncio.create_task(verifier.keep_fresh())
        await asyncio.to_thread(silent.wait, 10)
        for _ in range(20):
            assert (await verifier.verify(make_token(KEY))).user_id == "u"
        assert asked == [2]
        unknown = await asyncio.gather(*(verifier.verify(make_token(OTHER)) for _ in range(20)), return_exceptions=True)
        assert {str(refusal) for refusal in unknown} == {"access token refused: unknown_key"}
        assert asked[0] <= 3
        fresh.cancel()
        await verifier.close()

    with served(Starlette(routes=[Route("/jwks", jwks)])) as origin:
        asyncio.run(run(origin))
        speak.set()


@pytest.mark.parametrize("jwks", [None, [], {}, {"keys": None}])
def test_refuses_what_is_no_jwk_set(jwks: Any) -> None:
    with pytest.raises(ValueError, match="not a JWK set"):
        keys_by_id(jwks)


def test_shares_one_attempt() -> None:
    async def run() -> None:
        together, runs = Together(), []

        async def work() -> int:
            runs.append(1)
            await asyncio.sleep(0.01)
            return len(runs)

        impatient = asyncio.create_task(together.run("x", work))
        others = [asyncio.create_task(together.run("x", work)) for _ in range(3)]
        await asyncio.sleep(0)
        impatient.cancel()
        assert await asyncio.gather(*others) == [1, 1, 1]
        assert await together.run("x", work) == 2

    asyncio.run(run())


def test_keeps_work_running() -> None:
    async def run() -> None:
        tries = []

        async def work() -> None:
            tries.append(1)
            if len(tries) < 3:
                raise ConnectionError

        await asyncio.wait_for(keep_running("w", work, cap=0.01), 2)
        assert len(tries) == 3

    asyncio.run(run())
    assert all(0.05 <= jittered(0) <= 0.1 and all(1 <= jittered(n) <= 2 for n in (50, 2000, 10**6)) for _ in range(100))


def test_insists_with_pauses_of_a_second_at_most_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def act() -> int:
        if len(pauses) < 2000:
            raise ConnectionError
        return len(pauses)

    monkeypatch.setattr("chat_common.tasks.asyncio.sleep", sleep)
    assert asyncio.run(insist("it", act, ConnectionError)) == 2000
    assert pauses[0] <= 0.1
    assert 0.5 <= max(pauses) <= 1


def test_task_that_was_not_told_that_it_is_cancelled_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_common.tasks.CANCEL_AGAIN_AFTER", 0.01)
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1
        raise asyncio.CancelledError

    async def scenario() -> None:
        tasks = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(60))]
        await asyncio.sleep(0)
        await cancel(*tasks)
        assert all(task.cancelled() for task in tasks)
        await cancel()

    asyncio.run(scenario())
    assert told == 3


def test_a_service_tells_all_its_doors_to_services_alone() -> None:
    async def anything(_request: Request) -> Response:
        return Response()

    routes = [
        Route("/things/{id}", anything),
        Route("/things/{id}", anything, methods=["PUT", "DELETE"]),
        WebSocketRoute("/ws", anything),
        Mount("/static", routes=[]),
        doors_route("inner", ["rename", "ping"]),
    ]

    async def ask(**headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes, exception_handlers=ERROR_HANDLERS))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get("/internal/doors", headers=headers)

    assert asyncio.run(ask(Authorization="Bearer inner")).json() == {
        "doors": [
            "GET /things/{id}",
            "DELETE /things/{id}",
            "PUT /things/{id}",
            "SOCKET /ws",
            "ANY /static",
            "GET /internal/doors",
        ],
        "frames": ["ping", "rename"],
    }
    for header in ("", "Bearer", "Bearer other", "Basic inner"):
        assert asyncio.run(ask(Authorization=header)).status_code == 401


def test_a_request_that_is_broken_off_is_no_failure_of_the_service(caplog: pytest.LogCaptureFixture) -> None:
    async def read(request: Request) -> Response:
        return Response(await request.body())

    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(message)

    app = Starlette(routes=[Route("/", read, methods=["POST"])], exception_handlers=ERROR_HANDLERS)
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [], "root_path": ""}
    with caplog.at_level(logging.INFO):
        asyncio.run(app(scope, receive, send))
    assert answered[0]["status"] == 400
    assert [record.levelname for record in caplog.records] == ["INFO"]


def connected(origin: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2])), 5)


async def refuse(_request: Request) -> Response:
    return Response("no", 401)


def test_who_is_refused_before_the_end_of_a_request_may_say_all_of_it() -> None:
    """Otherwise the connection is reset, and what passes the request on, such as a proxy, may lose the answer."""
    said = b"x" * 300_000

    with served(LingeringClose(Starlette(routes=[Route("/", refuse, methods=["POST"])]))) as origin, connected(origin) as client:
        client.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(said))
        answer = b""
        while not answer.endswith(b"\r\n\r\nno"):
            answer += (piece := client.recv(4096))
            assert piece, answer
        for start in range(0, len(said), 30_000):
            client.sendall(said[start : start + 30_000])
        assert client.recv(1) == b"", "more than the answer came"


def test_who_never_says_the_end_of_a_refused_request_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_common.serve.LINGERING_SECONDS", 0.05)

    with served(LingeringClose(Starlette(routes=[Route("/", refuse, methods=["POST"])]))) as origin, connected(origin) as client:
        client.sendall(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nbegun")
        answer = b""
        while piece := client.recv(4096):
            answer += piece
    assert answer.endswith(b"\r\n\r\nno")
