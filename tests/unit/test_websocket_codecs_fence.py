"""Whatever a stranger sends, a codec gives messages, and the masker and the recorder take them; and laws see what codecs read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Entry
from realstack.secrets import Registry
from realstack.websocket import Mailbox, Masker, Match
from realstack.websocket.codecs import find
from realstack.websocket.codecs.finding import CODECS
from realstack.websocket.frames import read

SEEDS = [
    '{"type":"a","n":[1,2.5,null]}\n{"token":"x"}\n',
    '{"type":1,"target":"a","arguments":[{"b":"c"}]}\x1e{}\x1e',
    '[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","result":[],"id":null}]',
    '452-/a,12["up",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
    '0{"sid":"a","pingInterval":1}',
    "MESSAGE\r\ncontent-length:3\r\na\\cb:\\n\r\n\r\nabc\0\n\nERROR\n\n{}\0",
    b"\x82\xa1a\x01\xa1b\xc7\x0c\xff\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd6\xff\xff\xff\xff\xff\xc4\x02\xff\xff",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn) -> str | bytes:
    """A payload of some codec with pieces of it replaced, or anything at all."""
    seed = draw(st.sampled_from(SEEDS))
    begin = draw(st.integers(0, len(seed)))
    end = draw(st.integers(begin, min(begin + 4, len(seed))))
    if isinstance(seed, bytes):
        return seed[:begin] + draw(st.binary(max_size=6)) + seed[end:]
    piece = draw(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(['"', "\\", "\0", "\x1e", "[", "9" * 30])
    )
    text = seed[:begin] + piece + seed[end:]
    return text.encode() if draw(st.booleans()) else text


@pytest.mark.parametrize("name", sorted(CODECS))
@given(payloads=st.lists(mutated() | st.binary(max_size=20), max_size=4))
def test_nothing_that_is_received_breaks_a_reader(name: str, payloads: list[str | bytes]) -> None:
    codec, masker, box = find(name)(), Masker(registry=Registry()), Mailbox()
    match = Match.of("a", type_path=codec.type_path, **{"args[0].length>": "1"})
    for payload in payloads:
        for content, data, size, problem in read(payload, codec, masker):
            frame = box.add(0.0, "in", content, data, size, problem=problem)
            match(frame)
            match.explain(frame)
            frame.brief()
            json.loads(Entry.of(frame.event("tab")).line)


@pytest.mark.parametrize("name", sorted(CODECS))
@given(
    value=JSON
    | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("type", "event", "args", "id", "command", "headers", "body", "data"), JSON)
    )
)
def test_a_value_is_written_or_refused(name: str, value: object) -> None:
    codec = find(name)()
    try:
        payloads = codec.encode(value)
    except StackError as error:
        assert "Remedy:" in str(error)  # noqa: PT017 -- either may happen
        return
    assert all(isinstance(payload, (str, bytes)) for payload in payloads)
    for payload in payloads:
        codec.decode(payload)


def test_a_vocabulary_reads_what_a_codec_has_read() -> None:
    vocabulary = Vocabulary(
        {
            "frames": {
                "in": [
                    {"when": {"event": "message"}, "means": "deliver", "take": {"message": "args[0].id", "text": "args[0].text"}}
                ]
            }
        }
    )
    codec, masker = find("socketio")(), Masker(registry=Registry())
    told = [
        data for payload in ('42["message",{"id":"m-1","text":"Hello"}]', "2") for _, data, _, _ in read(payload, codec, masker)
    ]
    [(rule, fields)], other = (vocabulary.meanings("in", data) for data in told)
    assert (rule.means, fields) == ("deliver", {"message": "m-1", "text": "Hello"})
    assert other == []
