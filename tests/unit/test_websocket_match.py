"""Paths and matches: what is meant by the texts of a table."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from robot.api.types import Secret

from realstack.core.errors import StackError
from realstack.core.json_path import JsonPath, parse
from realstack.websocket import Connection, Masker
from realstack.websocket.frames import Frame
from realstack.websocket.keywords.connections import Connections
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


# --- to the last sign ---


@pytest.mark.parametrize(
    ("condition", "value", "line"),
    [
        ("x=1", 1, "+ x=1"),
        ("x=1", 2, "- x is 1, but was 2"),
        ("x!=1", 1, "- x is not 1, but was 1"),
        ("x*=b", "ac", "- x contains b, but was ac"),
        ("x^=b", "ab", "- x starts with b, but was ab"),
        ("x$=b", "ba", "- x ends with b, but was ba"),
        ("x~=^b", "ab", "- x matches ^b, but was ab"),
        ("x>=2", 1, "- x is at least 2, but was 1"),
        ("x<=2", 3, "- x is at most 2, but was 3"),
        ("x>2", 2, "- x is more than 2, but was 2"),
        ("x<2", 2, "- x is less than 2, but was 2"),
        ("x missing", None, "- x is missing, but was null"),
        ("y exists", 1, "- y exists, but the frame has no such field"),
        ("y=a", 1, "- y is a, but the frame has no such field"),
        ("x[*]=9", [1, 2, 3, 4], "- x[*] is 9, but was 1, 2, 3"),
        ("x=a", "", '- x is a, but was ""'),
        ("x=a", " ", '- x is a, but was " "'),
        ("x=a", {"é": None}, '- x is a, but was {"é": null}'),
        ("x=a", b"abc", "- x is a, but was <3 bytes>"),
        ("x=a", {1}, "- x is a, but was {1}"),
        ("x=a", "b" * 200, "- x is a, but was " + "b" * 200),
        ("x=a", "b" * 201, "- x is a, but was " + "b" * 199 + "…"),
    ],
)
def test_what_is_told_of_each_condition(condition: str, value: Any, line: str) -> None:
    assert Match.of(condition).explain(frame({"x": value})) == [line]


@pytest.mark.parametrize(
    ("condition", "holding", "failing"),
    [
        ("x>=2", [2, 2.0, 3], [1, True, "2", None, [2]]),
        ("x<=2", [2, 1], [3, False, "1"]),
        ("x>2", [3], [2, True]),
        ("x<2", [1], [2, False]),
        ("x>=b", ["b", "c"], ["a", 1]),
        ("x<b", ["a"], ["b"]),
        ("x<=b", ["b"], ["c"]),
        ("x>b", ["c"], ["b"]),
        ("x=1", [1, 1.0, "1"], [2, True, "2", "1.0"]),
        ("x=true", [True, "true"], [1, "True", False]),
        ("x= NULL", [None], [0, "", "null "]),
        ("x=none", [None, "none"], [0]),
        ("x=", [""], ["a", None, 0]),
        ("x=[1, 2]", [[1, 2], "[1, 2]"], [[1], [2, 1], [1, 2, 3]]),
        ('x={"a": 1}', [{"a": 1}, {"a": 1, "b": 2}], [{"a": 2}, {}, {"b": 1}]),
        ("x*=b", ["abc", ["a", "b"]], ["ac", ["ab"], 5, {"b": 1}]),
        ("x*=5", [[5], ["5"], "a5"], [[6], 5]),
        ("x^=a", ["ab"], ["ba", ["a"], 5]),
        ("x$=a", ["ba"], ["ab"]),
        ("x~=a.c", ["xabcx"], ["ac", 5]),
        ("x!=a", ["b", 5, None], ["a"]),
        ("x exists", [None, 0, ""], []),
    ],
)
def test_what_each_operator_holds_of(condition: str, holding: list[Any], failing: list[Any]) -> None:
    match = Match.of(condition)
    assert [value for value in holding if not match(frame({"x": value}))] == []
    assert [value for value in failing if match(frame({"x": value}))] == []


def test_a_missing_field_differs_and_is_in_no_order() -> None:
    holding = [text for text in ("x!=a", "x missing", "x=a", "x>1", "x exists", "x*=a") if Match.of(text)(frame({}))]
    assert holding == ["x!=a", "x missing"]


@pytest.mark.parametrize(
    ("part", "holding", "failing"),
    [
        ({}, [{}, {"a": 1}, 5], []),
        ({"a": {}}, [{"a": {}}, {"a": {"b": 1}}], [{}, {"a": 1}, {"a": []}]),
        ({"a": {"b": 1}}, [{"a": {"b": 1, "c": 2}, "d": 3}], [{"a": {"b": 2}}, {"a": {}}, {"b": 1}]),
        ({"a.b": 1}, [{"a.b": 1}], [{"a": {"b": 1}}]),
        ({"a": [{"b": 1}]}, [{"a": [{"b": 1, "c": 2}]}], [{"a": [{}]}, {"a": [{"b": 1}, {}]}, {"a": {"b": 1}}]),
    ],
)
def test_a_part_of_a_frame_is_contained(part: dict[str, Any], holding: list[Any], failing: list[Any]) -> None:
    assert [data for data in holding if not Match.of(part)(frame(data))] == []
    assert [data for data in failing if Match.of(part)(frame(data))] == []


def test_only_names_longer_than_an_operator_end_in_one() -> None:
    assert str(Match.of(**{"a>": "5", "b": "=5", "c<": 5, "d~": "x", "e": 5})) == "a>=5  b=5  c<=5  d~=x  e=5"
    assert Match.of(**{">": "5"})(frame({">": 5}))


def test_predicates_that_fail_are_told_once() -> None:
    def broken(received: Frame) -> bool:
        return bool(received.data["no such field"])

    match = Match.of("message", broken, partial(lambda _received: 1))
    assert str(match) == "type=message  broken()  predicate()"
    assert not match(frame({"type": "other"}))
    match.check()
    assert not match(HELLO)
    assert match.explain(HELLO) == ["+ type=message", "- broken()", "+ predicate()"]
    assert len(match.errors) == 2
    with pytest.raises(StackError, match=r"broken\(\) raised KeyError: 'no such field', at #1"):
        match.check()
    match.check()


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


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("price", Decimal("0.1")),
        ("price>", Decimal("0.05")),
        ("price<", Decimal("0.1")),
        ("count", Decimal(5)),
        ("count>", Decimal("4.5")),
        ("items", (1, "a")),
        ("items", [1, "a"]),
    ],
)
def test_values_of_stores_and_of_python_match(path: str, expected: Any) -> None:
    assert Match.of(**{path: expected})(frame({"price": 0.1, "count": 5, "items": [1, "a"]}))
    assert not Match.of(**{path: expected})(frame({"price": 0.3 if "<" in path else 0.01, "count": 4, "items": [1]}))


def test_no_float_equals_another_decimal() -> None:
    assert not Match.of(price=Decimal("0.10000000000000000555"))(frame({"price": 0.1}))
    assert not Match.of(price=Decimal(1))(frame({"price": True}))
    assert not Match.of(price=Decimal(1))(frame({"price": float("nan")}))


@pytest.mark.parametrize("given", [Secret("x"), {"a": Secret("x")}, {"a": [{"b": Secret("x")}]}, {"a": ("b", Secret("x"))}])
def test_secret_can_not_be_matched_wherever_it_is(given: Any) -> None:
    connections, anybody = Connections(Masker(), type_path="type"), cast(Connection, None)
    with pytest.raises(StackError, match="values that frames can be compared with"):
        connections.match(anybody, [given], {})
    with pytest.raises(StackError, match="values that frames can be compared with"):
        connections.match(anybody, [], {"payload!": given})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        *(("price<=0.1", True), ("price>=0.1", True), ("price>0.1", False), ("price<0.1", False), ("price>=0.10", True)),
        *(("price<0.11", True), ("price>1e-2", True), ("tiny>0", True), ("none>0", False), ("most>1e300", True)),
    ],
)
def test_fractions_are_ordered_as_they_are_written(condition: str, holds: bool) -> None:
    data = {"price": 0.1, "tiny": 5e-324, "none": float("nan"), "most": float("inf")}
    assert Match.of(condition)(frame(data)) is holds
