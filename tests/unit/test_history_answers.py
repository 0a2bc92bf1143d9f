"""stop-stops, answers-flow and right-tools to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from typing import Any

import pytest
from story import CHAT, Story, assert_told

from realstack.history.verdict import Verdict, Witness
from realstack.history.vocabulary import Vocabulary

LEAVING = Vocabulary({**CHAT.data, "leaving_stops": True})


def asked(*tabs: str, query: str | None = "q") -> Story:
    """A question at 1 s, and a run that begins at 2 s on all of these tabs."""
    story = Story().tabs("ann", *tabs).send(tabs[0], "q", at=1.0)
    for tab in tabs:
        story.deliver(tab, "q", 1)
    for tab in tabs:
        event(story, tab, "started", 1, at=2.0, query=query)
    return story


def event(story: Story, tab: str, stage: str, n: int | None, *, at: float, run: str = "r", **payload: Any) -> Story:
    kind = {"started": "agent_started", "chunk": "stream_chunk"}.get(stage, f"agent_{stage}")
    data = {"query_message_id": payload.get("query"), "message_id": payload.get("answer"), "text": payload.get("text")}
    name = payload.get("event", f"{run}:{n}")
    return story.frame_in(tab, kind, data, at=at, run_id=run, event_id=name, n=n, thread_id="t")


def answered(story: Story, tab: str, text: str, at: float, answer: str = "x") -> Story:
    data = {"message_id": answer, "thread_id": "t", "seq": 2, "role": "agent", "run_id": "r", "text": text}
    return story.frame_in(tab, "message", data, at=at, thread_id="t")


def stops(story: Story, vocabulary: Vocabulary = CHAT) -> Verdict:
    return story.judge("stop-stops", vocabulary, stops=0, runs=0)


# --- stop-stops: whose stop it is ---


def test_a_stop_of_somebody_else_stops_nothing() -> None:
    story = asked("tab 1").tabs("bob", "bob 1").stop("bob 1", "q", at=3.0)
    assert_told(
        stops(event(story, "tab 1", "stopped", 2, at=4.0)),
        Witness(
            "the answer to m-1 was stopped by nobody: it must go on, because ann did not ask for a stop; however, "
            "stopped came to tab 1 at 4.000 s.",
            4.0,
            (11,),
            ("tab 1",),
        ),
        stops=0,
        runs=1,
        tabs=0,
        texts=0,
    )


def test_stops_of_runs_that_nobody_saw_are_one_each() -> None:
    story = Story().tabs("ann", "tab 1").stop("tab 1", "p", run="", at=1.0).stop("tab 1", "q", run="", at=2.0)
    assert_told(
        stops(story.stop("tab 1", "q", run="", at=3.0)),
        stops=2,
        runs=2,
        tabs=0,
        texts=0,
    )


def test_a_stop_finds_its_run_by_its_name_else_by_its_question() -> None:
    story = asked("tab 1").stop("tab 1", "q", run="s", at=3.0)
    assert_told(
        stops(event(story, "tab 1", "stopped", 2, at=3.1)),
        stops=1,
        runs=1,
        tabs=1,
        texts=0,
    )
    story = asked("tab 1", query=None).stop("tab 1", "q", run="r", at=3.0)
    assert_told(
        stops(event(story, "tab 1", "completed", 2, at=3.1)),
        Witness(
            "the answer to m-1 was stopped and ended as completed on tab 1: it must end as stopped, because its "
            "stop was acknowledged to tab 1 at 3.000 s; however, completed came at 3.100 s.",
            3.1,
            (7, 8),
            ("tab 1",),
        ),
        stops=1,
        runs=1,
        tabs=1,
        texts=0,
    )


def test_only_an_acknowledged_stop_ends_a_run_and_one_that_was_asked_for_excuses_its_end() -> None:
    for acknowledged in (True, False):
        story = asked("tab 1").stop("tab 1", "q", acknowledged=acknowledged, at=3.0)
        assert bool(stops(event(story, "tab 1", "completed", 2, at=3.1)).witnesses) is acknowledged
    assert_told(
        stops(event(asked("tab 1").stop("tab 1", "q", acknowledged=False), "tab 1", "stopped", 2, at=3.1)),
        stops=0,
        runs=1,
        tabs=0,
        texts=0,
    )


# --- stop-stops: what may still come ---


@pytest.mark.parametrize(("at", "late"), [(3.5, False), (3.501, True)])
def test_what_was_in_flight_may_come_for_half_a_second(at: float, late: bool) -> None:
    story = event(asked("tab 1").stop("tab 1", "q", at=3.0), "tab 1", "chunk", 2, at=at)
    assert bool(stops(event(story, "tab 1", "stopped", 3, at=9.0)).witnesses) is late


def test_what_went_on_after_a_stop_and_after_the_end() -> None:
    story = asked("tab 1", "tab 2", "tab 3").stop("tab 1", "q", at=3.0).stop("tab 2", "q", at=3.2)
    for tab, stage, n, at in (
        ("tab 1", "chunk", 2, 3.6),
        ("tab 1", "chunk", 3, 3.7),
        ("tab 1", "stopped", 4, 3.8),
        ("tab 2", "stopped", 2, 3.3),
        ("tab 2", "chunk", 3, 3.4),
        ("tab 2", "stopped", 4, 3.5),
        ("tab 3", "stopped", 2, 3.3),
        ("tab 3", "stopped", 5, 3.5),
    ):
        event(story, tab, stage, n, at=at)
    assert_told(
        stops(story),
        Witness(
            "the answer to m-1 went on on tab 2: nothing of it must come, because it had ended there, stopped at "
            "3.300 s; however, chunk came at 3.400 s.",
            3.4,
            (20, 22),
            ("tab 2",),
        ),
        Witness(
            "the answer to m-1 went on on tab 3: nothing of it must come, because it had ended there, stopped at "
            "3.300 s; however, stopped came at 3.500 s.",
            3.5,
            (21, 24),
            ("tab 3",),
        ),
        Witness(
            "the answer to m-1 went on on tab 1: nothing of it must come, because its stop was acknowledged to tab "
            "1 at 3.000 s; however, chunk came at 3.600 s.",
            3.6,
            (17, 25),
            ("tab 1",),
        ),
        stops=1,
        runs=1,
        tabs=3,
        texts=0,
    )


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [(("e", 2), ("e", 3), True), (("e", 2), ("f", 2), False), ((None, 2), (None, 2), True), ((None, None), (None, None), False)],
)
def test_what_comes_again_after_the_end_is_no_more_of_it(
    first: tuple[str | None, int | None], again: tuple[str | None, int | None], same: bool
) -> None:
    story = event(asked("tab 1").stop("tab 1", "q", at=3.0), "tab 1", "chunk", first[1], at=3.1, event=first[0])
    event(story, "tab 1", "stopped", 9, at=3.2)
    assert (not stops(event(story, "tab 1", "chunk", again[1], at=3.3, event=again[0])).witnesses) is same


def test_what_comes_again_hides_nothing_that_is_new() -> None:
    story = event(asked("tab 1").stop("tab 1", "q", at=3.0), "tab 1", "stopped", 2, at=3.1)
    event(event(story, "tab 1", "stopped", 2, at=3.2), "tab 1", "chunk", 3, at=3.3)
    assert len(stops(story).witnesses) == 1


def test_a_run_without_a_question_is_of_whom_it_came_to_first() -> None:
    story = Story().tabs("ann", "tab 1").tabs("bob", "bob 1")
    event(event(story, "tab 1", "started", 1, at=1.0), "bob 1", "stopped", 2, at=2.0)
    (witness,) = stops(story).witnesses
    assert witness.text.startswith("the run r-1 was stopped by nobody: it must go on, because ann did not ask")


# --- stop-stops: the end on every tab ---


def test_every_tab_that_had_the_question_sees_the_end_as_stopped() -> None:
    story = asked("tab 1", "tab 2", "tab 3").tabs("ann", "tab 4", "tab 5", "tab 6").page("ann", "page").tabs("bob", "bob 1")
    for tab in ("tab 4", "tab 6", "page", "bob 1"):
        story.deliver(tab, "q", 1)
    story.close("tab 3").close("tab 6").open("tab 6").stop("tab 1", "q", at=3.0)
    event(event(story, "tab 1", "stopped", 2, at=3.1), "tab 2", "error", 2, at=3.2)
    assert_told(
        stops(story),
        Witness(
            "tab 4 never saw the answer to m-1 end: it must, because its stop was acknowledged to tab 1 at 3.000 "
            "s; however, nothing of it came until 3.200 s.",
            3.0,
            (38,),
            ("tab 4",),
            retryable=True,
        ),
        Witness(
            "the answer to m-1 was stopped and ended as failed on tab 2: it must end as stopped, because its stop "
            "was acknowledged to tab 1 at 3.000 s; however, failed came at 3.200 s.",
            3.2,
            (38, 40),
            ("tab 2",),
        ),
        stops=1,
        runs=1,
        tabs=3,
        texts=0,
    )


# --- stop-stops: one text everywhere ---


def kept(end: str | None = "one", *, pieces: tuple[str | None, ...] = ("o", "ne"), ends: bool = True) -> Story:
    """A stopped answer whose pieces came from 2.1 s on; it ended at 4 s."""
    story = asked("tab 1")
    for n, text in enumerate(pieces, 2):
        event(story, "tab 1", "chunk", n, at=2.0 + n / 100, text=text)
    story.stop("tab 1", "q", at=3.0)
    return event(story, "tab 1", "stopped", len(pieces) + 2, at=4.0, text=end, answer="x") if ends else story


def stored(
    story: Story, text: str | None, at: float, *, took: float = 0.0, message: str = "x", threads: list[str] | None = None
) -> Story:
    rows = [{"id": message, "thread_id": "t", "user_id": "account-ann", "role": "agent", "text": text}]
    return story.add("stored", "messages", {"rows": rows, "users": ["ann"], "threads": threads, "took": took}, at=at)


def shown(story: Story, text: str | None, at: float, *, took: float = 0.0) -> Story:
    return story.add("page", "page", {"messages": [{"id": "x", "role": "agent", "text": text}], "took": took}, at=at)


def test_other_texts_in_each_place() -> None:
    story = answered(answered(kept(pieces=("o", None, "n")), "tab 1", "once", 4.1), "tab 1", "other", 4.2, answer="y").page(
        "ann", "page"
    )
    stored(stored(shown(shown(story, "on", 4.5), None, 5.0), "ones", 6.0), None, 6.5)
    story.add("expected", "test", {"message": "q", "text": "two"}).add("expected", "test", {"message": "p", "text": "two"})
    assert_told(
        stops(story.add("expected", "test", {"message": "q", "text": "one two"})),
        Witness(
            "the answer to m-1 is not the same on tab 1, in pieces: it must be the 3 characters that stopped told "
            "tab 1 at 4.000 s; however, at 4.000 s there were 2.",
            4.0,
            (11, 11),
        ),
        Witness(
            "the answer to m-1 is no beginning of its answer: it must be, because it was stopped while it was "
            "said; however, at 4.000 s stopped told tab 1 3 characters that do not begin it.",
            4.0,
            (19, 11),
        ),
        Witness(
            "the answer to m-1 is not the same on tab 1: it must be the 3 characters that stopped told tab 1 at "
            "4.000 s; however, at 4.100 s there were 4.",
            4.1,
            (11, 12),
        ),
        Witness(
            "the answer to m-1 is not the same on page: it must be the 3 characters that stopped told tab 1 at "
            "4.000 s; however, at 4.500 s there were 2.",
            4.5,
            (11, 15),
        ),
        Witness(
            "the answer to m-1 is not the same on page: it must be the 3 characters that stopped told tab 1 at "
            "4.000 s; however, at 5.000 s there were 0.",
            5.0,
            (11, 16),
        ),
        Witness(
            "the answer to m-1 is not the same on the store messages: it must be the 3 characters that stopped "
            "told tab 1 at 4.000 s; however, at 6.000 s there were 4.",
            6.0,
            (11, 17),
        ),
        Witness(
            "the answer to m-1 is not the same on the store messages: it must be the 3 characters that stopped "
            "told tab 1 at 4.000 s; however, at 6.500 s there were 0.",
            6.5,
            (11, 18),
        ),
        stops=1,
        runs=1,
        tabs=1,
        texts=7,
    )


def test_another_text_at_another_tabs_end() -> None:
    story = asked("tab 1", "tab 2", "tab 3").stop("tab 1", "q", at=3.0)
    for tab, text in (("tab 1", "one"), ("tab 2", "two"), ("tab 3", None)):
        event(story, tab, "stopped", 2, at=4.0, text=text, answer="x")
    assert_told(
        stops(story),
        Witness(
            "the answer to m-1 is not the same on the end on tab 2: it must be the 3 characters that stopped told "
            "tab 1 at 4.000 s; however, at 4.000 s there were 3.",
            4.0,
            (18, 19),
        ),
        Witness(
            "the answer to m-1 is not the same on tab 1, in pieces: it must be the 3 characters that stopped told "
            "tab 1 at 4.000 s; however, at 4.000 s there were 0.",
            4.0,
            (18, 18),
        ),
        Witness(
            "the answer to m-1 is not the same on tab 2, in pieces: it must be the 3 characters that stopped told "
            "tab 1 at 4.000 s; however, at 4.000 s there were 0.",
            4.0,
            (18, 19),
        ),
        Witness(
            "the answer to m-1 is not the same on tab 3, in pieces: it must be the 3 characters that stopped told "
            "tab 1 at 4.000 s; however, at 4.000 s there were 0.",
            4.0,
            (18, 20),
        ),
        stops=1,
        runs=1,
        tabs=3,
        texts=5,
    )


@pytest.mark.parametrize(("at", "took", "counts"), [(4.0, 0.0, False), (4.001, 0.0, True), (5.0, 1.0, False), (5.001, 1.0, True)])
def test_readings_count_that_began_after_the_answer_was_kept(at: float, took: float, counts: bool) -> None:
    assert bool(stops(shown(kept().page("ann", "page"), "no", at, took=took)).witnesses) is counts
    assert bool(stops(stored(kept(), "no", at, took=took)).witnesses) is counts


def test_an_answer_that_the_store_does_not_hold() -> None:
    assert_told(
        stops(stored(stored(kept(), "one", 5.0, message="y", threads=["u"]), "one", 6.0, message="y")),
        Witness(
            "the answer to m-1 left no answer in the store messages: what was said must be kept, because stopped "
            "came at 4.000 s; however, at 6.000 s no row had it.",
            6.0,
            (10, 12),
            (),
            retryable=True,
        ),
        stops=1,
        runs=1,
        tabs=1,
        texts=2,
    )


def test_where_ends_tell_no_text_the_first_delivery_does() -> None:
    story = answered(answered(kept(None, pieces=("one",)), "tab 1", "one", 4.5), "tab 1", "two", 5.0)
    assert_told(
        stops(story),
        Witness(
            "the answer to m-1 is not the same on tab 1: it must be the 3 characters that its delivery told tab 1 "
            "at 4.500 s; however, at 5.000 s there were 3.",
            5.0,
            (10, 11),
        ),
        stops=1,
        runs=1,
        tabs=1,
        texts=4,
    )
    assert_told(
        stops(kept(None)),
        stops=1,
        runs=1,
        tabs=1,
        texts=0,
    )


@pytest.mark.parametrize(
    ("numbers", "whole"),
    [((1, 2, 3, 4), True), ((1, 3, 2, 4), True), ((1, 2, 4, 5), False), ((2, 3, 4, 5), False), ((1, 2, 3, None), False)],
)
def test_pieces_are_one_text_where_a_tab_saw_all_of_them(numbers: tuple[int | None, ...], whole: bool) -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "q", at=1.0)
    for n, (stage, number) in enumerate(zip(("started", "chunk", "chunk", "stopped"), numbers, strict=True)):
        story.stop("tab 1", "q", at=3.0) if stage == "stopped" else None
        text = {1: "o", 2: "n", 3: "one"}.get(n)
        event(story, "tab 1", stage, number, at=2.0 + n / 2, text=text, answer="x" if n == 3 else None, query="q", event=f"e{n}")
    assert any("in pieces" in witness.text for witness in stops(story).witnesses) is whole


def test_pieces_from_the_first_number_on_and_on_each_tab() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").send("tab 1", "q", at=1.0)
    event(story, "tab 1", "chunk", 1, at=2.0, text="x", query="q").stop("tab 1", "q", at=2.5)
    event(event(story, "tab 2", "chunk", 1, at=2.6, text="x", query="q"), "tab 2", "chunk", 2, at=2.7, text="y")
    texts = [witness.text for witness in stops(event(story, "tab 2", "stopped", 3, at=2.8, text="y", answer="a")).witnesses]
    (told,) = (text for text in texts if "in pieces" in text)
    assert "on tab 2, in pieces: it must be the 1 characters" in told
    assert told.endswith("there were 2.")


def test_of_a_stopped_run_only_answers_may_have_been_seen() -> None:
    named = Story().tabs("ann", "tab 1").stop("tab 1", "q", run="r", at=1.0)
    assert len(stops(answered(answered(named, "tab 1", "one", 2.0), "tab 1", "two", 3.0)).witnesses) == 1
    nameless = (
        Story().tabs("ann", "tab 1").frame_in("tab 1", "stop_acknowledged", {"message_id": "q", "state": "stopped"}, at=1.0)
    )
    for text, at in (("one", 2.0), ("two", 3.0)):
        payload = {"message_id": "x", "seq": 2, "role": "agent", "text": text}
        nameless.frame_in("tab 1", "message", payload, at=at, thread_id="t")
    assert stops(nameless).witnesses == ()


# --- stop-stops: what nobody asked to stop ---


def test_an_answer_that_broke_off() -> None:
    story = event(asked("tab 1", "tab 2"), "tab 1", "completed", 2, at=3.0).add(
        "expected", "test", {"message": "p", "text": "one two"}
    )
    story.add("expected", "test", {"message": "q", "text": "one two"})
    assert_told(
        stops(answered(answered(story, "tab 2", "one two", 4.0), "tab 1", "one", 5.0)),
        Witness(
            "the answer to m-1 broke off: all of it must come, because ann did not ask for a stop; however, at "
            "5.000 s tab 1 got only the first 3 characters of it as the answer.",
            5.0,
            (13, 15),
            ("tab 1",),
        ),
        stops=0,
        runs=1,
        tabs=0,
        texts=0,
    )
    assert stops(answered(story, "tab 1", "other", 6.0)).counts["runs"] == 1
    assert stops(story, LEAVING).witnesses == ()


@pytest.mark.parametrize(
    ("text", "role", "run", "broke"),
    [
        ("one", "agent", "r", True),
        ("one two", "agent", "r", False),
        ("two", "agent", "r", False),
        ("one", "user", "r", False),
        ("one", "agent", "s", False),
        (None, "agent", "r", False),
    ],
)
def test_only_a_beginning_of_the_answer_broke_off(text: str | None, role: str, run: str, broke: bool) -> None:
    story = asked("tab 1").add("expected", "test", {"message": "q", "text": "one two"})
    payload = {"message_id": "x", "thread_id": "t", "seq": 2, "role": role, "text": text, "run_id": run}
    assert bool(stops(story.frame_in("tab 1", "message", payload, thread_id="t")).witnesses) is broke


def test_a_run_that_nobody_stopped() -> None:
    story = asked("tab 1", "tab 2", "tab 3")
    event(event(event(story, "tab 1", "error", 2, at=3.0), "tab 2", "stopped", 2, at=4.0), "tab 3", "stopped", 2, at=5.0)
    assert_told(
        stops(story),
        Witness(
            "the answer to m-1 was stopped by nobody: it must go on, because ann did not ask for a stop; however, "
            "stopped came to tab 2 at 4.000 s.",
            4.0,
            (17,),
            ("tab 2",),
        ),
        stops=0,
        runs=1,
        tabs=0,
        texts=0,
    )


def left(*steps: tuple[str, str, float], end: float = 6.0) -> Story:
    """A run begins at 2 s; what ann's tabs do; it ended as stopped."""
    story = Story().tabs("ann", "tab 1", "tab 2").tabs("bob", "bob 1").send("tab 1", "q", at=1.0)
    all_steps = [(2.0, "start", "tab 1"), (end, "end", "tab 1"), *((at, what, tab) for what, tab, at in steps)]
    for at, what, tab in sorted(all_steps, key=lambda step: step[0]):
        if what in ("start", "end"):
            event(story, tab, "started" if what == "start" else "stopped", 1 if what == "start" else 2, at=at, query="q")
        else:
            story.add(what, tab, {"by": "nobody"} if what == "closed" else {}, at=at)
    return story


