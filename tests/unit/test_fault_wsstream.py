"""Reading WebSocket messages from a stream that passes by: however it is sliced, the bytes stay and the messages are found."""

from __future__ import annotations

import itertools
import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.streams import StreamReader as Frames
from websockets.uri import parse_uri

from realstack.faults.wsstream import LARGEST_MESSAGE, Inflater, StreamReader, Upgrade

Message = str | bytes
MESSAGES = st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), min_size=1, max_size=6)


def conversation(messages: list[Message], *, deflate: bool, takeover: bool = True, fragments: int = 1) -> tuple[bytes, bytes]:
    """What client and server of a real implementation send, each the same messages after the handshake."""
    options = {"server_no_context_takeover": not takeover, "client_no_context_takeover": not takeover}
    client = ClientProtocol(parse_uri("ws://test/"), extensions=[ClientPerMessageDeflateFactory(**options)] if deflate else None)
    server = ServerProtocol(extensions=[ServerPerMessageDeflateFactory(**options)] if deflate else None)
    client.send_request(client.connect())
    sent = b"".join(client.data_to_send())
    server.receive_data(sent)
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    answered = b"".join(server.data_to_send())
    client.receive_data(answered)
    for side in (client, server):
        for message in messages:
            data = message.encode() if isinstance(message, str) else message
            opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
            if fragments == 1 or len(data) < fragments:
                side.send_frame(Frame(opcode, data))
                continue
            step = len(data) // fragments
            parts = [data[index * step : (index + 1) * step] for index in range(fragments - 1)]
            parts.append(data[step * (fragments - 1) :])
            for index, part in enumerate(parts):
                side.send_frame(Frame(Opcode.CONT if index else opcode, part, fin=index == fragments - 1))
                side.send_frame(Frame(Opcode.PING, b"between"))
    return sent + b"".join(client.data_to_send()), answered + b"".join(server.data_to_send())


def slices(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@settings(max_examples=60, deadline=None)
@given(
    messages=MESSAGES,
    cuts=st.lists(st.integers(0, 100_000), max_size=12),
    deflate=st.booleans(),
    takeover=st.booleans(),
    fragments=st.sampled_from([1, 3]),
    whole=st.booleans(),
)
def test_any_slicing_keeps_the_bytes_and_finds_the_messages(
    *, messages: list[Message], cuts: list[int], deflate: bool, takeover: bool, fragments: int, whole: bool
) -> None:
    upgrade = Upgrade()
    sent, answered = conversation(messages, deflate=deflate, takeover=takeover, fragments=fragments)
    readers = {sender: StreamReader(sender, upgrade) for sender in ("client", "server")}
    head = sent.index(b"\r\n\r\n") + 4
    # A client sends no message before it has the server's answer.
    assert b"".join(piece.raw for part in slices(sent[:head], cuts) for piece in readers["client"].feed(part)) == sent[:head]
    for sender, stream in (("server", answered), ("client", sent[head:])):
        reader = readers[sender]
        pieces = [piece for part in slices(stream, cuts) for piece in reader.feed(part, whole=whole)] + reader.flush()
        assert [piece.message for piece in pieces if piece.message is not None] == messages
        if not whole or fragments == 1:
            assert b"".join(piece.raw for piece in pieces) == stream
        assert sum(len(piece.raw) for piece in pieces) == len(stream), "control frames may overtake fragments, nothing is lost"


def test_a_held_message_passes_with_its_last_byte_only() -> None:
    sent, answered = conversation(["hello"], deflate=False)
    upgrade = Upgrade()
    StreamReader("client", upgrade).feed(sent)
    reader = StreamReader("server", upgrade)
    assert b"".join(piece.raw for piece in reader.feed(answered[:-1], whole=True)).endswith(b"\r\n\r\n")
    (piece,) = reader.feed(answered[-1:], whole=True)
    assert (piece.raw, piece.message) == (answered[-7:], "hello")


def test_holding_can_begin_and_end_in_the_middle_of_a_message() -> None:
    sent, answered = conversation(["hello world", "again"], deflate=False, fragments=2)
    for begin in range(0, len(answered), 3):
        upgrade = Upgrade()
        StreamReader("client", upgrade).feed(sent)
        reader = StreamReader("server", upgrade)
        pieces = reader.feed(answered[:begin], whole=False)
        pieces += reader.feed(answered[begin : begin + 9], whole=True)
        pieces += reader.feed(answered[begin + 9 :], whole=False)
        assert [piece.message for piece in pieces if piece.message is not None] == ["hello world", "again"]
        assert sum(len(piece.raw) for piece in pieces) == len(answered)


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n\x81\x05hello"),
        (b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n\x81\x05hello"),
        (b"\x16\x03\x01\x02\x00", b"\x81\x05hello"),
        (b"", b"220 server speaks first\r\n\x81\x05hello"),
    ],
)
def test_what_is_no_websocket_passes_unread(client: bytes, server: bytes) -> None:
    upgrade = Upgrade()
    for sender, stream in (("client", client), ("server", server)):
        reader = StreamReader(sender, upgrade)
        pieces = reader.feed(stream, whole=True) + reader.feed(b"more", whole=True) + reader.flush()
        assert b"".join(piece.raw for piece in pieces) == stream + b"more"
        assert all(piece.message is None for piece in pieces)


