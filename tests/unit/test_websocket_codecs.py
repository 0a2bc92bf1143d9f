"""Codecs: what they read, what they write, what they refuse, and that everything else sees messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from realstack.core.errors import StackError, StackFailure
from realstack.secrets import Registry
from realstack.websocket import Connection, Masker, Match, Options
from realstack.websocket.codecs import Codec, find
from realstack.websocket.codecs.own import own
from realstack.websocket.codecs.packed import MsgPack
from realstack.websocket.frames import read
from support.websocket_scene import Recorded, with_server

RS = "\x1e"


def values(codec: str | Codec, *payloads: str | bytes) -> list[Any]:
    """What one direction of a connection reads; what can't be read is its problem, in a list."""
    reader = find(codec)() if isinstance(codec, str) else codec
    messages = [message for payload in payloads for message in reader.decode(payload)]
    assert sum(message.size for message in messages) <= sum(len(p.encode() if isinstance(p, str) else p) for p in payloads)
    return [[message.problem] if message.problem else message.data for message in messages]


@pytest.mark.parametrize(
    ("codec", "payload", "expected"),
    [
        ("json", b'{"a": 1}', [{"a": 1}]),
        ("json", b"\n[1]", [[1]]),
        ("json", b"{broken", [b"{broken"]),
        ("json", b"{\xff}", [b"{\xff}"]),
        ("json-lines", '{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]),
        ("json-lines", b'{"a":1}\r\n\n5', [{"a": 1}, 5]),
        ("json-lines", '{"a":"\u2028"}', [{"a": "\u2028"}]),
        ("json-lines", "\n", ["\n"]),
        ("signalr", f'{{"type":6}}{RS}{{"type":1,"target":"a"}}{RS}', [{"type": 6}, {"type": 1, "target": "a"}]),
        ("signalr", f"{{}}{RS}", [{"type": "handshake"}]),
        ("signalr", f'{{"error":"no"}}{RS}'.encode(), [{"type": "handshake", "error": "no"}]),
        ("json-rpc", '{"jsonrpc":"2.0","method":"a"}', [{"jsonrpc": "2.0", "method": "a"}]),
        (
            "json-rpc",
            b'[{"jsonrpc":"2.0","id":1,"result":null},{"jsonrpc":"2.0","id":2,"error":{"code":-1}}]',
            [{"jsonrpc": "2.0", "id": 1, "result": None}, {"jsonrpc": "2.0", "id": 2, "error": {"code": -1}}],
        ),
        ("msgpack", b"\x81\xa1a\x01\xc4\x01x", [{"a": 1}, b"x"]),
        ("msgpack", b"\x81\x05\xd6\xff\x00\x00\x00\x01", [{"5": "1970-01-01T00:00:01Z"}]),
        ("msgpack", b"\xd4\x07z", [{"ext": 7, "data": b"z"}]),
        ("socketio", '0{"sid":"a"}', [{"type": "open", "data": {"sid": "a"}}]),
        ("socketio", "2", [{"type": "ping"}]),
        ("socketio", "3probe", [{"type": "pong", "data": "probe"}]),
        ("socketio", "40", [{"type": "connect", "namespace": "/"}]),
        ("socketio", '40/a,{"sid":"b"}', [{"type": "connect", "namespace": "/a", "data": {"sid": "b"}}]),
        ("socketio", "41/a,", [{"type": "disconnect", "namespace": "/a"}]),
        ("socketio", '42["hi",{"a":1},5]', [{"type": "event", "namespace": "/", "event": "hi", "args": [{"a": 1}, 5]}]),
        ("socketio", '42/a,12["hi"]', [{"type": "event", "namespace": "/a", "id": 12, "event": "hi", "args": []}]),
        ("socketio", '4312["ok"]', [{"type": "ack", "namespace": "/", "id": 12, "args": ["ok"]}]),
        ("socketio", '44{"message":"no"}', [{"type": "connect_error", "namespace": "/", "data": {"message": "no"}}]),
        ("stomp", "\n", [{"command": "heart-beat"}]),
        (
            "stomp",
            "MESSAGE\r\nmessage-id:a\\cb\r\nmessage-id:c\r\n\r\nHello\0\n\nRECEIPT\nreceipt-id:1\n\n\0\n",
            [
                {"command": "MESSAGE", "headers": {"message-id": "a:b"}, "body": "Hello"},
                {"command": "RECEIPT", "headers": {"receipt-id": "1"}},
            ],
        ),
        (
            "stomp",
            b'MESSAGE\ncontent-type:application/json\ncontent-length:9\n\n{"a":"b"}\0',
            [
                {
                    "command": "MESSAGE",
                    "headers": {"content-type": "application/json", "content-length": "9"},
                    "body": {"a": "b"},
                }
            ],
        ),
        (
            "stomp",
            b"MESSAGE\ncontent-length:2\n\n\0\xff\0",
            [{"command": "MESSAGE", "headers": {"content-length": "2"}, "body": b"\0\xff"}],
        ),
        ("text", '{"a":1}', ['{"a":1}']),
        ("text", b"\x00", [b"\x00"]),
    ],
)
def test_what_is_read(codec: str, payload: str | bytes, expected: list[Any]) -> None:
    assert values(codec, payload) == expected


@pytest.mark.parametrize(
    ("codec", "value", "payloads"),
    [
        ("json", {"a": "grüße"}, ['{"a":"grüße"}']),
        ("json", {"a": "\ud83d"}, ['{"a":"\\ud83d"}']),
        ("json-binary", {"a": 1}, [b'{"a":1}']),
        ("json-lines", [1], ["[1]\n"]),
        ("signalr", {"type": "handshake", "protocol": "json", "version": 1}, [f'{{"protocol":"json","version":1}}{RS}']),
        ("signalr", {"type": 6}, [f'{{"type":6}}{RS}']),
        ("json-rpc", {"method": "a", "id": 1}, ['{"jsonrpc":"2.0","method":"a","id":1}']),
        (
            "json-rpc",
            [{"method": "a"}, {"id": 1, "result": 2}],
            ['[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","id":1,"result":2}]'],
        ),
        ("msgpack", {"a": [1, b"x"]}, [b"\x81\xa1a\x92\x01\xc4\x01x"]),
        ("socketio", {"type": "pong"}, ["3"]),
        ("socketio", {"type": "pong", "data": "probe"}, ["3probe"]),
        ("socketio", {"type": "connect", "data": {"token": "t"}}, ['40{"token":"t"}']),
        ("socketio", {"event": "hi", "args": [{"a": 1}], "namespace": "/a", "id": 7}, ['42/a,7["hi",{"a":1}]']),
        ("socketio", {"type": "ack", "id": 7, "args": ["ok"]}, ['437["ok"]']),
        (
            "socketio",
            {"event": "up", "args": [b"one", {"deep": [b"two"]}]},
            ['452-["up",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]', b"one", b"two"],
        ),
        ("stomp", {"command": "heart-beat"}, ["\n"]),
        ("stomp", {"command": "CONNECT", "headers": {"host": "a:b"}}, ["CONNECT\nhost:a:b\n\n\0"]),
        (
            "stomp",
            {"command": "SEND", "headers": {"destination": "/a:b", "n": 5, "yes": True}, "body": "grüße"},
            ["SEND\ndestination:/a\\cb\nn:5\nyes:true\ncontent-length:7\n\ngrüße\0"],
        ),
        (
            "stomp",
            {"command": "SEND", "body": {"a": 1}},
            ['SEND\ncontent-type:application/json\ncontent-length:7\n\n{"a":1}\0'],
        ),
        ("stomp", {"command": "SEND", "body": b"\0\xff"}, [b"SEND\ncontent-length:2\n\n\0\xff\0"]),
        ("text", "hello", ["hello"]),
    ],
)
def test_what_is_written(codec: str, value: Any, payloads: list[str | bytes]) -> None:
    assert find(codec)().encode(value) == payloads


@pytest.mark.parametrize(
    ("codec", "payload", "told"),
    [
        ("json-lines", "{broken", "JSON value on each line): no JSON: Expecting property name"),
        ("json-lines", b"\xff", "no text in UTF-8, at byte 0"),
        ("json-lines", "[" * 100_000, "nested too deeply"),
        ("json-lines", "1" * 5000, "no JSON: Exceeds the limit"),
        ("signalr", '{"type":6}', "does not end with U+001E"),
        ("signalr", "", "does not end with U+001E"),
        ("signalr", f"[]{RS}", "a JSON array"),
        ("signalr", RS, "no JSON"),
        ("signalr", b"\x91\x06\xff", "MessagePack protocol needs a codec of your own"),
        ("json-rpc", "5", "no object, but int"),
        ("json-rpc", "[]", "an empty array"),
        ("json-rpc", "[5]", "no object, but int"),
        ("json-rpc", "[NaN]", "no object, but float"),
        ("json-rpc", '{"jsonrpc":"2.0"}', "neither method nor result nor error"),
        ("json-rpc", '{"method":"a"}', "whose jsonrpc is not 2.0"),
        ("json-rpc", "[" * 100_000, "nested too deeply"),
        ("msgpack", "text", "a text frame"),
        ("msgpack", b"", "an empty frame"),
        ("msgpack", b"\x92\x01", "its last value is cut off, at byte 0"),
        ("msgpack", b"\xc1", "no MessagePack"),
        ("msgpack", b"\xa1\xff", "no MessagePack: UnicodeDecodeError"),
        ("msgpack", b"\x81\x90\x01", "no MessagePack: TypeError"),
        ("msgpack", b"\x91" * 5000, "no MessagePack"),
        ("msgpack", b"\xdd\xff\xff\xff\xff", "no MessagePack"),
        ("socketio", "", "an empty text"),
        ("socketio", "9", "no packet type of Engine.IO"),
        ("socketio", "4", "no packet type of Socket.IO"),
        ("socketio", "49", "no packet type of Socket.IO"),
        ("socketio", "42", "no array with its name first"),
        ("socketio", '42{"a":1}', "no array with its name first"),
        ("socketio", "42[broken", "no JSON"),
        ("socketio", "4299999999999999999999999" + "9" * 100, "id field is too long"),
        ("socketio", "43[]", "an ack without id"),
        ("socketio", "42" + "[" * 100_000, "nested too deeply"),
        ("socketio", b"bytes", "an attachment, and no packet came before"),
        ("stomp", "", "no blank line"),
        ("stomp", "HELLO\n\n\0", "no command of STOMP"),
        ("stomp", "SEND\nheader\n\n\0", "a header without a colon"),
        ("stomp", "SEND\na:\\t\n\n\0", "escape '\\\\t'"),
        ("stomp", "SEND\n\nno end", "no zero byte"),
        ("stomp", "SEND\ncontent-length:99\n\nshort\0", "no zero byte"),
        ("stomp", "SEND\ncontent-length:x\n\n\0", "no number"),
        ("stomp", b"SEND\n\xff:a\n\n\0", "headers that are no text"),
        ("stomp", "SEND\ncontent-type:application/json\n\n{broken\0", "no JSON"),
        ("stomp", "SEND\n\n" + "[" * 100_000 + "\0", "nested too deeply"),
    ],
)
def test_what_is_malformed_is_kept_with_its_problem(codec: str, payload: str | bytes, told: str) -> None:
    ((problem,),) = values(codec, payload)
    assert problem.startswith(f"no message of codec '{codec}'")
    assert told in problem


def test_one_that_is_malformed_spoils_no_other() -> None:
    good, bad, other = values("json-lines", '{"a":1}\nbroken\n{"a":2}')
    assert (good, other) == ({"a": 1}, {"a": 2})
    assert "no JSON" in bad[0]


@pytest.mark.parametrize(
    ("codec", "value", "told"),
    [
        ("json", {"a": float("nan")}, "no value of JSON"),
        ("json", {"a": b"x"}, "no value of JSON"),
        ("json-lines", {"a": object()}, "no value of JSON"),
        ("signalr", [1], "a JSON array"),
        ("text", {"a": 1}, "dict"),
        ("json-rpc", {"id": 1}, "neither method nor result nor error"),
        ("json-rpc", [], "an empty array"),
        ("msgpack", {"a": object()}, "TypeError: a object"),
        ("msgpack", 2**64, "TypeError: a int"),
        ("socketio", 5, "a int"),
        ("socketio", {"type": "hello"}, "type 'hello'"),
        ("socketio", {"type": "message"}, "type 'message'"),
        ("socketio", {"event": "a", "data": 1}, "data in it"),
        ("socketio", {"event": "a", "args": "text"}, "args 'text'"),
        ("socketio", {"event": "a", "args": [float("nan")]}, "Out of range float"),
        ("socketio", {"event": "a", "args": [object()]}, "not JSON serializable"),
        ("socketio", {"event": "a", "id": "5"}, "id '5'"),
        ("socketio", {"event": "a", "namespace": "a"}, "namespace 'a'"),
        ("socketio", {"type": "event"}, "event None"),
        ("socketio", {"type": "ack"}, "an ack without id"),
        ("socketio", {"type": "connect", "data": b"x"}, "does not support binary payload"),
        ("stomp", {"command": "HELLO"}, "command 'HELLO'"),
        ("stomp", {"command": "SEND", "header": {}}, "header in it"),
        ("stomp", {"command": "SEND", "headers": "a:b"}, "headers 'a:b'"),
        ("stomp", {"command": "CONNECT", "headers": {"a": "b\nc"}}, "a line's end in a header"),
    ],
)
def test_what_can_not_be_written_is_refused(codec: str, value: Any, told: str) -> None:
    with pytest.raises(StackError) as caught:
        find(codec)().encode(value)
    text = str(caught.value)
    assert all(word in text for word in ("Expected: a message that codec", "Seen: ", told, "Remedy: "))


def test_a_value_in_a_circle_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(StackError, match="no value of JSON"):
        find("json")().encode(circle)


def test_attachments_come_behind_their_packet() -> None:
    event = {"type": "event", "namespace": "/", "event": "up", "args": [b"one", b"two"]}
    packet = '452-["up",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    assert values("socketio", packet, b"one", b"two", "2") == [event, {"type": "ping"}]
    assert values("socketio", packet, b"one", "2", b"two") == [{"type": "ping"}, event]
    left, other = values("socketio", packet, b"one", '42["a"]')
    assert "1 of 2 attachments, and then another packet" in left[0]
    assert other["event"] == "a"
    assert "do not fit their packet" in values("socketio", '451-["up",{"_placeholder":true,"num":5}]', b"one")[0][0]
    assert "do not fit their packet" in values("socketio", '451-["up",{"_placeholder":true,"num":"x"}]', b"one")[0][0]


@pytest.mark.parametrize(("codec", "module"), [("socketio", "engineio.packet"), ("msgpack", "msgpack")])
def test_what_is_not_installed_is_told_with_its_extra(codec: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(StackError, match=rf"Remedy: pip install 'robotframework-realstack\[{codec}\]'"):
        find(codec)


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("jsonl", "a codec: json, json-binary"),
        ("no.such.module", "no module of that name"),
        ("/no/such/file.py", "a file of Python at /no/such/file.py"),
        ("json.nothing", "json has no 'nothing'"),
        (5, "int without decode()"),
        (dict, "type without decode()"),
    ],
)
def test_codecs_that_there_are_not(codec: Any, told: str) -> None:
    with pytest.raises(StackError) as caught:
        find(codec)
    assert told in str(caught.value)
    assert "Remedy: A codec of your own is a class" in str(caught.value)


