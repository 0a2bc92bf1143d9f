"""acked-is-kept, exactly-once, from-somebody: the smallest history that violates, a longer one that just doesn't."""

from __future__ import annotations

from story import Story, assert_holds, assert_invalid, assert_violated, unanswered

QUIET = unanswered()


def three_tabs() -> Story:
    return Story().tabs("ann", "tab 1", "tab 2", "tab 3")


# --- acked-is-kept ---


def test_acked_but_not_on_one_tab() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").stored(("a", 1))
    verdict = story.judge("acked-is-kept")
    assert_violated(
        verdict, "tab 3 never received m-1", "because tab 1 sent it at 0.100 s and had it acknowledged at 0.110 s", "however"
    )
    assert verdict.retryable
    assert len(verdict.witnesses) == 1


def test_what_a_tab_got_instead_is_its_own() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").exchange("tab 1", "b", 2, "tab 1", "tab 2", "tab 3")
    assert_violated(story.stored(("a", 1), ("b", 2)).judge("acked-is-kept"), "its next delivery was m-2 at 0.180 s")


def test_acked_and_kept_everywhere() -> None:
    story = three_tabs()
    for seq in range(1, 30):
        story.exchange("tab 1", f"m{seq}", seq, "tab 1", "tab 2", "tab 3")
    story.stored(*((f"m{seq}", seq) for seq in range(1, 30)))
    verdict = story.judge("acked-is-kept", acknowledged_messages=29, tabs=3)
    assert_holds(verdict)
    assert verdict.tally == "29 acknowledged messages, 3 tabs, 1 store reading, 0 violations"


def test_acked_but_not_stored() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3").stored()
    verdict = story.judge("acked-is-kept")
    assert_violated(verdict, "the store messages does not hold m-1", "tab 1 sent it at")
    assert not verdict.retryable


def test_acked_after_the_last_reading_is_unproven() -> None:
    story = three_tabs().stored().exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3")
    assert_invalid(story.judge("acked-is-kept"), "No reading of the store came after", "m-1")


def test_what_was_acknowledged_while_the_store_was_read_needs_another_reading() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3")
    story.stored(took=story.now)  # begun before anything was sent, ended after all
    assert_invalid(story.judge("acked-is-kept"), "No reading of the store came after", "m-1")
    assert_violated(story.stored(took=0.0).judge("acked-is-kept"), "the store messages does not hold m-1")


def test_a_closed_tab_owes_nothing() -> None:
    story = three_tabs().close("tab 3").exchange("tab 1", "a", 1, "tab 1", "tab 2").stored(("a", 1))
    assert_holds(story.judge("acked-is-kept"))


def test_a_late_tab_owes_what_it_asked_for() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3").tabs("ann", "tab 4").stored(("a", 1))
    assert_holds(story.judge("acked-is-kept"))
    story.resume("tab 4", 0)
    assert_violated(story.judge("acked-is-kept"), "tab 4 never received m-1", "asked at", "for all after seq 0")
    story.deliver("tab 4", "a", 1)
    assert_holds(story.judge("acked-is-kept"))


def test_a_tab_that_came_back_and_asked_nothing_lost_messages() -> None:
    story = (
        three_tabs()
        .close("tab 3", by="nobody", code=1006)
        .exchange("tab 1", "a", 1, "tab 1", "tab 2")
        .open("tab 3")
        .stored(("a", 1))
    )
    assert_violated(story.judge("acked-is-kept"), "tab 3 never received m-1", "came back at")


def test_a_message_passed_over_on_an_open_tab_is_lost_whatever_it_asks_for_later() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").exchange("tab 1", "b", 2, "tab 1", "tab 2", "tab 3")
    story.close("tab 3", by="nobody").open("tab 3").resume("tab 3", 2).stored(("a", 1), ("b", 2))
    assert_violated(story.judge("acked-is-kept"), "tab 3 never received m-1", "tab 3 was open at that moment")


def test_a_page_must_show_what_was_acknowledged() -> None:
    story = three_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3").stored(("a", 1))
    story.add("page", "page", {"messages": [], "took": story.now})
    assert_holds(story.judge("acked-is-kept"))
    story.add("page", "page", {"messages": []})
    assert_violated(story.judge("acked-is-kept"), "page does not show m-1")
    story.add("page", "page", {"messages": [{"id": "a", "text": "text of a"}]})
    assert_holds(story.judge("acked-is-kept"))


def test_a_page_of_another_conversation_owes_nothing_of_this_one() -> None:
    story = three_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3").stored(("a", 1))
    shown = {"id": "x", "text": "of another one", "thread": "u"}
    assert_holds(story.add("page", "page", {"messages": [shown]}).judge("acked-is-kept"))
    story.add("page", "page", {"messages": [{**shown, "thread": "t"}]})
    assert_violated(story.judge("acked-is-kept"), "page does not show m-1")