def test_messages_above_the_limit_pass_unread_and_later_ones_are_read_again() -> None:
    big = os.urandom(LARGEST_MESSAGE + 1)
    sent, answered = conversation([big, "small"], deflate=False)
    upgrade = Upgrade()
    for sender, stream in (("client", sent), ("server", answered)):
        reader = StreamReader(sender, upgrade)
        pieces = [
            piece for part in slices(stream, list(range(0, len(stream), 50_000))) for piece in reader.feed(part, whole=True)
        ]
        assert b"".join(piece.raw for piece in pieces) == stream
        assert [piece.message for piece in pieces if piece.message is not None] == ["small"]


def test_a_compressed_message_that_is_lost_makes_later_ones_unreadable_rather_than_wrong() -> None:
    big = os.urandom(LARGEST_MESSAGE + 100)
    sent, answered = conversation(["first", big, "small"], deflate=True)
    upgrade = Upgrade()
    StreamReader("client", upgrade).feed(sent)
    pieces = StreamReader("server", upgrade).feed(answered)
    assert [piece.message for piece in pieces if piece.message is not None] == ["first"]
    assert b"".join(piece.raw for piece in pieces) == answered


def test_a_compression_bomb_is_not_unpacked() -> None:
    sent, answered = conversation([b"\0" * (LARGEST_MESSAGE * 4)], deflate=True)
    assert len(answered) < LARGEST_MESSAGE
    upgrade = Upgrade()
    StreamReader("client", upgrade).feed(sent)
    assert all(piece.message is None for piece in StreamReader("server", upgrade).feed(answered))


def test_extensions_are_stripped_from_the_offer_alone() -> None:
    sent, _ = conversation(["x"], deflate=True)
    upgrade = Upgrade()
    head = b"".join(piece.raw for piece in StreamReader("client", upgrade, strip_extensions=True).feed(sent))
    assert b"sec-websocket-extensions" in sent.lower()
    assert b"sec-websocket-extensions" not in head.lower()
    assert upgrade.asked
    assert head.startswith(b"GET / HTTP/1.1\r\n")
    assert b"Sec-WebSocket-Key" in head


def test_an_endless_head_passes() -> None:
    reader = StreamReader("client", Upgrade())
    stream = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000
    assert b"".join(piece.raw for piece in reader.feed(stream) + reader.flush()) == stream


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"\x83\x05wrong", id="reserved opcode"),
        pytest.param(b"\xb2\x05wrong", id="reserved bits"),
        pytest.param(b"\x81\x85\x00\x00\x00\x00wrong", id="a server's mask"),
        pytest.param(b"\x89\x7e\x00\x80" + bytes(128), id="too long a ping"),
        pytest.param(b"\x82\x7f" + (LARGEST_MESSAGE + 1).to_bytes(8, "big") + bytes(LARGEST_MESSAGE + 1), id="too large"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_what_breaks_the_protocol_passes_and_reading_goes_on(broken: bytes, step: int) -> None:
    """The reason for a parser of our own: one that stands for an end of the connection gives up here, as it should."""
    step = step if len(broken) < 1000 else 100_000
    sent, answered = conversation(["before"], deflate=False)
    after = Frame(Opcode.TEXT, b"after").serialize(mask=False)
    upgrade = Upgrade()
    StreamReader("client", upgrade).feed(sent)
    reader, stream = StreamReader("server", upgrade), answered + broken + after
    pieces = [piece for start in range(0, len(stream), step) for piece in reader.feed(stream[start : start + step])]
    assert b"".join(piece.raw for piece in pieces) == stream
    assert [piece.message for piece in pieces if piece.message in {"before", "after"}] == ["before", "after"]

    theirs = Frames()
    theirs.feed_data(broken)
    with pytest.raises((ProtocolError, PayloadTooBig)):
        next(Frame.parse(theirs.read_exact, mask=False, max_size=LARGEST_MESSAGE))


@pytest.mark.parametrize("behind", [b"", b"\x00"])
@pytest.mark.parametrize("takeover", [False, True])
def test_messages_that_each_end_their_compressed_stream_are_all_read(behind: bytes, takeover: bool) -> None:
    """RFC 7692, 7.2.3.4."""
    inflater = Inflater(takeover)
    for text in (b"one", b"two", b"three"):
        machine = zlib.compressobj(wbits=-15)
        assert inflater.inflate(machine.compress(text) + machine.flush() + behind) == text