BOTH = (("closed", "tab 1", 3.0), ("closed", "tab 2", 4.0))


@pytest.mark.parametrize(
    ("story", "stopped"),
    [
        (left(), False),
        (left(*BOTH, ("opened", "tab 1", 5.0)), True),
        (left(*BOTH, ("opened", "tab 1", 4.0)), False),
        (left(("closed", "tab 1", 3.0), ("opened", "tab 1", 3.5), ("closed", "tab 2", 4.0)), False),
        (left(("closed", "tab 1", 1.5), ("closed", "tab 2", 2.0), ("opened", "tab 1", 5.0)), True),
        (left(("closed", "tab 1", 1.5), ("closed", "tab 2", 1.9), ("opened", "tab 1", 1.95)), False),
        (left(*BOTH, end=4.0), True),
        (left(*BOTH, end=3.9), False),
        (left(("closed", "bob 1", 3.0)), False),
    ],
)
def test_who_had_no_connection_for_a_moment_has_left(story: Story, stopped: bool) -> None:
    assert (not stops(story, LEAVING).witnesses) is stopped
    assert stops(story).witnesses


# --- answers-flow ---


def flowing(*pieces: float, end: float | None = None, tab: str = "tab 1", failed: bool = False, **bounds: float) -> Story:
    story = Story().tabs("ann", tab).add("pace", "p", {"first": 9.0}).add("pace", "p", bounds)
    story.send(tab, "q", at=1.0).send(tab, "q", at=1.5)
    event(story, tab, "started", 1, at=2.0, query="q")
    for n, at in enumerate(pieces, 2):
        event(story, tab, "chunk", n, at=at, text="x")
    return event(story, tab, "error" if failed else "completed", len(pieces) + 2, at=end) if end is not None else story


