"""A history that grows with what is recorded is the one made at once, however late and in what portions things are told."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from story import CHAT, Story
from test_history_properties import EXAMPLES, QUIET, legal_histories

from realstack.core.waiting import Deadline
from realstack.history import floors
from realstack.history.domain import History
from realstack.history.laws import LAWS, judge
from realstack.history.session import Session
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, Note, event_of
from realstack.recording.recorder import Recorder, Recording

PARTS = ("tabs", "sends", "acks", "deliveries", "refusals", "rejections", "greetings", "refreshes", "resumes", "run_events",
         "pages", "stores", "settings", "notes", "events", "accounts", "known", "end")  # fmt: skip


def told(history: History) -> dict[str, Any]:
    """All that can be asked of a history; tabs in their order."""
    parts = {name: getattr(history, name) for name in PARTS}
    texts = {send.text for send in history.sends if send.text}
    return {
        **parts,
        "tabs": list(history.tabs.items()),
        "names": history.legend(),
        "ids": {t: history.ids_with_text(t) for t in texts},
    }


def verdicts(history: History) -> dict[str, Any]:
    return {law: judge(law, history) for law in LAWS}


def grown(events: list[Event], vocabulary: Vocabulary, portions: list[int]) -> History:
    """A history that was asked for its verdicts after each portion."""
    history = History([], vocabulary)
    taken = 0
    while taken < len(events):
        portion = portions[taken % len(portions)]
        history.take(events[taken : taken + portion])
        verdicts(history)
        taken += portion
    return history


def assert_grows(events: list[Event], vocabulary: Vocabulary, portions: list[int]) -> None:
    whole, parts = History(events, vocabulary), grown(events, vocabulary, portions)
    assert told(parts) == told(whole)
    assert verdicts(parts) == verdicts(whole)


def page_events(rng: random.Random, events: list[Event]) -> list[Event]:
    """What pages add: words typed before and after their messages are known, readings, postings, accounts that were not told."""
    texts = [
        e.data["frame"]["payload"]["text"] for e in events if e.kind == "frame-out" and e.data["frame"]["type"] == "user_message"
    ]
    last = events[-1].at
    more = [
        event_of("typed", "page", {"text": rng.choice(texts)}, at=rng.uniform(0, last)),
        event_of("typed", "page", {"text": "never seen"}, at=rng.uniform(0, last)),
        event_of("tab", "page", {"user": rng.choice(["ann", "bob"]), "page": True}, at=rng.uniform(0, last)),
        event_of("tab", "ann 1", {"user": rng.choice(["ann", "eve"])}, at=rng.uniform(0, last)),
        event_of("posted", "posting", {"message": "p-1", "acknowledged": True}, at=rng.uniform(0, last)),
        event_of("fault-on", "link", {"what": "cut"}, at=rng.uniform(0, last)),
        event_of("fault-off", "link", {"receipt": {"proven": True}}, at=rng.uniform(0, last)),
        event_of("baseline", "history", {"messages": ["ann-0"]}, at=rng.uniform(0, last)),
    ]
    shown = [{"id": None, "text": text, "role": "user", "state": rng.choice(["stored", "limited"])} for text in texts[:5]]
    for _ in range(3):
        more.append(
            event_of("page", "page", {"messages": rng.sample(shown, len(shown)), "status": "online"}, at=rng.uniform(0, last))
        )
    if rng.random() < 0.5:
        more.append(event_of("tab", "posting", {"user": "bob"}, at=rng.uniform(0, last)))
    return rng.sample(more, len(more))


@EXAMPLES
@given(legal_histories(), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_in_any_portions(events: list[Event], portions: list[int]) -> None:
    assert_grows(events, QUIET, portions)


@EXAMPLES
@given(legal_histories(), st.lists(st.integers(1, 9), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_in_any_portions_and_with_much_told_late(events: list[Event], portions: list[int], rng: random.Random) -> None:
    mixed = list(events)
    for event in page_events(rng, events):
        mixed.insert(rng.randrange(len(mixed) + 1), event)
    # Registrations and greetings come late, too, and some things at one and the same time.
    for _ in range(len(mixed) // 3):
        mixed.insert(rng.randrange(len(mixed)), mixed.pop(rng.randrange(len(mixed))))
    mixed = [replace(event, at=round(event.at, rng.choice([1, 6]))) for event in mixed]
    assert_grows(mixed, CHAT, portions)


def test_a_late_event_takes_its_place() -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1")
    late = Story().send("tab 1", "z", at=0.001).events
    history = History(story.events, CHAT)
    assert history.name("a") == "m-1"
    history.take(late)
    assert [send.message for send in history.sends] == ["z", "a", "b"]
    assert (history.name("z"), history.name("a")) == ("m-1", "m-2")
    assert [event.at for event in history.events] == sorted(event.at for event in history.events)


def test_words_typed_find_their_message_when_it_comes() -> None:
    story = Story().page("ann", "page").add("typed", "page", {"text": "hi"})
    history = History(story.events, CHAT)
    assert history.sends[0].message == "typed: hi"
    history.take(Story().tabs("ann", "tab 1").deliver("tab 1", "m", 1, text="hi").events)
    assert history.sends[0].message == "m"


# --- waiting ---


def session() -> tuple[Recorder, Session]:
    recorder = Recorder()
    watched = Session(recorder, CHAT)
    watched.begin_test("Test")
    return recorder, watched


def test_a_wait_looks_again_only_when_something_was_recorded() -> None:
    recorder, watched = session()
    lengths: list[int] = []
    for history in watched.looks(Deadline(10)):
        lengths.append(len(history.events))
        if len(lengths) == 3:
            break
        threading.Timer(0.05, recorder.record, [Note("a")]).start()
    assert lengths == [0, 1, 2]


def test_a_wait_in_which_nothing_is_recorded_looks_once() -> None:
    _, watched = session()
    assert [len(history.events) for history in watched.looks(Deadline(0.1))] == [0]


def test_the_last_look_has_what_came_up_to_the_deadline() -> None:
    recorder, watched = session()
    looks = watched.looks(Deadline(0.05))
    next(looks)
    recorder.record(Note("a"))
    assert [len(history.events) for history in looks][-1] == 1


def test_a_history_of_earlier_is_as_it_was() -> None:
    recorder, watched = session()
    recorder.record(Note("b"))
    history, upto = watched.history(), len(watched.history().events)
    assert watched.history_of(upto) is history
    recorder.record(Note("a", at=watched.recording.began))
    assert [event.source for event in watched.history().events] == ["a", "b"]
    assert [event.source for event in watched.history_of(upto).events] == ["b"]


def test_the_history_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    meanings = Vocabulary.meanings
    monkeypatch.setattr(Vocabulary, "meanings", lambda self, way, frame: read.append(way) or meanings(self, way, frame))
    recorder, watched = session()
    for event in Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1").events:
        recorder.record(event)
        floors.count(watched.history(), "sends")
    assert len(read) == 4


def test_waiting_for_more_ends_with_its_time() -> None:
    recording = Recording("x")
    assert not recording.wait_for_more(0, 0.01)
    recording.add(Note("a"))
    assert recording.wait_for_more(0, 0)
    assert not recording.wait_for_more(1, 0)