class Halves:
    """A codec of a user: a message ends with a semicolon, wherever its frames end."""

    type_path = "kind"

    def __init__(self) -> None:
        self.rest = ""

    def decode(self, payload: str) -> Iterator[dict[str, str]]:
        *whole, self.rest = (self.rest + payload).split(";")
        for one in whole:
            kind, text = one.split("|")
            yield {"kind": kind, "text": text}

    def encode(self, value: dict[str, str]) -> Iterator[str]:
        yield value["kind"]
        yield f"|{value['text']};"


def test_a_class_of_ones_own() -> None:
    make = find(Halves)
    assert values(make(), "a|1;b", "|2", ";c|3;") == [
        {"kind": "a", "text": "1"},
        {"kind": "b", "text": "2"},
        {"kind": "c", "text": "3"},
    ]
    assert make().type_path == "kind"
    assert make().encode({"kind": "a", "text": "1"}) == ["a", "|1;"]
    assert "ValueError: not enough values" in values(make(), "broken;")[0][0]
    with pytest.raises(StackError, match="KeyError: 'text'"):
        make().encode({"kind": "a"})


def test_a_function_of_ones_own_decodes_only() -> None:
    codec = find(lambda payload: {"length": len(payload)})()
    assert values(codec, "four") == [{"length": 4}]
    with pytest.raises(StackError, match=r"it has no encode\(\)"):
        codec.encode({})
    assert "gave a object, which is no value" in values(find(lambda payload: object())(), "x")[0][0]


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "class Mine:\n    def decode(self, payload): return {'mine': payload}\n    def encode(self, value): return 5\n"
        "class Broken:\n    def __init__(self): raise RuntimeError('not today')\n    def decode(self, payload): return payload\n"
        "def decode(payload): return [payload]\n"
    )
    assert values(find(f"{file}:Mine")(), "x") == [{"mine": "x"}]
    assert values(find(str(file))(), "x") == [["x"]]
    with pytest.raises(StackError, match="neither text nor bytes"):
        find(f"{file}:Mine")().encode({})
    with pytest.raises(StackError, match="RuntimeError: not today"):
        find(f"{file}:Broken")
    with pytest.raises(StackError, match="has no 'Other'"):
        find(f"{file}:Other")
    file.write_text("import no_such_module_at_all")
    with pytest.raises(StackError, match="ModuleNotFoundError: No module named 'no_such_module_at_all'"):
        find(str(file))


