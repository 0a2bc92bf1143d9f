"""Outages, contained and recovers-alone to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from typing import Any

import pytest
from story import Story, assert_told

from realstack.history.laws.faults import outages
from realstack.history.verdict import Verdict, Witness


def fault(story: Story, source: str, begin: float, end: float | None, **facts: Any) -> Story:
    story.add("fault-on", source, facts, at=begin)
    return story if end is None else story.add("fault-off", source, {}, at=end)


def service(story: Story, name: str, what: str, at: float) -> Story:
    return story.add("service", name, {"what": what}, at=at)


def spans(story: Story) -> list[tuple[str, float, float, int, bool, bool]]:
    found = outages(story.history())
    return [(one.target, one.begin, one.end, one.index, one.over, one.way_round) for one in found]


# --- outages ---


@pytest.mark.parametrize("down", ["killed", "stopped", "paused", "died"])
@pytest.mark.parametrize("up", ["resumed", "started", "restarted", "ready"])
def test_a_service_is_down_until_it_is_back(down: str, up: str) -> None:
    story = service(service(Story(), "redis", "busy", 0.5), "redis", down, 1.0)
    assert spans(service(service(story, "redis", "slow", 1.5), "redis", up, 2.0)) == [("redis", 1.0, 2.0, 1, True, False)]


def test_what_is_down_already_goes_down_no_further() -> None:
    story = service(service(service(Story(), "redis", "paused", 1.0), "redis", "killed", 2.0), "nginx", "killed", 2.5)
    assert spans(service(service(story, "redis", "ready", 3.0), "redis", "ready", 3.5)) == [
        ("redis", 1.0, 3.0, 0, True, False),
        ("nginx", 2.5, 3.5, 2, False, False),
    ]


def test_a_fault_and_a_service_of_one_name_are_two_things() -> None:
    story = service(fault(Story(), "redis", 1.0, None, target="link", way_round=True), "redis", "killed", 2.0)
    service(story, "redis", "ready", 3.0)
    assert spans(story.add("fault-off", "redis", {}, at=4.0)) == [
        ("link", 1.0, 4.0, 0, True, True),
        ("redis", 2.0, 3.0, 1, True, False),
    ]


def test_of_faults_of_one_source_the_likest_ends_and_of_equals_the_oldest() -> None:
    story = Story()
    for at, toxic in ((1.0, "a"), (2.0, "b"), (3.0, "b"), (4.0, None)):
        story.add("fault-on", "link", {"toxic": toxic} if toxic else {}, at=at)
    story.add("fault-off", "link", {"toxic": "b"}, at=5.0).add("fault-off", "link", {}, at=6.0).add("fault-off", "x", {}, at=7.0)
    assert spans(story) == [
        ("link", 1.0, 6.0, 0, True, False),
        ("link", 2.0, 5.0, 1, True, False),
        ("link", 3.0, 7.0, 2, False, False),
        ("link", 4.0, 7.0, 3, False, False),
    ]


def test_an_outage_has_its_ends_in_it() -> None:
    (span,) = outages(fault(Story(), "link", 1.0, 2.0).history())
    assert [span.covers(at) for at in (0.999, 1.0, 2.0, 2.001)] == [False, True, True, False]


# --- contained ---


def probed(story: Story, service: str, at: float, *, ok: bool = True, seconds: float = 0.1, **facts: Any) -> Story:
    return story.add("probe", service, {"ok": ok, "seconds": seconds, **facts}, at=at)


def broken(*calm: float, ok: bool = True, service: str = "api") -> Story:
    """Probes that took so long before redis was down from 10 to 20 s."""
    story = Story()
    for number, seconds in enumerate(calm, 1):
        probed(story, service, float(number), seconds=seconds, ok=ok)
    return fault(story, "redis", 10.0, 20.0)


def contained(story: Story) -> Verdict:
    return story.judge("contained", probes_before=0, probes_during=0, services=0)


@pytest.mark.parametrize(
    ("calm", "seconds", "slow"),
    [
        ((0.1, 0.2, 0.1), 0.6, False),
        ((0.1, 0.2, 0.1), 0.601, True),
        ((0.01,), 0.1, False),
        ((0.01,), 0.101, True),
        ((), 0.1, False),
        ((), 0.101, True),
    ],
)
def test_three_times_the_worst_before_is_usual(calm: tuple[float, ...], seconds: float, slow: bool) -> None:
    assert bool(contained(probed(broken(*calm), "api", 15.0, seconds=seconds)).witnesses) is slow


def test_a_service_that_was_slow_and_one_that_failed() -> None:
    story = probed(probed(broken(0.2), "api", 12.0, seconds=0.7), "web", 13.0, ok=False, seconds=9.0, answer="502")
    probed(probed(story, "web", 14.0, ok=False), "redis", 15.0, ok=False)
    assert_told(
        contained(probed(story, "api", 16.0, ok=False, dependent=True)),
        Witness(
            "api was slow while redis was down: it must answer well within 0.600 s, because only redis was broken, "
            "from 10.000 s on; however, its answer at 12.000 s took 0.700 s.",
            12.0,
            (1, 2),
        ),
        Witness(
            "web failed while redis was down: it must answer well within 0.100 s, because only redis was broken, "
            "from 10.000 s on; however, it answered 502 at 13.000 s.",
            13.0,
            (1, 3),
        ),
        Witness(
            "web failed while redis was down: it must answer well within 0.100 s, because only redis was broken, "
            "from 10.000 s on; however, it answered an error at 14.000 s.",
            14.0,
            (1, 4),
        ),
        services=2,
        probes_before=0,
        probes_during=1,
        faults=1,
    )


def test_what_failed_before_is_no_measure_of_what_is_usual() -> None:
    assert contained(probed(broken(5.0, ok=False), "api", 15.0, seconds=0.2)).witnesses
    assert contained(probed(probed(broken(0.01), "api", 25.0, seconds=0.1), "api", 15.0, seconds=0.31)).witnesses


@pytest.mark.parametrize(("usual", "slow"), [(0.5, False), (0.4, True), (None, True)])
def test_a_usual_time_that_was_given_counts(usual: float | None, slow: bool) -> None:
    assert bool(contained(probed(broken(0.01), "api", 15.0, seconds=0.5, usual=usual)).witnesses) is slow


def test_a_probe_counts_before_or_during_or_after() -> None:
    story = broken(0.1, 0.1, 0.1)
    for at in (10.0, 20.0, 20.5):
        probed(story, "api", at)
    for at in (5.0, 6.0, 12.0, 13.0, 14.0):
        probed(story, "web", at)
    assert_told(
        contained(probed(story, "aaa", 5.0)),
        services=2,
        probes_before=2,
        probes_during=2,
        faults=1,
    )
    assert_told(
        contained(probed(Story(), "api", 1.0)),
        services=0,
        probes_before=0,
        probes_during=0,
        faults=0,
    )


def test_who_is_broken_as_well_is_not_judged_and_a_probe_counts_once() -> None:
    story = fault(broken(0.1), "nginx", 11.0, 15.0)
    fault(story, "api", 13.0, 16.0)
    for at in (12.0, 14.0, 18.0):
        probed(story, "api", at, ok=at != 14.0, seconds=9.0)
    assert_told(
        contained(story),
        Witness(
            "api was slow while redis was down: it must answer well within 0.300 s, because only redis was broken, "
            "from 10.000 s on; however, its answer at 18.000 s took 9.000 s.",
            18.0,
            (1, 8),
        ),
        Witness(
            "api was slow while redis and nginx were down: it must answer well within 0.300 s, because only redis "
            "and nginx were broken, from 10.000 s on; however, its answer at 12.000 s took 9.000 s.",
            12.0,
            (1, 2, 3),
        ),
        services=1,
        probes_before=1,
        probes_during=2,
        faults=3,
    )


# --- recovers-alone ---


def shows(story: Story, at: float, working: bool | None, *messages: str, page: str = "page") -> Story:
    """A page's reading; without messages nothing was read of them."""
    items = [{"id": one, "thread": "t", "role": "user", "text": f"text of {one}", "state": "sending"} for one in messages]
    return story.add("page", page, {"working": working, "messages": items or None}, at=at)