def flows(story: Story) -> Verdict:
    return story.judge("answers-flow", answers=0, pieces=0, bounds=0)


def test_late_first_next_and_last_words() -> None:
    assert_told(
        flows(flowing(3.5, 4.0, 6.0, 6.5, end=7.0, first=2.0, gap=1.5)),
        Witness(
            "the first word of the answer r-1 came late to tab 1: it must within 2 s, because it was asked for at "
            "1.000 s; however, it came at 3.500 s, 2.500 s later.",
            3.5,
            (5, 8),
            ("tab 1",),
        ),
        Witness(
            "the next word of the answer r-1 came late to tab 1: it must within 1.5 s, because one came at 4.000 "
            "s; however, it came at 6.000 s, 2.000 s later.",
            6.0,
            (5, 9, 10),
            ("tab 1",),
        ),
        answers=1,
        pieces=4,
        bounds=1,
    )
    assert_told(
        flows(flowing(3.0, 4.0, first=1.0, gap=0.5).add("note", "x", at=9.0)),
        Witness(
            "the first word of the answer r-1 came late to tab 1: it must within 1 s, because it was asked for at "
            "1.000 s; however, it came at 3.000 s, 2.000 s later.",
            3.0,
            (5, 8),
            ("tab 1",),
        ),
        Witness(
            "the next word of the answer r-1 came late to tab 1: it must within 0.5 s, because one came at 4.000 "
            "s; however, nothing came until 9.000 s, 5.000 s later.",
            9.0,
            (5, 9),
            ("tab 1",),
        ),
        answers=1,
        pieces=2,
        bounds=1,
    )
    assert_told(
        flows(flowing(end=5.0, first=2.0, gap=1.0)),
        Witness(
            "the first word of the answer r-1 came late to tab 1: it must within 2 s, because it was asked for at "
            "1.000 s; however, it came at 5.000 s, 4.000 s later.",
            5.0,
            (5, 8),
            ("tab 1",),
        ),
        answers=1,
        pieces=0,
        bounds=1,
    )
    assert_told(
        flows(flowing(first=2.0).add("note", "x", at=9.0)),
        Witness(
            "the first word of the answer r-1 came late to tab 1: it must within 2 s, because it was asked for at "
            "1.000 s; however, nothing came until 9.000 s, 8.000 s later.",
            9.0,
            (5,),
            ("tab 1",),
        ),
        answers=1,
        pieces=0,
        bounds=1,
    )


