"""A frame may mean several things, or something for each thing in it; and who says something need not be told it."""

from __future__ import annotations

from typing import Any

import pytest

from realstack.core.errors import StackError
from realstack.history.domain import History
from realstack.history.judge import judge
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import FrameIn, FrameOut, Stored

RUN = {"type": "new", "step": {"id": "r-1", "kind": "run", "asked": "m-1"}}
ALL = {"type": "all", "steps": [{"id": "m-1", "kind": "user"}, {"id": "r-1", "kind": "run"}, {"id": "m-2", "kind": "agent"}]}
WORDS: dict[str, Any] = {
    "frames": {
        "out": [{"when": {"type": "say"}, "means": "send", "take": {"message": "id"}}],
        "in": [
            {"when": {"type": "new", "step.kind": "run"}, "means": "ack", "take": {"message": "step.asked"}},
            {"when": {"type": "new", "step.kind": "run"}, "means": "run-event", "stage": "started", "take": {"run": "step.id"}},
            {
                "when": {"type": "all"},
                "each": "steps",
                "where": {"kind": ["user", "agent"]},
                "means": "deliver",
                "take": {"message": "id", "role": "kind"},
            },
        ],
    },
    "chain": [{"once": ["started"]}],
    "rows": {"take": {"message": "id"}},
}


def meant(frame: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(rule.means, fields) for rule, fields in Vocabulary(WORDS).meanings("in", frame)]


def test_every_rule_that_matches_says_something() -> None:
    assert meant(RUN) == [("ack", {"message": "m-1"}), ("run-event", {"run": "r-1"})]


def test_each_thing_in_a_frame_is_looked_at_by_itself() -> None:
    assert meant(ALL) == [
        ("deliver", {"message": "m-1", "role": "user"}),
        ("deliver", {"message": "m-2", "role": "agent"}),
    ]


@pytest.mark.parametrize("steps", [[], None, "none", {"id": "m-1"}])
def test_a_frame_without_things_is_known_and_means_nothing(steps: object) -> None:
    frame = {"type": "all", "steps": steps}
    assert meant(frame) == []
    assert Vocabulary(WORDS).knows("in", frame)
    assert not Vocabulary(WORDS).knows("in", {"type": "other"})


def test_a_history_has_all_of_it_in_the_order_of_the_frame() -> None:
    events = [FrameIn("tab", frame=RUN, at=1.0), FrameIn("tab", frame=ALL, at=2.0)]
    history = History(events, Vocabulary(WORDS))
    assert [ack.message for ack in history.acks] == ["m-1"]
    assert [event.run for event in history.run_events] == ["r-1"]
    assert [(told.message, told.role) for told in history.deliveries] == [("m-1", "user"), ("m-2", "agent")]


@pytest.mark.parametrize(("echo", "outcome"), [(True, "violated"), (False, "holds")])
def test_what_a_tab_said_itself_it_need_not_be_told_where_there_is_no_echo(outcome: str, *, echo: bool) -> None:
    events = [
        FrameOut("tab", frame={"type": "say", "id": "m-1"}, at=1.0),
        FrameIn("tab", frame=RUN, at=2.0),
        Stored("store", [{"id": "m-1"}], at=3.0),
    ]
    history = History(events, Vocabulary({**WORDS, "echo": echo}))
    assert judge("acked-is-kept", history, {}).outcome == outcome


def test_a_wrong_path_is_told() -> None:
    rule = {"when": {"type": "all"}, "each": "steps[", "means": "nothing"}
    with pytest.raises(StackError, match=r"frames\.in\[0\]\.each"):
        Vocabulary({"frames": {"in": [rule]}})