def down(*, way_round: bool = False, end: float | None = 20.0) -> Story:
    """A page that worked, and did not work any more at 12 s, while the link was broken from 10 to 20 s."""
    story = shows(Story().page("ann", "page").page("ann", "other"), 1.0, True)
    fault(story, "link", 10.0, None, way_round=way_round)
    shows(story, 12.0, False)
    return story if end is None else story.add("fault-off", "link", {}, at=end)


def alone(story: Story) -> Verdict:
    return story.judge("recovers-alone", faults=0, readings_during_a_fault=0)


def test_a_page_that_does_not_work_again() -> None:
    assert_told(
        alone(shows(shows(shows(down(), 15.0, True), 19.0, False), 21.0, False)),
        Witness(
            "page does not work again: it must, because the fault on link ended at 20.000 s; however, it was last "
            "read at 21.000 s and did not work.",
            21.0,
            (3, 8),
            ("page",),
            retryable=True,
        ),
        pages=1,
        faults=1,
        readings_during_a_fault=2,
        probes_after=0,
    )
    assert_told(
        alone(shows(down(way_round=True, end=None), 15.0, False)),
        Witness(
            "page does not work again: it must, because the fault on link hit only connections that were open at "
            "10.000 s; however, it was last read at 15.000 s and did not work.",
            15.0,
            (3, 5),
            ("page",),
            retryable=True,
        ),
        pages=1,
        faults=1,
        readings_during_a_fault=2,
        probes_after=0,
    )