def test_a_page_that_says_stored_has_acknowledged_and_one_that_says_sent_has_not() -> None:
    story = Story().page("ann", "page").add("typed", "page", {"text": "hello"})
    story.add("page", "page", {"messages": [{"id": "a", "text": "hello", "state": "sent"}]}).stored()
    assert_invalid(story.judge("acked-is-kept"), "Only 0 acknowledged messages")
    story.add("page", "page", {"messages": [{"id": "a", "text": "hello", "state": "stored"}]}).stored()
    assert_violated(story.judge("acked-is-kept"), "does not hold m-1", "page sent it")


def test_what_is_typed_bears_the_id_that_the_page_told() -> None:
    story = Story().page("ann", "page").add("typed", "page", {"text": "hello", "message": "a"})
    assert [send.message for send in story.history().sends] == ["a"]


def test_nothing_acknowledged_is_invalid() -> None:
    assert_invalid(three_tabs().stored().judge("acked-is-kept"), "Only 0 acknowledged messages, at least 1 must be seen.")


# --- exactly-once ---


def test_delivered_twice() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 1")
    verdict = story.judge("exactly-once")
    assert_violated(verdict, "tab 1 received m-1 twice", "0.120 s", "0.130 s")
    assert not verdict.retryable


def test_delivered_again_only_because_asked() -> None:
    story = three_tabs()
    for seq in range(1, 10):
        story.exchange("tab 1", f"m{seq}", seq, "tab 1", "tab 2", "tab 3")
    story.resume("tab 2", 6)
    for seq in (7, 8, 9):
        story.deliver("tab 2", f"m{seq}", seq)
    assert_holds(story.judge("exactly-once"))
    story.deliver("tab 2", "m7", 7)
    assert_violated(story.judge("exactly-once"), "tab 2 received")


def test_resume_off_by_one_shows_the_last_message_twice() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2").close("tab 2").open("tab 2").resume("tab 2", 1)
    assert_holds(story.judge("exactly-once"))
    assert_violated(story.deliver("tab 2", "a", 1).judge("exactly-once"), "tab 2 received m-1 twice", "on its new connection")


def test_a_live_delivery_may_cross_the_answer_to_a_resume() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1").resume("tab 2", 0)
    story.deliver("tab 2", "b", 2).deliver("tab 2", "a", 1).deliver("tab 2", "b", 2)
    assert_holds(story.judge("exactly-once"))
    assert_holds(story.judge("same-order"))


def test_the_answer_to_a_resume_is_not_given_twice() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").exchange("tab 1", "b", 2, "tab 1").resume("tab 2", 0)
    story.deliver("tab 2", "a", 1).deliver("tab 2", "b", 2).deliver("tab 2", "b", 2)
    assert_violated(story.judge("exactly-once"), "tab 2 received m-2 twice")


def test_stored_twice() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").stored(("a", 1), ("a", 2))
    assert_violated(story.judge("exactly-once"), "the store messages holds m-1 twice")


def test_sent_again_and_stored_under_another_place() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").send("tab 1", "a").ack("tab 1", "a", 2)
    assert_violated(story.judge("exactly-once"), "acknowledged as seq 1 and as seq 2")


def test_an_acknowledgement_without_a_place_contradicts_none() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").send("tab 1", "a")
    assert_holds(story.frame_in("tab 1", "message_accepted", {"message_id": "a"}, thread_id="t").judge("exactly-once"))


def test_sent_again_ten_times_and_there_once() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1", "tab 2", "tab 3")
    for _ in range(10):
        story.send("tab 1", "a").ack("tab 1", "a", 1, duplicate=True)
    verdict = story.stored(("a", 1)).judge("exactly-once")
    assert_holds(verdict)
    assert verdict.counts["sent again"] == 10


def test_one_typing_under_two_ids() -> None:
    story = Story().page("ann", "page").add("typed", "page", {"text": "only once"})
    story.stored(("a", 1), ("b", 2), texts={"a": "only once", "b": "only once"})
    story.add("page", "page", {"messages": []})
    assert_violated(story.judge("exactly-once"), "one message of ann is there twice", "'only once'")


def test_one_typing_that_a_page_shows_once_is_there_once_on_it() -> None:
    story = Story().page("ann", "page").page("ann", "other").add("typed", "page", {"text": "only once"})
    story.add("page", "page", {"messages": [{"text": "only once", "role": "user"}]})
    story.add("page", "other", {"messages": [{"text": "only once", "role": "user"}] * 2})
    verdict = story.judge("exactly-once")
    assert_violated(verdict, "one message of ann is there twice")
    assert [witness.tabs for witness in verdict.witnesses] == [("other",)]


def test_the_same_words_sent_twice_are_two_messages() -> None:
    story = three_tabs().send("tab 1", "a", "hi").ack("tab 1", "a", 1).send("tab 1", "b", "hi").ack("tab 1", "b", 2)
    story.deliver("tab 2", "a", 1, text="hi").deliver("tab 2", "b", 2, text="hi").stored(
        ("a", 1), ("b", 2), texts={"a": "hi", "b": "hi"}
    )
    assert_holds(story.judge("exactly-once"))


