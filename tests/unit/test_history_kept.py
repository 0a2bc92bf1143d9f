"""acked-is-kept and from-somebody to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from story import CHAT, Story, assert_told, unanswered

from realstack.history.verdict import Verdict, Witness
from realstack.history.vocabulary import Vocabulary

QUIET = unanswered()


def row(message: str, **fields: Any) -> dict[str, Any]:
    return {"id": message, "thread_id": "t", "user_id": "account-ann", "role": "user", "text": f"text of {message}", **fields}


def item(message: str, **fields: Any) -> dict[str, Any]:
    return {"id": message, "thread": "t", "role": "user", "text": f"text of {message}", **fields}


def read(story: Story, *rows: Mapping[str, Any], at: float, took: float | None = None, threads: list[str] | None = None) -> Story:
    return story.add("stored", "messages", {"rows": list(rows), "users": ["ann"], "threads": threads, "took": took}, at=at)


def sent(*messages: str, tabs: tuple[str, ...] = ("tab 1",)) -> Story:
    """Messages that were sent and acknowledged, the n-th at n and n.5 seconds."""
    story = Story().tabs("ann", *tabs)
    for number, message in enumerate(messages, 1):
        story.send("tab 1", message, at=float(number)).ack("tab 1", message, number, at=number + 0.5)
    return story


def kept(story: Story, vocabulary: Vocabulary = CHAT) -> Verdict:
    return story.judge("acked-is-kept", vocabulary)


# --- acked-is-kept: the store ---


def test_a_row_that_is_missing() -> None:
    story = sent("a", "b").deliver("tab 1", "a", 1).deliver("tab 1", "b", 2)
    assert_told(
        kept(read(read(story, row("a"), at=2.5), row("a"), row("b"), at=4.0)),
        Witness(
            "the store messages does not hold m-2: it must, because tab 1 sent it at 2.000 s and had it "
            "acknowledged at 2.500 s as seq 2; however, the reading at 2.500 s shows 1 messages without it.",
            2.5,
            (5, 6, 7),
            ("tab 1",),
        ),
        acknowledged_messages=2,
        tabs=1,
        store_readings=2,
    )


def test_a_message_that_is_there_in_one_reading_and_gone_in_the_next() -> None:
    assert_told(
        kept(read(read(sent("a").deliver("tab 1", "a", 1), row("a"), at=2.0), at=3.0)),
        Witness(
            "the store messages does not hold m-1: it must, because tab 1 sent it at 1.000 s and had it "
            "acknowledged at 1.500 s as seq 1; however, the reading at 3.000 s shows 0 messages without it.",
            3.0,
            (3, 4, 7),
            ("tab 1",),
        ),
        acknowledged_messages=1,
        tabs=1,
        store_readings=2,
    )


@pytest.mark.parametrize(("at", "took", "late"), [(1.5, None, True), (2.5, 1.0, True), (2.499, 1.0, False)])
def test_a_reading_counts_when_it_began_no_earlier_than_the_acknowledgement(at: float, took: float | None, late: bool) -> None:
    story = read(sent("a"), row("a"), at=at, took=took)
    assert kept(story.deliver("tab 1", "a", 1)).lacking == (
        () if late else ("No reading of the store came after the acknowledgement of m-1: read the store again before judging.",)
    )


def test_a_reading_of_other_threads_proves_nothing() -> None:
    assert_told(
        kept(read(sent("a").deliver("tab 1", "a", 1), at=3.0, threads=["u"])),
        lacking=("No reading of the store came after the acknowledgement of m-1: read the store again before judging.",),
        acknowledged_messages=1,
        tabs=1,
        store_readings=1,
    )
    assert_told(
        kept(read(sent("a").deliver("tab 1", "a", 1), at=3.0, threads=["u", "t"])),
        Witness(
            "the store messages does not hold m-1: it must, because tab 1 sent it at 1.000 s and had it "
            "acknowledged at 1.500 s as seq 1; however, the reading at 3.000 s shows 0 messages without it.",
            3.0,
            (3, 4, 6),
            ("tab 1",),
        ),
        acknowledged_messages=1,
        tabs=1,
        store_readings=1,
    )


def test_an_acknowledgement_is_told_with_who_sent_it_and_as_what() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").send("tab 2", "a", at=1.0)
    story.frame_in("tab 1", "message_accepted", {"message_id": "a"}, at=1.5, thread_id="t")
    story.frame_in("tab 1", "message_accepted", {"message_id": "b", "seq": 2}, at=2.5, thread_id="t")
    for tab in ("tab 1", "tab 2"):
        story.deliver(tab, "a", 1).deliver(tab, "b", 2)
    assert_told(
        kept(read(story, at=4.0)),
        Witness(
            "the store messages does not hold m-2: it must, because it was acknowledged to tab 1 at 2.500 s as seq "
            "2; however, the reading at 4.000 s shows 0 messages without it.",
            4.0,
            (8, 13),
            ("tab 1",),
        ),
        Witness(
            "the store messages does not hold m-1: it must, because tab 2 sent it at 1.000 s and it was "
            "acknowledged to tab 1 at 1.500 s; however, the reading at 4.000 s shows 0 messages without it.",
            4.0,
            (6, 7, 13),
            ("tab 1",),
        ),
        acknowledged_messages=2,
        tabs=2,
        store_readings=1,
    )


# --- acked-is-kept: tabs ---


def everywhere(story: Story, *messages: str) -> Story:
    return read(story, *(row(message) for message in messages), at=9.0)


def test_a_delivery_that_is_missing_and_what_came_instead() -> None:
    story = sent("a", "b", "c", tabs=("tab 1", "tab 2"))
    for message, at in (("a", 3.5), ("c", 3.6)):
        story.add("note", "x", at=at).deliver("tab 2", message, 1)
    for message in ("a", "b", "c"):
        story.deliver("tab 1", message, 1)
    assert_told(
        kept(everywhere(story, "a", "b", "c")),
        Witness(
            "tab 2 never received m-2: it must, because tab 1 sent it at 2.000 s and had it acknowledged at 2.500 "
            "s as seq 2, and tab 2 was open from 0.050 s on; however, its next delivery was m-1 at 3.510 s.",
            2.5,
            (8, 9, 4),
            ("tab 1", "tab 2"),
            retryable=True,
        ),
        acknowledged_messages=3,
        tabs=2,
        store_readings=1,
    )


def test_of_several_messages_the_missing_ones_are_found_after_those_that_came() -> None:
    assert_told(
        kept(everywhere(sent("a", "b").deliver("tab 1", "a", 1), "a", "b")),
        Witness(
            "tab 1 never received m-2: it must, because tab 1 sent it at 2.000 s and had it acknowledged at 2.500 "
            "s as seq 2, and tab 1 was open from 0.020 s on; however, its next delivery was m-1 at 2.510 s.",
            2.5,
            (5, 6, 1),
            ("tab 1", "tab 1"),
            retryable=True,
        ),
        acknowledged_messages=2,
        tabs=1,
        store_readings=1,
    )


def test_another_users_tab_need_hold_nothing() -> None:
    story = sent("a").tabs("bob", "tab 2").send("tab 2", "b").ack("tab 2", "b", 1, thread="u").deliver("tab 1", "a", 1)
    read(story.deliver("tab 2", "b", 1), row("a"), row("b", user_id="account-bob"), at=9.0)
    assert_told(
        kept(story.add("stored", "messages", {"rows": [row("a"), row("b")]}, at=9.5)),
        acknowledged_messages=2,
        tabs=2,
        store_readings=2,
    )


def test_a_tab_holds_what_it_said_itself_where_nothing_is_echoed() -> None:
    silent = Vocabulary({**CHAT.data, "echo": False})
    story = everywhere(sent("a", tabs=("tab 1", "tab 2")), "a")
    assert_told(
        kept(story, silent),
        Witness(
            "tab 2 never received m-1: it must, because tab 1 sent it at 1.000 s and had it acknowledged at 1.500 "
            "s as seq 1, and tab 2 was open from 0.050 s on; however, nothing was delivered to it afterwards.",
            1.5,
            (6, 7, 4),
            ("tab 1", "tab 2"),
            retryable=True,
        ),
        acknowledged_messages=1,
        tabs=2,
        store_readings=1,
    )


def reopened(*, opened: float, resumes: tuple[tuple[str, float, int, str], ...] = (), seq: int | None = 4) -> Story:
    """A message was acknowledged at 5 s; tab 2 had been open from 1 to 2 s, and is open again from `opened` on."""
    story = Story().tabs("ann", "tab 1").add("tab", "tab 2", {"user": "ann"}).add("opened", "tab 2", at=1.0)
    story.close("tab 2", by="nobody").send("tab 1", "a", at=4.5)
    story.frame_in("tab 1", "message_accepted", {"message_id": "a", "seq": seq}, at=5.0, thread_id="t").deliver("tab 1", "a", 4)
    story.add("opened", "tab 2", at=opened)
    for tab, at, after, thread in resumes:
        story.frame_out(tab, "resume", {"after": after}, at=at, thread_id=thread)
    return everywhere(story, "a")


@pytest.mark.parametrize(
    ("opened", "resumes", "seq", "reason"),
    [
        (5.0, (), 4, "was open from 5.000 s on"),
        (6.0, (), 4, "was first opened at 1.000 s and came back at 6.000 s"),
        (6.0, (("tab 2", 6.0, 3, "t"),), 4, "asked at 6.000 s for all after seq 3"),
        (6.0, (("tab 2", 6.5, 7, "t"), ("tab 2", 6.6, 3, "t")), 4, "asked at 6.600 s for all after seq 3"),
        (6.0, (("tab 2", 6.5, 4, "t"),), 4, ""),
        (6.0, (("tab 2", 6.5, 4, "t"),), None, "asked at 6.500 s for all after seq 4"),
        (6.0, (("tab 2", 6.5, 4, "u"),), 4, "was first opened at 1.000 s and came back at 6.000 s"),
        (6.0, (("tab 1", 6.5, 4, "t"),), 4, "was first opened at 1.000 s and came back at 6.000 s"),
        (6.0, (("tab 2", 1.5, 4, "t"),), 4, "was first opened at 1.000 s and came back at 6.000 s"),
    ],
)
def test_why_a_tab_that_came_back_must_hold_a_message(
    opened: float, resumes: tuple[tuple[str, float, int, str], ...], seq: int | None, reason: str
) -> None:
    witnesses = kept(reopened(opened=opened, resumes=resumes, seq=seq)).witnesses
    assert [f"and tab 2 {reason}; however" in witness.text for witness in witnesses] == [True] * bool(reason)


def test_a_tab_that_asked_for_less_holds_what_came_about_while_it_was_open() -> None:
    story = sent("a", tabs=("tab 1", "tab 2")).deliver("tab 1", "a", 1).close("tab 2", by="nobody").open("tab 2")
    assert_told(
        kept(everywhere(story.resume("tab 2", 1), "a")),
        Witness(
            "tab 2 never received m-1: it must, because tab 1 sent it at 1.000 s and had it acknowledged at 1.500 "
            "s as seq 1, and tab 2 was open at that moment; however, nothing was delivered to it afterwards.",
            1.5,
            (6, 7, 10),
            ("tab 1", "tab 2"),
            retryable=True,
        ),
        acknowledged_messages=1,
        tabs=2,
        store_readings=1,
    )


@pytest.mark.parametrize(("first", "due"), [(1.5, True), (1.501, False)])
def test_a_tab_that_was_first_opened_later_need_not_hold_what_was_before(first: float, due: bool) -> None:
    story = sent("a").deliver("tab 1", "a", 1).add("tab", "tab 2", {"user": "ann"}).add("opened", "tab 2", at=first)
    story.add("closed", "tab 2", {"by": "nobody"}, at=3.0).add("opened", "tab 2", at=4.0)
    assert bool(kept(everywhere(story, "a")).witnesses) is due


# --- acked-is-kept: pages ---


def paged(*items: Mapping[str, Any], at: float = 3.0, took: float | None = None, user: str = "ann") -> Story:
    """A message was acknowledged at 1.5 s in thread t, and a page shows these."""
    story = sent("a").deliver("tab 1", "a", 1).page("ann", "other").page(user, "page")
    story.add("page", "page", {"messages": [item("a")]}, at=2.0).add(
        "page", "page", {"messages": list(items), "took": took}, at=at
    )
    story.add("page", "page", {"status": "online"}, at=at + 1).add("page", "other", {"messages": [item("a")]}, at=at + 2)
    return everywhere(story, "a")


def test_a_page_that_misses_a_message() -> None:
    story = paged()
    assert_told(
        kept(story),
        Witness(
            "page does not show m-1: it must, because tab 1 sent it at 1.000 s and had it acknowledged at 1.500 s "
            "as seq 1; however, the page read at 3.000 s shows 0 messages without it.",
            3.0,
            (3, 4, 9),
            ("tab 1", "page"),
        ),
        acknowledged_messages=1,
        tabs=3,
        store_readings=1,
    )


@pytest.mark.parametrize(
    ("story", "due"),
    [
        (paged(item("x", thread="u")), False),
        (paged(item("x", thread="")), True),
        (paged(item("x", thread="u"), item("y")), True),
        (paged(item("x", thread="u"), item("y", thread="")), True),
        (paged(at=2.5, took=1.0), True),
        (paged(at=2.499, took=1.0), False),
        (paged(user="bob"), False),
    ],
)
def test_what_a_page_must_show(story: Story, due: bool) -> None:
    assert bool(kept(story).witnesses) is due


def test_a_page_shows_its_thread_where_an_acknowledgement_names_none() -> None:
    story = Story().tabs("ann", "tab 1").frame_in("tab 1", "message_accepted", {"message_id": "a", "seq": 1}, at=1.0)
    story.frame_in("tab 1", "message_accepted", {"message_id": "b", "seq": 2}, at=1.1).page("ann", "page")
    story.deliver("tab 1", "a", 1).deliver("tab 1", "b", 2).add("page", "page", {"messages": [item("a")]}, at=5.0)
    assert_told(
        kept(everywhere(story, "a", "b")),
        Witness(
            "page does not show m-2: it must, because it was acknowledged to tab 1 at 1.100 s as seq 2; however, "
            "the page read at 5.000 s shows 1 messages without it.",
            5.0,
            (4, 8),
            ("tab 1", "page"),
        ),
        acknowledged_messages=2,
        tabs=2,
        store_readings=1,
    )


# --- from-somebody ---


def somebody(story: Story) -> Verdict:
    return story.judge("from-somebody", QUIET)


def test_what_nobody_sent_is_told_once_for_each_tab() -> None:
    story = sent("a", tabs=("tab 1", "tab 2")).add("baseline", "x", {"messages": ["old"]}).deliver("tab 1", "old", 1)
    for tab in ("tab 1", "tab 1", "tab 2"):
        story.deliver(tab, "x", 2, text="hello" * 20)
    assert_told(
        somebody(story.deliver("tab 2", "y", 3).deliver("tab 1", "a", 4)),
        Witness(
            "tab 1 received m-3 ('hellohellohellohellohellohellohellohellohellohellohellohello'): it must come "
            "from somebody, because only what was sent may be delivered; however, none of the 1 messages sent is "
            "it.",
            1.53,
            (10,),
            ("tab 1",),
        ),
        Witness(
            "tab 2 received m-3 ('hellohellohellohellohellohellohellohellohellohellohellohello'): it must come "
            "from somebody, because only what was sent may be delivered; however, none of the 1 messages sent is "
            "it.",
            1.55,
            (12,),
            ("tab 2",),
        ),
        Witness(
            "tab 2 received m-4 ('text of y'): it must come from somebody, because only what was sent may be "
            "delivered; however, none of the 1 messages sent is it.",
            1.56,
            (13,),
            ("tab 2",),
        ),
        deliveries=4,
        sent_messages=1,
        untraced_answers=0,
    )


def test_what_nobody_sent_in_readings() -> None:
    story = sent("a").add("baseline", "x", {"messages": ["old"]}).page("ann", "page")
    story.add("page", "page", {"status": "online"}, at=3.0)
    story.add("page", "page", {"messages": [item("a"), item("x", text=None), item("old"), item("answer", role="agent")]}, at=4.0)
    read(story, row("a"), row("y", user_id="account-bob"), row("old"), row("z", role="agent"), row("u", user_id=None), at=5.0)
    assert_told(
        somebody(story),
        Witness(
            "page shows m-2: it must come from somebody, because only what was sent may be delivered; however, "
            "none of the 1 messages sent is it.",
            4.0,
            (8,),
            ("page",),
        ),
        Witness(
            "the store messages holds m-7 ('text of u'): it must come from somebody, because only what was sent "
            "may be delivered; however, none of the 1 messages sent is it.",
            5.0,
            (9,),
        ),
        deliveries=9,
        sent_messages=1,
        untraced_answers=0,
    )


def test_other_words() -> None:
    story = sent("a", tabs=("tab 1", "tab 2")).deliver("tab 2", "a", 1, text="other " * 12).deliver("tab 1", "a", 1)
    story.frame_in("tab 1", "message", {"message_id": "a", "seq": 1, "role": "user", "text": None}, thread_id="t")
    assert_told(
        somebody(story),
        Witness(
            "tab 2 received m-1 in other words: it must say 'text of a', because tab 1 sent that at 1.000 s; "
            "however, it says 'other other other other other other other other other other '.",
            1.51,
            (6, 8),
            ("tab 2",),
        ),
        deliveries=2,
        sent_messages=1,
        untraced_answers=0,
    )


def test_words_that_nobody_told_are_compared_with_nothing() -> None:
    story = Story().tabs("ann", "tab 1").frame_out("tab 1", "user_message", {}, message_id="a", thread_id="t")
    assert_told(
        somebody(story.deliver("tab 1", "a", 1, text="anything")),
        deliveries=1,
        sent_messages=1,
        untraced_answers=0,
    )


def answered(*runs: tuple[str, str | None]) -> Story:
    """Events of runs that name these questions, after one was asked."""
    story = Story().tabs("ann", "tab 1").send("tab 1", "a")
    for number, (run, asked) in enumerate(runs, 1):
        story.run_event("tab 1", "stream_chunk", run, number, query=asked)
    return story


def test_an_answer_of_no_run_and_of_a_run_that_nobody_saw() -> None:
    story = answered(("r", "a"))
    story.deliver("tab 1", "x", 2, role="agent", run=None).deliver("tab 1", "y", 3, role="agent", run="s")
    assert_told(
        somebody(story.deliver("tab 1", "z", 4, role="agent", run="r")),
        Witness(
            "tab 1 received the answer m-2: it must come from a run, because agents answer in runs; however, it "
            "names no run at all.",
            0.06,
            (5,),
            ("tab 1",),
            retryable=True,
        ),
        Witness(
            "tab 1 received the answer m-3: it must come from a run, because agents answer in runs; however, it "
            "names run r-2, of which no tab saw any event.",
            0.07,
            (6,),
            ("tab 1",),
            retryable=True,
        ),
        deliveries=3,
        sent_messages=1,
        untraced_answers=0,
    )


def test_an_answer_to_a_question_that_nobody_asked() -> None:
    story = answered(("r", None), ("r", "b"), ("r", "a"), ("s", "a"), ("s", None), ("u", None), ("v", "old"))
    story.add("baseline", "x", {"messages": ["old"]})
    for number, run in enumerate(("r", "s", "u", "v"), 2):
        story.deliver("tab 1", f"answer of {run}", number, role="agent", run=run)
    assert_told(
        somebody(story),
        Witness(
            "tab 1 received the answer m-2 of run r-1: somebody must have asked, because a run starts from a "
            "message; however, nobody sent its message m-6.",
            0.13,
            (12,),
            ("tab 1",),
        ),
        deliveries=4,
        sent_messages=1,
        untraced_answers=0,
    )


def test_answers_of_users_whose_runs_nobody_saw_are_only_counted() -> None:
    story = answered(("r", "a")).tabs("bob", "bob 1").deliver("bob 1", "x", 2, role="agent", run=None)
    assert_told(
        somebody(story),
        deliveries=1,
        sent_messages=1,
        untraced_answers=1,
    )
