"""Ids that are numbers: the laws take 17 of a frame, 17 of a row and "17" of a page for the same."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from story import assert_holds, assert_violated
from test_history_falsify import CASES, stored

from realstack.history.falsify import falsify
from realstack.recording.events import Event

NUMBERS = {"a": 1, "b": 2, "c": 3, "z": 4, "x": 5, "t": 1, "u": 2, "r": 1, "account-ann": 1, "account-bob": 2}
"""Messages, threads, runs and users, each numbered from 1."""


def numbered(told: Any, *, as_text: bool) -> Any:
    if isinstance(told, dict):
        return {key: numbered(value, as_text=as_text) for key, value in told.items()}
    if isinstance(told, list):
        return [numbered(one, as_text=as_text) for one in told]
    number = NUMBERS.get(told) if isinstance(told, str) else None
    return told if number is None else str(number) if as_text else number


def with_numbers(event: Event) -> Event:
    """The event, with numbers in frames and rows, and digits where a page or a keyword tells an id."""
    as_text = event.kind not in ("frame-in", "frame-out", "stored")
    names = [field.name for field in fields(event) if field.name not in ("source", "at", "file", "law", "outcome")]
    return replace(event, **{name: numbered(getattr(event, name), as_text=as_text) for name in names})


@pytest.mark.parametrize("law", CASES)
def test_each_law_sees_each_of_its_changes_where_ids_are_numbers(law: str) -> None:
    make, vocabulary = CASES[law]
    usual, story = make(), make()
    story.events = list(map(with_numbers, story.events))
    assert_holds(story.judge(law, vocabulary))
    as_usual = [(sight.what, sight.tried, sight.seen) for sight in falsify([stored(usual, law, vocabulary)])]
    assert [(sight.what, sight.tried, sight.seen) for sight in falsify([stored(story, law, vocabulary)])] == as_usual


def test_a_value_is_the_same_on_a_page_and_in_a_frame() -> None:
    make, vocabulary = CASES["converges"]
    for shown, told in (("17", 17), (17, "17")):
        story = make()
        for tab in ("tab 1", "tab 2"):
            story.frame_in(tab, "thread_renamed", {"title": told}, thread_id="t")
        story.frame_out("tab 1", "thread_rename", {"title": told}, thread_id="t")
        story.add("setting", "PostgreSQL", {"of": "title", "about": "t", "value": shown})
        assert_holds(story.judge("converges", vocabulary))
        story.add("setting", "PostgreSQL", {"of": "title", "about": "t", "value": "18"})
        assert_violated(story.judge("converges", vocabulary), "18")
