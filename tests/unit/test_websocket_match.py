"""Paths and matches: what is meant by the texts of a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realstack.core.json_path import JsonPath, parse
from realstack.websocket.frames import Frame
from realstack.websocket.match import ANY, Match


def frame(data: Any) -> Frame:
    return Frame(1, 0.0, "in", "json", data, 0)


HELLO = frame(
    {
        "type": "message",
        "seq": 5,
        "duplicate": False,
        "run_id": None,
        "payload": {"text": "Hello = 450", "items": [{"id": "a"}, {"id": "b"}], "a.b": 1},
    }
)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$", [HELLO.data]),
        ("type", ["message"]),
        ("$.type", ["message"]),
        ("payload.text", ["Hello = 450"]),
        ("payload.items[0].id", ["a"]),
        ("payload.items[-1].id", ["b"]),
        ("payload.items[*].id", ["a", "b"]),
        ("payload['a.b']", [1]),
        ("payload.items[7].id", []),
        ("payload.text.deeper", []),
        ("run_id", [None]),
    ],
)
def test_paths_lead_to_values(path: str, values: list[Any]) -> None:
    assert parse(path).all(HELLO.data) == values


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", "a b"])
def test_bad_paths_are_refused_with_the_place(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse(path)


@example(["$"])
@example(["$a", "$"])
@given(
    st.lists(
        st.one_of(st.text(min_size=1).filter(lambda text: "'" not in text and "\n" not in text), st.integers(-5, 5)), min_size=1
    )
)
def test_shown_paths_parse_to_themselves(steps: list[str | int]) -> None:
    path = JsonPath((tuple(steps),))
    assert parse(str(path)) == path


@pytest.mark.parametrize(
    "parts",
    [
        ["message"],
        ["type=message"],
        ["type==message"],
        ["seq=5"],
        ["seq>4"],
        ["seq >= 5"],
        ["seq<6"],
        ["seq<=5"],
        ["duplicate=false"],
        ["run_id=null"],
        ["run_id exists"],
        ["missing_field missing"],
        ["payload.text*=450"],
        ["payload.text*== 450"],
        ["payload.text^=Hello"],
        ["payload.text$=450"],
        [r"payload.text~== \d+$"],
        ["payload.text!=Bye"],
        ["payload.items[*].id=b"],
        ["payload.body|payload.text*=450"],
        ["payload.items.1.id=b"],
        ['payload.items=[{"id": "a"}, {"id": "b"}]'],
        [{"payload": {"items": [{"id": "a"}, {}]}}],
        [{"type": "message", "seq": 5}, "payload.items exists"],
        [lambda received: received.data["seq"] == 5],
        [],
    ],
)
def test_matches(parts: list[Any]) -> None:
    assert Match.of(*parts)(HELLO)


@pytest.mark.parametrize(
    "parts",
    [
        ["message_accepted"],
        ["seq=4"],
        ["seq>5"],
        ["seq>four"],
        ["type>=5"],
        ["duplicate=0"],
        ["duplicate=true"],
        ["seq=true"],
        ["run_id missing"],
        ["nothing exists"],
        ["payload.text=Hello"],
        ["payload.text!=Hello = 450"],
        ["payload.items[*].id!=b"],
        [{"seq": "6"}],
        [{"seq": True}],
        [{"payload": {"items": [{"id": "a"}]}}],
        ["message", "seq=6"],
        [lambda _received: False],
    ],
)
def test_does_not_match(parts: list[Any]) -> None:
    assert not Match.of(*parts)(HELLO)


def test_fields_carry_the_operators_that_robot_leaves_on_their_names() -> None:
    fields = {"type": "message", "seq>": "5", "payload.text*": "450", "payload.text!": "x", "duplicate": "=false"}
    match = Match.of(**fields)
    assert match(HELLO)
    assert str(match) == "type=message  seq>=5  payload.text*=450  payload.text!=x  duplicate=false"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("big>9007199254740993", False),
        ("big<9007199254740993", False),
        ("big>=9007199254740993", True),
        ("big>9007199254740992", True),
        ("big<9007199254740993.5", True),
        ("big<1e400", True),
        ("big>nan", False),
        ("odd>1", False),
        ("odd<1", False),
    ],
)
def test_numbers_are_ordered_exactly(condition: str, holds: bool) -> None:
    made = Frame(1, 0.0, "in", "json", {"big": 9007199254740993, "odd": float("nan")}, 1)
    assert Match.of(condition)(made) is holds
    assert Match.of(**{"big<": 10**400})(made)


def test_true_is_not_one_but_a_number_may_be_spelled() -> None:
    assert not Match.of(seq=True)(frame({"seq": 1}))
    assert not Match.of(seq=1)(frame({"seq": True}))
    assert Match.of(seq="1")(frame({"seq": 1}))
    assert Match.of(seq="1")(frame({"seq": "1"}))
    assert not Match.of(seq=1)(frame({"seq": "1"})), "a typed value must be of that type"


def test_a_list_holds_an_item_and_begins_with_no_text() -> None:
    assert Match.of("tags*=b")(frame({"tags": ["a", "b"]}))
    assert not Match.of("tags^=b")(frame({"tags": ["b"]}))


def test_text_frames_match_as_a_whole() -> None:
    text = Frame(1, 0.0, "in", "text", "hello world", 11)
    assert Match.of(**{"$": "hello world"})(text)
    assert Match.of(**{"$*": "lo wo"})(text)
    assert Match.of("$*=lo wo")(text)
    assert not Match.of("message")(text)


def test_binary_frames_match_as_bytes() -> None:
    binary = Frame(1, 0.0, "in", "binary", b"\x01\x02", 2)
    assert Match.of(**{"$": b"\x01\x02"})(binary)
    assert not Match.of("message")(binary)


@pytest.mark.parametrize("text", ["half \ud83d", "[" * 100_000], ids=["half a pair", "no end of levels"])
def test_texts_that_nothing_can_equal_match_nothing(text: str) -> None:
    for data in (b"x", 5, [1]):
        assert not Match.of(**{"$": text})(Frame(1, 0.0, "in", "json", data, 1))


def test_another_place_for_the_type() -> None:
    assert Match.of("joined", type_path="event.name")(frame({"event": {"name": "joined"}}))


@pytest.mark.parametrize("bad", ["what is this?", "", "a..b=1", "seq~=("])
def test_unclear_texts_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"is no match|path|regular expression"):
        Match.of(bad)


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="not 5"):
        Match.of(5)  # type: ignore[arg-type]


def test_explanation_compares_line_by_line() -> None:
    match = Match.of("message", "seq>7", "payload.text=Hello", "payload.who=me", "type missing", lambda _frame: False)
    assert match.score(HELLO) == 1
    assert match.explain(HELLO) == [
        "+ type=message",
        "- seq is more than 7, but was 5",
        "- payload.text is Hello, but was Hello = 450",
        "- payload.who is me, but the frame has no such field",
        "- type is missing, but was message",
        "- <lambda>()",
    ]


def test_any_matches_everything() -> None:
    assert ANY(HELLO)
    assert str(ANY) == "any frame"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(min_size=1), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=4))
def test_every_object_contains_itself(data: dict[str, Any]) -> None:
    assert Match.of(data)(frame(data))


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=3), st.dictionaries(st.text(min_size=1), JSON, max_size=3))
def test_more_fields_never_break_a_match(wanted: dict[str, Any], more: dict[str, Any]) -> None:
    assert Match.of(wanted)(frame({**more, **wanted}))


@given(JSON)
def test_a_spelled_value_equals_the_value(value: Any) -> None:
    assert Match.of(x=json.dumps(value) if not isinstance(value, str) else f"={value}")(frame({"x": value}))
