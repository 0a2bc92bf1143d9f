"""Loads on a real WebSocket server: planned times, lateness, errors, and what is left afterwards."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from robot.api.types import Secret
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realstack.core.errors import InvalidRun, StackError, StackFailure
from realstack.core.template import Values, names
from realstack.core.waiting import Deadline, poll
from realstack.load import report
from realstack.load.actor import Actor
from realstack.load.engine import Load
from realstack.load.http_steps import Request, SignIn
from realstack.load.keywords.scripts import Scripts
from realstack.load.library import Load as LoadLibrary
from realstack.load.matching import filled
from realstack.load.plan import Limits, Plan, Script
from realstack.load.results import Failure, Results, Series
from realstack.load.schedule import Schedule
from realstack.load.steps import Await, Check, Count, Open, Send, Think
from realstack.oauth.rogue.server import HttpServer, Response
from realstack.oauth.rogue.server import Request as HttpRequest
from realstack.recording.recorder import recorder
from realstack.secrets import secrets
from realstack.websocket import Frame
from support.raw_server import raw_server

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The background loop is asyncio's."""
    return "asyncio"


class Server:
    """Answers ``ask`` with ``answer`` after ``delay``, the first one after ``first``, and all of them once it ``answers``."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.first = 0.0
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.hangs_up = False
        self.open: set[ServerConnection] = set()
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        self.open.add(socket)
        try:
            async for message in socket:
                frame = json.loads(message)
                self.asked += 1
                await asyncio.sleep(self.first if self.asked == 1 and self.first else self.delay)
                await self.answers.wait()
                await socket.send(json.dumps({**frame, "type": "answer"}))
                if self.hangs_up:
                    await socket.close()
        except ConnectionClosed:
            return
        finally:
            self.open.discard(socket)


@asynccontextmanager
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with serve(made.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}/"
        yield made


def script(url: str, *more: Any, timeout: float = 15.0) -> Script:
    ask = Send({"type": "ask", "message_id": "{id}", "payload": {"text": "{query} {n}", "from": "{user}"}})
    answer = Await(("answer", "message_id={id}"), timeout, "answer", {"text": "payload.text"})
    return Script("questions", [Open(url)], [ask, answer, *more])


def people(count: int, **values: Any) -> dict[str, dict[str, Any]]:
    return {f"user-{number}": {"query": f"q{number}", **values} for number in range(1, count + 1)}


async def test_every_user_gets_its_own_answers() -> None:
    async with server() as made:
        results = await Load(Plan(script(made.url), people(10), Schedule(times=3, every=0.01))).run()
        assert (results.begun, results.done, results.sent, made.asked) == (30, 30, 30, 30)
        assert results.series(None).count == 30
        assert [one["text"] for one in results.kept["user-4"]] == ["q4 1", "q4 2", "q4 3"]
        assert not results.errors
        await _until(lambda: not made.open)


async def test_latency_counts_from_the_planned_time_when_the_platform_stalls() -> None:
    """One answer of 0.4 s at 50 messages a second: a closed loop would see one slow answer, the open one sees twenty."""
    async with server() as made:
        made.first = 0.4
        results = await Load(Plan(script(made.url), people(1), Schedule(rate=50, duration=1.0))).run()
        series = results.series("answer")
        assert series.count == 50
        assert series.worst >= 0.4
        # All that were planned within the stall waited for its end, 20 of 50 at least, and count from when they were planned.
        planned, seconds = series.points[0]
        end = planned + seconds
        held = {at: at + seconds for at, seconds in series.points if at < end}
        assert len(held) >= 20
        assert min(held.values()) >= end - 0.001
        # The user was busy, the generator was not late: none of them counts as its lag.
        assert not {at for at, _ in results.lag.points if at > 0} & set(held)


async def test_who_gets_no_answer_counts_as_longer_than_all_others() -> None:
    """Left out, they would make a platform that answers half of its users look as quick as one that answers all."""
    async with server() as made:
        held = Await(("answer", "payload.from=user-1"), 1.0, "answer")
        ask = Send({"type": "ask", "payload": {"text": "{n}", "from": "{user}"}})
        results = await Load(Plan(Script("half", [Open(made.url)], [ask, held]), people(4))).run()
        series = results.series("answer")
        assert (series.count, series.missing, results.errors) == (1, 3, {"timeout": 3})
        assert series.percentile(25) < series.percentile(26) == series.worst == math.inf
        assert "answer: 1 latencies and 3 that never came" in report.summary("half", results)
        assert "never" in report.table(results)
        report.picture("half", results)


async def test_a_failure_before_a_measured_step_leaves_its_latency_missing_and_an_iteration_begins_anew() -> None:
    async with server() as made:
        refuses = Check("{n}", "==", "2")
        steps = [
            Send({"type": "ask", "n": "{n}"}),
            Await(("answer",), 15.0, "first"),
            refuses,
            Await(("answer",), 0.01, "second"),
        ]
        results = await Load(Plan(Script("late", [Open(made.url)], steps), people(1), Schedule(times=2, every=0.01))).run()
        assert {name: (one.count, one.missing) for name, one in results.measures.items()} == {"first": (2, 0), "second": (0, 2)}
        with pytest.raises(StackError, match="measured were first"):
            results.series("second")


async def test_users_that_are_still_busy_long_after_are_unsent() -> None:
    async with server() as made:
        made.answers.clear()
        load = Load(Plan(script(made.url), people(1), Schedule(times=20, every=0.01), Limits(drain=60)))
        running = asyncio.create_task(load.run())
        await _until(lambda: made.asked == 1)
        load.clock.start(load.clock.started - 100)  # the answer takes so long
        made.answers.set()
        results = await running
        assert (results.done, results.errors) == (1, {"unsent": 19})
        assert (results.series(None).count, results.series(None).missing) == (1, 19)


async def test_work_goes_on_until_it_is_enough_but_not_for_ever() -> None:
    async with server() as made:
        made.delay = 0.05
        enough = await Load(Plan(script(made.url), people(2), Schedule(duration=0.01, least=6))).run()
        assert enough.done in {6, 7}, "a user may have begun its last one while another one did"
        too_little, long = Schedule(duration=0.01, least=1000), Schedule(duration=60, least=1)
        for schedule in (too_little, long):  # the latter is no reason to end sooner
            load = Load(Plan(script(made.url), people(2), schedule, Limits(drain=60)))
            running = asyncio.create_task(load.run())
            await _until(lambda load=load: load.results.done > 2)
            load.clock.start(load.clock.started - 200)  # it is over
            assert (await running).done < 1000


async def test_thinking_moves_what_follows() -> None:
    async with server() as made:
        steps = script(made.url, Think(0.5), Send({"type": "ask", "message_id": "second"}), Await(("answer",), 15.0, "second"))
        results = await Load(Plan(steps, people(1), Schedule())).run()
        assert [at for at, _ in results.series("second").points] == [0.5]
        assert results.seconds >= 0.5


async def test_work_is_counted_by_whoever_is_given() -> None:
    counted: list[str] = []
    async with server() as made:
        await Load(Plan(script(made.url, Count("question")), people(2), Schedule(times=3)), counted.append).run()
    assert counted == ["question"] * 6


async def test_errors_have_their_kinds() -> None:
    async with server() as made:
        wrong = await Load(Plan(script(made.url, Check("{text}", "==", "nonsense")), people(2), Schedule())).run()
        assert dict(wrong.errors) == {"wrong": 2}
        silent = Script("silent", [Open(made.url)], [Await(("never",), 0.05)])
        assert dict((await Load(Plan(silent, people(2), Schedule())).run()).errors) == {"timeout": 2}
        refusing = Script("refusing", [Open(made.url)], [Send({"type": "ask"}), Await(("never",), 15.0, fails_on=("answer",))])
        assert dict((await Load(Plan(refusing, people(2), Schedule())).run()).errors) == {"rejected": 2}
        keeping = Script("keeping", [Open(made.url)], [Send({"type": "ask"}), Await(("answer",), 15.0, keep={"x": "no.such"})])
        assert dict((await Load(Plan(keeping, people(1), Schedule())).run()).errors) == {"wrong": 1}


@pytest.mark.parametrize(
    ("seen", "comparison", "expected", "good"),
    [
        ("450", "==", 450, True), ("a", "!=", "b", True), ("= 450.", "contains", "450", True), ("x7", "matches", r"^x\d$", True),
        ("5", "<", "10", True), ("10", "<=", 10, True), (3, ">", 4, False), (4, ">=", "4", True), ("b", "==", "a", False),
    ],
)  # fmt: skip
async def test_checks_compare(seen: Any, comparison: Any, expected: Any, good: bool) -> None:
    async with server() as made:
        steps = Script("s", [Open(made.url)], [Check("{seen}", comparison, "{expected}")])
        results = await Load(Plan(steps, people(1, seen=seen, expected=expected), Schedule())).run()
        assert results.done == int(good)


async def test_lost_connection_is_opened_again() -> None:
    async with server() as made:
        made.hangs_up = True
        results = await Load(Plan(script(made.url), people(1), Schedule(times=3, every=0.15))).run()
        assert results.done == 3


async def test_users_that_are_not_ready_end_the_load_and_leave_nothing() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{reserved.getsockname()[1]}/"
        with pytest.raises(StackFailure, match="all 3 users of 'questions' are ready"):
            await Load(Plan(script(url), people(3), Schedule())).run()


async def test_wrong_script_ends_the_load_at_once() -> None:
    async with server() as made:
        steps = Script("s", [Open(made.url)], [Send({"type": "{nothing}"})])
        with pytest.raises(StackError, match="the user has a value 'nothing'"):
            await Load(Plan(steps, people(5), Schedule(times=100, every=1))).run()
        await _until(lambda: not made.open)
    with pytest.raises(StackError, match="has steps"):
        Load(Plan(Script("empty"), people(1), Schedule()))


async def test_load_that_is_stopped_before_it_began_does_nothing() -> None:
    async with server() as made:
        load = Load(Plan(script(made.url), people(3), Schedule(times=1000, every=0.05)))
        load.stop()
        results = await asyncio.wait_for(load.run(), 15)
        assert results.begun == 0


async def test_stopping_and_cancelling_leave_no_connection() -> None:
    async with server() as made:
        load = Load(Plan(script(made.url), people(3), Schedule(times=1000, every=0.02)))
        running = asyncio.create_task(load.run())
        await _until(lambda: load.results.done > 5)
        load.stop()
        results = await asyncio.wait_for(running, 15)
        assert results.done == results.begun < 3000
        other = asyncio.create_task(Load(Plan(script(made.url), people(3), Schedule(times=1000, every=0.02))).run())
        await _until(lambda: len(made.open) == 3)
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
        await _until(lambda: not made.open)


async def test_http_steps_keep_cookies_and_values_and_hide_them() -> None:
    token = "the-token-of-this-very-test"

    async def handle(request: HttpRequest) -> Response:
        if request.path == "/login":
            cookie = {"Set-Cookie": "sid=cookie-of-this-very-test; Path=/; HttpOnly"}
            return Response(body=json.dumps({"access_token": token}).encode(), headers=cookie)
        good = request.headers.get("authorization") == f"Bearer {token}" and "sid=cookie" in request.headers.get("cookie", "")
        return Response(status=200 if good else 401, body=b"{}")

    http = HttpServer(handle)
    host, port = await http.start("127.0.0.1", 0)
    steps = [
        Request("POST", "/login", keep={"token": "access_token"}, measure="login"),
        Request("GET", "/me", bearer="{token}", status=200),
    ]
    recording = recorder.begin("http steps")
    results = await Load(Plan(Script("s", steps=steps, base_url=f"http://{host}:{port}"), people(2), Schedule())).run()
    bad = [Request("GET", "/me", bearer="wrong-token-of-this-test")]
    failed = await Load(Plan(Script("s", steps=bad, base_url=f"http://{host}:{port}"), people(1), Schedule())).run()
    await http.close()
    assert (results.done, results.series("login").count) == (2, 2)
    assert token not in repr(results.kept)
    assert secrets.find(token)
    assert [event.data["status"] for event in recording.events() if event.kind == "http"] == [200] * 4 + [401]
    assert failed.errors["http"] == 1
    assert "/me answers below 400" in failed.told_errors()


async def test_a_sign_in_that_is_refused_is_a_failure_also_where_no_end_is_named() -> None:
    async def handle(request: HttpRequest) -> Response:
        if request.method == "POST":
            return Response(200 if request.form["word"] == "right-word" else 401, b"<p>Hello</p>", "text/html")
        return Response(200, b"<form method=post><input name=user><input name=word type=password></form>", "text/html")

    http = HttpServer(handle)
    host, port = await http.start("127.0.0.1", 0)
    steps = [SignIn("/login", {"user": "{user}", "word": "{word}"}, measure="sign-in")]
    users = people(1, word="right-word") | {"other": {"query": "", "word": "wrong-word"}}
    results = await Load(Plan(Script("s", steps=steps, base_url=f"http://{host}:{port}"), users, Schedule())).run()
    await http.close()
    assert (results.done, results.errors, results.series("sign-in").count) == (1, {"sign-in": 1}, 1)
    assert "/login with status 401" in results.told_errors()


async def test_unrecorded_load_leaves_the_recording_alone() -> None:
    recording = recorder.begin("unrecorded")
    async with server() as made:
        await Load(Plan(script(made.url), people(2), Schedule(), recorded=False)).run()
        assert recording.events() == []
        await Load(Plan(script(made.url), people(2), Schedule())).run()
        assert {event.source for event in recording.events()} == {"user-1/tab", "user-2/tab"}


async def test_a_connection_is_opened_with_headers_and_secrets_of_the_script_and_its_refusal_told() -> None:
    credential = "credential-of-a-script-000017"
    requests: list[bytes] = []

    async def refuse(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        writer.write(b"HTTP/1.0 403 Forbidden\r\nRetry-After: 30\r\n\r\nno entry for " + credential.encode())

    scripts = Scripts()
    scripts.create_script("refused")
    scripts.let_script_iterate()
    async with raw_server(refuse) as url:
        scripts.let_script_open_connection(
            Secret(f"{url}/?ticket={credential}"),
            subprotocols="jwt-auth, other",
            headers={"host": "chat.example.com", "Authorization": Secret(f"Bearer {credential}")},
        )
        results = await Load(Plan(scripts.get("refused"), people(1))).run()
    lines = requests[0].decode().split("\r\n")
    assert [line for line in lines if line.lower().startswith("host:")] == ["host: chat.example.com"]
    assert "Sec-WebSocket-Protocol: jwt-auth, other" in lines
    assert f"Authorization: Bearer {credential}" in lines
    assert results.errors == {"refused": 1}
    told = results.told_errors()
    assert "HTTP 403 Forbidden" in told
    assert credential not in told


def test_slow_generator_is_no_verdict() -> None:
    results = Results(1, 1, most_lag=0.05)
    for _ in range(98):
        results.late(0.0, 0.001)
    results.late(0.0, 0.2)
    results.check_generator()
    for _ in range(3):
        results.late(0.0, 0.2)
    with pytest.raises(InvalidRun, match="INVALID: Expected: the load generator is on time"):
        results.check_generator()


def test_series_keeps_its_digits_and_thins_its_points() -> None:
    series = Series()
    for number in range(1, 100_001):
        series.add(number / 1000, number / 100_000)
    assert series.count == 100_000
    for percent in (1, 50, 95, 99, 99.9):
        assert series.percentile(percent) == pytest.approx(percent / 100, rel=0.002)
    assert len(series.points) <= 4096
    assert max(seconds for _, seconds in series.points) == 1.0
    assert series.points == sorted(series.points)
    assert Series().worst == 0.0


def test_report_escapes_and_scrubs() -> None:
    results = Results(1, 1, 0.1)
    secrets.remember("a-secret-in-an-error-text", "token")
    results.measure("<script>alert(1)</script>", 0.0, 0.5)
    results.fail(Failure("wrong", "<img src=x>", 1, "a-secret-in-an-error-text", "a-secret-in-an-error-text", 0.2))
    told = report.summary("load", results) + report.table(results) + report.picture("<b>", results)
    assert "a-secret-in-an-error-text" not in told
    assert "<script>" not in told.replace(report.summary("load", results), "")
    assert "<img" not in report.picture("<b>", results)


def test_templates_keep_types_and_know_their_values() -> None:
    values = Values({"n": 7, "account": {"mail": "a@b"}, "word": "ÿ", "flag": True})
    assert values.fill({"a": "{n}", "b": ["{account.mail}", "{{n}} {n}", 5], "{word}": "{flag}"}) == {
        "a": 7, "b": ["a@b", "{n} 7", 5], "ÿ": True,
    }  # fmt: skip
    assert values.text("jwt.{word:b64url}") == "jwt.w78"
    assert values.text("{uuid}") != values.text("{uuid}")
    assert values.text("{now}").endswith("Z")
    assert values.text('{"json": "stays"}') == '{"json": "stays"}'
    with pytest.raises(StackError, match=r"the user has a value 'account\.name'"):
        values.fill("{account.name}")
    with pytest.raises(StackError, match=r"the user has a value 'n\.__class__'"):
        values.fill("{n.__class__}")
    with pytest.raises(StackError, match=r"\{n:hex\}"):
        values.fill("{n:hex}")


def test_only_what_a_script_names_is_needed_of_a_users_values() -> None:
    steps = Script(
        "s", [Open("{url}", ("jwt.{token:b64url}",))], [Send({"{key}": ["{a.b}", "{{no}}"]}), Await(("x={a.c}",))], "{base}"
    )
    assert names(steps) == {"url", "token", "key", "a.b", "a.c", "base"}
    values = Values(
        {"url": 1, "a": {"b": 2, "c": "wrapped", "d": 4}, "e": 5, "f": {"g": 6}}, lambda value: value if value != "wrapped" else 3
    )
    assert values.only({"url", "a.b", "a.c", "f", "f.g", "later"}) == {"url": 1, "a": {"b": 2, "c": 3}, "f": {"g": 6}}
    assert values.all()["a"] == {"b": 2, "c": 3, "d": 4}


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"users": ["ann", "bob"]}, "users as dictionaries of their values(?s:.*)a str"),
        ({"users": "ann"}, "users as dictionaries of their values"),
        ({"users": {"ann": None}}, "users as dictionaries of their values(?s:.*)a NoneType"),
        ({"users": [{"n": 1}]}, "users with a name each(?s:.*)one without"),
        ({"users": {"ann": {}}, "rate": 5.0, "rate_end": -1.0, "duration": timedelta(seconds=1)}, "end that is not negative"),
    ],
)
def test_a_plan_of_other_things_is_told(plan: dict[str, Any], told: str) -> None:
    load = LoadLibrary()
    load.create_script("waits")
    load.let_script_iterate()
    load.let_script_think(timedelta(0))
    with pytest.raises(StackError, match=told):
        load.run_load("waits", **plan)


@pytest.mark.parametrize(
    ("condition", "frame", "good"),
    [
        ("answer", {"type": "answer"}, True),
        ("payload.id={id}", {"payload": {"id": "a=b"}}, True),  # what is filled in is no further operator
        ("payload.id={n}", {"payload": {"id": 7}}, True),
        ("payload.id!={id}", {"payload": {"id": "a=b"}}, False),
        ("{where}.id={id}", {"payload": {"id": "a=b"}}, True),
        ("n>={n}", {"n": 8}, True),
        ("text~=^{n}{{2}}$", {"text": "77"}, True),
    ],
)
def test_conditions_are_filled(condition: str, frame: Any, good: bool) -> None:
    match = filled((condition,), Values({"id": "a=b", "n": 7, "where": "payload"}))
    assert match(Frame(1, 0.0, "in", "json", frame, 0)) is good


async def test_frames_that_nobody_records_are_masked_when_somebody_sees_them() -> None:
    token = "the-token-that-a-frame-of-this-test-holds"
    async with server() as made:
        ask = Send({"type": "ask", "token": token, "payload": {"text": "x"}})
        steps = Script("s", [Open(made.url)], [ask, Await(("answer",), 15.0, keep={"kept": "token", "text": "payload.text"})])
        results = await Load(Plan(steps, people(1), recorded=False)).run()
        assert results.kept["user-1"][0] == {"iteration": 1, "kept": "<hidden>", "text": "x"}
        failing = Script("s", [Open(made.url)], [ask, Await(("never",), 15.0, fails_on=("answer",))])
        told = (await Load(Plan(failing, people(1), recorded=False)).run()).told_errors()
    assert "rejected" in told
    assert token not in told


async def _until(good: Any) -> None:
    async def look() -> bool:
        return bool(good())

    held, _ = await poll(look, bool, Deadline(15), pause=0.005)
    assert held


async def test_users_trust_the_authority_that_the_script_names(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout {key} -out {cert} -subj /CN=localhost"
    made = ["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    await asyncio.to_thread(subprocess.run, made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    app = Server()
    async with serve(app.serve, "127.0.0.1", 0, ssl=context) as listening:
        port = listening.sockets[0].getsockname()[1]
        for ca in (str(cert), ""):
            trusting = Script("trust", setup=[Open(f"wss://127.0.0.1:{port}/")], steps=[Send({"type": "ask"})], ca=ca)
            load = Load(Plan(trusting, people(1), Schedule(times=1)))
            if ca:
                assert (await load.run()).errors == {}
            else:
                with pytest.raises(StackFailure, match="a certificate that is not trusted"):
                    await load.run()
        actor = Actor("bob", Values({}), f"https://127.0.0.1:{port}", load.clock, load.results, ca=str(cert))
        assert (await actor.session.send("GET", "/")).status == 426  # TLS was agreed upon: it wants an upgrade
        await actor.session.close()


async def _tells(socket: ServerConnection, *pauses: float) -> None:
    """Answers each question in pieces with these pauses before each, the last one before the end; an infinite one is no end."""
    async for message in socket:
        asked = json.loads(message)["id"]
        for pause in pauses[:-1]:
            await asyncio.sleep(pause)
            await socket.send(json.dumps({"type": "piece", "id": asked}))
        if math.isfinite(pauses[-1]):
            await asyncio.sleep(pauses[-1])
            await socket.send(json.dumps({"type": "end", "id": asked}))


async def _flow(*pauses: float, timeout: float = 15.0, times: int = 1, pieces: str = "piece") -> Results:
    async with serve(lambda socket: _tells(socket, *pauses), "127.0.0.1", 0) as listening:
        url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        steps = [Send({"type": "ask", "id": "{id}"}), Await(("end", "id={id}"), timeout, "answer", pieces=(pieces,))]
        return await Load(Plan(Script("flow", [Open(url)], steps), people(1), Schedule(times=times, every=0.01))).run()


async def test_first_word_and_longest_gap_of_an_answer_in_pieces_are_measures_of_their_own() -> None:
    results = await _flow(0.05, 0.01, 0.2, 0.01)
    worst = {name: series.worst for name, series in results.measures.items()}
    assert list(worst) == ["answer: longest gap", "answer: first word", "answer"]
    assert 0.05 <= worst["answer: first word"] < worst["answer"]
    # A gap is what lies between arrivals: less than the pause where the piece before it arrived late.
    assert 0.1 < worst["answer: longest gap"] < worst["answer"]
    assert worst["answer"] >= 0.27
    assert "answer: first word: 1 latencies" in report.summary("flow", results)


async def test_pieces_are_those_of_one_answer() -> None:
    """The second answer's first word is its own: pieces of the first one are taken."""
    results = await _flow(0.0, 0.02, 0.02, times=3)
    assert {name: series.count for name, series in results.measures.items()} == dict.fromkeys(results.measures, 3)
    assert results.measures["answer: longest gap"].percentile(1) > 0.01


async def test_an_answer_in_one_piece_has_its_first_word_at_its_end() -> None:
    results = await _flow(0.05, pieces="nothing")
    first, end = results.measures["answer: first word"], results.measures["answer"]
    assert first.worst == end.worst
    assert results.measures["answer: longest gap"].worst < 0.001


async def test_who_never_saw_the_end_had_a_first_word() -> None:
    results = await _flow(0.0, math.inf, timeout=0.5)
    assert {name: (series.count, series.missing) for name, series in results.measures.items()} == {
        "answer: first word": (1, 0),
        "answer: longest gap": (0, 1),
        "answer": (0, 1),
    }
