"""Events have types, and survive their files."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import realstack.history.events  # noqa: F401 - its kinds are among those that are tried
from realstack.core.errors import StackError
from realstack.recording import events
from realstack.recording.events import Entry, Event, FaultInjected, FrameIn, Note, event_of, read_line
from realstack.recording.recorder import Recorder

PACKAGE = Path(__file__).resolve().parents[2] / "libraries" / "realstack"
CLASSES = sorted(set(events._CLASSES.values()), key=lambda cls: cls.kind)
_TEXTS = st.text(alphabet="abcdefgh ", max_size=8)
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXTS, int: st.integers(-5, 5), float: st.integers(0, 9).map(float), bool: st.booleans(), NoneType: st.none(),
    Any: st.none() | _TEXTS | st.lists(st.integers(), max_size=2),
}  # fmt: skip


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field of that type."""
    if hint in _VALUES:
        return _VALUES[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    inner = [values_of(one) for one in get_args(hint)]
    if get_origin(hint) is UnionType:
        return st.one_of(inner)
    if get_origin(hint) is Mapping:
        return st.dictionaries(_TEXTS.map("x{}".format), inner[1], max_size=2)
    assert get_origin(hint) is Sequence, hint
    return st.lists(inner[0], max_size=2)


@st.composite
def any_event(draw: st.DrawFn) -> Event:
    cls = draw(st.sampled_from(CLASSES))
    hints = get_type_hints(cls)
    given_ = {field.name: draw(values_of(hints[field.name])) for field in fields(cls) if field.name not in ("source", "at")}
    return cls(draw(_TEXTS), at=draw(st.integers(0, 9)) / 4, **given_)


@given(any_event())
def test_every_event_survives_its_line(event: Event) -> None:
    line = Entry.of(event).line
    again = read_line(line)
    assert type(again) is type(event)
    assert Entry.of(again) == Entry.of(event)


def test_lines_of_older_files_are_read() -> None:
    old = read_line('{"at": 1.5, "kind": "fault-struck", "source": "link", "data": {"what": "cut", "connection": 3, "hits": 1}}')
    assert old == FaultInjected("link", "cut", {"connection": 3, "hits": 1}, at=1.5)
    assert json.loads(Entry.of(old).line)["kind"] == "fault-injected"
    assert event_of("frame-in", "tab", {"frame": {"a": None}}, at=0.0) == FrameIn("tab", {"a": None}, at=0.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"at": 1, "kind": "dance", "source": "a", "data": {}}', "a kind of event: act, arrivals.*\n.*'dance'"),
        ('{"at": 1, "kind": "act", "source": "a", "data": {"why": 1}}', "an event of kind act with what\n.*why"),
        ('{"at": 1, "kind": "canary", "source": "a", "data": {}}', "an event of kind canary with canary\n.*nothing"),
        ('{"at": 1}', "an event with at, kind, source and data"),
        ("[]", "an event with at"),
    ],
)
def test_what_is_no_event_is_explained(line: str, words: str) -> None:
    with pytest.raises(StackError, match=words):
        read_line(line)


def test_nothing_is_recorded_without_a_type() -> None:
    recorder = Recorder()
    for untyped in (Event("a"), "note", {"kind": "note"}, Entry(0.0, Note("a", "text"))):
        with pytest.raises(TypeError, match="give it a class"):
            recorder.record(untyped)  # type: ignore[arg-type]
    recorder.record(Note("a", "text"))
    assert [event.data for event in recorder.current.entries()] == [{"text": "text"}]


def test_one_kind_has_one_class() -> None:
    with pytest.raises(TypeError, match="'note' is the kind of Note already"):

        @events.event("note")
        class _Other(Event):
            pass


def test_libraries_make_what_they_record_on_the_spot() -> None:
    """So that whoever looks for a kind finds who records it, and no kind is put together from texts."""
    made = {cls.__name__ for cls in CLASSES}
    found = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}"
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "recorder.record"
        and call.args
        and not (isinstance(call.args[0], ast.Call) and ast.unparse(call.args[0].func).split(".")[-1] in made)
    ]
    assert found == [], f"recorder.record(SomeEvent(…)): {found}"