@pytest.mark.parametrize(
    ("way_round", "at", "back"), [(False, 19.999, False), (False, 20.0, True), (True, 11.0, False), (True, 12.0, True)]
)
def test_a_page_is_back_when_it_works_after_the_fault_or_on_the_way_round(way_round: bool, at: float, back: bool) -> None:
    assert (not alone(shows(down(way_round=way_round), at, True)).witnesses) is back


def test_a_page_that_was_down_at_the_very_beginning_and_another_that_works() -> None:
    story = shows(Story().page("ann", "page").page("ann", "other"), 10.0, False)
    fault(story, "link", 10.0, 20.0)
    shows(shows(shows(shows(story, 15.0, True, page="other"), 20.0, False), 25.0, True, page="other"), 26.0, None)
    assert_told(
        alone(story),
        Witness(
            "page does not work again: it must, because the fault on link ended at 20.000 s; however, it was last "
            "read at 20.000 s and did not work.",
            20.0,
            (3, 6),
            ("page",),
            retryable=True,
        ),
        pages=2,
        faults=1,
        readings_during_a_fault=2,
        probes_after=0,
    )


def test_what_was_down_only_before_the_fault_proves_nothing() -> None:
    story = fault(shows(shows(Story().page("ann", "page"), 1.0, False), 9.9, False), "link", 10.0, 20.0)
    assert_told(
        alone(shows(story, 15.0, True)),
        pages=1,
        faults=1,
        readings_during_a_fault=0,
        probes_after=0,
    )


@pytest.mark.parametrize(
    ("source", "at", "helped"),
    [("page", 9.9, False), ("page", 10.0, True), ("page", 25.0, True), ("page", 25.1, False), ("other", 15.0, False)],
)
def test_acts_from_the_fault_until_the_page_is_back_are_help(source: str, at: float, helped: bool) -> None:
    story = shows(down(), 25.0, True).add("act", source, {"what": "reload"}, at=at)
    assert bool(alone(story).witnesses) is helped


def test_the_first_help_is_told() -> None:
    story = down().add("act", "page", {}, at=22.0).add("act", "page", {"what": "reload"}, at=23.0)
    assert_told(
        alone(shows(story, 25.0, True)),
        Witness(
            "page was helped: it must recover alone, because the fault on link ended at 20.000 s; however, the "
            "user did 'something' at 22.000 s.",
            22.0,
            (3, 6),
            ("page",),
        ),
        pages=1,
        faults=1,
        readings_during_a_fault=1,
        probes_after=0,
    )


def typed(story: Story, message: str, at: float, page: str = "page") -> Story:
    return story.add("typed", page, {"message": message, "text": f"text of {message}", "thread": "t"}, at=at)


def test_what_was_typed_and_not_handed_over() -> None:
    story = typed(typed(typed(typed(down(), "a", 5.0), "b", 13.0), "z", 30.0), "c", 14.0, page="other")
    shows(story.tabs("ann", "tab 1").send("tab 1", "d", at=16.0), 25.0, True, "b")
    shows(shows(story, 26.0, True), 27.0, None, "a", "b", "c", page="other")
    assert_told(
        alone(story),
        Witness(
            "page has not handed over m-1: it must without its user's help, because it was typed at 5.000 s and "
            "the fault on link ended at 20.000 s; however, the page read at 25.000 s does not show it.",
            25.0,
            (4, 3, 13),
            ("page",),
            retryable=True,
        ),
        Witness(
            "page has not handed over m-2: it must without its user's help, because it was typed at 13.000 s and "
            "the fault on link ended at 20.000 s; however, the page read at 25.000 s shows it as not stored.",
            25.0,
            (4, 6, 13),
            ("page",),
            retryable=True,
        ),
        pages=1,
        faults=1,
        readings_during_a_fault=1,
        probes_after=0,
    )


