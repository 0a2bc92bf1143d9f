"""stop-stops: the smallest violations, the longest history that just holds, and any history that a faultless platform makes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from story import CHAT, Story, assert_holds, assert_invalid, assert_violated

from realstack.history.laws.stopping import IN_FLIGHT
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Vocabulary

LAW = "stop-stops"
WHOLE = "one two three four"
TABS = ("tab 1", "tab 2")


def asked(*tabs: str, pieces: int = 2) -> Story:
    """A question, and the first pieces of its answer on all tabs."""
    story = Story().tabs("ann", *tabs).exchange("tab 1", "q", 1, *tabs)
    for tab in tabs:
        story.run_event(tab, "agent_started", "r", 1, query="q")
    for n in range(pieces):
        for tab in tabs:
            piece(story, tab, n)
    return story


def piece(story: Story, tab: str, n: int, *, at: float | None = None) -> Story:
    return story.run_event(tab, "stream_chunk", "r", n + 2, text=said(n + 1)[len(said(n)) :], at=at)


def said(pieces: int) -> str:
    return "".join(f"{word} " for word in WHOLE.split()[:pieces])


def ended(story: Story, *tabs: str, pieces: int = 2, words: str | None = None) -> Story:
    text = said(pieces) if words is None else words
    for tab in tabs:
        story.deliver(tab, "x", 2, role="agent", run="r", text=text)
        story.run_event(tab, "agent_stopped", "r", pieces + 2, query="q", answer="x", text=text)
    return story


def kept(story: Story, words: str) -> Story:
    return story.stored(("q", 1), ("x", 2), texts={"x": words})


def test_stopped_on_every_tab_and_kept_as_it_was_said() -> None:
    story = kept(ended(asked(*TABS).stop("tab 2", "q"), *TABS), said(2)).add("expected", "test", {"message": "q", "text": WHOLE})
    verdict = story.judge(LAW)
    assert_holds(verdict)
    assert verdict.counts == {"stops": 1, "runs": 1, "tabs": 2, "texts": 7}
    assert_holds(story.judge("agent-stream"))


def test_what_was_in_flight_may_arrive_until_the_last_moment() -> None:
    story = asked("tab 1").stop("tab 1", "q", at=1.0)
    assert_holds(ended(piece(story, "tab 1", 2, at=1.0 + IN_FLIGHT), "tab 1", pieces=3).judge(LAW))


def test_a_piece_that_comes_later_is_seen() -> None:
    story = asked("tab 1").stop("tab 1", "q", at=1.0)
    story = ended(piece(story, "tab 1", 2, at=1.001 + IN_FLIGHT), "tab 1", pieces=3)
    assert_violated(story.judge(LAW), "went on on tab 1", "its stop was acknowledged to tab 1 at 1.000 s")


def test_a_step_that_begins_later_is_seen_as_well() -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "q", 1, "tab 1").stop("tab 1", "q", at=1.0)
    story.run_event("tab 1", "agent_started", "r", 1, query="q", at=1.001 + IN_FLIGHT)
    verdict = ended(story, "tab 1", pieces=0).judge(LAW)
    assert_violated(verdict, "went on on tab 1", "started came")


def test_nothing_comes_after_the_end() -> None:
    story = ended(asked("tab 1").stop("tab 1", "q"), "tab 1")
    story.run_event("tab 1", "stream_chunk", "r", 5, text="three ")
    assert_violated(story.judge(LAW), "went on on tab 1", "it had ended there, stopped")


def test_the_same_event_again_after_a_reconnect_is_no_news() -> None:
    story = ended(asked("tab 1").stop("tab 1", "q"), "tab 1").close("tab 1", by="nobody").open("tab 1")
    assert_holds(piece(story, "tab 1", 1, at=9.0).judge(LAW))


def test_an_answer_that_is_completed_all_the_same() -> None:
    story = asked("tab 1").stop("tab 1", "q").deliver("tab 1", "x", 2, role="agent", run="r", text=said(2))
    story.run_event("tab 1", "agent_completed", "r", 4, answer="x", text=said(2))
    assert_violated(story.judge(LAW), "ended as completed on tab 1")


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_that_never_sees_the_end(tab: str) -> None:
    verdict = ended(asked(*TABS).stop("tab 1", "q"), *(other for other in TABS if other != tab)).judge(LAW)
    assert_violated(verdict, f"{tab} never saw the answer to m-1 end")
    assert verdict.retryable


def test_a_tab_that_has_the_question_and_hears_nothing_of_the_run() -> None:
    story = Story().tabs("ann", *TABS).exchange("tab 1", "q", 1, *TABS).stop("tab 1", "q")
    assert_violated(ended(story, "tab 1", pieces=0).judge(LAW), "tab 2 never saw the answer to m-1 end")


def test_a_run_that_never_began_ends_alone() -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "q", 1, "tab 1").stop("tab 1", "q")
    story.deliver("tab 1", "x", 2, role="agent", run="r", text="")
    story.run_event("tab 1", "agent_stopped", "r", 1, query="q", answer="x", text="")
    assert_holds(story.judge(LAW))
    assert_holds(story.judge("agent-stream"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda story: kept(ended(story, *TABS), said(3)), "is not the same on the store messages"),
        (lambda story: ended(story, *TABS).stored(("q", 1)), "left no answer in the store messages"),
        (lambda story: ended(ended(story, "tab 1"), "tab 2", words=said(1)), "is not the same on the end on tab 2"),
        (lambda story: ended(story, *TABS, words=said(1)), "is not the same on tab 1, in pieces"),
        (
            lambda story: ended(story, *TABS).add("expected", "test", {"message": "q", "text": "one and two"}),
            "is no beginning of its answer",
        ),
        (
            lambda story: ended(story.page("ann", "page"), *TABS).add(
                "page", "page", {"messages": [{"id": "x", "role": "agent", "text": said(1), "state": "stopped"}]}
            ),
            "is not the same on page",
        ),
    ],
    ids=["stored longer", "not stored", "shorter on one tab", "pieces without end", "another text", "page"],
)
def test_what_was_said_stays(change: Callable[[Story], Story], words: str) -> None:
    assert_violated(change(asked(*TABS).stop("tab 1", "q")).judge(LAW), words)


def untold(story: Story, words: str) -> Story:
    """A stopped answer whose end tells no text: it is delivered in a message of its own."""
    story.deliver("tab 1", "x", 2, role="agent", run="r", text=words)
    return story.run_event("tab 1", "agent_stopped", "r", 4, query="q")


def test_where_the_end_tells_no_text_the_delivery_does() -> None:
    verdict = kept(untold(asked("tab 1").stop("tab 1", "q"), said(2)), said(2)).judge(LAW)
    assert_holds(verdict)
    assert verdict.counts["texts"] == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda story: kept(story, said(1)),
            "is not the same on the store messages: it must be the 8 characters that its delivery",
        ),
        (lambda story: story.stored(("q", 1)), "left no answer in the store messages"),
        (lambda story: story.add("expected", "test", {"message": "q", "text": "one and two"}), "is no beginning of its answer"),
    ],
    ids=["stored shorter", "not stored", "another text"],
)
def test_what_was_delivered_and_not_told_stays_as_well(change: Callable[[Story], Story], words: str) -> None:
    assert_violated(change(untold(asked("tab 1").stop("tab 1", "q"), said(2))).judge(LAW), words)


def test_a_stop_that_nobody_acknowledged_is_judged_by_nothing() -> None:
    story = asked("tab 1").stop("tab 1", "q", acknowledged=False)
    assert_invalid(story.judge(LAW), "Only 0 stops")


def test_a_page_tells_of_its_stops() -> None:
    story = asked("tab 1").page("ann", "page").add("stop", "page", {"message": "q", "acknowledged": True})
    assert_violated(piece(story, "tab 1", 2, at=9.0).judge(LAW), "its stop was acknowledged to page")
    assert_holds(
        ended(asked("tab 1").page("ann", "page").add("stop", "page", {"message": "q", "acknowledged": True}), "tab 1").judge(LAW)
    )


def test_a_question_that_only_arrived_tells_whose_run_it_is() -> None:
    story = Story().tabs("ann", "tab 1").tabs("bob", "his").deliver("tab 1", "q", 1)
    story.run_event("tab 1", "agent_started", "r", 1, query="q").stop("his", "q")
    assert_violated(ended(story, "tab 1", pieces=0).judge(LAW, stops=0), "was stopped by nobody", "ann did not ask")


def test_nobody_stops_what_is_another_users() -> None:
    story = asked("tab 1").tabs("bob", "his").stop("his", "q")
    assert_violated(ended(story, "tab 1").judge(LAW, stops=0), "was stopped by nobody", "ann did not ask")


def left(story: Story) -> Story:
    story.close("tab 1").open("tab 1", account="account-ann").resume("tab 1", 0)
    return ended(story, "tab 1")


def test_a_user_who_leaves_stops_nothing() -> None:
    assert_violated(left(asked("tab 1")).judge(LAW, stops=0), "was stopped by nobody")


def test_an_answer_that_nobody_stopped_does_not_break_off() -> None:
    story = asked("tab 1").add("expected", "test", {"message": "q", "text": WHOLE}).close("tab 1").open("tab 1")
    story.resume("tab 1", 1).deliver("tab 1", "x", 2, role="agent", run="r", text=said(2))
    assert_violated(story.judge(LAW, stops=0), "broke off", "only the first 8 characters")


def test_an_answer_that_came_whole_did_not_break_off() -> None:
    story = asked("tab 1").add("expected", "test", {"message": "q", "text": WHOLE})
    assert_holds(story.deliver("tab 1", "x", 2, role="agent", run="r", text=WHOLE).judge(LAW, stops=0))


def test_where_leaving_stops_an_answer_may_break_off() -> None:
    leaving = Vocabulary({**CHAT.data, "leaving_stops": True})
    story = asked("tab 1").add("expected", "test", {"message": "q", "text": WHOLE}).close("tab 1").open("tab 1")
    story.resume("tab 1", 1).deliver("tab 1", "x", 2, role="agent", run="r", text=said(2))
    assert_holds(story.judge(LAW, leaving, stops=0))


def test_unless_the_platform_says_so() -> None:
    leaving = Vocabulary({**CHAT.data, "leaving_stops": True})
    assert_holds(left(asked("tab 1")).judge(LAW, leaving, stops=0))
    assert_violated(ended(asked("tab 1"), "tab 1").judge(LAW, leaving, stops=0), "was stopped by nobody")
    # Another tab was open all the while.
    assert_violated(left(asked(*TABS)).judge(LAW, leaving, stops=0), "was stopped by nobody")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(tabs=st.integers(1, 3), before=st.integers(0, 3), late=st.integers(0, 1), stopper=st.integers(0, 2), broken=st.booleans())
def test_any_stop_of_a_faultless_platform_holds_and_one_more_piece_does_not(
    tabs: int, before: int, late: int, stopper: int, broken: bool
) -> None:
    names = [f"tab {n}" for n in range(1, tabs + 1)]
    story = asked(*names, pieces=before).stop(names[stopper % tabs], "q")
    for tab in names:
        for n in range(before, before + late):
            piece(story, tab, n)
    kept(ended(story, *names, pieces=before + late), said(before + late))
    if broken:
        story.run_event(names[-1], "stream_chunk", "r", 99, text="more")
    assert (story.judge(LAW).outcome is Outcome.VIOLATED) == broken
