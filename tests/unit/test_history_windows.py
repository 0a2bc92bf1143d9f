"""admits-exactly to the last word and event: each clause and each boundary has a story of its own.

Windows last 60 s and admit two; ann's first message is sent at 10 s and admitted at 10.5 s, unless a story says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from story import Story, assert_told, unanswered

from realstack.history.verdict import Verdict, Witness

QUIET = unanswered()
Try = tuple[str, float, float, str]
"""A message, when it was sent and answered, and how: admitted (``y``), refused (``n`` or seconds to wait), in error (``e``)."""


def limited(limit: int | None = 2, *, user: str = "ann", tabs: Sequence[str] = ("tab 1", "tab 2")) -> Story:
    return Story().tabs(user, *tabs).add("limit", user, {"limit": limit, "window": 60})


def tried(story: Story, *tries: Try, tab: str = "tab 1") -> Story:
    """Sendings and answers by time, of a moment the sendings first."""
    steps = [(sent, 0, message, how) for message, sent, _, how in tries]
    steps += [(answered, 1, message, how) for message, _, answered, how in tries]
    for at, step, message, how in sorted(steps):
        if step == 0:
            story.send(tab, message, at=at)
        elif how == "y":
            story.ack(tab, message, 1, at=at)
        elif how == "e":
            story.frame_in(tab, "error_message", {"message_id": message, "code": "x"}, at=at)
        else:
            payload = {"message_id": message, "retry_after": None if how == "n" else float(how)}
            story.frame_in(tab, "rate_limited", payload, at=at)
    return story


def admits(story: Story) -> Verdict:
    return story.judge("admits-exactly", QUIET, attempts=0, full_windows=0)


def texts(story: Story) -> list[str]:
    return [witness.text for witness in admits(story).witnesses]


FULL: tuple[Try, ...] = (("a", 10.0, 10.5, "y"), ("b", 11.0, 11.5, "y"))


# --- which plan holds ---


def test_a_user_without_a_known_limit_is_told_and_others_are_judged() -> None:
    story = tried(Story().tabs("bob", "bob 1"), ("x", 1.0, 1.1, "y"), tab="bob 1").tabs("ann", "tab 1")
    assert_told(
        admits(tried(story.add("limit", "ann", {"limit": 1}), *FULL)),
        Witness(
            "m-3 was admitted as number 2: only 1 must be, because the window of ann opened with m-2 at 10.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 11.500 s.",
            11.5,
            (9, 10, 11, 12),
            ("tab 1",),
        ),
        lacking=("No limit of bob is known: record it, or try until the platform refuses.",),
        attempts=3,
        admitted=3,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


def refused(story: Story, message: str, at: float, tab: str = "tab 1", **told: Any) -> Story:
    return story.send(tab, message, at=at).frame_in(tab, "rate_limited", {"message_id": message, **told}, at=at + 0.1)


def test_a_limit_that_refusals_tell() -> None:
    story = tried(Story().tabs("bob", "bob 1").tabs("ann", "tab 1"), ("a", 10.0, 10.5, "y"))
    refused(story, "x", 12.0, "bob 1", limit=9, window=9)
    refused(refused(story, "b", 13.0, limit=3), "c", 14.0, window=30)
    assert admits(story).lacking == ("No limit of ann is known: record it, or try until the platform refuses.",)
    refused(refused(story, "d", 15.0, limit=2, window=30), "e", 16.0, limit=7, window=70)
    assert any("was refused too early: 2 must be admitted in a window" in text for text in texts(story))
    assert (
        "m-9 was admitted as number 3: only 2 must be, because the window of ann opened with m-7 at 41.100 s and lasts 30 s; "
        "however, it was acknowledged to tab 1 at 43.100 s."
    ) in texts(tried(story, ("f", 41.0, 41.1, "y"), ("g", 42.0, 42.1, "y"), ("h", 43.0, 43.1, "y")))


def test_a_limit_that_was_recorded_counts_for_what_was_before_and_more_than_what_refusals_tell() -> None:
    story = tried(Story().tabs("ann", "tab 1", "tab 2"), ("a", 1.0, 1.1, "y"), ("b", 2.0, 2.1, "y"), ("c", 3.0, 3.1, "y"))
    refused(story, "d", 4.0, limit=9, window=9)
    assert_told(
        admits(story.add("limit", "ann", {"limit": 2, "window": 60}, at=5.0)),
        Witness(
            "the refusal of m-4 names another limit: it must be 2 in 60 s, because that is the plan of ann; "
            "however, tab 1 was told of 9 in 9 s at 4.100 s.",
            4.1,
            (13,),
            ("tab 1",),
        ),
        Witness(
            "m-3 was admitted as number 3: only 2 must be, because the window of ann opened with m-1 at 1.100 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 3.100 s.",
            3.1,
            (6, 7, 10, 11),
            ("tab 1",),
        ),
        attempts=4,
        admitted=3,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(("limit", "began", "many"), [(1, 20.0, True), (1, 19.999, False), (2, 20.0, False)])
def test_a_message_belongs_to_the_plan_that_held_when_it_was_sent(limit: int, began: float, many: bool) -> None:
    story = tried(limited(), ("a", 10.0, 10.5, "y"))
    for at in sorted([20.0, began]):
        story.add("limit", "ann", {"limit": limit, "window": 60}, at=at) if at == 20.0 else story.send("tab 1", "b", at=at)
    story = story.send("tab 1", "b", at=began) if began == 20.0 else story
    story.ack("tab 1", "b", 1, at=21.0)
    assert bool(texts(tried(story, ("c", 22.0, 22.5, "y")))) is many


def test_of_three_plans_each_holds_until_the_next() -> None:
    story = tried(limited(), ("a", 10.0, 10.5, "y")).add("limit", "ann", {"limit": 1, "window": 30}, at=20.0)
    tried(story, ("b", 21.0, 21.5, "y"), ("c", 51.0, 51.5, "y")).add("limit", "ann", {"limit": 3, "window": 60}, at=60.0)
    assert_told(
        admits(tried(story, *((name, 61.0 + n, 61.5 + n, "y") for n, name in enumerate("defg")))),
        Witness(
            "m-7 was admitted as number 4: only 3 must be, because the window of ann opened with m-4 at 61.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 64.500 s.",
            64.5,
            (15, 16, 21, 22),
            ("tab 1",),
        ),
        attempts=7,
        admitted=7,
        windows=4,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(("at", "wrong"), [(29.9, True), (30.0, False), (59.9, False), (60.0, True)])
def test_a_page_is_judged_by_the_plan_that_held_when_it_was_read(at: float, wrong: bool) -> None:
    story = tried(limited().page("ann", "page"), ("a", 10.0, 10.5, "y"))
    steps: list[tuple[float, int, float]] = [(30.0, 0, 600.0), (60.0, 0, 60.0), (at, 1, 500.0)]
    for moment, what, figure in sorted(steps):
        if what == 0:
            story.add("limit", "ann", {"limit": 2, "window": figure}, at=moment)
        else:
            story.add("page", "page", {"wait": figure}, at=moment)
    assert bool(texts(story)) is wrong


@pytest.mark.parametrize(("answered", "judged"), [(19.999, True), (20.0, False)])
def test_what_was_decided_around_a_change_belongs_to_neither_plan(answered: float, judged: bool) -> None:
    story = tried(limited(), *FULL, ("c", 19.0, answered, "y")).add("limit", "ann", {"limit": 5, "window": 60}, at=20.0)
    assert bool(texts(story)) is judged


def test_without_a_limit_nothing_is_refused_and_the_plan_after_it_counts_again() -> None:
    story = tried(limited(None), *FULL, ("c", 12.0, 12.5, "n")).add("limit", "ann", {"limit": 1, "window": 60}, at=20.0)
    assert_told(
        admits(tried(story, ("d", 21.0, 21.5, "y"), ("e", 22.0, 22.5, "y"))),
        Witness(
            "m-3 was refused: it must be admitted, because ann has no limit; however, tab 1 sent it at 12.000 s "
            "and was refused at 12.500 s.",
            12.5,
            (11, 12),
            ("tab 1",),
        ),
        Witness(
            "m-5 was admitted as number 2: only 1 must be, because the window of ann opened with m-4 at 21.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 22.500 s.",
            22.5,
            (14, 15, 16, 17),
            ("tab 1",),
        ),
        attempts=5,
        admitted=4,
        windows=2,
        full_windows=1,
        counter_readings=0,
    )


# --- attempts ---


def test_a_message_counts_from_its_first_sending_that_was_not_turned_down() -> None:
    story = tried(limited(1), ("a", 10.0, 10.5, "y"), ("b", 11.0, 11.1, "e"))
    story.send("tab 1", "b", at=13.0).send("tab 1", "b", at=14.0).ack("tab 1", "b", 2, at=14.5)
    assert_told(
        admits(story),
        Witness(
            "m-2 was admitted as number 2: only 1 must be, because the window of ann opened with m-1 at 10.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 14.500 s.",
            14.5,
            (7, 8, 11, 13),
            ("tab 1",),
        ),
        attempts=2,
        admitted=2,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )
    story = tried(limited(), *FULL, ("c", 12.0, 12.1, "e"))
    tried(story, ("c", 71.0, 71.1, "y"), ("d", 72.0, 72.1, "y"), ("f", 130.8, 130.9, "y"))
    assert [text[:27] for text in texts(story)] == ["m-5 was admitted as number "]


def test_a_refusal_is_of_the_last_sending() -> None:
    assert_told(
        admits(limited().send("tab 1", "m", at=10.0).send("tab 1", "m", at=11.0).refuse("tab 1", "m", 9, limit=2, at=11.5)),
        Witness(
            "m-1 was refused: it must be admitted, because a window of ann admits 2 and none had been; however, "
            "tab 1 was refused at 11.500 s.",
            11.5,
            (8, 9),
            ("tab 1",),
        ),
        attempts=1,
        admitted=0,
        windows=0,
        full_windows=0,
        counter_readings=0,
    )


def test_an_error_that_answered_before_leaves_open_when_it_was_counted() -> None:
    # It may have been counted at 11 s, before the refusal; what is refused may not.
    story = tried(limited(), ("a", 10.0, 10.5, "y"), ("b", 11.0, 11.1, "e"), ("c", 12.0, 12.5, "n"))
    assert not any("after a refusal" in text for text in texts(tried(story, ("b", 13.0, 13.5, "y"))))
    story = tried(limited(), ("a", 10.0, 10.5, "y"), ("b", 11.0, 11.1, "n"), ("c", 12.0, 12.5, "n"))
    assert any("after a refusal" in text for text in texts(tried(story, ("b", 13.0, 13.5, "y"))))


def test_an_answer_without_a_sending_was_sent_then() -> None:
    story = tried(limited(), *FULL).ack("tab 2", "c", 3, at=12.0)
    assert_told(
        admits(story),
        Witness(
            "m-3 was admitted as number 3: only 2 must be, because the window of ann opened with m-1 at 10.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 2 at 12.000 s.",
            12.0,
            (7, 8, 11, 11),
            ("tab 2",),
        ),
        attempts=3,
        admitted=3,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


def test_only_the_first_answer_that_admits_counts() -> None:
    story = tried(limited(), *FULL, ("a", 12.0, 12.5, "y"), ("a", 13.0, 13.5, "n"), ("c", 14.0, 14.5, "y"))
    assert_told(
        admits(story),
        Witness(
            "m-3 was admitted as number 3: only 2 must be, because the window of ann opened with m-1 at 10.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 14.500 s.",
            14.5,
            (7, 8, 15, 16),
            ("tab 1",),
        ),
        attempts=3,
        admitted=3,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


def test_errors_are_no_attempts() -> None:
    assert_told(
        admits(tried(limited(), ("x", 9.0, 9.5, "e"), *FULL, ("y", 12.0, 12.5, "e"))),
        attempts=2,
        admitted=2,
        windows=1,
        full_windows=0,
        counter_readings=0,
    )


# --- windows ---


def test_one_too_many() -> None:
    assert_told(
        admits(tried(limited(), *FULL, ("c", 12.0, 12.0, "y"), ("d", 13.0, 13.5, "y"))),
        Witness(
            "m-3 was admitted as number 3: only 2 must be, because the window of ann opened with m-1 at 10.500 s "
            "and lasts 60 s; however, it was acknowledged to tab 1 at 12.000 s.",
            12.0,
            (7, 8, 11, 12),
            ("tab 1",),
        ),
        attempts=4,
        admitted=4,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(("answered", "certain"), [(69.999, True), (70.0, False)])
def test_a_window_is_certain_until_the_earliest_moment_at_which_it_may_have_opened_is_so_long_ago(
    answered: float, certain: bool
) -> None:
    # Answered later, it may have opened the window after.
    assert bool(texts(tried(limited(), *FULL, ("c", 69.0, answered, "y")))) is certain


@pytest.mark.parametrize(("sent", "early"), [(70.75, True), (70.749, False)])
def test_what_was_sent_within_patience_of_a_windows_end_may_have_been_in_it(sent: float, early: bool) -> None:
    story = tried(limited(), ("a", 10.0, 10.5, "y"), ("n", 12.0, 12.5, "n"), ("b", sent, sent + 0.1, "y"))
    assert any("too early" in text for text in texts(story)) is early


def test_refused_too_early() -> None:
    assert_told(
        admits(tried(limited(), ("a", 10.0, 10.5, "y"), ("m", 12.0, 12.5, "n"), ("n", 13.0, 13.5, "n"))),
        Witness(
            "m-2 was refused too early: 2 must be admitted in a window, because that is the plan of ann; however, "
            "only 1 were when tab 1 was refused at 12.500 s.",
            12.5,
            (9, 10),
            ("tab 1",),
        ),
        attempts=3,
        admitted=1,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )
    assert_told(
        admits(tried(limited(), *FULL, ("n", 12.0, 12.5, "n"))),
        attempts=3,
        admitted=2,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


def test_nothing_was_ever_admitted() -> None:
    assert_told(
        admits(tried(limited(), ("m", 10.0, 10.5, "n"), ("n", 11.0, 11.5, "n"))),
        Witness(
            "m-1 was refused: it must be admitted, because a window of ann admits 2 and none had been; however, "
            "tab 1 was refused at 10.500 s.",
            10.5,
            (7, 8),
            ("tab 1",),
        ),
        attempts=2,
        admitted=0,
        windows=0,
        full_windows=0,
        counter_readings=0,
    )


@pytest.mark.parametrize(("sent", "refused"), [(70.75, True), (70.749, False)])
def test_after_a_full_window_somebody_is_admitted(sent: float, refused: bool) -> None:
    story = tried(limited(), *FULL, ("n", sent, sent + 0.1, "n"))
    assert any("none had been" in text for text in texts(story)) is refused


@pytest.mark.parametrize(("first", "told"), [(FULL, True), (FULL[:1], False)])
def test_what_was_sent_before_the_edge_is_in_the_next_window_where_the_last_was_full(first: tuple[Try, ...], told: bool) -> None:
    story = tried(limited(), *first, ("c", 69.9, 70.2, "y"), ("d", 70.3, 70.4, "y"), ("f", 70.5, 70.6, "y"))
    assert bool(texts(story)) is told


@pytest.mark.parametrize(("sent", "told"), [(70.75, True), (70.749, False)])
def test_after_a_window_with_places_left_the_next_begins_at_the_edge(sent: float, told: bool) -> None:
    tries = [(name, sent + n, sent + n + 0.1, "y") for n, name in enumerate("cdf")]
    assert bool(texts(tried(limited(), *FULL[:1], *tries))) is told


def test_what_was_answered_as_the_window_ended_is_in_the_next() -> None:
    assert texts(tried(limited(), *FULL, ("c", 69.0, 70.0, "y"), ("d", 70.1, 70.2, "y"), ("f", 70.3, 70.4, "y")))


@pytest.mark.parametrize(("opened", "certain"), [(69.9, True), (70.0, False)])
def test_nothing_is_certain_where_a_window_may_have_been_over_as_it_was_told_of(opened: float, certain: bool) -> None:
    story = tried(limited(), *((name, 10.0 + n, opened + n / 100, "y") for n, name in enumerate("abc")))
    assert bool(texts(story)) is certain


@pytest.mark.parametrize(
    ("tries", "told"),
    [
        ((("d", 130.27, 130.4, "y"), ("f", 130.28, 130.5, "y"), ("g", 130.29, 130.6, "y")), "was admitted as number 3"),
        ((("d", 130.26, 130.4, "y"), ("f", 130.28, 130.5, "y"), ("g", 130.29, 130.6, "y")), ""),
        (
            (("h", 130.25, 130.3, "y"), ("d", 130.27, 130.4, "y"), ("f", 130.28, 130.5, "y"), ("g", 130.29, 130.6, "y")),
            "was admitted as number 3",
        ),
        ((("h", 130.25, 130.3, "y"), ("d", 130.27, 130.4, "y"), ("m", 131.0, 131.1, "n")), ""),
    ],
)
def test_after_what_is_uncertain_windows_are_judged_again(tries: tuple[Try, ...], told: str) -> None:
    """It was over at 130.25 s, and what messages of before may have opened at 130.27 s."""
    uncertain = [(name, 10.0 + n, 70.0 + n / 100, "y") for n, name in enumerate("abc")]
    found = texts(tried(limited(), *uncertain, ("l", 75.0, 80.0, "n"), *tries))
    assert [told in text for text in found] == [True] * bool(told)


def test_the_first_ones_are_admitted() -> None:
    assert_told(
        admits(tried(limited(3), *FULL, ("n", 12.0, 12.5, "n"), ("c", 12.501, 13.0, "y"), ("d", 12.4, 12.6, "n"))),
        Witness(
            "m-5 was admitted after a refusal: the first ones must be, because one window counts up; however, m-3 "
            "was refused at 12.500 s, and m-5, sent at 12.501 s, was admitted at 13.000 s.",
            13.0,
            (11, 13, 14, 16),
            ("tab 1", "tab 1"),
        ),
        attempts=5,
        admitted=3,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )
    assert not any(
        "after a refusal" in text for text in texts(tried(limited(3), *FULL, ("n", 12.0, 12.5, "n"), ("c", 12.5, 13.0, "y")))
    )


# --- what refusals tell ---


@pytest.mark.parametrize(
    ("wait", "sent", "wrong"), [(60, 11.5, False), (60, 11.501, True), (59.1, 11.5, False), (59.2, 11.5, True)]
)
def test_a_time_to_wait_may_be_rounded_up(wait: float, sent: float, wrong: bool) -> None:
    # The window is over at 70.5 s at the latest: a second more where whole seconds are told, a tenth where parts are.
    story = tried(limited(1), ("a", 10.0, 10.5, "y"), ("m", 11.0, 11.1, "n"), ("n", sent, 11.6, str(wait)))
    assert any("was told to wait" in text for text in texts(story)) is wrong


def test_a_time_to_wait_that_is_too_long() -> None:
    story = tried(limited(1), ("a", 10.0, 10.5, "y"), ("l", 11.0, 11.1, "n"), ("m", 12.0, 12.5, "60"), ("n", 13.0, 13.5, "70"))
    assert_told(
        admits(story),
        Witness(
            "tab 1 was told to wait 60 s: until 70.500 s at most, because the window lasts 60 s from its first "
            "message on; however, so it was told of m-3, sent at 12.000 s.",
            12.5,
            (11, 12),
            ("tab 1",),
        ),
        attempts=4,
        admitted=1,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ({}, False),
        ({"limit": 1}, False),
        ({"limit": 2}, True),
        ({"limit": 1, "window": 60}, False),
        ({"window": 59}, True),
        ({"window": 59.9999}, True),
        ({"window": 61}, True),
        ({"window": 60.09}, False),
        ({"window": 60.11}, True),
    ],
)
def test_a_refusal_names_the_limit_of_the_plan(named: dict[str, float], wrong: bool) -> None:
    story = refused(tried(limited(1), ("a", 10.0, 10.5, "y")).tabs("bob", "bob 1"), "x", 11.0, "bob 1", limit=9, window=9)
    found = texts(refused(story, "m", 12.0, **named))
    assert [text for text in found if "m-3 names another limit" in text] == (
        [
            f"the refusal of m-3 names another limit: it must be 1 in 60 s, because that is the plan of ann; however, tab 1 was "
            f"told of {named.get('limit')} in {named.get('window', 60):g} s at 12.100 s."
        ]
        if wrong
        else []
    )


@pytest.mark.parametrize(("at", "wrong"), [(19.9, True), (20.0, False), (29.9, False), (30.0, True)])
def test_a_refusal_names_the_plan_that_held_then(at: float, wrong: bool) -> None:
    story = tried(limited(1), ("a", 10.0, 10.5, "y")).send("tab 1", "m", at=11.0)
    plans = [(20.0, {"limit": 7, "window": 60}), (30.0, {"limit": 1, "window": 60})]
    for moment, plan in sorted([*plans, (at, None)], key=lambda step: (step[0], step[1] is None)):
        if plan is None:
            story.frame_in("tab 1", "rate_limited", {"message_id": "m", "limit": 7}, at=moment)
        else:
            story.add("limit", "ann", plan, at=moment)
    assert any("names another limit" in text for text in texts(story)) is wrong


@pytest.mark.parametrize(("sent", "wrong"), [(62.5, True), (62.499, False)])
def test_who_waits_as_told_is_admitted(sent: float, wrong: bool) -> None:
    story = tried(
        limited(1), ("a", 10.0, 10.5, "y"), ("l", 11.0, 11.1, "n"), ("m", 12.0, 12.5, "50"), ("n", sent, sent + 0.1, "9")
    )
    assert any("after the wait" in text for text in texts(story)) is wrong


def test_a_wait_that_was_not_honoured() -> None:
    story = tried(
        limited(), *FULL, ("l", 11.6, 11.7, "40"), ("m", 12.0, 12.5, "20"), ("n", 32.5, 33.0, "30"), ("o", 34.0, 34.1, "30")
    )
    assert_told(
        admits(story),
        Witness(
            "m-5 was refused after the wait: it must be admitted, because tab 1 was told at 12.500 s to wait 20 s "
            "and it was sent at 32.500 s; however, it was refused at 33.000 s.",
            33.0,
            (13, 14, 15, 16),
            ("tab 1", "tab 1"),
        ),
        attempts=6,
        admitted=2,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(
    ("begin", "end", "wrong"), [(31.0, 32.0, False), (31.0, 31.999, True), (33.0, 33.5, False), (33.001, 33.5, True)]
)
def test_others_may_have_filled_the_next_window_meanwhile(begin: float, end: float, wrong: bool) -> None:
    # It was sent at 12 s and told to wait for 20 s; sent again at 32.5 s, it was refused at 33 s.
    story = tried(limited(1), ("a", 10.0, 10.5, "y"), ("m", 12.0, 12.5, "20"), ("n", 32.5, 33.0, "30"))
    verdicts = texts(tried(story, ("o", begin, end, "y"), tab="tab 2"))
    assert any("after the wait" in text for text in verdicts) is wrong


# --- pages ---


def page(*readings: tuple[float, str, float | None], user: str = "ann") -> Story:
    """What a page shows of one message from 10 s on; another user's page waits for ever."""
    story = limited().tabs("bob", "bob 1").page("bob", "other").page(user, "page")
    for at, state, wait in readings:
        items = [{"id": "h", "text": "held", "role": "user", "state": state}]
        story.add("page", "page", {"messages": items, "wait": wait}, at=at)
    return story.add("page", "other", {"wait": 999}, at=200.0)