def test_shown_twice_on_a_page() -> None:
    story = three_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1")
    story.add("page", "page", {"messages": [{"id": "a"}, {"id": "a"}]})
    assert_violated(story.judge("exactly-once"), "page shows m-1 twice")


def test_two_answers_of_one_run() -> None:
    rows = [{"id": f"x{n}", "role": "agent", "run_id": "r", "seq": n, "thread_id": "t", "text": "42"} for n in (1, 2)]
    story = three_tabs().exchange("tab 1", "a", 3, "tab 1").add("stored", "messages", {"rows": rows})
    assert_violated(story.judge("exactly-once"), "2 answers of run r-1")


# --- from-somebody ---


def test_a_message_from_nobody() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").deliver("tab 2", "ghost", 2)
    assert_violated(story.judge("from-somebody"), "tab 2 received m-2 ('text of ghost')", "none of the 1 messages sent is it")


def test_everything_from_somebody() -> None:
    story = three_tabs()
    for seq in range(1, 20):
        story.exchange("tab 1", f"m{seq}", seq, "tab 1", "tab 2", "tab 3")
    assert_holds(story.judge("from-somebody"))


def test_other_words_than_were_sent() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").deliver("tab 2", "a", 1, text="changed")
    assert_violated(story.judge("from-somebody"), "in other words", "'text of a'", "'changed'")


def test_what_is_told_without_its_words_contradicts_none() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1")
    assert_holds(story.frame_in("tab 2", "message", {"message_id": "a", "seq": 1, "role": "user"}).judge("from-somebody"))


def test_an_answer_in_a_users_words_is_not_the_users_message() -> None:
    story = three_tabs().page("ann", "page").exchange("tab 1", "a", 1, "tab 1")
    story.add("page", "page", {"messages": [{"text": "text of a", "role": role} for role in ("user", "agent")]})
    (reading,) = story.history().pages
    assert [item.message for item in reading.items or ()] == ["a", "typed: text of a"]


def test_messages_from_before_the_test_are_known_when_declared() -> None:
    story = three_tabs().exchange("tab 1", "a", 2, "tab 1").deliver("tab 2", "old", 1)
    assert_violated(story.judge("from-somebody"))
    assert_holds(story.add("baseline", "history", {"messages": ["old"]}).judge("from-somebody"))


def test_an_answer_needs_a_run_that_somebody_asked_for() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").run_event("tab 1", "agent_started", "r", 1, query="a")
    story.deliver("tab 1", "answer", 2, role="agent", run="r")
    assert_holds(story.judge("from-somebody"))
    story.deliver("tab 1", "phantom", 3, role="agent", run="other")
    assert_violated(story.judge("from-somebody"), "the answer", "of which no tab saw any event")


def test_answers_that_no_run_tells_of_are_counted() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").deliver("tab 1", "x", 2, role="agent", run="r")
    assert story.judge("from-somebody").counts["untraced answers"] == 1


def test_a_stored_message_from_nobody() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").stored(("a", 1), ("ghost", 2))
    assert_violated(story.judge("from-somebody"), "the store messages holds m-2")


def test_rows_of_users_outside_the_test_are_not_judged() -> None:
    story = three_tabs().exchange("tab 1", "a", 1, "tab 1").stored(("theirs", 7), user="zoe")
    assert_holds(story.judge("from-somebody"))


def posted(story: Story, message: str, seq: int | None = None, *, acknowledged: bool = True) -> Story:
    data = {"message": message, "text": f"text of {message}", "thread": "t", "seq": seq, "acknowledged": acknowledged}
    return story.add("posted", "tab 1", data)


def test_what_was_posted_is_held_to_as_what_was_sent() -> None:
    story = posted(Story().tabs("ann", "tab 1", "tab 2"), "m", 1).deliver("tab 1", "m", 1).stored(("m", 1))
    assert_violated(story.judge("acked-is-kept"), "tab 2 never received m-1", "tab 1 sent it at")
    assert_violated(story.judge("agent-stream"), "m-1 was never answered")
    story.deliver("tab 2", "m", 1)
    assert_holds(story.judge("acked-is-kept", tabs=2))
    assert_holds(story.judge("from-somebody"))


def test_what_was_posted_without_a_thread_is_in_none() -> None:
    story = Story().tabs("ann", "tab 1").add("posted", "tab 1", {"message": "a", "acknowledged": True})
    assert [send.thread for send in story.history().sends] == [""]


def test_what_was_posted_and_refused_is_owed_to_nobody() -> None:
    story = posted(Story().tabs("ann", "tab 1"), "m", acknowledged=False).stored()
    assert_invalid(story.judge("acked-is-kept"))
    assert_violated(story.deliver("tab 1", "other", 1).judge("from-somebody"), "must come from somebody")


def test_what_nobody_can_have_posted_is_a_note() -> None:
    history = Story().add("posted", "nobody", {"message": "m"}).history()
    assert not history.sends
    assert history.noted("posted")