def test_a_module_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_codecs.py").write_text("class Mine:\n    def decode(self, payload): return {'mine': payload}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert values(find("my_own_codecs.Mine")(), "x") == [{"mine": "x"}]
    sys.modules.pop("my_own_codecs")


@pytest.mark.parametrize(
    ("codec", "payload"),
    [
        ("json", b'{"type":"auth","token":"s3cr3t"}'),
        ("json-lines", '{"n":1}\n{"token":"s3cr3t"}\n{"token":"s3cr3t"'),
        ("signalr", f'{{"type":1,"target":"auth","arguments":[{{"token":"s3cr3t"}}]}}{RS}'),
        ("signalr", '{"type":1,"target":"auth","arguments":[{"token":"s3cr3t"}]}'),
        ("json-rpc", '{"jsonrpc":"2.0","method":"auth","params":{"token":"s3cr3t"}}'),
        ("msgpack", b"\x81\xa5token\xa6s3cr3t"),
        ("socketio", '42["auth",{"token":"s3cr3t"}]'),
        ("socketio", '42["auth",{"token":"s3cr3t"}'),
        ("socketio", '40{"token":"s3cr3t"}'),
        ("stomp", "CONNECT\nlogin:ann\npasscode:s3cr3t\n\n\0"),
        ("text", '42["auth",{"token":"s3cr3t"}]'),
    ],
)
def test_credentials_are_masked_whatever_the_codec(codec: str, payload: str | bytes) -> None:
    told = read(payload, find(codec)(), Masker(registry=Registry()))
    assert "s3cr3t" not in repr(told)
    assert "<hidden>" in repr(told)


