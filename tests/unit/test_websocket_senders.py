"""What connections send by themselves, and predicates that are the user's own code."""

from __future__ import annotations

import asyncio

import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.core.template import Values
from realstack.secrets.registry import Registry
from realstack.websocket import Connection, Frame, Masker, Match, Options
from realstack.websocket.senders import Answers, Every, filled
from support.websocket_scene import with_server


def test_a_heartbeat_goes_on_until_it_is_stopped_or_the_connection_ends() -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo"), record=None)
        stopped, left = Every("stopped", tab, ['{"type":"beat"}'], 0.01), Every("left", tab, ['{"type":"ping"}'], 0.01)
        stopped.begin()
        left.begin()
        await tab.wait_for_several(Match.of("beat"), 3, 5)
        tab.dismiss("stopped")
        count = stopped.sent
        await tab.wait_for_several(Match.of("ping"), 5, 5)
        assert (stopped.sent, stopped.trouble, tab.mailbox.troubles) == (count, "", [])
        await tab.close()
        await asyncio.sleep(0)
        assert not [task for task in asyncio.all_tasks() if "left" in task.get_name()]

    with_server(scenario)


def test_a_heartbeat_that_the_other_end_does_not_take_is_told() -> None:
    async def scenario(url: str) -> None:
        # With a registry of its own: so long a text is not searched for all that other tests have made known.
        masker = Masker(registry=Registry())
        tab = await Connection.open("tab", Options(f"{url}/deaf", compression=False), masker=masker, record=None)
        beat = Every("beat", tab, ["x" * 8_000_000], 0.05)
        beat.begin()
        with pytest.raises(StackFailure) as caught:
            await tab.wait_for(Match.of("answer"), 1)
        assert "'beat' could not send: Expected: a frame sent within 0.05 s" in str(caught.value)
        assert "takes no more bytes" in beat.trouble
        await tab.abort()

    with_server(scenario)


def test_an_interval_is_above_nothing() -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo"), record=None)
        with pytest.raises(StackError, match="an interval above 0"):
            Every("beat", tab, ["x"], 0)
        await tab.close()

    with_server(scenario)


def test_answers_take_what_matches_also_what_came_before() -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo"), record=None)
        await tab.send_json({"type": "ask", "n": 1})
        await tab.send_json({"type": "mark"})
        await tab.wait_for(Match.of("mark"), 2)
        reply = filled(
            {"type": "told", "n": "{n}", "whole": "{message}", "by": "{name}"}, tab.codec, Values({"name": "me", "n": 0})
        )
        Answers("answers", tab, Match.of("ask"), reply).begin()
        await tab.send_json({"type": "ask", "n": 2})
        first, second = await tab.wait_for_several(Match.of("told"), 2, 2)
        assert first.data == {"type": "told", "n": 1, "whole": {"type": "ask", "n": 1}, "by": "me"}
        assert second.data["n"] == 2
        assert not tab.mailbox.untaken(Match.of("ask"))
        tab.dismiss("answers")
        await tab.send_json({"type": "ask", "n": 3})
        await tab.wait_for(Match.of("ask", n=3), 2)
        await tab.close()

    with_server(scenario)


def test_answers_in_text_and_by_a_function() -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo", codec="text"), record=None)
        Answers("pong", tab, Match.of("$=2"), filled("3", tab.codec, Values({}))).begin()
        Answers("more", tab, Match.of("$^=5"), filled(lambda text: f"6{text}", tab.codec, Values({}))).begin()
        await tab.send("2")
        await tab.send("5x")
        await tab.wait_for(Match.of("$=3"), 2)
        await tab.wait_for(Match.of("$=65x"), 2)
        await tab.close()

    with_server(scenario)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ({"id": "{nothing}"}, "StackError: Expected: the user has a value 'nothing'"),
        (lambda message: message["nothing"], "KeyError: 'nothing'"),
        (lambda message: object(), "no value of JSON"),
    ],
)
def test_an_answer_that_can_not_be_made_is_told_and_others_go_on(reply: object, told: str) -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo"), record=None)
        bad = Answers("bad", tab, Match.of("ask", kind="bad"), filled(reply, tab.codec, Values({})))
        bad.begin()
        Answers("good", tab, Match.of("ask"), filled({"type": "told"}, tab.codec, Values({}))).begin()
        await tab.send_json({"type": "ask", "kind": "bad"})
        await tab.send_json({"type": "ask", "kind": "good"})
        await tab.wait_for(Match.of("told"), 2)
        assert told in bad.trouble
        with pytest.raises(StackFailure, match="'bad' could not send"):
            await tab.wait_for(Match.of("nothing"), 0)
        await tab.close()

    with_server(scenario)


def test_a_predicate_that_raises_breaks_no_reader_and_is_told() -> None:
    def odd(frame: Frame) -> bool:
        return bool(frame.data["n"] % 2)

    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo"), record=None)
        for n in (1, 2, "three"):
            await tab.send_json({"type": "count", "n": n})
        assert (await tab.wait_for(Match.of("count", odd), 2)).data["n"] == 1
        await tab.wait_for(Match.of("count", n="three"), 2)
        await tab.wait_for(Match.of("count", n="2"), 2)
        await tab.send_json({"type": "count"})
        await tab.send_json({"type": "mark"})
        await tab.wait_for(Match.of("mark"), 2)
        with pytest.raises(StackError, match=r"odd\(\) raised KeyError: 'n', at #\d"):
            await tab.wait_for(Match.of("count", odd), 0)
        with pytest.raises(StackError, match=r"odd\(\) raised KeyError"):
            await tab.expect_silence(Match.of("count", odd), 0.01)
        assert tab.state == "open"
        await tab.close()

    with_server(scenario)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("length=4", True),
        ("length>4", False),
        ("hex=ff d8 FF 00", True),
        ("hex^=FFD8", True),
        ("hex$=00", True),
        ("hex*=d8ff", True),
        ("hex!=FFD8FF00", False),
        ("hex~=^ff", True),
        ("name=x", False),
    ],
)
def test_bytes_have_a_length_and_digits(condition: str, holds: bool) -> None:
    data = b"\xff\xd8\xff\x00"
    assert Match.of(condition)(Frame(1, 0.0, "in", "binary", data, 4)) is holds
    nested = Frame(1, 0.0, "in", "json", {"args": [{"hex": "FFD8"}, data]}, 4)
    assert Match.of(f"args[1].{condition}")(nested) is holds
    assert Match.of("args[0].hex=FFD8")(nested)
    assert not Match.of("args[0].hex=ffd8")(nested)