@pytest.mark.parametrize(("wait", "wrong"), [(61, False), (61.1, True)])
def test_a_page_rounds_up_by_a_second(wait: float, wrong: bool) -> None:
    assert bool(texts(tried(page((12.0, "limited", wait)), *FULL))) is wrong


@pytest.mark.parametrize(("at", "wrong"), [(72.25, False), (72.251, True)])
def test_what_a_page_holds_back_is_sent_when_the_window_is_over(at: float, wrong: bool) -> None:
    story = tried(limited().page("ann", "page"), *FULL)
    for moment in (12.0, at):
        story.add("page", "page", {"messages": [{"id": "h", "text": "held", "role": "user", "state": "limited"}]}, at=moment)
    assert bool(texts(story)) is wrong


def test_a_page_that_holds_back_for_too_long_and_what_was_admitted_meanwhile() -> None:
    story = tried(limited(3).page("ann", "page"), ("a", 10.0, 10.5, "y"), ("b", 11.0, 12.0, "y"))
    held = [{"id": "h", "text": "held", "role": "user", "state": "limited"}]
    story.add("page", "page", {"messages": held}, at=12.0)
    tried(story, ("c", 71.0, 71.5, "y"), ("d", 72.0, 73.0, "y"), ("e", 73.0, 73.1, "y"))
    story.events.sort(key=lambda event: event.at)
    assert_told(
        admits(story.add("page", "page", {"messages": held}, at=73.0)),
        Witness(
            "page waits for too long: it must send what it holds back within 60 s, because no window of ann lasts "
            "longer; however, m-3 was held back at 12.000 s and still at 73.000 s, and only 2 were admitted "
            "meanwhile.",
            73.0,
            (18,),
            ("page",),
        ),
        attempts=5,
        admitted=5,
        windows=2,
        full_windows=1,
        counter_readings=0,
    )


