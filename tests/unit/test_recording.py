"""Events have types, and survive their files."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

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
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": _TEXTS, "int": st.integers(-5, 5), "float": st.integers(0, 9).map(float), "bool": st.booleans(),
    "Sequence": st.lists(_TEXTS, max_size=2), "Mapping": st.dictionaries(_TEXTS.map("x{}".format), st.integers(), max_size=2),
    "Any": st.none() | _TEXTS | st.lists(st.integers(), max_size=2), "Literal": st.sampled_from(["json", "text", "binary"]),
}  # fmt: skip


@st.composite
def any_event(draw: st.DrawFn) -> Event:
    cls = draw(st.sampled_from(CLASSES))
    hints = {name: str(hint) for name, hint in get_type_hints(cls).items()}
    given_: dict[str, Any] = {}
    for field in fields(cls):
        if field.name not in ("source", "at"):
            hint = hints[field.name].replace("typing.", "").replace("collections.abc.", "").removeprefix("<class '")
            values = next(values for name, values in _VALUES.items() if hint.startswith(name))
            given_[field.name] = draw(st.none() | values if "None" in hint else values)
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
