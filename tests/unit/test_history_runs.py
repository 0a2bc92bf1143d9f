"""agent-stream to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

import pytest
from story import CHAT, Story, assert_holds, assert_told

from realstack.history.laws.agents import Chain
from realstack.history.verdict import Witness
from realstack.history.vocabulary import Link

STAGES = {"started": "agent_started", "thinking": "agent_thinking", "begins": "tool_executing", "ends": "tool_completed"}
STAGES |= {"chunk": "stream_chunk", "completed": "agent_completed", "stopped": "agent_stopped"}


def saw(story: Story, tab: str, *stages: str, first: int = 1, run: str = "r") -> Story:
    """Events of a run on a tab, one number after the other."""
    for number, stage in enumerate(stages, first):
        story.run_event(tab, STAGES[stage], run, number, query="a" if stage == "started" else None)
    return story


def unnumbered(story: Story, tab: str, stage: str, event: str | None = None) -> Story:
    return story.frame_in(tab, STAGES[stage], {}, run_id="r", event_id=event, thread_id="t")


def numbered(story: Story, tab: str, stage: str, number: int, event: str | None = None) -> Story:
    """An event with a number; its platform gives events no ids, or this one."""
    return story.frame_in(tab, STAGES[stage], {}, run_id="r", event_id=event, n=number, thread_id="t")


def asked(*tabs: str) -> Story:
    return Story().tabs("ann", *tabs).send(tabs[0], "a").ack(tabs[0], "a", 1)


# --- the chain ---


def test_after_its_end_nothing_is_taken() -> None:
    for stages in (["started", "completed", "completed"], ["stopped", "started"]):
        chain = Chain(CHAT.chain, midway=False, stops={"stopped"})
        assert [chain.takes(stage) for stage in stages] == [*[True] * (len(stages) - 1), False]
        assert chain.expected() == "nothing after its end"


@pytest.mark.parametrize("first", ["thinking", "tool-begins"])
def test_only_the_first_stage_is_free_midway(first: str) -> None:
    chain = Chain(CHAT.chain, midway=True)
    assert chain.takes(first)
    assert not chain.takes("completed")
    assert not Chain(CHAT.chain, midway=True).takes("dancing")


def test_what_follows_a_stage_midway() -> None:
    for first, then in (("tool-ends", "thinking"), ("started", "thinking"), ("chunk", "completed"), ("thinking", "tool-begins")):
        chain = Chain(CHAT.chain, midway=True)
        assert chain.takes(first)
        assert chain.takes(then), (first, then)
    chain = Chain(CHAT.chain, midway=True)
    assert chain.takes("completed")
    assert not chain.takes("completed")


def test_a_chain_need_not_have_an_end() -> None:
    once = Chain([Link("once", ("a",)), Link("once", ("b",))], midway=False)
    assert [once.takes("a"), once.takes("b"), once.takes("b")] == [True, True, False]
    cycle = Chain([Link("cycle", ("a", "b", "c"))], midway=False)
    assert [cycle.takes("a"), cycle.takes("c")] == [True, False]


def test_what_is_expected_within_after_and_between_cycles() -> None:
    chain = Chain(CHAT.chain, midway=False)
    told = []
    for stage in ("started", "thinking", "tool-begins", "tool-ends", "chunk", "completed"):
        assert chain.takes(stage)
        told.append(chain.expected())
    assert told == [
        "thinking or chunk or completed or failed or stopped",
        "tool-begins",
        "tool-ends",
        "thinking or chunk or completed or failed or stopped",
        "chunk or completed or failed or stopped",
        "nothing after its end",
    ]


# --- what a tab saw ---


def test_a_stage_out_of_step() -> None:
    story = saw(saw(asked("tab 1", "tab 2"), "tab 1", "started", "thinking", "begins", "ends", "completed"), "tab 2", "started")
    assert_told(
        saw(story, "tab 2", "thinking", "completed", first=2).judge("agent-stream"),
        Witness(
            "tab 2 saw the run r-1 out of step: next must be tool-begins, because thinking came at 0.150 s; "
            "however, completed came at 0.160 s.",
            0.16,
            (14, 15),
            ("tab 2",),
        ),
        Witness(
            "the run r-1 ended twice: it must once, because completed came to tab 1 at 0.130 s; however, another "
            "completed came to tab 2 at 0.160 s.",
            0.16,
            (12, 15),
            ("tab 1", "tab 2"),
        ),
        runs=1,
        events=8,
        tabs=2,
    )


def test_a_first_stage_out_of_step() -> None:
    assert_told(
        saw(asked("tab 1"), "tab 1", "thinking", "stopped").judge("agent-stream"),
        Witness(
            "m-1 was never answered: a run for it must begin, because it was acknowledged to tab 1 at 0.050 s; "
            "however, no run named it until 0.070 s.",
            0.05,
            (4,),
            ("tab 1",),
            retryable=True,
        ),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be started, because a run begins with its first stage; "
            "however, thinking came at 0.060 s.",
            0.06,
            (5,),
            ("tab 1",),
        ),
        runs=1,
        events=2,
        tabs=1,
    )


def test_a_number_left_out() -> None:
    assert_told(
        saw(saw(asked("tab 1"), "tab 1", "started", "chunk"), "tab 1", "chunk", "completed", first=4).judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be number 3, because chunk came at 0.070 s; however, "
            "number 4 (chunk) came at 0.080 s.",
            0.08,
            (6, 7),
            ("tab 1",),
        ),
        runs=1,
        events=4,
        tabs=1,
    )


def test_the_same_event_again() -> None:
    story = saw(saw(asked("tab 1"), "tab 1", "started", "chunk", "chunk"), "tab 1", "chunk", "completed", first=2)
    assert_told(
        story.judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be another event, because chunk came at 0.070 s; "
            "however, the same event came at 0.070 s and again at 0.090 s.",
            0.09,
            (6, 8),
            ("tab 1",),
        ),
        runs=1,
        events=5,
        tabs=1,
    )


def test_events_are_the_same_by_their_id_else_by_their_number() -> None:
    for second, same in (("e", True), ("f", False)):
        story = unnumbered(unnumbered(saw(asked("tab 1"), "tab 1", "started"), "tab 1", "chunk", "e"), "tab 1", "chunk", second)
        verdict = unnumbered(story, "tab 1", "completed").judge("agent-stream")
        assert ["the same event" in witness.text for witness in verdict.witnesses] == [True] * same
    story = numbered(numbered(saw(asked("tab 1"), "tab 1", "started"), "tab 1", "chunk", 2), "tab 1", "chunk", 2)
    assert_told(
        numbered(story, "tab 1", "completed", 3).judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be another event, because chunk came at 0.070 s; however, the "
            "same event came at 0.070 s and again at 0.080 s.",
            0.08,
            (6, 7),
            ("tab 1",),
        ),
        runs=1,
        events=4,
        tabs=1,
    )
    story = numbered(numbered(saw(asked("tab 1"), "tab 1", "started"), "tab 1", "chunk", 2, "e"), "tab 1", "chunk", 2, "f")
    assert_told(
        numbered(story, "tab 1", "completed", 3).judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be number 3, because chunk came at 0.070 s; however, "
            "number 2 (chunk) came at 0.080 s.",
            0.08,
            (6, 7),
            ("tab 1",),
        ),
        runs=1,
        events=4,
        tabs=1,
    )


def test_events_without_id_and_number_are_all_different() -> None:
    story = saw(asked("tab 1"), "tab 1", "started")
    for stage in ("chunk", "chunk", "completed"):
        unnumbered(story, "tab 1", stage)
    assert_told(
        story.judge("agent-stream"),
        runs=1,
        events=4,
        tabs=1,
    )


@pytest.mark.parametrize("numbers", [[1, None, 7], [None, 7, 8]])
def test_a_number_follows_only_a_number(numbers: list[int | None]) -> None:
    story = asked("tab 1")
    for stage, number in zip(("started", "chunk", "completed"), numbers, strict=True):
        story.frame_in("tab 1", STAGES[stage], {"query_message_id": "a"}, run_id="r", n=number, thread_id="t")
    assert_told(
        story.judge("agent-stream"),
        runs=1,
        events=3,
        tabs=1,
    )


# --- tabs that came or came back meanwhile ---


def came_back(*stages: str, first: int) -> Story:
    story = saw(asked("tab 1"), "tab 1", "started", "chunk").close("tab 1", by="nobody").open("tab 1")
    return saw(story, "tab 1", *stages, first=first)


def test_what_came_again_after_a_reconnect_hides_nothing_that_follows() -> None:
    assert_told(
        came_back("chunk", "chunk", "completed", first=2).judge("agent-stream"),
        runs=1,
        events=5,
        tabs=1,
    )
    assert_told(
        came_back("chunk", "thinking", "completed", first=2).judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be chunk or completed or failed or stopped, because "
            "chunk came at 0.070 s; however, thinking came at 0.120 s.",
            0.12,
            (6, 11),
            ("tab 1",),
        ),
        runs=1,
        events=5,
        tabs=1,
    )


def test_what_a_tab_missed_meanwhile_may_be_anything() -> None:
    assert_told(
        came_back("ends", "chunk", "completed", first=6).judge("agent-stream"),
        runs=1,
        events=5,
        tabs=1,
    )
    assert_told(
        came_back("ends", "completed", "chunk", first=6).judge("agent-stream"),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be nothing after its end, because completed came at "
            "0.120 s; however, chunk came at 0.130 s.",
            0.13,
            (11, 12),
            ("tab 1",),
        ),
        runs=1,
        events=5,
        tabs=1,
    )


def test_a_tab_that_was_there_before_the_run_sees_it_from_its_beginning() -> None:
    story = saw(asked("tab 1", "tab 2"), "tab 1", "started", "chunk", "completed")
    assert_told(
        saw(story, "tab 2", "chunk", "completed", first=2).judge("agent-stream"),
        Witness(
            "tab 2 saw the run r-1 out of step: next must be started, because a run begins with its first stage; "
            "however, chunk came at 0.120 s.",
            0.12,
            (11,),
            ("tab 2",),
        ),
        runs=1,
        events=5,
        tabs=2,
    )


def test_a_tab_that_came_as_the_run_began_is_midway() -> None:
    story = asked("tab 1").add("tab", "tab 2", {"user": "ann"})
    story.run_event("tab 1", "agent_started", "r", 1, query="a", at=5.0).add("opened", "tab 2", at=5.0)
    saw(story, "tab 1", "thinking", "begins", "ends", "completed", first=2)
    assert_told(
        saw(story, "tab 2", "begins", "ends", "completed", first=3).judge("agent-stream"),
        runs=1,
        events=8,
        tabs=2,
    )


def test_a_run_begins_with_its_first_stage_for_whoever_comes_then() -> None:
    story = saw(asked("tab 1"), "tab 1", "started").tabs("ann", "tab 2")
    for tab in ("tab 1", "tab 2"):
        saw(story, tab, "thinking", "begins", "ends", "completed", first=2)
    assert_told(
        story.judge("agent-stream"),
        runs=1,
        events=9,
        tabs=2,
    )


def test_where_nobody_saw_a_run_begin_nobody_is_midway() -> None:
    assert_told(
        saw(asked("tab 1"), "tab 1", "thinking", "begins", "ends", "completed", first=2).judge("agent-stream"),
        Witness(
            "m-1 was never answered: a run for it must begin, because it was acknowledged to tab 1 at 0.050 s; "
            "however, no run named it until 0.090 s.",
            0.05,
            (4,),
            ("tab 1",),
            retryable=True,
        ),
        Witness(
            "tab 1 saw the run r-1 out of step: next must be started, because a run begins with its first stage; "
            "however, thinking came at 0.060 s.",
            0.06,
            (5,),
            ("tab 1",),
        ),
        runs=1,
        events=4,
        tabs=1,
    )


# --- the end ---


@pytest.mark.parametrize("first", ["tab 1", "tab 3"])
def test_of_two_ends_the_second_is_one_too_many(first: str) -> None:
    tabs = ["tab 1", "tab 2", "tab 3"]
    story = asked(*tabs)
    for tab in tabs:
        saw(story, tab, "started")
    saw(story, first, "completed", first=2)
    for tab in (tab for tab in tabs if tab != first):
        numbered(story, tab, "stopped", 2, "other")
    (witness,) = (one for one in story.judge("agent-stream").witnesses if "ended twice" in one.text)
    second = "tab 1" if first != "tab 1" else "tab 2"
    assert witness.tabs == (first, second)
    assert witness.events == (14, 15)


def test_a_closed_tab_excuses_itself_alone() -> None:
    story = saw(saw(asked("tab 1", "tab 2", "tab 3"), "tab 1", "started"), "tab 2", "started").close("tab 1")
    assert_told(
        saw(story, "tab 3", "started", "completed").judge("agent-stream"),
        Witness(
            "tab 2 never saw the run r-1 end: it must, because the run began at 0.120 s; however, the last that "
            "came was started at 0.130 s, and nothing until 0.160 s.",
            0.13,
            (11, 12),
            ("tab 2",),
            retryable=True,
        ),
        runs=1,
        events=4,
        tabs=3,
    )


@pytest.mark.parametrize(("event", "excused"), [(5.0, False), (4.9, True)])
def test_only_a_tab_that_came_back_after_the_last_that_it_saw_may_miss_the_end(event: float, excused: bool) -> None:
    story = saw(asked("tab 1", "tab 2"), "tab 2", "started").close("tab 2", by="nobody")
    begin = 5.0 if excused else event
    if excused:
        story.add("opened", "tab 2", at=4.0).run_event("tab 2", "stream_chunk", "r", 2, at=event)
        story.add("closed", "tab 2", {"by": "nobody"}, at=4.95).add("opened", "tab 2", at=begin)
    else:
        story.add("opened", "tab 2", at=begin).run_event("tab 2", "stream_chunk", "r", 2, at=event)
    verdict = saw(story, "tab 1", "started", "chunk", "completed").judge("agent-stream")
    assert bool(verdict.witnesses) is not excused


def test_an_answer_that_is_announced_must_come_to_that_tab() -> None:
    story = asked("tab 1", "tab 2")
    for tab in ("tab 1", "tab 2"):
        saw(story, tab, "started").run_event(tab, "agent_completed", "r", 2, answer="x")
    assert_told(
        story.deliver("tab 1", "x", 2, role="agent", run="r").judge("agent-stream"),
        Witness(
            "tab 2 never received the answer of run r-1: it must, because completed at 0.120 s names m-2; however, "
            "that message was not delivered to it.",
            0.12,
            (11,),
            ("tab 2",),
            retryable=True,
        ),
        runs=1,
        events=4,
        tabs=2,
    )


def answered(*tabs: str) -> Story:
    """The first of the tabs asked, saw the run through and has its answer."""
    return saw(asked(*tabs), tabs[0], "started", "completed").deliver(tabs[0], "x", 2, role="agent", run="r")


def test_who_was_there_before_the_question_sees_how_it_is_answered() -> None:
    story = answered("tab 1", "tab 2")
    assert_holds(story.judge("agent-stream"))
    story.deliver("tab 2", "x", 2, role="agent", run="r").deliver("tab 2", "x", 2, role="agent", run="r")
    (witness,) = story.judge("agent-stream").witnesses
    assert witness.text.startswith(
        "tab 2 saw nothing of the run r-1 but its answer: it must see each event, because it was there"
    )
    assert witness.retryable
    assert witness.tabs == ("tab 2",)
    assert_holds(saw(story, "tab 2", "started", "completed").judge("agent-stream"))


def test_who_came_after_the_question_or_asked_again_is_told_what_there_is() -> None:
    late = answered("tab 1").tabs("ann", "tab 2").deliver("tab 2", "x", 2, role="agent", run="r")
    assert_holds(late.judge("agent-stream"))
    asks = asked("tab 1", "tab 2").frame_out("tab 2", "resume", {"after": 0}, thread_id="t")
    saw(asks, "tab 1", "started", "completed").deliver("tab 1", "x", 2, role="agent", run="r")
    assert_holds(asks.deliver("tab 2", "x", 2, role="agent", run="r").judge("agent-stream"))


def test_who_is_gone_or_was_away_need_not_have_seen_it() -> None:
    gone = answered("tab 1", "tab 2")
    gone.deliver("tab 2", "x", 2, role="agent", run="r").close("tab 2")
    assert_holds(gone.judge("agent-stream"))
    assert_holds(gone.open("tab 2").deliver("tab 2", "x", 2, role="agent", run="r").judge("agent-stream"))


# --- one run for each message ---


def test_a_message_that_was_answered_three_times() -> None:
    story = asked("tab 1")
    for run in ("r", "s", "u"):
        saw(story, "tab 1", "started", "completed", run=run)
    assert_told(
        story.judge("agent-stream"),
        Witness(
            "m-1 was answered twice: it must once, because the run r-1 for it began at 0.060 s; however, the run "
            "r-2 for it began at 0.080 s.",
            0.08,
            (5, 7),
            ("tab 1",),
        ),
        runs=3,
        events=6,
        tabs=1,
    )


def answerless(message: str = "b") -> Story:
    """A message that was answered, and another one that was not."""
    return saw(asked("tab 1"), "tab 1", "started", "completed").send("tab 1", message)


def test_a_message_that_was_never_answered_is_told_once() -> None:
    assert_told(
        answerless().ack("tab 1", "b", 3).ack("tab 1", "b", 3, duplicate=True).judge("agent-stream"),
        Witness(
            "m-2 was never answered: a run for it must begin, because it was acknowledged to tab 1 at 0.090 s; "
            "however, no run named it until 0.100 s.",
            0.09,
            (8,),
            ("tab 1",),
            retryable=True,
        ),
        runs=1,
        events=2,
        tabs=1,
    )


def test_only_a_connection_without_a_break_must_have_seen_a_run() -> None:
    assert_told(
        answerless().ack("tab 1", "b", 3).close("tab 1").judge("agent-stream"),
        runs=1,
        events=2,
        tabs=1,
    )
    assert_told(
        answerless().ack("tab 1", "b", 3).close("tab 1").open("tab 1").judge("agent-stream"),
        runs=1,
        events=2,
        tabs=1,
    )
    page = answerless().page("ann", "page").add("page", "page", {"messages": [{"id": "b", "role": "user", "state": "stored"}]})
    assert_told(
        page.judge("agent-stream"),
        runs=1,
        events=2,
        tabs=1,
    )