# --- refused ones, and counters ---


def test_what_was_refused_is_not_stored_delivered_or_answered() -> None:
    story = tried(limited(), *FULL, ("a", 11.6, 11.7, "n"))
    story.frame_in("tab 1", "rate_limited", {}, at=11.8)
    tried(story, *((name, 12.0, 12.5, "n") for name in "mno")).add("note", "x", at=14.0)
    story.stored(("a", 1), ("m", 2)).deliver("tab 2", "n", 3)
    story.run_event("tab 2", "agent_started", "r", 1, query="o").deliver("tab 2", "m", 2)
    assert_told(
        admits(story),
        Witness(
            "m-4 was stored: it must not be, because it was refused to tab 1 at 12.500 s; however, it was stored at 14.010 s.",
            14.01,
            (17, 21),
            ("tab 1",),
        ),
        Witness(
            "m-5 was delivered: it must not be, because it was refused to tab 1 at 12.500 s; however, it was "
            "delivered at 14.020 s.",
            14.02,
            (18, 22),
            ("tab 1",),
        ),
        Witness(
            "m-6 was answered: it must not be, because it was refused to tab 1 at 12.500 s; however, it was "
            "answered at 14.030 s.",
            14.03,
            (19, 23),
            ("tab 1",),
        ),
        attempts=6,
        admitted=2,
        windows=1,
        full_windows=1,
        counter_readings=0,
    )