def test_an_end_that_is_late_or_missing() -> None:
    late = Story().tabs("ann", "tab 1").add("pace", "p", {"end": 2.0}).send("tab 1", "q", at=1.0)
    event(
        event(event(late, "tab 1", "started", 1, at=2.0, query="q"), "tab 1", "chunk", 2, at=2.5, text="x"),
        "tab 1",
        "completed",
        3,
        at=3.5,
    )
    assert_told(
        flows(late),
        Witness(
            "the end of the answer r-1 came late to tab 1: it must within 2 s, because it was asked for at 1.000 "
            "s; however, it came at 3.500 s, 2.500 s later.",
            3.5,
            (4, 7),
            ("tab 1",),
        ),
        answers=1,
        pieces=1,
        bounds=1,
    )
    assert_told(
        flows(flowing(3.0, 3.5)),
        Witness(
            "the answer r-1 has no end on tab 1: it must have one, because started came at 2.000 s; however, the "
            "last that came was chunk at 3.500 s.",
            3.5,
            (5, 9),
            ("tab 1",),
            retryable=True,
        ),
        answers=1,
        pieces=2,
        bounds=1,
    )


def test_pieces_without_text_are_none_and_failures_are_another_laws() -> None:
    story = event(flowing(3.0, gap=5.0), "tab 1", "chunk", 3, at=4.0)
    assert_told(
        flows(event(story, "tab 1", "completed", 4, at=4.5)),
        answers=1,
        pieces=1,
        bounds=1,
    )
    assert_told(
        flows(flowing(9.0, end=9.5, first=1.0, failed=True)),
        answers=0,
        pieces=0,
        bounds=1,
    )