def test_each_message_of_a_frame_counts_and_is_recorded() -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo", codec="signalr"), record=recorded)
        (sent,) = await tab.send_json({"type": 1, "target": "Say", "arguments": ["Hello"]})
        await tab.send(f'{{"type":6}}{RS}{{"type":1,"target":"Say","arguments":["Bye"]}}{RS}')
        match = Match.of("Say", type_path=tab.codec.type_path)
        first, second = await tab.wait_for_several(match, 2, 2)
        assert (first.data, second.data["arguments"]) == (sent.data, ["Bye"])
        ping = await tab.wait_for(Match.of("6", type_path=tab.codec.type_path), 2)
        assert (ping.number, ping.at) == (second.number - 1, second.at)
        assert (tab.mailbox.counts, tab.mailbox.bytes["in"]) == ({"in": 3, "out": 3}, tab.mailbox.bytes["out"])
        await tab.close()

    with_server(scenario)
    assert recorded.kinds().count("frame-in") == 3
    targets = [data["frame"].get("target") for kind, _, data in recorded.events if kind == "frame-in"]
    assert targets == ["Say", None, "Say"]


def test_a_reader_goes_on_after_what_it_can_not_read_and_waits_tell() -> None:
    recorded = Recorded()

    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo", codec="json-lines"), record=recorded)
        await tab.send("{broken")
        await tab.send_json({"type": "later"})
        await tab.wait_for(Match.of("later"), 2)
        with pytest.raises(
            StackFailure, match=r"1 received could not be read; the last, #\d, is no message of codec 'json-lines'"
        ):
            await tab.wait_for(Match.of("other"), 0)
        await tab.close()

    with_server(scenario)
    problems = [data.get("problem") for kind, _, data in recorded.events if kind == "frame-in"]
    assert "no JSON" in problems[0]
    assert problems[1] is None