@pytest.mark.parametrize(
    ("at", "count", "left", "wrong"),
    [
        (20.0, 2, 50.5, False),
        (20.0, 3, 50.5, True),
        (20.0, 1, 50.5, False),
        (20.0, 0, 50.5, True),
        (20.0, 1, 50.0, True),
        (20.0, 2, 50.75, False),
        (20.0, 2, 50.76, True),
        (20.0, 2, -1.0, True),
        (20.0, 0, -1.0, True),
        (80.0, 0, -1.0, False),
        (80.0, 0, -2.0, False),
        (20.0, 0, 60.25, False),
        (20.0, 0, 60.26, True),
        (10.4, 0, 60.25, False),
        (11.2, 1, 58.9, False),
        (11.0, 1, 59.5, False),
        (11.0, 2, 59.5, False),
        (10.9, 2, 59.6, True),
        (11.4, 1, 59.1, False),
        (11.4, 0, 59.1, False),
        (11.5, 0, 59.0, True),
        (10.4, 1, 60.0, False),
        (70.0, 0, 60.0, False),
        (70.0, 1, 0.0, False),
        (69.75, 0, 0.0, True),
        (69.76, 0, 0.0, False),
        (70.75, 0, -2.0, False),
    ],
)
def test_what_a_counter_may_be(at: float, count: int, left: float, wrong: bool) -> None:
    story = tried(limited().add("limit-counter", "bob", {"count": 9, "left": 9.0}, at=1.0), *FULL)
    story.add("limit-counter", "ann", {"count": count, "left": left}, at=at)
    assert any("counter" in text for text in texts(story)) is wrong