@pytest.mark.parametrize(("opened", "judged"), [(1.0, True), (1.001, False)])
def test_a_tab_that_was_there_from_the_question_on_is_judged(opened: float, judged: bool) -> None:
    story = Story().tabs("ann", "tab 1").add("tab", "tab 2", {"user": "ann"}).add("pace", "p", {"first": 1.0})
    for at, what in sorted([(1.0, "send"), (opened, "opened")]):
        story.add("opened", "tab 2", at=at) if what == "opened" else story.send("tab 1", "q", at=at)
    event(event(story, "tab 2", "started", 1, at=2.0, query="q"), "tab 2", "completed", 2, at=5.0)
    assert flows(story).counts["answers"] == judged
    assert flows(story.add("closed", "tab 2", {"by": "server"}, at=6.0)).counts["answers"] == judged
    event(story.add("opened", "tab 2", at=7.0), "tab 2", "completed", 3, at=8.0)
    assert flows(story).counts["answers"] == 0


def test_without_declared_bounds_nothing_is_late() -> None:
    story = Story().tabs("ann", "tab 1").send("tab 1", "q", at=1.0)
    assert_told(
        flows(event(event(story, "tab 1", "started", 1, at=2.0, query="q"), "tab 1", "completed", 2, at=99.0)),
        answers=1,
        pieces=0,
        bounds=0,
    )


