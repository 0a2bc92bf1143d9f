"""exactly-once, same-order and resume-without-gap to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from story import Story, assert_told, unanswered

from realstack.history.laws.order import thread_orders
from realstack.history.verdict import Verdict, Witness

QUIET = unanswered()


def item(message: str, seq: int | None = None, **fields: Any) -> dict[str, Any]:
    """A message as a page shows it."""
    return {"id": message, "thread": "t", "seq": seq, "role": "user", "text": f"text of {message}", **fields}


def row(message: str, seq: int | None = None, **fields: Any) -> dict[str, Any]:
    """A message as a row."""
    return {"id": message, "thread_id": "t", "seq": seq, "role": "user", "text": f"text of {message}", **fields}


def stored(story: Story, *rows: Mapping[str, Any], at: float | None = None) -> Story:
    return story.add("stored", "messages", {"rows": list(rows)}, at=at)


def shown(
    story: Story, *items: Mapping[str, Any], at: float | None = None, page: str = "page", status: str | None = None
) -> Story:
    return story.add("page", page, {"messages": list(items), "status": status}, at=at)


def came(story: Story, tab: str, message: str, seq: int | None, at: float, *, thread: str = "t") -> Story:
    payload = {"message_id": message, "thread_id": thread, "seq": seq, "role": "user", "text": f"text of {message}"}
    return story.frame_in(tab, "message", payload, at=at, thread_id=thread)


def resumed(story: Story, tab: str, after: int, at: float, thread: str = "t") -> Story:
    return story.frame_out(tab, "resume", {"after": after}, at=at, thread_id=thread)


def once(story: Story) -> Verdict:
    return story.judge("exactly-once", QUIET, messages=0, tabs=0)


# --- exactly-once: deliveries ---


@pytest.mark.parametrize(
    ("resumes", "seq", "twice"),
    [
        ((), 5, True),
        ((("tab 1", 4, 4.0, "t"),), 5, False),
        ((("tab 1", 4, 4.0, ""),), 5, False),
        ((("tab 1", 4, 4.0, "u"),), 5, True),
        ((("tab 2", 4, 4.0, "t"),), 5, True),
        ((("tab 1", 5, 4.0, "t"),), 5, True),
        ((("tab 1", 5, 4.0, "t"),), None, False),
        ((("tab 1", 4, 3.0, "t"),), 5, False),
        ((("tab 1", 4, 2.9, "t"),), 5, False),
        ((("tab 1", 4, 2.75, "t"),), 5, False),
        ((("tab 1", 4, 2.749, "t"),), 5, True),
        ((("tab 1", 4, 2.9, "t"),), None, True),
        ((("tab 1", 4, 5.0, "t"),), 5, False),
        ((("tab 1", 4, 5.1, "t"),), 5, True),
    ],
)
def test_what_a_tab_asked_for_again_may_come_again(
    resumes: tuple[tuple[str, int, float, str], ...], seq: int | None, twice: bool
) -> None:
    """It came first at 3 s, and again at 5 s."""
    story = Story().tabs("ann", "tab 1", "tab 2")
    steps = [
        (3.0, "came", None),
        (5.0, "came", None),
        *((at, "asked", (tab, after, thread)) for tab, after, at, thread in resumes),
    ]
    for at, _, asked in sorted(steps, key=lambda step: (step[0], step[1] != "asked")):
        if asked is None:
            came(story, "tab 1", "a", seq, at)
        else:
            resumed(story, asked[0], asked[1], at, asked[2])
    assert bool(once(story).witnesses) is twice


@pytest.mark.parametrize(
    ("between", "twice"),
    [
        ((2.95, 4), True),
        ((2.9, 4), True),
        ((3.0, 4), False),
        ((2.8, 4), False),
        ((2.95, 3), False),
        ((2.95, 5), False),
        ((2.95, None), False),
    ],
)
def test_a_delivery_crosses_a_resume_ahead_of_all_that_answers_it(between: tuple[float, int | None], twice: bool) -> None:
    """A tab asked at 2.9 s for what is after 3; message 5 came at 3 s, and again at 5 s; another one at a time in between."""
    story, (at, seq) = Story().tabs("ann", "tab 1"), between
    for moment, what in sorted([(2.9, "asked"), (3.0, "came"), (at, "other")], key=lambda one: (one[0], one[1] == "other")):
        if what == "asked":
            resumed(story, "tab 1", 3, moment)
        else:
            came(story, "tab 1", *(("a", 5) if what == "came" else ("x", seq)), moment)
    assert bool(once(came(story, "tab 1", "a", 5, 5.0)).witnesses) is twice


def test_a_resume_on_another_connection_crosses_nothing() -> None:
    story = resumed(Story().tabs("ann", "tab 1"), "tab 1", 3, 2.9)
    story.add("closed", "tab 1", {"by": "nobody"}, at=2.91).add("opened", "tab 1", at=2.92)
    assert_told(
        once(came(came(story, "tab 1", "a", 5, 3.0), "tab 1", "a", 5, 5.0)),
        Witness(
            "tab 1 received m-1 twice: it must once, because it was delivered at 3.000 s and tab 1 did not ask for "
            "it again; however, it was delivered again at 5.000 s.",
            5.0,
            (6, 7),
            ("tab 1",),
        ),
        messages=1,
        tabs=1,
        store_readings=0,
        sent_again=0,
    )


def test_one_resume_entitles_to_one_repetition() -> None:
    story = came(Story().tabs("ann", "tab 1"), "tab 1", "a", 5, 1.0)
    for at in (3.0, 4.0, 5.0):
        came(resumed(story, "tab 1", 0, 2.0) if at == 3.0 else story, "tab 1", "a", 5, at)
    story.add("closed", "tab 1", {"by": "nobody"}, at=5.5).add("opened", "tab 1", at=5.6)
    assert_told(
        once(came(came(story, "tab 1", "b", 6, 6.0, thread="u"), "tab 1", "b", 6, 6.5)),
        Witness(
            "tab 1 received m-1 twice: it must once, because it was delivered at 3.000 s and tab 1 did not ask for "
            "it again; however, it was delivered again at 4.000 s.",
            4.0,
            (5, 6),
            ("tab 1",),
        ),
        messages=2,
        tabs=1,
        store_readings=0,
        sent_again=0,
    )


def test_what_came_again_on_the_new_connection() -> None:
    story = came(Story().tabs("ann", "tab 1"), "tab 1", "a", 5, 1.0)
    story.add("closed", "tab 1", {"by": "nobody"}, at=2.0).add("opened", "tab 1", at=3.0)
    assert_told(
        once(came(came(story, "tab 1", "a", 5, 4.0), "tab 1", "a", 5, 5.0)),
        Witness(
            "tab 1 received m-1 twice: it must once, because it was delivered at 1.000 s and tab 1 did not ask for "
            "it again; however, it was delivered again on its new connection at 4.000 s.",
            4.0,
            (3, 6),
            ("tab 1",),
        ),
        messages=1,
        tabs=1,
        store_readings=0,
        sent_again=0,
    )


def test_a_message_that_is_acknowledged_under_two_numbers() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").send("tab 1", "a").send("tab 1", "a").send("tab 1", "a")
    story.frame_in("tab 1", "message_accepted", {"message_id": "b"}, thread_id="t").ack("tab 1", "b", 7)
    story.ack("tab 1", "a", 3).frame_in("tab 2", "message_accepted", {"message_id": "a"}, thread_id="t").ack("tab 2", "a", 4)
    assert_told(
        once(story.ack("tab 1", "a", 3)),
        Witness(
            "m-1 was acknowledged as seq 3 and as seq 4: it must keep one place, because it is one message sent "
            "again; however, the answers at 0.120 s and 0.140 s differ.",
            0.14,
            (11, 13),
            ("tab 1", "tab 2"),
        ),
        messages=0,
        tabs=0,
        store_readings=0,
        sent_again=2,
    )


# --- exactly-once: readings ---


def test_a_row_twice_and_an_item_three_times() -> None:
    story = stored(shown(Story().page("ann", "page"), item("a"), item("b"), item("a"), item("a")), row("c"), row("c"), row("d"))
    assert_told(
        once(story.add("page", "page", {"status": "online"}).page("ann", "other").add("page", "other", {})),
        Witness(
            "page shows m-1 3 times: it must once, because ids name one message; however, the reading at 0.020 s "
            "has it 3 times among 4 messages.",
            0.02,
            (1,),
            ("page",),
        ),
        Witness(
            "the store messages holds m-3 twice: it must once, because ids name one message; however, the reading "
            "at 0.030 s has it 2 times among 3 messages.",
            0.03,
            (2,),
        ),
        messages=4,
        tabs=1,
        store_readings=1,
        sent_again=0,
    )


def test_two_answers_of_one_run() -> None:
    answers = [item(one, role="agent", run="r") for one in ("x", "y")]
    story = shown(Story().page("ann", "page"), *answers, item("a", run="r"), item("z", role="agent"), item("w", role="agent"))
    assert_told(
        once(stored(story, row("u", role="agent", run_id="s"), row("v", run_id="s"), row("w", role="agent", run_id="q"))),
        Witness(
            "page shows 2 answers of run r-1: it must one, because a run answers once; however, the reading at "
            "0.020 s has m-1, m-2.",
            0.02,
            (1,),
            ("page",),
        ),
        messages=7,
        tabs=1,
        store_readings=1,
        sent_again=0,
    )


def twin() -> Story:
    """One message was sent once at 1 s, as `a`."""
    return Story().page("ann", "page").tabs("ann", "tab 1", "tab 2").send("tab 1", "a", "hello", at=1.0)


def test_one_message_under_two_ids() -> None:
    assert_told(
        once(stored(twin(), row("b", text="hello"), row("a", text="hello"), row("c"), at=2.0)),
        Witness(
            "one message of ann is there twice, as m-1, m-2: it must once, because tab 1 sent it once, at 1.000 s "
            "('hello'); however, 2 ids bear its text.",
            2.0,
            (7, 8),
        ),
        messages=3,
        tabs=0,
        store_readings=1,
        sent_again=0,
    )
    assert_told(
        once(shown(twin(), item("a", text="hello"), item("b", text="hello"), item("c"), at=2.0)),
        Witness(
            "one message of ann is there twice, as m-1, m-2: it must once, because tab 1 sent it once, at 1.000 s "
            "('hello'); however, 2 ids bear its text.",
            2.0,
            (7, 8),
            ("page",),
        ),
        messages=3,
        tabs=1,
        store_readings=0,
        sent_again=0,
    )
    story = (
        twin()
        .deliver("tab 2", "a", 1, text="hello")
        .deliver("tab 2", "b", 2, text="hello")
        .deliver("tab 1", "a", 1, text="hello")
    )
    assert_told(
        once(story),
        Witness(
            "one message of ann is there twice, as m-1, m-2: it must once, because tab 1 sent it once, at 1.000 s "
            "('hello'); however, 2 ids bear its text.",
            1.02,
            (7, 9),
            ("tab 2",),
        ),
        messages=2,
        tabs=2,
        store_readings=0,
        sent_again=0,
    )


def test_one_text_twice_is_two_messages_where_it_was_said_twice() -> None:
    for story in (
        twin().send("tab 1", "b", "hello"),
        twin().tabs("bob", "bob 1").send("bob 1", "b", "hello"),
        twin().add("typed", "page", {"text": "hello", "message": "a"}).add("typed", "page", {"text": "hello", "message": "a"}),
    ):
        assert once(stored(story, row("a", text="hello"), row("b", text="hello"), at=5.0)).witnesses == ()


def test_what_was_said_twice_or_before_hides_no_twin_of_another_text() -> None:
    story = Story().tabs("ann", "tab 1")
    for message, words in (("x", "yes"), ("y", "yes"), ("a", "hello")):
        story.send("tab 1", message, words)
    rows = [row(message, text=words) for message, words in (("x", "yes"), ("y", "yes"), ("a", "hello"), ("b", "hello"))]
    (witness,) = once(stored(story, *rows)).witnesses
    assert witness.events == (5, 6)


def test_answers_in_the_same_words_are_no_twins() -> None:
    story = stored(twin(), row("a", text="hello"), row("x", role="agent", text="hello"), row("y", role="agent", text="hello"))
    story.deliver("tab 1", "a", 1, text="hello").deliver("tab 1", "x", 2, role="agent", text="hello")
    assert_told(
        once(story),
        messages=3,
        tabs=1,
        store_readings=1,
        sent_again=0,
    )


def test_words_twice_on_a_page_without_ids() -> None:
    story = Story().page("ann", "page").add("typed", "page", {"text": "hello"}, at=1.0)
    bare = {"role": "user", "text": "hello", "thread": "t"}
    assert_told(
        once(shown(shown(story, bare, at=2.0), bare, bare, at=3.0)),
        Witness(
            "one message of ann is there twice: it must once, because page sent it once, at 1.000 s ('hello'); "
            "however, its text is shown again.",
            3.0,
            (1, 3),
            ("page",),
        ),
        messages=1,
        tabs=1,
        store_readings=0,
        sent_again=0,
    )


# --- same-order ---


def order(story: Story) -> Verdict:
    return story.judge("same-order", QUIET, messages=0, views=0)


def test_the_order_of_a_thread_is_the_stores_then_the_numbers_then_a_pages() -> None:
    story = shown(Story().tabs("ann", "tab 1").page("ann", "page"), item("x", thread="u"), item("y", thread="u"), item("a"))
    shown(story, item("z", thread="u"))
    stored(stored(story, row("a", 7), row("b")), row("b"), row("c", thread_id="v"))
    came(came(story.ack("tab 1", "d", 9), "tab 1", "a", 1, 3.0), "tab 1", "e", None, 3.1)
    told = {
        thread: {message: (place.rank, place.said_by) for message, place in places.items()}
        for thread, places in thread_orders(story.history()).items()
        if places
    }
    assert told == {
        "t": {"a": (7, "the store messages"), "b": (1, "the store messages"), "d": (9, "tab 1")},
        "v": {"c": (1, "the store messages")},
        "u": {"z": (1, "page")},
    }


def test_the_longest_page_orders_what_nothing_else_does() -> None:
    story = Story().page("ann", "page").page("ann", "other")
    shown(shown(story, item("a"), page="page"), item("b"), item("a"), item("c"), page="other")
    assert {m: p.rank for m, p in thread_orders(story.history())["t"].items()} == {"b": 1, "a": 2, "c": 3}
    nameless = shown(shown(Story().page("ann", "page"), item("a", thread="")), item("b", thread=""), item("a", thread=""))
    assert {m: p.rank for m, p in thread_orders(nameless.history())[""].items()} == {"b": 1, "a": 2}


def test_two_numbers_of_one_message() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").send("tab 1", "a").ack("tab 1", "a", 1)
    came(came(story, "tab 2", "a", None, 1.5), "tab 2", "a", 3, 2.0)
    assert_told(
        order(stored(story, row("a", 4), at=3.0)),
        Witness(
            "tab 2 has m-1 at seq 3: it must be 1, because tab 1 was told so at 0.080 s; however, tab 2 was told 3 at 2.000 s.",
            2.0,
            (7, 9),
            ("tab 1", "tab 2"),
        ),
        messages=1,
        views=1,
        threads=1,
    )
    assert_told(
        order(stored(came(Story().tabs("ann", "tab 1"), "tab 1", "b", 3, 1.0), row("b", 5), at=2.0)),
        Witness(
            "the store messages has m-1 at seq 5: it must be 3, because tab 1 was told so at 1.000 s; however, the "
            "store messages was told 5 at 2.000 s.",
            2.0,
            (3, 4),
            ("tab 1",),
        ),
        messages=1,
        views=1,
        threads=1,
    )


def test_two_numbers_of_one_message_in_one_place() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").ack("tab 1", "a", 1)
    assert order(story.ack("tab 2", "a", 2, duplicate=True).ack("tab 1", "a", 3)).witnesses == ()
    assert_told(
        order(came(came(Story().tabs("ann", "tab 1"), "tab 1", "b", 3, 1.0), "tab 1", "b", 4, 1.1)),
        Witness(
            "tab 1 has m-1 at seq 4: it must be 3, because tab 1 was told so at 1.000 s; however, tab 1 was told 4 at 1.100 s.",
            1.1,
            (3, 4),
            ("tab 1",),
        ),
        messages=1,
        views=0,
        threads=1,
    )
    assert_told(
        order(came(Story().tabs("ann", "tab 1").ack("tab 1", "a", 1), "tab 1", "a", 2, 1.0)),
        Witness(
            "tab 1 has m-1 at seq 2: it must be 1, because tab 1 was told so at 0.040 s; however, tab 1 was told 2 at 1.000 s.",
            1.0,
            (3, 4),
            ("tab 1",),
        ),
        messages=1,
        views=0,
        threads=1,
    )
    assert_told(
        order(stored(stored(Story(), row("a", 1)), row("a", 2))),
        Witness(
            "the store messages has m-1 at seq 2: it must be 1, because the store messages was told so at 0.010 s; "
            "however, the store messages was told 2 at 0.020 s.",
            0.02,
            (0, 1),
        ),
        messages=1,
        views=1,
        threads=1,
    )


def test_two_deliveries_the_wrong_way_round() -> None:
    story = stored(Story().tabs("ann", "tab 1"), row("a", 1), row("b", 2), row("c", 3))
    for message, seq, at in (("a", 1, 1.0), ("x", None, 1.5), ("c", 3, 2.0), ("b", 2, 3.0), ("a", 1, 4.0)):
        came(story, "tab 1", message, seq, at)
    assert_told(
        order(story),
        Witness(
            "tab 1 received m-3 before m-2: they must come the other way round, because the store messages has m-2 "
            "at 2 and m-3 at 3; however, tab 1 got them at 2.000 s and 3.000 s.",
            3.0,
            (6, 7, 3),
            ("tab 1",),
        ),
        messages=3,
        views=2,
        threads=1,
    )


@pytest.mark.parametrize(
    ("resumes", "wrong"),
    [
        ((("tab 1", 1, 2.0, "t"),), False),
        ((("tab 1", 1, 3.0, ""),), False),
        ((("tab 1", 1, 3.1, "t"),), True),
        ((("tab 1", 1, 2.0, "u"),), True),
        ((("tab 2", 1, 2.0, "t"),), True),
        ((("tab 1", 0, 2.0, "t"),), True),
        ((("tab 1", 2, 2.0, "t"),), True),
    ],
)
def test_a_tab_that_asks_again_starts_over_where_it_asked(resumes: tuple[tuple[str, int, float, str], ...], wrong: bool) -> None:
    """It got 1 and 3, and at 3 s it got 2."""
    story = Story().tabs("ann", "tab 1", "tab 2")
    for message, seq, at in (("a", 1, 1.0), ("c", 3, 1.5)):
        came(story, "tab 1", message, seq, at)
    for tab, after, at, thread in resumes:
        resumed(story, tab, after, at, thread)
    assert bool(order(came(story, "tab 1", "b", 2, 3.0)).witnesses) is wrong


def test_a_resume_starts_over_once() -> None:
    for first in ((("c", 3),), (("a", 1), ("b", 2), ("c", 3))):
        story = resumed(came(Story().tabs("ann", "tab 1"), "tab 1", "a", 1, 0.5), "tab 1", 1, 1.0)
        for number, (message, seq) in enumerate((*first, ("b", 2), ("c", 3), ("b", 2)), 2):
            came(story, "tab 1", message, seq, float(number))
        assert order(story).witnesses


def test_two_items_the_wrong_way_round() -> None:
    story = stored(Story().page("ann", "page"), row("a", 1), row("b", 2), row("c", 3), at=1.0)
    assert_told(
        order(shown(story, item("a"), item("c"), item("x"), item("b"), at=2.0)),
        Witness(
            "page shows m-3 before m-2: they must stand the other way round, because the store messages has m-2 at "
            "2 and m-3 at 3; however, the reading at 2.000 s has them so.",
            2.0,
            (2, 1),
            ("page",),
        ),
        messages=3,
        views=2,
        threads=1,
    )
    assert_told(
        order(shown(story, item("a", thread=""), item("c", thread=""), item("b", thread=""), at=3.0)),
        Witness(
            "page shows m-3 before m-2: they must stand the other way round, because the store messages has m-2 at "
            "2 and m-3 at 3; however, the reading at 2.000 s has them so.",
            2.0,
            (2, 1),
            ("page",),
        ),
        Witness(
            "page shows m-3 before m-2: they must stand the other way round, because the store messages has m-2 at "
            "2 and m-3 at 3; however, the reading at 3.000 s has them so.",
            3.0,
            (3, 1),
            ("page",),
        ),
        messages=3,
        views=3,
        threads=1,
    )


def sends(*moments: tuple[str, str, float], acks: tuple[tuple[str, float], ...] = (), cut: float | None = None) -> Story:
    """Messages as they were sent on tabs, acknowledgements, and when tab 1 lost its first connection; b stands before a."""
    story = Story().tabs("ann", "tab 1", "tab 2")
    steps: list[tuple[float, str, tuple[str, str] | None]] = [(at, "send", (tab, message)) for tab, message, at in moments]
    steps += [(at, "ack", ("tab 1", message)) for message, at in acks]
    steps += [] if cut is None else [(cut, "cut", None)]
    for at, what, of in sorted(steps, key=lambda step: step[0]):
        if of is None:
            story.add("closed", "tab 1", {"by": "nobody"}, at=at).add("opened", "tab 1", at=at)
        elif what == "send":
            story.send(*of, at=at)
        else:
            story.ack(*of, {"a": 2, "b": 1, "c": 3}[of[1]], at=at)
    return stored(story, row("b", 1), row("a", 2), row("c", 3), at=20.0)


@pytest.mark.parametrize(
    ("story", "wrong"),
    [
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0)), True),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 1.0)), True),
        (sends(("tab 1", "b", 1.0), ("tab 1", "a", 2.0)), False),
        (sends(("tab 1", "a", 1.0), ("tab 2", "b", 2.0)), False),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), cut=1.5), False),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), acks=(("a", 1.2),), cut=1.5), True),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), acks=(("a", 2.0),), cut=1.5), True),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), acks=(("a", 2.1),), cut=1.5), False),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), ("tab 1", "b", 3.0), cut=2.5), False),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), ("tab 1", "a", 3.0), ("tab 1", "b", 4.0), cut=2.5), True),
        (sends(("tab 1", "a", 1.0), ("tab 1", "b", 2.0), ("tab 1", "b", 3.0), ("tab 1", "a", 4.0), cut=2.5), False),
    ],
)
def test_what_a_connection_had_first_stands_first(story: Story, wrong: bool) -> None:
    assert bool(order(story).witnesses) is wrong


def test_messages_that_stand_the_wrong_way_round() -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "c", at=1.0).send("tab 1", "x", at=1.5)
    for message, at in (("a", 2.0), ("d", 3.0), ("b", 4.0)):
        story.send("tab 1", message, at=at)
    stored(story.refuse("tab 1", "d"), row("c", 1), row("b", 2), row("a", 3), row("d", 4), at=9.0)
    assert_told(
        order(story),
        Witness(
            "m-5 stands before m-3: it must stand after it, because tab 1 sent m-3 at 2.000 s and m-5 at 4.000 s; "
            "however, the store messages has them at 3 and 2.",
            9.0,
            (5, 7, 9),
            ("tab 1",),
        ),
        messages=4,
        views=1,
        threads=1,
    )
    refused = Story().tabs("ann", "tab 1").send("tab 1", "a", at=1.0).send("tab 1", "b", at=2.0)
    refused.frame_in("tab 1", "error_message", {"message_id": "a", "code": "x"})
    assert order(stored(refused, row("b", 1), row("a", 2))).witnesses == ()


def test_of_two_messages_at_one_place_neither_is_before_the_other() -> None:
    story = Story().tabs("ann", "tab 1")
    for message, at in (("a", 1.0), ("c", 2.0), ("b", 3.0)):
        story.send("tab 1", message, at=at)
    assert_told(
        order(stored(story, row("a", 1), row("b", 1), row("c", 3), at=9.0)),
        Witness(
            "m-3 stands before m-2: it must stand after it, because tab 1 sent m-2 at 2.000 s and m-3 at 3.000 s; "
            "however, the store messages has them at 3 and 1.",
            9.0,
            (4, 5, 6),
            ("tab 1",),
        ),
        messages=3,
        views=1,
        threads=1,
    )


# --- resume-without-gap ---


def gap(story: Story) -> Verdict:
    return story.judge("resume-without-gap", QUIET, reconnects=0, messages=0)


def back(*before: tuple[str, int], resumes: tuple[int, ...] = (), thread: str = "t") -> Story:
    """Tab 1 held these until 2 s, was away until 5 s, and asked then; the store has a to e."""
    story = Story().tabs("ann", "tab 1")
    for message, seq in before:
        came(story, "tab 1", message, seq, 1.0)
    story.add("closed", "tab 1", {"by": "nobody"}, at=2.0).add("opened", "tab 1", at=5.0)
    for after in resumes:
        resumed(story, "tab 1", after, 5.1, thread)
    return story


def caught_up(story: Story, *messages: tuple[str, int]) -> Story:
    for number, (message, seq) in enumerate(messages):
        came(story, "tab 1", message, seq, 6.0 + number)
    return stored(story, *(row(one, place) for place, one in enumerate("abcde", 1)), at=12.0)


def test_a_gap_after_a_reconnect() -> None:
    assert_told(
        gap(caught_up(back(("a", 1)), ("c", 3), ("d", 4), ("e", 5))),
        Witness(
            "tab 1 misses m-5 after its reconnect: it must hold it, because it came back at 5.000 s holding the "
            "thread up to seq 1, and the store messages has m-5 at seq 2; however, what came was m-2 (seq 3) at "
            "6.000 s.",
            5.0,
            (5, 9, 6),
            ("tab 1",),
        ),
        reconnects=1,
        messages=5,
        caught_up=0,
    )
    assert_told(
        gap(caught_up(back(("a", 1), ("c", 3)))),
        Witness(
            "tab 1 misses m-4 after its reconnect: it must hold it, because it came back at 5.000 s holding the "
            "thread up to seq 3, and the store messages has m-4 at seq 4; however, nothing after seq 3 came until "
            "12.000 s.",
            5.0,
            (6, 7),
            ("tab 1",),
            retryable=True,
        ),
        reconnects=1,
        messages=5,
        caught_up=0,
    )


def test_what_came_instead_stands_after_what_is_missing() -> None:
    story = came(came(back(("a", 1)), "tab 1", "x", 2, 6.0), "tab 1", "c", 3, 7.0)
    (witness,) = gap(stored(story, row("a", 1), row("b", 2), row("x", 2), row("c", 3), at=9.0)).witnesses
    assert witness.text.endswith("however, what came was m-3 (seq 3) at 7.000 s.")


@pytest.mark.parametrize(
    ("story", "missing"),
    [
        (caught_up(back(("b", 2)), ("c", 3), ("d", 4), ("e", 5)), ""),
        (caught_up(back(("b", 2), resumes=(1,)), ("c", 3), ("d", 4), ("e", 5)), ""),
        (caught_up(back(("b", 2), resumes=(0,)), ("c", 3), ("d", 4), ("e", 5)), "m-2"),
        (caught_up(back(resumes=(3,)), ("d", 4), ("e", 5)), ""),
        (caught_up(back(resumes=(3, 2)), ("d", 4), ("e", 5)), "m-3"),
        (caught_up(back(resumes=(2,), thread=""), ("d", 4), ("e", 5)), "m-3"),
        (caught_up(back(resumes=(2,), thread="u"), ("d", 4), ("e", 5)), ""),
        (caught_up(back(), ("d", 4), ("e", 5)), ""),
        (caught_up(back(("b", 2), ("d", 4)), ("e", 5)), ""),
    ],
)
def test_what_is_due_after_a_reconnect(story: Story, missing: str) -> None:
    verdict = gap(story)
    assert bool(verdict.witnesses) is bool(missing), verdict.explanation()


def test_a_connection_that_ended_again_owes_only_what_is_before_its_last() -> None:
    for got, missing in (((("b", 2), ("c", 3)), False), ((("b", 2), ("d", 4)), True), ((), False)):
        story = caught_up(back(("a", 1)), *got).add("closed", "tab 1", {"by": "nobody"}, at=13.0)
        assert bool(gap(story).witnesses) is missing


def test_what_was_missed_meanwhile_is_counted() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2")
    came(came(story, "tab 1", "a", 1, 1.0), "tab 2", "a", 1, 1.1)
    came(came(story, "tab 2", "b", 2, 1.5).add("closed", "tab 1", {"by": "nobody"}, at=2.0), "tab 2", "c", 3, 2.0)
    came(came(story, "tab 2", "d", 4, 3.0), "tab 2", "e", 5, 4.0).add("opened", "tab 1", at=5.0)
    for message, seq in (("b", 2), ("c", 3), ("d", 4), ("e", 5)):
        came(story, "tab 1", message, seq, 6.0)
    came(came(story, "tab 1", "f", 6, 7.0), "tab 2", "f", 6, 7.5)
    assert_told(
        gap(story),
        reconnects=1,
        messages=6,
        caught_up=2,
    )


def test_another_tab_another_connection_and_another_thread_owe_their_own() -> None:
    story = resumed(Story().tabs("ann", "tab 1", "tab 2"), "tab 1", 0, 0.5)
    came(came(story, "tab 1", "b", 2, 1.0), "tab 1", "y", 11, 1.1, thread="u")
    for tab in ("tab 1", "tab 2"):
        story.add("closed", tab, {"by": "nobody"}, at=2.0).add("opened", tab, at=3.0)
    resumed(resumed(story, "tab 2", 0, 4.0), "tab 1", 2, 4.1)
    for tab, message, seq in (("tab 2", "a", 1), ("tab 2", "b", 2), ("tab 2", "c", 3), ("tab 1", "c", 3)):
        came(story, tab, message, seq, 5.0)
    stored(came(story, "tab 1", "z", 12, 6.0, thread="u"), row("a", 1), row("b", 2), row("c", 3), at=7.0)
    stored(story, *(row(message, seq, thread_id="u") for message, seq in (("x", 10), ("y", 11), ("z", 12))), at=8.0)
    assert_told(
        gap(story),
        reconnects=2,
        messages=6,
        caught_up=0,
    )
    assert gap(stored(story, row("z", 12, thread_id="u"), row("w", 13, thread_id="u"), at=9.0)).witnesses


def online(story: Story, *items: str, at: float) -> Story:
    return shown(story, *(item(one) for one in items), at=at, status="online")


def test_a_gap_on_a_page_that_was_down() -> None:
    story = online(Story().page("ann", "page"), "a", at=1.0)
    stored(online(story, "a", "c", at=2.0), *(row(one, place) for place, one in enumerate("abcde", 1)), at=3.0)
    shown(story, item("a"), item("c"), at=4.0, status="offline")
    online(online(story, "a", "b", "c", at=5.0), "a", "c", "e", at=6.0)
    online(online(story, "a", "c", at=7.0), at=8.0)
    assert_told(
        gap(story),
        Witness(
            "page misses m-3 after its reconnect: it must show it, because the store messages has it at seq 2; "
            "however, the page read at 6.000 s goes from seq 1 to 5 without it.",
            6.0,
            (6, 3),
            ("page",),
        ),
        reconnects=1,
        messages=5,
        caught_up=0,
    )


@pytest.mark.parametrize(("read", "last", "due"), [(6.0, True, True), (5.0, False, True), (4.9, False, False), (4.9, True, True)])
def test_what_a_page_must_show_once_it_is_back(read: float, last: bool, due: bool) -> None:
    story = shown(Story().page("ann", "page"), item("a"), at=1.0, status="offline")
    steps = [(5.0, "store"), (read, "page"), *([] if last else [(9.0, "whole")])]
    for at, what in sorted(steps, key=lambda step: (step[0], step[1] != "store")):
        if what == "store":
            stored(story, row("a", 1), row("b", 2), row("c", 3), at=at)
        else:
            online(story, *("ac" if what == "page" else "abc"), at=at)
    assert bool(gap(story).witnesses) is due


def test_a_page_that_was_down_twice_came_back_twice() -> None:
    story = stored(Story().page("ann", "page").page("ann", "other"), row("a", 1), row("b", 2), at=0.5)
    for at, status in enumerate(("offline", None, "offline", "online", "online", "offline", "online"), 1):
        shown(story, item("a"), item("b"), at=float(at), status=status)
    assert_told(
        gap(online(story, "b", at=9.0)),
        reconnects=2,
        messages=2,
        caught_up=0,
    )