@pytest.mark.parametrize(("second", "wrong"), [(70.5, False), (70.51, True)])
def test_a_counter_that_is_gone_may_be_of_a_window_that_was_open_before(second: float, wrong: bool) -> None:
    story = tried(limited(), ("a", 10.0, 10.5, "y"), ("b", second, second + 0.5, "y"))
    story.add("limit-counter", "ann", {"count": 0, "left": -2.0}, at=second + 60 - 0.25)
    assert any("counter" in text for text in texts(story)) is wrong


def test_a_counter_is_shown_with_what_it_may_count_where_nothing_is_certain() -> None:
    story = limited().send("tab 1", "a", at=10.0).add("limit-counter", "ann", {"count": 9, "left": 60.0}, at=10.4)
    (witness,) = admits(story.ack("tab 1", "a", 1, at=10.5)).witnesses
    assert witness.events == (8, 7, 9)


def test_a_counter_that_is_wrong() -> None:
    story = tried(limited(), *FULL)
    for at, count, left in ((20.0, 5, 50.5), (21.0, 2, -1.0), (22.0, 2, 70.0), (23.0, 0, 47.5), (24.0, 1, 5.0)):
        story.add("limit-counter", "ann", {"count": count, "left": left}, at=at)
    assert_told(
        admits(story),
        Witness(
            "the counter of ann is wrong: it must end within 60 s, because no window lasts longer; however, it had "
            "70 s left at 22.000 s.",
            22.0,
            (13,),
            ("ann",),
        ),
        Witness(
            "the counter of ann is wrong: it must count 1, because so many were admitted in its window; however, "
            "it counted 5 at 20.000 s.",
            20.0,
            (11, 9, 10),
            ("ann",),
        ),
        Witness(
            "the counter of ann is wrong: it must count 1, because so many were admitted in its window; however, "
            "it counted 0 at 23.000 s.",
            23.0,
            (14, 9, 10),
            ("ann",),
        ),
        Witness(
            "the counter of ann is wrong: it must end, because a window lasts 60 s; however, it counted 2 and had "
            "no expiry at 21.000 s.",
            21.0,
            (12, 7, 8, 9, 10),
            ("ann",),
        ),
        Witness(
            "the counter of ann is wrong: it must count 2, because so many were admitted in its window; however, "
            "it counted 1 at 24.000 s.",
            24.0,
            (15, 7, 8, 9, 10),
            ("ann",),
        ),
        attempts=2,
        admitted=2,
        windows=1,
        full_windows=0,
        counter_readings=5,
    )


def test_what_is_undecided_may_be_counted_and_another_users_may_not() -> None:
    for user, counted in (("ann", True), ("bob", False)):
        story = tried(limited().tabs("bob", "bob 1"), *FULL).send("tab 1" if user == "ann" else "bob 1", "lost", at=12.0)
        story.add("limit-counter", "ann", {"count": 3, "left": 50.5}, at=20.0)
        assert (not texts(story)) is counted


def test_a_counter_is_read_by_the_plan_that_held_then() -> None:
    story = tried(limited(), *FULL).add("limit", "ann", {"limit": None, "window": 60}, at=30.0)
    story.add("limit-counter", "ann", {"count": 9, "left": 9.0}, at=30.0).add("limit", "ann", {"limit": 5, "window": 60}, at=40.0)
    assert_told(
        admits(story.add("limit-counter", "ann", {"count": 9, "left": 9.0}, at=40.0)),
        Witness(
            "the counter of ann is wrong: it must count 2, because so many were admitted in its window; however, "
            "it counted 9 at 40.000 s.",
            40.0,
            (14, 7, 8, 9, 10),
            ("ann",),
        ),
        attempts=2,
        admitted=2,
        windows=1,
        full_windows=0,
        counter_readings=2,
    )