# --- right-tools ---


def calling(*calls: tuple[str, str], told: dict[str, Any], end: bool = True) -> Story:
    story = Story().tabs("ann", "tab 1").add("tools", "test", {"message": "q", **told})
    event(story, "tab 1", "started", 1, at=1.0, query="q")
    for n, (tool, given) in enumerate(calls, 2):
        story.call("tab 1", "r", n, tool, given, at=float(n))
    return event(story, "tab 1", "completed", len(calls) + 2, at=9.0) if end else story


def tools(story: Story) -> Verdict:
    return story.judge("right-tools", questions=0, calls=0)


TWO = [{"tool": "a", "input": "1"}, {"tool": "b"}]


def test_calls_that_are_wrong_in_each_way() -> None:
    assert_told(
        tools(calling(("a", "1"), ("b", "any"), ("c", "3"), told={"calls": TWO})),
        Witness(
            "the run r-1 called c with '3' on tab 1: it must call nothing after 2 calls, because the test says so; "
            "however, it was call 3, at 4.000 s.",
            4.0,
            (3, 7),
            ("tab 1",),
        ),
        questions=1,
        calls=3,
        told=1,
    )
    assert_told(
        tools(calling(("a", "2"), ("c", "any"), told={"calls": TWO})),
        Witness(
            "the run r-1 called a with '2' on tab 1: it must call a with '1', because the test says so; however, "
            "it was call 1, at 2.000 s.",
            2.0,
            (3, 5),
            ("tab 1",),
        ),
        questions=1,
        calls=2,
        told=1,
    )
    assert_told(
        tools(calling(("a", "1"), ("c", "any"), told={"calls": TWO})),
        Witness(
            "the run r-1 called c with 'any' on tab 1: it must call b, because the test says so; however, it was "
            "call 2, at 3.000 s.",
            3.0,
            (3, 6),
            ("tab 1",),
        ),
        questions=1,
        calls=2,
        told=1,
    )
    assert_told(
        tools(calling(("a", "1"), ("c", "any"), told={"forbidden": ["c"], "most": 1})),
        Witness(
            "the run r-1 called c with 'any' on tab 1: it must not, because the test says so; however, it was call "
            "2, at 3.000 s.",
            3.0,
            (3, 6),
            ("tab 1",),
        ),
        questions=1,
        calls=2,
        told=1,
    )
    assert_told(
        tools(calling(("a", "1"), ("a", "1"), ("a", "1"), told={"forbidden": ["c"], "most": 2})),
        Witness(
            "the run r-1 called a with '1' on tab 1: it must call tools 2 times at most, because the test says so; "
            "however, it was call 3, at 4.000 s.",
            4.0,
            (3, 7),
            ("tab 1",),
        ),
        questions=1,
        calls=3,
        told=1,
    )


