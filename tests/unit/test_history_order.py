"""same-order and resume-without-gap."""

from __future__ import annotations

from story import Story, assert_holds, assert_invalid, assert_violated


def two_tabs() -> Story:
    return Story().tabs("ann", "tab 1", "tab 2")


# --- same-order ---


def test_two_tabs_disagree() -> None:
    story = (
        two_tabs()
        .exchange("tab 1", "a", 1, "tab 1")
        .exchange("tab 1", "b", 2, "tab 1")
        .deliver("tab 2", "b", 2)
        .deliver("tab 2", "a", 1)
    )
    assert_violated(story.judge("same-order"), "tab 2 received m-2 before m-1", "the other way round")


def test_all_agree() -> None:
    story = two_tabs()
    for seq in range(1, 20):
        story.exchange("tab 1", f"m{seq}", seq, "tab 1", "tab 2")
    verdict = story.stored(*((f"m{seq}", seq) for seq in range(1, 20))).judge("same-order", messages=19, views=3)
    assert_holds(verdict)


def test_the_store_tells_another_place() -> None:
    story = (
        two_tabs()
        .exchange("tab 1", "a", 1, "tab 1", "tab 2")
        .exchange("tab 1", "b", 2, "tab 1", "tab 2")
        .stored(("a", 5), ("b", 6))
    )
    assert_violated(story.judge("same-order"), "the store messages has m-1 at seq 5", "must be 1")


def test_one_senders_messages_swapped() -> None:
    story = two_tabs().send("tab 1", "a").send("tab 1", "b").ack("tab 1", "b", 1).ack("tab 1", "a", 2)
    story.deliver("tab 2", "b", 1).deliver("tab 2", "a", 2)
    assert_violated(story.stored(("b", 1), ("a", 2)).judge("same-order"), "m-2 stands before m-1", "tab 1 sent m-1")


def test_two_senders_have_no_order_between_them() -> None:
    story = two_tabs().send("tab 1", "a").send("tab 2", "b").ack("tab 2", "b", 1).ack("tab 1", "a", 2)
    assert_holds(story.stored(("b", 1), ("a", 2)).deliver("tab 1", "b", 1).deliver("tab 1", "a", 2).judge("same-order"))


def test_a_message_that_was_lost_with_its_connection_may_come_later() -> None:
    story = two_tabs().send("tab 1", "a").close("tab 1", by="nobody").open("tab 1").send("tab 1", "b").ack("tab 1", "b", 1)
    story.send("tab 1", "a").ack("tab 1", "a", 2).deliver("tab 2", "b", 1).deliver("tab 2", "a", 2)
    assert_holds(story.stored(("b", 1), ("a", 2)).judge("same-order"))


def test_sent_again_in_order_must_stay_in_order() -> None:
    story = (
        two_tabs()
        .send("tab 1", "a")
        .send("tab 1", "b")
        .close("tab 1", by="nobody")
        .open("tab 1")
        .send("tab 1", "a")
        .send("tab 1", "b")
    )
    story.ack("tab 1", "b", 1).ack("tab 1", "a", 2).deliver("tab 2", "b", 1).deliver("tab 2", "a", 2)
    assert_violated(story.stored(("b", 1), ("a", 2)).judge("same-order"), "stands before")


def test_a_refused_message_sent_again_later_is_later() -> None:
    story = (
        two_tabs()
        .send("tab 1", "a")
        .refuse("tab 1", "a")
        .send("tab 1", "b")
        .ack("tab 1", "b", 1)
        .send("tab 1", "a")
        .ack("tab 1", "a", 2)
    )
    assert_holds(story.stored(("b", 1), ("a", 2)).deliver("tab 2", "b", 1).deliver("tab 2", "a", 2).judge("same-order"))


def test_out_of_order_after_a_resume() -> None:
    story = two_tabs().exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1").exchange("tab 1", "c", 3, "tab 1")
    story.resume("tab 2", 0).deliver("tab 2", "a", 1).deliver("tab 2", "c", 3).deliver("tab 2", "b", 2)
    assert_violated(story.judge("same-order"), "tab 2 received m-3 before m-2")


def test_a_resume_starts_over_behind_its_mark_and_not_at_it() -> None:
    story = two_tabs()
    for seq, message in enumerate("abc", 1):
        story.exchange("tab 1", message, seq, "tab 1", "tab 2")
    story.resume("tab 2", 1)
    assert_violated(story.deliver("tab 2", "a", 1).judge("same-order"), "tab 2 received m-3 before m-1")


def test_a_resume_starts_over() -> None:
    story = two_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").exchange("tab 1", "b", 2, "tab 1", "tab 2").resume("tab 2", 0)
    assert_holds(story.deliver("tab 2", "a", 1).deliver("tab 2", "b", 2).judge("same-order"))


def test_a_page_out_of_order() -> None:
    story = two_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1")
    story.add("page", "page", {"messages": [{"id": "b"}, {"id": "a"}]})
    assert_violated(story.judge("same-order"), "page shows m-2 before m-1")


def test_a_page_with_one_message_is_no_view_of_an_order() -> None:
    story = two_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1", "tab 2").exchange("tab 1", "b", 2, "tab 1", "tab 2")
    alone = story.judge("same-order").counts["views"]
    assert story.add("page", "page", {"messages": [{"id": "a", "thread": "t"}]}).judge("same-order").counts["views"] == alone