def test_several_frames_of_a_message_go_out_with_nothing_between_them() -> None:
    async def scenario(url: str) -> None:
        tab = await Connection.open("tab", Options(f"{url}/echo", codec=Halves), record=None)
        (sent,) = await tab.send_json({"kind": "a", "text": "1"})
        assert sent.data == {"kind": "a", "text": "1"}
        got = await tab.wait_for(Match.of("a", type_path=tab.codec.type_path), 2)
        assert got.data == sent.data
        with pytest.raises(StackError, match="half a surrogate pair at character 1"):
            await tab.send("x\ud83d")
        await tab.close()

    with_server(scenario)


def test_values_of_messagepack_are_whole() -> None:
    value = {
        b"a\xff": 1,
        None: 2,
        True: 3,
        5: [msgpack.Timestamp(1, 123456789), msgpack.Timestamp(1, 500000000), msgpack.Timestamp(1)],
    }
    (message,) = MsgPack().decode(msgpack.packb(value))
    times = ["1970-01-01T00:00:01.123456789Z", "1970-01-01T00:00:01.500000Z", "1970-01-01T00:00:01Z"]
    assert message.data == {"a\\xff": 1, "null": 2, "true": 3, "5": times}


def test_names_of_ones_own_are_texts() -> None:
    made = own(lambda _: {b"token": "of-a-codec-0123456789", 5: ("a", {None: True}), (1, 2): b"x"}, "")()
    assert made.decode("x")[0].data == {"token": "of-a-codec-0123456789", "5": ["a", {"null": True}], "(1, 2)": b"x"}
    assert read("x", own(lambda _: {b"token": "of-a-codec-0123456789"}, "")(), Masker())[0][1] == {"token": "<hidden>"}