def test_calls_that_are_missing() -> None:
    assert_told(
        tools(calling(told={"calls": TWO})),
        Witness(
            "the run r-1 never called a with '1' on tab 1: it must as call 1, because the test says so; however, "
            "it ended as completed at 9.000 s.",
            9.0,
            (3, 5),
            ("tab 1",),
        ),
        questions=1,
        calls=0,
        told=1,
    )
    assert_told(
        tools(calling(("a", "1"), told={"calls": TWO}, end=False)),
        Witness(
            "the run r-1 never called b on tab 1: it must as call 2, because the test says so; however, it has not yet.",
            1.0,
            (3, 4),
            ("tab 1",),
            retryable=True,
        ),
        questions=1,
        calls=1,
        told=1,
    )
    assert_told(
        tools(calling(("a", "1"), told={"calls": TWO})),
        Witness(
            "the run r-1 never called b on tab 1: it must as call 2, because the test says so; however, it ended "
            "as completed at 9.000 s.",
            9.0,
            (3, 6),
            ("tab 1",),
        ),
        questions=1,
        calls=1,
        told=1,
    )


def test_a_call_that_comes_again_counts_once_and_calls_without_ids_are_all_counted() -> None:
    story = calling(("a", "1"), told={"most": 1}, end=False).call("tab 1", "r", 2, "a", "1", at=3.0)
    assert_told(
        tools(story),
        questions=1,
        calls=1,
        told=1,
    )
    story.frame_in("tab 1", "tool_executing", {"tool": "a", "input": "1"}, run_id="r", thread_id="t")
    assert_told(
        tools(story.frame_in("tab 1", "tool_executing", {"tool": "a", "input": "1"}, run_id="r", thread_id="t")),
        Witness(
            "the run r-1 called a with '1' on tab 1: it must call tools 1 times at most, because the test says so; "
            "however, it was call 2, at 3.010 s.",
            3.01,
            (3, 7),
            ("tab 1",),
        ),
        questions=1,
        calls=3,
        told=1,
    )


def test_only_tabs_that_saw_the_run_begin_are_judged() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2", "tab 3").add("tools", "test", {"message": "q", "calls": TWO[:1]})
    event(event(story, "tab 3", "started", 1, at=0.8, run="s", query="p"), "tab 3", "error", 2, at=0.9, run="s")
    event(story, "tab 2", "completed", 3, at=0.95, query="q")
    story.call("tab 1", "r", 2, "a", "1", at=2.0)
    assert_told(
        tools(event(event(story, "tab 1", "started", 1, at=1.0, query="q"), "tab 1", "completed", 3, at=9.0)),
        questions=1,
        calls=1,
        told=1,
    )
