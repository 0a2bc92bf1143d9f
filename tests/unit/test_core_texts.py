"""Numbers, sizes, durations, paths and expectations as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.core.json_path import parse
from realstack.core.likeness import like
from realstack.core.nesting import DEEPEST, too_deep
from realstack.core.ownership import Owned
from realstack.core.quantities import byte_size, duration, number
from realstack.core.several import several


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("20 kB", 20_000), ("20 kB/s", 20_000), ("1.5 MiB", 1_572_864), ("200B", 200), ("4 kib", 4096), (7, 7)],
)
def test_sizes_are_bytes(text, size):
    assert byte_size(text) == size


@pytest.mark.parametrize("text", ["", "4 parsecs", "-1", "KiB", None, True, float("nan"), -1, "1 KiB 2"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(StackError, match="units B, kB, MB, GB, KiB, MiB, GiB"):
        byte_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500 ms", 0.5), ("1 min 30 s", 90), ("1h10s", 3610), ("00:01:30", 90), ("01:30.5", 90.5), ("2", 2), ("-1 s", -1),
     (timedelta(seconds=3), 3), (0.5, 0.5), ("1 day", 86400)],
)  # fmt: skip
def test_durations_are_seconds(text, seconds):
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "s", None, True, float("inf"), "1:2:3:4"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(StackError, match="units ms, s, min, h, d"):
        duration(text)


def test_whole_numbers_stay_exact():
    assert number("9007199254740993") == 9007199254740993
    assert number(" 0.5 ") == 0.5
    with pytest.raises(StackError, match="the count is a number"):
        number("many", "the count")


@pytest.mark.parametrize(
    ("seen", "text", "wanted"),
    [
        (5, "5", 5),
        (0.5, "0.5", 0.5),
        (True, "yes", True),
        (Decimal("1.10"), "1.1", Decimal("1.1")),
        (timedelta(seconds=1), "500 ms", timedelta(seconds=0.5)),
        (datetime(2030, 1, 31, 12, tzinfo=UTC), "2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (datetime(2030, 1, 31, 12, tzinfo=UTC), "2030-01-31 12:00:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (time(12, tzinfo=UTC), "12:00", time(12, tzinfo=UTC)),
        (datetime(2030, 1, 31, 12), "2030-01-31 12:00:00", datetime(2030, 1, 31, 12)),
        (1000, "1_000", "1_000"),
        (3, "\u0663", "\u0663"),
        ([1, 2], "1, 2", [1, 2]),
        ([1], "[1, 2]", [1, 2]),
        ([1, 2], [1, "2"], [1, 2]),
        ([], "a, b", ["a", "b"]),
        ({"a": 1}, '{"a": 1}', {"a": 1}),
        (b"\xde\xad", r"\xdead", b"\xde\xad"),
        (5, "none", None),
        ("5", "5", "5"),
        (None, "5", "5"),
        # What can't be read so is compared as it is.
        (3, "x", "x"),
        ([1], "[", "["),
        ({"a": 1}, "{", "{"),
    ],
)
def test_a_text_is_read_as_the_type_of_what_is_seen(seen, text, wanted):
    assert like(seen, text) == wanted
    assert type(like(seen, text)) is type(wanted)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers()), st.text()), st.text())
def test_reading_never_fails(seen, text):
    like(seen, text)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]),
        ("$.a.b", [1]),
        ("items[0].id", ["x"]),
        ("items.0.id", ["x"]),
        ("items[-1].id", ["y"]),
        ("items[*].id", ["x", "y"]),
        ("a['c.d']", [2]),
        ("a['e|f']", [3]),
        ("none|a['e|f']", [3]),
        ("items." + "9" * 5000, []),
        ("none | a.b", [1]),
        ("null | a.b", [1]),
        ("null", [None]),
        ("nowhere", []),
        ("items.5.id", []),
        ("a.b.c", []),
    ],
)
def test_paths(path, found):
    value = {"a": {"b": 1, "c.d": 2, "e|f": 3}, "items": [{"id": "x"}, {"id": "y"}], "null": None}
    assert parse(path).all(value) == found
    assert parse(str(parse(path))).all(value) == found
    assert parse(path).first(value) == next((item for item in found if item is not None), None)


@pytest.mark.parametrize("text", ["", "a..b", "a[", "a | ", "a b", "[x]", "|", "a|", "|a", "a||b"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="is not a path"):
        parse(text)


def test_things_belong_to_who_opened_them():
    tabs: Owned[object] = Owned("tab", "Open Tab")
    one, two, three = object(), object(), object()
    tabs.add(one, "Suite", "one")
    tabs.add(two, "Suite.Test", "two")
    made_up = tabs.add(three, "Suite.Test")
    assert made_up == "tab-1"
    assert tabs.get() is three
    assert tabs.switch("one") == made_up
    assert tabs.get() is one
    with pytest.raises(StackError, match=r"No tab has the alias 'four'. Open are: two, tab-1, one. Use \[Open Tab\] first"):
        tabs.get("four")
    with pytest.raises(StackError, match=r"(?s)a free alias for the tab.*'two' is taken, opened by 'Suite.Test'"):
        tabs.add(object(), "Suite", "two")
    with pytest.raises(StackError, match=r"an alias for the tab\nSeen: ' '\nRemedy: Is a variable empty"):
        tabs.add(object(), "Suite", " ")
    assert tabs.release("Suite.Test") == [three, two]
    assert tabs.release("Suite.Test") == []
    assert tabs.release("Suite", below=False) == [one]
    with pytest.raises(StackError, match=r"There is no tab. Use \[Open Tab\] first"):
        tabs.get()


def test_a_suites_end_takes_what_its_tests_left():
    tabs: Owned[int] = Owned("tab", "Open Tab")
    tabs.add(1, "Suite", "one")
    tabs.add(2, "Suite.Inner.Test", "two")
    tabs.add(3, "Suite Of Others", "three")
    assert tabs.release("Suite") == [2, 1]
    assert tabs.names() == ["three"]


def test_switching_makes_nothing_younger():
    tabs: Owned[int] = Owned("tab", "Open Tab")
    for tab in (1, 2, 3):
        tabs.add(tab, "Suite.Test", f"tab{tab}")
    tabs.switch("tab1")
    assert tabs.names() == ["tab2", "tab3", "tab1"]
    assert tabs.by_age() == [("tab1", 1), ("tab2", 2), ("tab3", 3)]
    assert tabs.release("Suite.Test") == [3, 2, 1], "the newest first"
    tabs.add(1, "Suite", "one")
    tabs.add(2, "Suite", "two")
    tabs.switch("one")
    assert tabs.release_all() == [2, 1]


@pytest.mark.parametrize("told", ["a, b", "a,b ,", ["a", "b"], ("a ", "b"), "['a', 'b']", '["a", "b"]', " ('a', 'b')"], ids=str)
def test_several_are_a_text_with_commas_or_a_list(told):
    assert several(told) == ["a", "b"]


def test_several_may_be_one_or_none():
    assert several("host:8080") == ["host:8080"]
    assert several("") == several(()) == []
    with pytest.raises(StackError, match=r"texts between commas.*\n.*\['a'"):
        several("['a'")


@pytest.mark.parametrize("levels", [0, 1, DEEPEST, DEEPEST + 1, 5000])
@pytest.mark.parametrize("wrap", [lambda one: [one, 2], lambda one: {"a": one}, lambda one: ("x", one)])
def test_levels_are_counted_without_going_down(levels, wrap):
    value = "text"
    for _ in range(levels):
        value = wrap(value)
    assert too_deep(value) is (levels > DEEPEST)


@pytest.mark.parametrize("around", ["", "x" * 5000], ids=["short", "long"])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 5000])
def test_levels_of_what_a_text_held_are_counted_however_long_it_is(levels, around):
    value, text = around, f'"{around}"'
    for level in range(levels):
        value, text = ([value], f"[{text}]") if level % 2 else ({"a": value}, f'{{"a":{text}}}')
    assert too_deep(value, text) is (levels > DEEPEST)


def test_few_brackets_need_no_look_at_the_value():
    assert too_deep([[1]], "[[1]]") is False
    assert too_deep(["["] * 500, str(["["] * 500)) is False