@pytest.mark.parametrize("value", [{"command": "SEND", "body": "half \ud83d"}, {"command": "SEND", "headers": {"a": "\ud83d"}}])
def test_frame_of_stomp_that_utf_8_can_not_tell_is_refused(value: Any) -> None:
    with pytest.raises(StackError, match="half a surrogate pair"):
        find("stomp")().encode(value)


def test_header_of_stomp_that_is_nothing_is_left_out() -> None:
    made = find("stomp")().encode({"command": "SEND", "headers": {"a": None, "content-type": None, "b": False}, "body": {"n": 1}})
    assert made == ['SEND\nb:false\ncontent-type:application/json\ncontent-length:7\n\n{"n":1}\0']


@pytest.mark.parametrize("codec", ["json", "json-lines", "signalr"])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_only_python_reads_are_read_and_told(codec: str, number: str) -> None:
    end = "\x1e" if codec == "signalr" else ""
    made = find(codec)()
    ((content, data, _, problem),) = read(f'{{"type": 1, "a": [{number}]}}{end}', made, Masker())
    assert (content, data["type"]) == ("json", 1)
    assert f"it has {number.removeprefix('-')} as a number" in problem
    ((_, data, _, problem),) = read(f'{{"type": 1, "a": "NaN", "b": 1e999}}{end}', made, Masker())
    assert (data["a"], problem) == ("NaN", "")