def test_one_view_compares_nothing() -> None:
    assert_invalid(two_tabs().exchange("tab 1", "a", 1).exchange("tab 1", "b", 2).judge("same-order"), "Only 0 views")


# --- resume-without-gap ---


def away(story: Story) -> Story:
    """Tab 2 holds a, goes away while b and c are sent, and comes back asking for what it missed."""
    story.exchange("tab 1", "a", 1, "tab 1", "tab 2").close("tab 2", by="nobody")
    story.exchange("tab 1", "b", 2, "tab 1").exchange("tab 1", "c", 3, "tab 1")
    return story.open("tab 2").resume("tab 2", 1)


def test_a_gap_after_the_reconnect() -> None:
    story = away(two_tabs()).deliver("tab 2", "c", 3)
    assert_violated(story.judge("resume-without-gap"), "tab 2 misses m-2", "up to seq 1", "what came was m-3 (seq 3)")


def test_nothing_came_after_the_reconnect() -> None:
    verdict = away(two_tabs()).judge("resume-without-gap")
    assert_violated(verdict, "tab 2 misses m-2", "nothing after seq 1 came")
    assert verdict.retryable


def test_everything_came_after_the_reconnect() -> None:
    story = away(two_tabs()).deliver("tab 2", "b", 2).deliver("tab 2", "c", 3).exchange("tab 1", "d", 4, "tab 1", "tab 2")
    verdict = story.judge("resume-without-gap", caught_up=2)
    assert_holds(verdict)
    assert verdict.counts["reconnects"] == 1
    assert verdict.counts["caught up"] == 3


def test_two_outages_in_a_row() -> None:
    story = (
        away(two_tabs())
        .deliver("tab 2", "b", 2)
        .close("tab 2", by="nobody")
        .open("tab 2")
        .resume("tab 2", 2)
        .deliver("tab 2", "c", 3)
    )
    assert_holds(story.judge("resume-without-gap", reconnects=2))
    story = away(two_tabs()).deliver("tab 2", "b", 2).close("tab 2", by="nobody").open("tab 2").resume("tab 2", 2)
    assert_violated(story.exchange("tab 1", "d", 4, "tab 1", "tab 2").judge("resume-without-gap"), "tab 2 misses m-3")


def test_a_page_with_a_hole_after_it_came_back() -> None:
    story = two_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1")
    story.exchange("tab 1", "c", 3, "tab 1").add("page", "page", {"status": "offline"})
    story.add("page", "page", {"status": "online", "messages": [{"id": "a"}, {"id": "c"}]})
    assert_violated(story.judge("resume-without-gap"), "page misses m-2")


def page_that_came_back(*readings: str) -> Story:
    """A page alone, read before the store is."""
    story = Story().page("ann", "page").add("page", "page", {"status": "online"}).add("page", "page", {"status": "offline"})
    for shown in readings:
        items = [{"id": m, "thread": "t", "role": "user"} for m in shown]
        story.add("page", "page", {"status": "online", "messages": items})
    return story.stored(("a", 1), ("b", 2), ("c", 3))


def test_a_hole_in_the_last_reading_is_seen_though_the_store_was_read_later() -> None:
    assert_violated(page_that_came_back("ac").judge("resume-without-gap"), "page misses", "from seq 1 to 3 without it")


def test_a_page_that_is_catching_up_may_have_a_hole_until_its_last_reading() -> None:
    assert_holds(page_that_came_back("ac", "abc").judge("resume-without-gap"))


def test_a_connection_that_is_told_closed_twice_ended_the_first_time() -> None:
    story = two_tabs().close("tab 2", by="server", code=4401).close("tab 2", by="client", code=1000)
    (stretch,) = story.history().tabs["tab 2"].stretches
    assert (stretch.code, stretch.by_us) == (4401, False)


def test_what_is_said_on_a_closed_tab_is_said_on_its_next_connection() -> None:
    tabs = two_tabs().close("tab 2").send("tab 2", "a").history().tabs
    assert [len(tabs[name].stretches) for name in ("tab 1", "tab 2")] == [1, 2]


def test_nobody_reconnected() -> None:
    assert_invalid(two_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").judge("resume-without-gap"), "Only 0 reconnects")


def unnumbered(story: Story, *messages: str) -> Story:
    """A store that numbers nothing: its rows' order is the order."""
    rows = [{"id": one, "thread_id": "t", "user_id": "account-ann", "role": "user", "text": f"text of {one}"} for one in messages]
    return story.add("stored", "messages", {"rows": rows})


def arrived(*messages: str) -> Story:
    story = Story().tabs("ann", "tab 1").resume("tab 1", 0)
    for message in messages:
        story.frame_in("tab 1", "message", {"message_id": message, "role": "user", "text": f"text of {message}"}, thread_id="t")
    return story


def test_a_tab_that_asked_for_all_of_it_gets_it_in_the_order_of_a_store_without_numbers() -> None:
    assert_violated(unnumbered(arrived("c", "b"), "a", "b", "c").judge("same-order"), "tab 1 received m-1 before m-2")


def test_a_tab_may_begin_anew_where_a_store_without_numbers_begins() -> None:
    assert_holds(unnumbered(arrived("b", "a", "b", "c"), "a", "b", "c").judge("same-order"))
