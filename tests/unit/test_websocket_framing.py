"""Streams over HTTP are cut into messages wherever they are split: Server-Sent Events by the HTML standard (9.2), and lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.history.vocabulary import Vocabulary
from realstack.websocket.codecs import Payload
from realstack.websocket.codecs.events import Event, Events
from realstack.websocket.codecs.plain import Json
from realstack.websocket.codecs.records import JsonLines
from realstack.websocket.frames import read
from realstack.websocket.framing import EventFraming, LineFraming, TooLarge, Unfinished
from realstack.websocket.masking import Masker

SIZE = 1 << 20


def events(*pieces: bytes) -> tuple[list[tuple[str, str | None, str]], EventFraming]:
    given: list[Payload] = []
    framing = EventFraming(given.append, SIZE)
    for piece in pieces:
        framing.feed(piece)
    return [(event.name, event.id, str(event)) for event in given if isinstance(event, Event)], framing


STREAMS: dict[str, tuple[bytes, list[tuple[str, str | None, str]]]] = {
    "data alone": (b"data: a\n\n", [("message", None, "a")]),
    "all fields": (b"event: tick\nid: 7\ndata: a\n\n", [("tick", "7", "a")]),
    "several lines of data": (b"data: a\ndata:\ndata: b\n\n", [("message", None, "a\n\nb")]),
    "one space goes": (b"data:a\n\ndata: a\n\ndata:  a\n\n", [("message", None, text) for text in ("a", "a", " a")]),
    "CR": (b"data: a\rdata: b\r\rdata: c\r\r", [("message", None, "a\nb"), ("message", None, "c")]),
    "CR LF": (b"data: a\r\ndata: b\r\n\r\n", [("message", None, "a\nb")]),
    "all mixed": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", [("message", None, "a\nb\nc"), ("message", None, "d")]),
    "other ends of lines are none": ("data: a\u2028b\x85c\x0bd\n\n".encode(), [("message", None, "a\u2028b\x85c\x0bd")]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [("message", None, "a")]),
    "a second BOM is part of a field": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", None, "b")]),
    "a BOM later": (b"data: \xef\xbb\xbfa\n\n", [("message", None, "\ufeffa")]),
    "comments": (b": hi\n\n:\ndata: a\n: between\ndata: b\n\n", [("message", None, "a\nb")]),
    "unknown field, and one without a colon": (b"x: y\ndata\nnonsense\n\n", [("message", None, "")]),
    "no data, no event": (b"event: tick\nid: 3\n\ndata: a\n\n", [("message", None, "a")]),
    "the type goes with its event": (b"event: tick\ndata: a\n\ndata: b\n\n", [("tick", None, "a"), ("message", None, "b")]),
    "id with NUL": (b"id: a\0b\ndata: a\n\n", [("message", None, "a")]),
    "id made empty": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [("message", "1", "a"), ("message", "", "b")]),
    "no UTF-8": (b"data: a\xffb\n\n", [("message", None, "a\ufffdb")]),
    "names are told by case": (b"DATA: a\nData: b\ndata: c\n\n", [("message", None, "c")]),
    "no end": (b"data: a\n\ndata: b\n", [("message", None, "a")]),
    "colons in values": (b"data: a: b\nevent:: \n\n", [(": ", None, "a: b")]),
}


@pytest.mark.parametrize(("stream", "expected"), STREAMS.values(), ids=STREAMS)
def test_events_are_read_by_the_standard(stream: bytes, expected: list[tuple[str, str | None, str]]) -> None:
    assert events(stream)[0] == expected
    assert events(*(bytes([byte]) for byte in stream))[0] == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_it_does_not_matter_where_a_stream_is_split(data: st.DataObject) -> None:
    piece = st.sampled_from(
        [b"data: \xc3\xa9\xf0\x9f\x98\x80", b"event: a", b"id: 1", b": c", b"\r", b"\n", b"\r\n", b"retry: 5"]
    )
    stream = b"".join(data.draw(st.lists(piece, max_size=30)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, split = events(stream), events(*pieces)
    assert whole[0] == split[0]
    assert (whole[1].heartbeats, whole[1].last_id, whole[1].retry) == (split[1].heartbeats, split[1].last_id, split[1].retry)


def test_what_is_no_event_is_known() -> None:
    _, framing = events(b": a\n:\n\nid: 7\nretry: 2500\n\nretry: soon\nretry: -1\nretry: \xc2\xb2\nid: 8\ndata: unfinished\n")
    assert (framing.heartbeats, framing.last_id, framing.retry) == (2, "7", 2.5)
    with pytest.raises(Unfinished, match="no empty line"):
        framing.end()


def test_heartbeats_for_ever_are_no_large_message() -> None:
    framing = EventFraming([].append, 10)
    for _ in range(100):
        framing.feed(b": still here\n\n"[:9] + b"\n")
    assert framing.heartbeats == 100


@pytest.mark.parametrize("pieces", [(b"data: 12345678901\n",), (b"data: 1234567\n", b"data: 890\n"), (b"data: 1", b"234567890")])
def test_an_event_may_not_be_larger_than_accepted(pieces: tuple[bytes, ...]) -> None:
    given: list[Payload] = []
    framing = EventFraming(given.append, 10)
    framing.feed(b"data: a\n\n")
    for piece in pieces[:-1]:
        framing.feed(piece)
    with pytest.raises(TooLarge, match="10 bytes"):
        framing.feed(pieces[-1])
    assert given == ["a"]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_are_messages_and_blank_ones_heartbeats(size: int) -> None:
    given: list[Payload] = []
    framing = LineFraming(given.append, SIZE)
    stream = b'{"a":1}\r\n\n \n' + '"\u2028é"\n'.encode() + b'\xff\n{"last":true}'
    for begin in range(0, len(stream), size):
        framing.feed(stream[begin : begin + size])
    framing.end()
    assert given == ['{"a":1}', '"\u2028é"', b"\xff", '{"last":true}']
    assert framing.heartbeats == 2


def test_a_line_may_not_be_larger_than_accepted() -> None:
    framing = LineFraming([].append, 4)
    framing.feed(b"1234\n")
    with pytest.raises(TooLarge):
        framing.feed(b"12345")


def test_an_event_is_an_object_whose_data_a_codec_reads() -> None:
    codec, masker = Events(Json()), Masker()

    def one(event: Event) -> object:
        [(content, value, _, _)] = read(event, codec, masker)
        assert content == "json"
        return value

    assert one(Event('{"a": [1]}', "tick", "7")) == {"event": "tick", "id": "7", "data": {"a": [1]}}
    assert one(Event("[DONE]")) == {"event": "message", "data": "[DONE]"}
    assert one(Event("plain")) == {"event": "message", "data": "plain"}
    assert codec.type_path == "event"


def test_several_messages_in_the_data_are_several_and_what_cannot_be_read_says_so() -> None:
    good, bad = read(Event('{"a":1}\n{nonsense', "tick"), Events(JsonLines()), Masker())
    assert good[1] == {"event": "tick", "data": {"a": 1}}
    assert bad[1] == {"event": "tick", "data": "{nonsense"}
    assert "no JSON" in bad[3]


@pytest.mark.parametrize(
    "data", ['{"token": "s3cr3t"}', '{"a": {"b": "{\\"token\\": \\"s3cr3t\\"}"}}', 'said "token": "s3cr3t", then']
)
def test_credentials_in_events_are_masked(data: str) -> None:
    assert "s3cr3t" not in str(read(Event(data), Events(Json()), Masker()))


def test_a_vocabulary_reads_events() -> None:
    rule = {
        "when": {"event": "token"},
        "means": "deliver",
        "take": {"message": "id", "thread": "data.thread", "text": "data.text"},
    }
    vocabulary = Vocabulary({"frames": {"in": [rule]}})
    [(_, value, _, _)] = read(Event('{"thread": "t-1", "text": "Hello"}', "token", "m-1"), Events(Json()), Masker())
    [(told, fields)] = vocabulary.meanings("in", value)
    assert (told.means, fields) == ("deliver", {"message": "m-1", "thread": "t-1", "text": "Hello"})
