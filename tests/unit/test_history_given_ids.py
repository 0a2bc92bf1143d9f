"""Where the platform makes the ids of messages, they are known by what their user sent them with, whenever the two are told."""

from __future__ import annotations

from typing import Any

import pytest
from story import assert_holds, assert_violated

from realstack.history.domain import History
from realstack.history.judge import judge
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import Event, FrameIn, FrameOut, Stored, event_of

NOTE = {"message": "[2].note.n", "text": "[2].note.body", "role": "[2].note.by"}
WORDS: dict[str, Any] = {
    "frames": {
        "out": [{"when": {"[0]": "say"}, "means": "send", "take": {"message": "[1]", "text": "[2].body"}}],
        "in": [
            {"when": {"[0]": "ok", "[2].note": "*"}, "means": "ack", "take": {"message": "[1]", "given": "[2].note"}},
            {"when": {"[2].what": "note"}, "means": "deliver", "take": NOTE},
            {
                "when": {"[2].what": "begun"},
                "means": "run-event",
                "stage": "started",
                "take": {"run": "[2].job", "query": "[2].to"},
            },
        ],
    },
    "chain": [{"once": ["started"]}],
    "rows": {"take": {"message": "note", "text": "body"}},
    "page": {"take": {"message": "id", "text": "text", "role": "role"}},
}
SAID = FrameOut("tab", frame=["say", 17, {"body": "hello"}], at=1.0)
TOLD = FrameIn("tab", frame=["evt", 1, {"what": "note", "note": {"n": 4711, "body": "hello"}}], at=2.0)
TAKEN = FrameIn("tab", frame=["ok", 17, {"note": 4711}], at=3.0)
BEGUN = FrameIn("tab", frame=["evt", 2, {"what": "begun", "job": 3, "to": 4711}], at=4.0)
KEPT = Stored("store", [{"note": 4711, "body": "hello"}], at=5.0)
SHOWN = event_of("page", "page", {"messages": [{"id": "4711", "role": "user", "text": "hello"}]}, at=6.0)
ALL = [SAID, TOLD, TAKEN, BEGUN, KEPT, SHOWN]


def names(history: History) -> dict[str, list[Any]]:
    return {
        "told": [one.message for one in history.deliveries],
        "run": [one.query for one in history.run_events],
        "kept": [item.message for one in history.stores for item in one.items],
        "shown": [item.message for one in history.pages for item in one.items or ()],
        "words": history.ids_with_text("hello"),
        "legend": list(history.legend().values()),
    }


ONE = {"told": ["17"], "run": ["17"], "kept": ["17"], "shown": ["17"], "words": ["17"], "legend": ["17", "3"]}


def test_everything_names_a_message_as_its_user_does() -> None:
    assert names(History(ALL, Vocabulary(WORDS))) == ONE


@pytest.mark.parametrize("late", range(len(ALL)))
def test_whatever_of_it_is_told_last(late: int) -> None:
    history = History([event for event in ALL if event is not ALL[late]], Vocabulary(WORDS))
    names(history)
    history.take([ALL[late]])
    assert names(history) == ONE


def outcome(law: str, *events: Event) -> Any:
    return judge(law, History(events, Vocabulary(WORDS)), {})


def test_laws_join_what_was_sent_with_what_was_kept() -> None:
    assert_holds(outcome("acked-is-kept", *ALL))
    assert_holds(outcome("from-somebody", *ALL))
    lost = Stored("store", [], at=5.0)
    assert_violated(outcome("acked-is-kept", SAID, TOLD, TAKEN, lost), "stor")


def test_a_message_that_was_given_two_ids_is_there_twice() -> None:
    again = FrameIn("tab", frame=["ok", 17, {"note": 4712}], at=3.5)
    twin = FrameIn("tab", frame=["evt", 2, {"what": "note", "note": {"n": 4712, "body": "hello"}}], at=3.6)
    assert_violated(outcome("exactly-once", SAID, TOLD, TAKEN, again, twin), "m-1")


@pytest.mark.parametrize("portion", [1, 2, 9])
def test_where_an_acknowledgement_was_lost_the_text_tells_which_message_it_is(portion: int) -> None:
    events = [SAID, TOLD, BEGUN, KEPT, SHOWN]
    history = History([], Vocabulary(WORDS))
    for first in range(0, len(events), portion):
        history.take(events[first : first + portion])
        names(history)
    assert names(history) == ONE
    assert_holds(judge("from-somebody", history, {}))
    history.take([TAKEN])
    assert names(history) == ONE


def test_of_two_that_were_said_alike_the_text_tells_nothing() -> None:
    other = FrameOut("tab", frame=["say", 18, {"body": "hello"}], at=1.5)
    assert names(History([SAID, other, TOLD], Vocabulary(WORDS)))["told"] == ["4711"]
    assert names(History([SAID, other, TOLD, TAKEN], Vocabulary(WORDS)))["told"] == ["17"]
    history = History([SAID, TOLD], Vocabulary(WORDS))
    assert names(history)["told"] == ["17"]
    history.take([other])
    assert names(history)["told"] == ["4711"]


def test_a_message_that_nobody_said_is_nobodys() -> None:
    other = FrameOut("tab", frame=["say", 17, {"body": "goodbye"}], at=1.0)
    assert_violated(outcome("from-somebody", other, TOLD), "hello")


def test_an_acknowledgement_that_names_no_message_is_none() -> None:
    assert History([FrameIn("tab", frame=["ok", 18, {}], at=1.0)], Vocabulary(WORDS)).acks == []


def test_a_condition_may_ask_for_any_value() -> None:
    rules = {"in": [{"when": {"type": "*"}, "means": "ack", "take": {"message": "id"}}]}
    words = Vocabulary({"frames": rules})
    assert [words.knows("in", frame) for frame in ({"type": "a"}, {"type": 0}, {"type": None}, {})] == [True, True, False, False]


@pytest.mark.parametrize("late", [False, True])
def test_a_number_of_the_users_is_not_the_platform_s(*, late: bool) -> None:
    """Another one's message has the id that was the number of ours."""
    other = FrameIn("tab", frame=["evt", 3, {"what": "note", "note": {"n": 17, "body": "good day"}}], at=2.5)
    history = History([*ALL, other] if not late else ALL, Vocabulary(WORDS))
    assert names(history)
    history.take([other] if late else [])
    assert [one.message for one in history.deliveries] == ["17", "the platform's 17"]
    assert_violated(outcome("from-somebody", *ALL, other), "good day")
