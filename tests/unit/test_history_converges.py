"""converges: what a user can change is the same everywhere in the end."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.history.verdict import Outcome


def two_tabs() -> Story:
    return Story().tabs("ann", "tab 1", "tab 2")


def rename(story: Story, tab: str, title: str) -> Story:
    return story.frame_out(tab, "thread_rename", {"title": title}, thread_id="t")


def renamed(story: Story, title: str, *tabs: str) -> Story:
    for tab in tabs:
        story.frame_in(tab, "thread_renamed", {"title": title}, thread_id="t")
    return story


def marked(story: Story, tab: str, asked: int, told: int) -> Story:
    story.frame_out(tab, "thread_read", {"seq": asked}, thread_id="t")
    for other in ("tab 1", "tab 2"):
        story.frame_in(other, "thread_read", {"seq": told}, thread_id="t")
    return story


def read(story: Story, place: str, value: Any, of: str = "title") -> Story:
    return story.add("setting", place, {"of": of, "about": "t", "value": value})


def test_the_longest_history_that_just_holds() -> None:
    story = two_tabs()
    for n in range(20):
        renamed(rename(story, f"tab {n % 2 + 1}", f"title {n}"), f"title {n}", "tab 1", "tab 2")
    assert_holds(read(read(story, "store", "title 19"), "page", "title 19").judge("converges", changes=20, places=4))


def test_two_at_the_same_time_either_may_win() -> None:
    story = renamed(rename(rename(two_tabs(), "tab 1", "one"), "tab 2", "two"), "two", "tab 1", "tab 2")
    assert_holds(read(renamed(story, "one", "tab 1", "tab 2"), "store", "one").judge("converges"))


def test_a_store_read_before_the_last_of_them_came_about_does_not_count() -> None:
    story = renamed(rename(rename(two_tabs(), "tab 1", "one"), "tab 2", "two"), "one", "tab 1", "tab 2")
    assert_holds(story.judge("converges"))
    story = renamed(read(story, "store", "one"), "two", "tab 1", "tab 2")
    assert_holds(story.judge("converges"))
    assert_violated(read(story, "store", "one").judge("converges"), "store has another title of t-1")


def test_a_page_that_was_read_before_another_place_showed_the_change_counts() -> None:
    story = two_tabs().add("setting", "page", {"of": "plan", "about": "ann", "value": "paid", "asked": True})
    story.add("setting", "other page", {"of": "plan", "about": "ann", "value": "free"})
    story.add("setting", "store", {"of": "plan", "about": "ann", "value": "paid"})
    assert_violated(story.judge("converges"), "other page has another plan of t-1")


def test_a_value_that_was_told_before_it_was_asked_for_again_is_no_sign_of_it() -> None:
    story = renamed(rename(two_tabs(), "tab 1", "one"), "one", "tab 1", "tab 2")
    story = renamed(rename(story, "tab 1", "two"), "two", "tab 1", "tab 2")
    story = rename(read(story, "store", "two"), "tab 2", "one")
    assert_holds(renamed(story, "one", "tab 1", "tab 2").judge("converges"))


def test_a_store_read_before_anybody_was_told_does_not_count() -> None:
    story = read(rename(two_tabs(), "tab 1", "one"), "store", "old")
    assert_holds(renamed(story, "one", "tab 1", "tab 2").judge("converges"))


def test_the_later_of_two_wins() -> None:
    story = rename(renamed(rename(two_tabs(), "tab 1", "one"), "one", "tab 1", "tab 2"), "tab 2", "two")
    verdict = read(renamed(story, "one", "tab 1", "tab 2"), "store", "one").judge("converges")
    assert_violated(verdict, "another title of t-1 than it must: 'two'", "tab 2 asked for it")
    assert verdict.retryable


def test_the_store_kept_another_one() -> None:
    story = read(renamed(rename(two_tabs(), "tab 1", "one"), "one", "tab 1", "tab 2"), "store", "old")
    assert_violated(story.judge("converges"), "store has another title of t-1", "its last word is 'old'")


def test_a_reading_from_before_the_change_does_not_count() -> None:
    story = renamed(rename(read(two_tabs(), "store", "old"), "tab 1", "one"), "one", "tab 1", "tab 2")
    assert_holds(story.judge("converges"))


def test_a_tab_that_was_not_told() -> None:
    story = renamed(rename(two_tabs(), "tab 1", "one"), "one", "tab 1")
    assert_violated(read(story, "store", "one").judge("converges"), "tab 2 was never told the title of t-1")


def test_a_change_that_nobody_is_told_of() -> None:
    assert_violated(rename(two_tabs(), "tab 1", "one").judge("converges"), "tab 1 was never told the title of t-1")


def test_a_tab_that_was_closed_or_came_later_need_not_be_told() -> None:
    story = renamed(rename(two_tabs().close("tab 2"), "tab 1", "one"), "one", "tab 1").tabs("ann", "tab 3")
    assert_holds(read(story, "store", "one").judge("converges"))


def test_a_marker_goes_backwards() -> None:
    assert_violated(
        marked(marked(two_tabs(), "tab 1", 4, 4), "tab 2", 2, 2).judge("converges"), "went backwards on tab", "4", "2"
    )


def test_a_marker_that_is_asked_to_go_back_stays() -> None:
    assert_holds(read(marked(marked(two_tabs(), "tab 1", 4, 4), "tab 2", 2, 4), "store", 4, "read marker").judge("converges"))


def test_a_marker_that_was_not_taken() -> None:
    story = marked(two_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2"), "tab 1", 1, 0)
    assert_violated(story.judge("converges"), "another read marker of t-1 than it must: 1", "asked for it")


def test_a_marker_beyond_the_end_is_cut_there() -> None:
    assert_holds(marked(two_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2"), "tab 1", 9, 1).judge("converges"))


def test_a_plan_that_one_page_still_shows() -> None:
    story = Story().add("setting", "page 1", {"of": "plan", "about": "ann", "value": "paid", "asked": True})
    for place, plan in (("page 1", "paid"), ("page 2", "free")):
        story.add("setting", place, {"of": "plan", "about": "ann", "value": plan})
    assert_violated(story.judge("converges"), "page 2 has another plan")


def test_without_a_change_there_is_no_verdict() -> None:
    assert_invalid(read(read(Story(), "store", "a"), "page", "a").judge("converges"), "Only 0 changes")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(["tab 1", "tab 2"]), st.integers(0, 9)), min_size=1, max_size=12), st.randoms())
def test_a_faultless_marker_holds_and_one_step_back_does_not(steps: list[tuple[str, int]], rng: random.Random) -> None:
    story, now = two_tabs(), 1
    marked(story, "tab 1", 1, 1)
    for tab, asked in steps:
        now = max(now, asked)
        marked(story, tab, asked, now)
    assert story.judge("converges").outcome is Outcome.HOLDS
    tab = rng.choice(["tab 1", "tab 2"])
    story.frame_in(tab, "thread_read", {"seq": now - 1}, thread_id="t")
    assert story.judge("converges").outcome is Outcome.VIOLATED
