"""right-tools: the smallest violations, the longest run that just holds, and any calls against any expectation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.history.verdict import Outcome

LAW = "right-tools"
Call = tuple[str, str]
CALCULATOR, SUMMARY = ("calculator", "6 * 7"), ("summary", "two sentences")


def expected(*calls: Call, **more: Any) -> dict[str, Any]:
    told = [{"tool": tool, "input": given} for tool, given in calls]
    return {"message": "q", **({"calls": told} if calls else {}), **more}


def called(*calls: Call, told: dict[str, Any], ends: bool = True, tab: str = "tab 1") -> Story:
    story = Story().tabs("ann", tab).add("tools", "test", told).exchange(tab, "q", 1, tab)
    story.run_event(tab, "agent_started", "r", 1, query="q")
    for n, (tool, given_) in enumerate(calls, 2):
        story.call(tab, "r", n, tool, given_)
    return story.run_event(tab, "agent_completed", "r", len(calls) + 2, query="q", answer="x") if ends else story


def test_all_calls_in_their_order_with_their_arguments() -> None:
    verdict = called(CALCULATOR, SUMMARY, told=expected(CALCULATOR, SUMMARY)).judge(LAW)
    assert_holds(verdict)
    assert verdict.counts == {"questions": 1, "calls": 2, "told": 1}


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ((SUMMARY, CALCULATOR), ("called summary with 'two sentences' on tab 1", "must call calculator with '6 * 7'", "call 1")),
        ((("calculator", "6 * 8"), SUMMARY), ("called calculator with '6 * 8'", "must call calculator with '6 * 7'")),
        ((CALCULATOR, SUMMARY, SUMMARY), ("must call nothing after 2 calls", "it was call 3")),
        ((CALCULATOR,), ("never called summary with 'two sentences'", "as call 2", "it ended as completed")),
        ((CALCULATOR, CALCULATOR, SUMMARY), ("called calculator", "must call summary", "call 2")),
    ],
    ids=["another order", "another argument", "one more", "one fewer", "one twice"],
)
def test_the_smallest_violations(calls: tuple[Call, ...], words: tuple[str, ...]) -> None:
    verdict = called(*calls, told=expected(CALCULATOR, SUMMARY)).judge(LAW)
    assert_violated(verdict, *words)
    assert len(verdict.witnesses) == 1
    assert not verdict.retryable


def test_an_argument_that_is_not_told_may_be_any() -> None:
    told = {"message": "q", "calls": [{"tool": "calculator"}]}
    assert_holds(called(("calculator", "anything"), told=told).judge(LAW))


def test_an_agent_that_is_free_calls_nothing_forbidden_and_not_endlessly() -> None:
    told = expected(forbidden=["send_mail"], most=3)
    assert_holds(called(CALCULATOR, CALCULATOR, CALCULATOR, told=told).judge(LAW))
    verdict = called(CALCULATOR, CALCULATOR, CALCULATOR, CALCULATOR, told=told, ends=False).judge(LAW)
    assert_violated(verdict, "it must call tools 3 times at most", "it was call 4")
    assert_violated(called(CALCULATOR, ("send_mail", "x"), told=told).judge(LAW), "called send_mail with 'x'", "it must not")


def test_what_is_missing_may_still_come() -> None:
    verdict = called(CALCULATOR, told=expected(CALCULATOR, SUMMARY), ends=False).judge(LAW)
    assert_violated(verdict, "never called summary", "it has not yet")
    assert verdict.retryable


def test_what_comes_again_after_a_reconnect_is_one_call() -> None:
    story = called(CALCULATOR, told=expected(CALCULATOR, SUMMARY), ends=False)
    story.close("tab 1", by="server", code=1006).open("tab 1", account="account-ann")
    story.call("tab 1", "r", 2, *CALCULATOR).call("tab 1", "r", 3, *SUMMARY)
    verdict = story.run_event("tab 1", "agent_completed", "r", 4, query="q", answer="x").judge(LAW)
    assert_holds(verdict)
    assert verdict.counts["calls"] == 2


def test_who_came_in_midway_and_what_nobody_told_of_is_not_judged() -> None:
    story = called(CALCULATOR, told=expected(CALCULATOR)).tabs("ann", "late")
    story.call("late", "r", 2, *SUMMARY).run_event("late", "agent_completed", "r", 3, query="q", answer="x")
    assert_holds(story.judge(LAW))
    assert_invalid(called(CALCULATOR, told={**expected(CALCULATOR), "message": "another"}).judge(LAW), "0 questions")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), st.lists(st.sampled_from("abc"), max_size=5))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_only_what_is_told_holds(told: list[str], made: list[str]) -> None:
    wanted, calls = ([(tool, "x") for tool in tools] for tools in (told, made))
    verdict = called(*calls, told=expected(*wanted)).judge(LAW, calls=0)
    assert (verdict.outcome is Outcome.HOLDS) is (told == made)
