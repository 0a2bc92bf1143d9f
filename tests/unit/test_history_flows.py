"""answers-flow: the smallest violations, the slowest answer that just holds, and any answer by its own figures."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.core.pace import Pace
from realstack.history.verdict import Outcome

LAW = "answers-flow"
ASKED = 1.0
BOUNDS = {"first": 1.0, "gap": 0.5, "end": 3.0}


def answered(*pieces: float, end: float | None, bounds: dict[str, float] | None = BOUNDS, tab: str = "tab 1") -> Story:
    """A question and its answer, with pieces and an end at these times after it."""
    story = Story().tabs("ann", tab)
    if bounds is not None:
        story.add("pace", "platform", bounds)
    story.send(tab, "q", at=ASKED).ack(tab, "q", 1).run_event(tab, "agent_started", "r", 1, query="q")
    for n, at in enumerate(pieces, 2):
        story.run_event(tab, "stream_chunk", "r", n, text=f"{n} ", at=ASKED + at)
    if end is not None:
        story.run_event(tab, "agent_completed", "r", len(pieces) + 2, query="q", answer="x", at=ASKED + end)
    return story


def test_the_slowest_answer_that_just_holds() -> None:
    verdict = answered(1.0, 1.5, 2.0, 2.5, end=3.0).judge(LAW)
    assert_holds(verdict)
    assert verdict.counts == {"answers": 1, "pieces": 4, "bounds": 1}


@pytest.mark.parametrize(
    ("pieces", "end", "words"),
    [
        ((1.001, 1.5), 1.6, ("the first word of the answer r-1 came late to tab 1: it must within 1 s", "asked for at 1.000 s")),
        ((0.1, 0.601, 0.7), 0.8, ("the next word of the answer", "one came at 1.100 s", "it came at 1.601 s, 0.501 s later")),
        ((0.1, 0.2), 0.701, ("the next word of the answer", "one came at 1.200 s")),
        ((0.5, 1.0, 1.5, 2.0, 2.5, 2.9), 3.001, ("the end of the answer", "at 4.001 s")),
        ((2.9, 2.9, 2.9), 2.9, ("the first word",)),
    ],
    ids=["late", "stands still", "stands still before its end", "long", "in one piece at its end"],
)
def test_the_smallest_violations(pieces: tuple[float, ...], end: float, words: tuple[str, ...]) -> None:
    verdict = answered(*pieces, end=end).judge(LAW)
    assert_violated(verdict, *words)
    assert len(verdict.witnesses) == 1
    assert not verdict.retryable


def test_a_text_that_is_no_piece_is_no_word_of_the_answer() -> None:
    story = answered(end=1.6).run_event("tab 1", "agent_thinking", "r", 9, text="Let me see", at=ASKED + 0.1)
    assert_violated(story.judge(LAW, pieces=0), "the first word")


def test_an_answer_without_pieces_has_its_first_word_at_its_end() -> None:
    assert_violated(answered(end=1.001).judge(LAW, pieces=0), "the first word")
    assert_holds(answered(end=1.0).judge(LAW, pieces=0))


def test_an_answer_without_an_end_may_still_come_until_its_time_is_over() -> None:
    story = answered(0.1, 0.2, end=None)
    verdict = story.judge(LAW)
    assert_violated(verdict, "has no end on tab 1", "the last that came was chunk at 1.200 s")
    assert verdict.retryable
    story.frame_in("tab 1", "pong", {}, at=ASKED + 0.7)
    assert story.judge(LAW).retryable
    story.frame_in("tab 1", "pong", {}, at=ASKED + 0.701)
    verdict = story.judge(LAW)
    assert_violated(verdict, "the next word of the answer", "one came at 1.200 s", "nothing came until 1.701 s")
    assert not verdict.retryable


def test_a_first_word_that_has_not_come_is_late_as_soon_as_its_time_is_over() -> None:
    story = answered(end=None)
    assert story.judge(LAW, pieces=0).retryable
    story.frame_in("tab 1", "pong", {}, at=ASKED + 1.001)
    verdict = story.judge(LAW, pieces=0)
    assert_violated(verdict, "the first word of the answer", "nothing came until 2.001 s")
    assert not verdict.retryable


def test_without_bounds_or_pieces_there_is_no_verdict() -> None:
    assert_invalid(answered(9.0, end=99.0, bounds=None).judge(LAW), "bounds")
    assert_invalid(answered(0.1, end=0.2).judge(LAW), "1 pieces")


def test_what_is_not_declared_is_any_time() -> None:
    assert_holds(answered(7.0, 7.1, end=9.0, bounds={"gap": 2.0}).judge(LAW))


def test_a_tab_that_was_away_can_not_tell() -> None:
    story = answered(0.1, 0.2, end=None)
    story.close("tab 1", by="server", code=1006).open("tab 1", account="account-ann")
    story.run_event("tab 1", "agent_completed", "r", 4, query="q", answer="x", at=ASKED + 60)
    assert_invalid(story.judge(LAW), "0 answers")
    late = answered(0.1, 0.2, end=0.3).tabs("ann", "late")
    late.run_event("late", "stream_chunk", "r", 2, text="2 ", at=ASKED + 60)
    assert_holds(late.judge(LAW))


@pytest.mark.parametrize("end", ["agent_stopped", "agent_error"])
def test_what_was_stopped_or_failed_is_another_laws_business(end: str) -> None:
    story = answered(0.1, 0.2, end=None).run_event("tab 1", end, "r", 4, query="q", at=ASKED + 60)
    assert_invalid(story.judge(LAW), "0 answers")


def test_another_tab_is_judged_by_the_same_question() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").add("pace", "platform", BOUNDS).send("tab 1", "q", at=ASKED)
    for tab, first in (("tab 1", 0.1), ("tab 2", 1.2)):
        story.run_event(tab, "agent_started", "r", 1, query="q", at=ASKED + first - 0.05)
        story.run_event(tab, "stream_chunk", "r", 2, text="one ", at=ASKED + first)
        story.run_event(tab, "stream_chunk", "r", 3, text="two ", at=ASKED + first + 0.1)
        story.run_event(tab, "agent_completed", "r", 4, query="q", answer="x", at=ASKED + first + 0.2)
    verdict = story.judge(LAW)
    assert_violated(verdict, "came late to tab 2")
    assert verdict.counts["answers"] == 2


@given(st.lists(st.integers(1, 2000), min_size=3, max_size=12))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_an_answer_is_judged_by_its_own_figures(steps: list[int]) -> None:
    *pieces, end = (at / 1000 for at in accumulate(steps))
    pace = Pace.of(0.0, pieces, end)
    assert pace.first == pieces[0]
    assert (pace.end, pace.pieces) == (end, len(pieces))
    assert pace.gap == max(later - earlier for earlier, later in pairwise([*pieces, end]))
    slack = 1e-6
    just = {"first": pace.first + slack, "gap": pace.gap + slack, "end": pace.end + slack}
    assert answered(*pieces, end=end, bounds=just).judge(LAW).outcome is Outcome.HOLDS
    for name, most in just.items():
        short = {**just, name: most - 2 * slack - 1e-4}
        verdict = answered(*pieces, end=end, bounds=short).judge(LAW)
        assert [witness.text.split()[1] for witness in verdict.witnesses] == [{"gap": "next"}.get(name, name)]