@pytest.mark.parametrize("how", ["acknowledged", "refused", "rejected", "stored", "stored as another", "in time"])
def test_what_was_handed_over_in_one_way_or_another(how: str) -> None:
    story = shows(typed(down(), "a", 13.0).tabs("ann", "tab 1"), 25.0, True, "a")
    if how == "acknowledged":
        story.ack("tab 1", "a", 1)
    elif how == "refused":
        story.refuse("tab 1", "a")
    elif how == "rejected":
        story.frame_in("tab 1", "error_message", {"message_id": "a", "code": "x"})
    elif how == "stored":
        story.stored(("x", 1)).stored(("a", 1))
    elif how == "stored as another":
        story.stored(("x", 1), texts={"x": "text of a"})
    assert bool(alone(story).witnesses) is (how == "in time")


def test_only_the_last_reading_of_the_store_counts() -> None:
    assert alone(shows(typed(down(), "a", 13.0), 25.0, True, "a").stored(("a", 1)).stored(("b", 1), texts={"b": "b"})).witnesses


def test_what_was_handed_over_hides_nothing_that_was_typed_after_it() -> None:
    story = typed(typed(down(), "a", 13.0), "b", 14.0).tabs("ann", "tab 1").ack("tab 1", "a", 1)
    assert len(alone(shows(story, 25.0, True, "a", "b")).witnesses) == 1


@pytest.mark.parametrize(("at", "due"), [(25.0, True), (25.001, False)])
def test_what_was_typed_until_the_last_reading_is_due(at: float, due: bool) -> None:
    assert bool(alone(typed(shows(down(), 25.0, True, "x"), "a", at)).witnesses) is due


@pytest.mark.parametrize(
    ("way_round", "at", "due"), [(False, 20.0, True), (False, 19.9, False), (True, 10.0, True), (True, 9.9, False)]
)
def test_what_was_typed_is_due_in_the_last_reading_after_the_fault(way_round: bool, at: float, due: bool) -> None:
    story = fault(Story().page("ann", "page"), "link", 10.0, 20.0, way_round=way_round)
    story = typed(typed(shows(story, at, True, "x"), "a", 5.0), "b", 15.0)
    assert bool(alone(story).witnesses) is due


@pytest.mark.parametrize(
    ("act", "page", "at", "touched"),
    [
        ("typed", "page", 10.0, True),
        ("typed", "page", 9.9, False),
        ("typed", "other", 15.0, False),
        ("posted", "page", 15.0, False),
    ],
)
def test_a_fault_touches_a_page_on_which_something_was_typed_since(act: str, page: str, at: float, touched: bool) -> None:
    story = fault(typed(Story().page("ann", "page").page("ann", "other"), "a", 5.0), "link", 10.0, 20.0)
    if act == "typed":
        typed(story, "b", at, page=page)
    else:
        story.add("posted", page, {"message": "b"}, at=at)
    assert bool(alone(shows(story, 25.0, True, "x")).witnesses) is touched


def test_of_the_faults_that_touched_a_page_the_last_to_be_over_is_told() -> None:
    story = fault(typed(down(), "a", 13.0), "proxy", 22.0, 30.0, way_round=True)
    shows(shows(story, 23.0, False), 35.0, True, "x")
    assert_told(
        alone(fault(story, "late", 40.0, 50.0)),
        Witness(
            "page has not handed over m-1: it must without its user's help, because it was typed at 13.000 s and "
            "the fault on proxy hit only connections that were open at 22.000 s; however, the page read at 35.000 "
            "s does not show it.",
            35.0,
            (7, 5, 10),
            ("page",),
            retryable=True,
        ),
        pages=1,
        faults=3,
        readings_during_a_fault=2,
        probes_after=0,
    )
    story = fault(typed(down(), "a", 13.0), "proxy", 11.0, 30.0, way_round=True)
    assert_told(
        alone(shows(shows(story, 23.0, False), 35.0, True, "x")),
        Witness(
            "page has not handed over m-1: it must without its user's help, because it was typed at 13.000 s and "
            "the fault on link ended at 20.000 s; however, the page read at 35.000 s does not show it.",
            35.0,
            (3, 6, 10),
            ("page",),
            retryable=True,
        ),
        pages=1,
        faults=2,
        readings_during_a_fault=3,
        probes_after=0,
    )
