"""From raw events to facts: which fact each kind of event becomes, to the last field, and what is made of what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from story import CHAT, Story

from realstack.history.domain import History, compact
from realstack.history.facts import (
    Ack,
    Connected,
    Deliver,
    Item,
    PageReading,
    Refuse,
    Reject,
    Resume,
    RunEvent,
    Send,
    Setting,
    Stop,
)
from realstack.history.facts import StoreReading as Reading
from realstack.history.floors import count, missing_receipts
from realstack.history.known import Known, Owner
from realstack.history.vocabulary import Vocabulary
from realstack.recording.events import event_of

# --- frames ---


def frame(kind: str, payload: dict[str, Any], *, out: bool = False, **envelope: Any) -> History:
    """A frame on ann's second connection of a tab, at 2 s, as event 3."""
    story = Story().add("tab", "tab", {"user": "ann"}).add("opened", "tab").add("opened", "tab")
    (story.frame_out if out else story.frame_in)("tab", kind, payload, at=2.0, **envelope)
    return story.history()


PLACE = (2.0, 3, "tab", "ann", 1)


def test_each_frame_is_one_fact_with_all_its_fields() -> None:
    sent = frame("user_message", {"text": "x"}, out=True, message_id="m", thread_id="t")
    assert sent.sends == [Send(*PLACE, "m", "t", "x")]
    assert frame("message_accepted", {"message_id": "m", "seq": 4, "duplicate": True}, thread_id="t").acks == [
        Ack(*PLACE, "m", "t", 4, duplicate=True)
    ]
    message = {"message_id": "m", "seq": "4", "role": "assistant", "text": "x", "run_id": "r"}
    assert frame("message", message, thread_id="t").deliveries == [Deliver(*PLACE, "m", "t", 4, "agent", "x", "r")]
    limit = {"message_id": "m", "limit": 5, "window": 60, "retry_after": 3.5}
    assert frame("rate_limited", limit).refusals == [Refuse(*PLACE, "m", 5, 60.0, 3.5)]
    assert frame("error_message", {"message_id": "m", "code": "busy"}).rejections == [Reject(*PLACE, "m", "busy")]
    greeting = {"connection_id": "c", "user_id": "a", "session_id": "s", "expires_at": "1970-01-01T00:01:00"}
    assert frame("connection_established", greeting).greetings == [Connected(*PLACE, "c", "a", "s", 60.0)]
    assert frame("resume", {"after": 3}, out=True, thread_id="t").resumes == [Resume(*PLACE, "t", 3)]
    assert frame("stop", {}, out=True, message_id="m").stops == [Stop(*PLACE, "m", None, acknowledged=False)]
    acknowledged = {"message_id": "m", "run_id": "r", "state": "stopping"}
    assert frame("stop_acknowledged", acknowledged).stops == [Stop(*PLACE, "m", "r", acknowledged=True)]
    call = {"query_message_id": "q", "message_id": "a", "text": "x", "tool": "calculator", "input": "1"}
    assert frame("tool_executing", call, run_id="r", event_id="e", n=2, thread_id="t").run_events == [
        RunEvent(*PLACE, "r", "e", 2, "tool-begins", "t", "q", "a", "x", "calculator", "1")
    ]
    for kind, out in (("thread_rename", True), ("thread_renamed", False)):
        (setting,) = frame(kind, {"title": "x"}, out=out, thread_id="t").settings
        assert setting == Setting(2.0, 3, "tab", "title", "t", "x", asked=out, framed=True)


def test_each_frame_that_says_nothing_is_a_fact_with_nothing_in_it() -> None:
    assert frame("user_message", {}, out=True).sends == [Send(*PLACE, "", "", None)]
    assert frame("message_accepted", {}).acks == [Ack(*PLACE, "", "", None)]
    assert frame("message", {}).deliveries == [Deliver(*PLACE, "", "", None, "user", None, None)]
    assert frame("rate_limited", {}).refusals == [Refuse(*PLACE, "", None, None, None)]
    assert frame("error_message", {}).rejections == [Reject(*PLACE, "", "")]
    assert frame("connection_established", {}).greetings == [Connected(*PLACE, None, None, None, None)]
    assert frame("resume", {}, out=True).resumes == [Resume(*PLACE, "", 0)]
    assert frame("stop", {}, out=True).stops == [Stop(*PLACE, "", None)]
    assert frame("agent_started", {}).run_events == [RunEvent(*PLACE, "", None, None, "started", "", None, None)]
    assert frame("thread_renamed", {}).settings == [Setting(2.0, 3, "tab", "title", "", None, asked=False, framed=True)]
    assert frame("auth_refreshed", {}).refreshes[0].expires_at is None


def test_names_are_given_by_first_appearance() -> None:
    story = Story().tabs("ann", "tab 1").ack("tab 1", "z", 1).send("tab 1", "a", thread="u").resume("tab 1", 0, thread="v")
    story.refuse("tab 1", "b").deliver("tab 1", "c", 1).stop("tab 1", "d").run_event("tab 1", "agent_started", "r", 1)
    story.frame_in("tab 1", "thread_renamed", {"title": "x"}, thread_id="w").page("ann", "page")
    story.add("page", "page", {"messages": [{"id": "e", "state": "stored", "role": "user"}, {"id": "f"}]})
    story.stored(("g", 1)).add("typed", "page", {"text": "x", "message": "h", "thread": "x"})
    story.add("posted", "page", {"message": "i", "thread": "y"}).add("stop", "page", {"message": "j"})
    told = story.history().legend()
    assert {name: told[name] for name in told if name.startswith("m")} == {
        f"m-{number}": letter for number, letter in enumerate("zabcdefghij", 1)
    }
    assert [told[f"t-{number}"] for number in range(1, 6)] == ["u", "v", "w", "x", "y"]
    assert told["r-1"] == "r"


# --- what is no frame ---


def acts(kind: str, **data: Any) -> History:
    return Story().page("ann", "page").add(kind, "page", data, at=2.0).history()


ON_PAGE = (2.0, 1, "page", "ann", 0)


def test_what_is_done_on_a_page() -> None:
    assert acts("typed", text="x", message="m", thread="t").sends == [Send(*ON_PAGE, "m", "t", "x", typed=True)]
    assert acts("typed").sends == [Send(*ON_PAGE, "typed: ", "", "", typed=True)]
    assert acts("stop", message="m", acknowledged=True).stops == [Stop(*ON_PAGE, "m", None, acknowledged=True)]
    posted = acts("posted", message="m", text="x", thread="t", seq=3, acknowledged=True)
    assert (posted.sends, posted.acks) == ([Send(*ON_PAGE, "m", "t", "x")], [Ack(*ON_PAGE, "m", "t", 3)])
    refused = acts("posted", message="m", acknowledged=True, retry_after=0)
    assert (refused.sends, refused.acks) == ([Send(*ON_PAGE, "m", "", None)], [])
    assert refused.refusals == [Refuse(*ON_PAGE, "m", None, None, 0.0)]
    assert acts("posted", message="m").acks == []


def test_who_is_no_tab_posts_and_stops_nothing() -> None:
    history = Story().add("posted", "api", {"message": "m"}).add("stop", "api", {"message": "m"}).history()
    assert (history.sends, history.stops) == ([], [])
    assert [note.kind for note in history.notes] == ["posted", "stop"]


def read(**data: Any) -> PageReading:
    (reading,) = acts("page", **data).pages
    return reading


@pytest.mark.parametrize(
    ("data", "working"),
    [
        ({}, None),
        ({"status": "online"}, True),
        ({"status": "offline"}, False),
        ({"working": False, "status": "online"}, False),
        ({"working": True, "status": "offline"}, True),
    ],
)
def test_whether_a_page_works(data: dict[str, Any], working: bool | None) -> None:
    assert read(**data) == PageReading(*ON_PAGE, None, working, None)


def test_what_a_page_shows() -> None:
    items = [
        {"id": "a", "thread": "t", "seq": 1, "role": "user", "text": "x", "run": "r", "state": "stored", "user": "no field"},
        {"id": "b", "role": "user", "state": "limited"},
        {"id": "c", "role": "agent", "state": "stored"},
        {"id": "d", "role": "agent", "state": "limited"},
        {"id": "e", "role": "user"},
        {"role": "user", "text": "x"},
        {"role": "user", "text": "new"},
        {"role": "agent", "text": "x"},
    ]
    reading = read(messages=items, connection_id="c", wait=3, took=0.5)
    assert reading == PageReading(*ON_PAGE, reading.items, None, "c", 3.0, 0.5)
    assert reading.items == (
        Item("a", "t", 1, "user", "x", "r", "ann", acknowledged=True),
        Item("b", "", None, "user", None, None, "ann", acknowledged=False, held=True),
        Item("c", "", None, "agent", None, None, "ann", acknowledged=False),
        Item("d", "", None, "agent", None, None, "ann", acknowledged=False),
        Item("e", "", None, "user", None, None, "ann", acknowledged=False),
        Item("a", "", None, "user", "x", None, "ann", acknowledged=False),
        Item("typed: new", "", None, "user", "new", None, "ann", acknowledged=False),
        Item("typed: x", "", None, "agent", "x", None, "ann", acknowledged=False),
    )


def test_what_a_page_calls_stored_is_acknowledged_once() -> None:
    story = Story().page("ann", "page")
    stored = {"id": "a", "thread": "t", "seq": 4, "role": "user", "state": "stored"}
    for at in (1.0, 2.0):
        story.add("page", "page", {"messages": [{"id": "b", "role": "user", "state": "sending"}, stored, stored]}, at=at)
    assert story.history().acks == [Ack(1.0, 1, "page", "ann", 0, "a", "t", 4)]


def test_what_a_store_holds() -> None:
    rows = [
        {"id": "a", "thread_id": "t", "seq": 1, "role": "user", "text": "x", "run_id": "r", "user_id": "account-ann"},
        {"id": "b"},
    ]
    history = (
        Story()
        .tabs("ann", "tab 1")
        .add("stored", "s", {"rows": rows, "users": ["ann"], "threads": ["t"], "took": 1}, at=5.0)
        .history()
    )
    whole = Item("a", "t", 1, "user", "x", "r", "ann", acknowledged=False)
    bare = Item("b", "", None, "user", None, None, None, acknowledged=False)
    assert history.stores == [Reading(5.0, 3, "s", (whole, bare), frozenset({"ann"}), frozenset({"t"}), 1.0)]
    (empty,) = Story().add("stored", "s", {}).history().stores
    assert (empty.items, empty.users, empty.threads, empty.took) == ((), frozenset(), frozenset(), 0.0)


def test_a_setting_that_was_read() -> None:
    history = Story().add("setting", "s", {"of": "title", "about": "t", "value": 1, "asked": True, "took": 0.5}, at=2.0).history()
    assert history.settings == [Setting(2.0, 0, "s", "title", "t", 1, asked=True, took=0.5)]
    assert Story().add("setting", "s", {"of": "title", "about": "t"}, at=2.0).history().settings[0].took == 0.0


# --- tabs and their connections ---


def connections(*kinds: str) -> list[tuple[float, float | None]]:
    story = Story().add("tab", "tab", {"user": "ann"})
    for at, kind in enumerate(kinds, 1):
        data = {"frame": {}} if kind.startswith("frame") else {"by": "server", "code": 1001} if kind == "closed" else {}
        story.add(kind, "tab", data, at=float(at))
    return [(stretch.opened, stretch.closed) for stretch in story.history().tabs["tab"].stretches]


@pytest.mark.parametrize(
    ("kinds", "stretches"),
    [
        (("opened", "frame-in", "closed"), [(1.0, 3.0)]),
        (("frame-in", "closed", "closed"), [(1.0, 2.0)]),
        (("closed", "opened"), [(2.0, None)]),
        (("opened", "closed", "frame-in"), [(1.0, 2.0)]),
        (("opened", "closed", "frame-out"), [(1.0, 2.0), (3.0, None)]),
        (("opened", "frame-out", "opened"), [(1.0, None), (3.0, None)]),
    ],
)
def test_connections_of_a_tab(kinds: tuple[str, ...], stretches: list[tuple[float, float | None]]) -> None:
    assert connections(*kinds) == stretches


@pytest.mark.parametrize(
    ("by", "ours"),
    [
        ("us", True),
        ("Test", True),
        ("client", True),
        ("local", True),
        ("own", True),
        ("aborted", True),
        ("server", False),
        (None, None),
    ],
)
def test_who_closed_a_connection(by: str | None, ours: bool | None) -> None:
    history = Story().tabs("ann", "tab 1").add("closed", "tab 1", {"by": by, "code": 4000}, at=3.0).history()
    (stretch,) = history.tabs["tab 1"].stretches
    assert (stretch.by_us, stretch.code, stretch.closed, stretch.closed_index) == (ours, 4000, 3.0, 3)


def test_a_tab_that_nobody_registered_is_a_page_where_it_was_read_as_one() -> None:
    story = Story().add("page", "a", {}).add("typed", "b", {}).add("opened", "c").add("tab", "d", {"user": "ann", "page": True})
    story.open("e", account="account").tabs("bob", "f").open("g", account="account-bob")
    tabs = story.history().tabs
    assert {name: (tab.user, tab.page, tab.registered) for name, tab in tabs.items()} == {
        "a": ("a", True, False),
        "b": ("b", True, False),
        "c": ("c", False, False),
        "d": ("ann", True, True),
        "e": ("account", False, False),
        "f": ("bob", False, True),
        "g": ("bob", False, False),
    }
    assert story.history().user_of("nobody") == "nobody"


def test_an_account_that_a_test_tells_and_a_text_that_was_only_sent() -> None:
    history = Story().add("tab", "tab", {"user": "ann", "account": "a"}).send("tab", "m", "x").history()
    assert (history.accounts, history.ids_with_text("x")) == ({"a": "ann"}, [])


def test_a_verdict_does_not_prolong_a_history() -> None:
    story = Story().add("note", "x", at=2.0).add("judged", "x", {"law": "l", "upto": 1}, at=5.0).add("note", "x", at=1.0)
    assert story.history().end == 2.0


# --- what is told late ---


def test_what_is_told_late_is_as_if_it_had_been_told_in_time() -> None:
    story = Story().tabs("ann", "tab 1").page("ann", "page")
    story.add("closed", "tab 1", {"by": "server"}, at=1.0).add("opened", "tab 1", at=2.0)
    story.add("page", "page", {"messages": [{"id": "a", "role": "user", "state": "stored"}]}, at=3.0).send("tab 1", "b", at=4.0)
    story.resume("tab 1", 0, thread="u").stop("tab 1", "s").run_event("tab 1", "agent_started", "r", 1)
    story.frame_in("tab 1", "thread_renamed", {"title": "x"}, thread_id="v")
    story.add("opened", "late", at=4.5).add("closed", "tab 1", {"by": "server"}, at=5.0)
    for at in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.5, 5.0, 6.0):
        late = event_of("note", "x", at=at)
        grown = History(story.events, CHAT)
        grown.take([late])
        grown.take([event_of("note", "y", at=at)])
        at_once = History([*story.events, late, event_of("note", "y", at=at)], CHAT)
        in_time = History(sorted([*story.events, late, event_of("note", "y", at=at)], key=lambda event: event.at), CHAT)
        for other in (at_once, in_time):
            assert [entry.line for entry in grown.events] == [entry.line for entry in other.events]
            assert (grown.tabs, grown.acks, grown.sends, grown.notes) == (other.tabs, other.acks, other.sends, other.notes)
            assert (grown.legend(), grown.end) == (other.legend(), other.end)


def test_lists_are_cut_after_five() -> None:
    assert [compact("abcdef"[:n]) for n in (0, 1, 5, 6)] == ["", "a", "a, b, c, d, e", "a, b, c, d, e and 1 more"]


# --- what is known ---


def test_answers_that_change_are_told_from_where_they_were_first_asked() -> None:
    known = Known()
    assert not known.is_tab((3.0, 1), "a")
    assert not known.is_tab((2.0, 5), "a")
    assert known.owner((4.0, 0), "b") == Owner("b")
    assert known.user_of((5.0, 0), "account") == "account"
    assert known.first_id((6.0, 0), "text") is None
    known.appeared("a")
    assert known.changed() == (2.0, 5)
    assert known.changed() is None
    known.appeared("a")
    assert known.changed() is None
    known.registered((7.0, 0), "b", Owner("ann"))
    known.registered((6.0, 9), "b", Owner("bob"))
    assert (known.changed(), known.owner((9.0, 0), "b")) == ((4.0, 0), Owner("ann"))
    known.greeted((8.0, 1), "b", "account")
    known.greeted((8.0, 0), "c", "account")
    assert (known.changed(), known.user_of((9.0, 0), "account")) == ((5.0, 0), "ann")
    assert known.owner((9.0, 0), "c") == Owner("ann")
    known.seen((6.0, 0, 2), "text", "m")
    assert (known.changed(), known.first_id((9.0, 0), "text")) == ((6.0, 0), "m")
    known.seen((7.0, 0, 0), "text", "n")
    assert (known.changed(), known.ids("text")) == (None, ["m", "n"])
    known.seen((6.0, 0, 1), "text", "n")
    assert (known.changed(), known.ids("text")) == ((6.0, 0), ["n", "m"])
    known.seen((6.0, 0, 3), "text", "n")
    assert (known.changed(), known.ids("text"), known.ids("other")) == (None, ["n", "m"], [])


def test_the_last_greeting_is_the_tabs_and_the_first_the_accounts() -> None:
    known = Known()
    for order, tab, user in (((0.0, 0), "a", "ann"), ((0.0, 1), "b", "bob")):
        known.registered(order, tab, Owner(user, registered=True))
    for order, tab, account in (((2.0, 0), "b", "x"), ((1.0, 0), "a", "x"), ((3.0, 0), "c", "y"), ((4.0, 0), "c", "x")):
        known.greeted(order, tab, account)
    known.changed()
    assert (known.accounts, known.owner((9.0, 0), "c")) == ({"x": "ann"}, Owner("ann"))


# --- floors ---


def test_activities_are_counted_at_all_and_during_a_fault() -> None:
    story = Story().tabs("ann", "tab 1").add("fault-on", "link", {"name": "cut"}, at=5.0)
    story.send("tab 1", "a", at=5.0).send("tab 1", "a", at=6.0).send("tab 1", "", at=7.0).send("tab 1", "", at=7.5)
    story.add("fault-off", "link", {}, at=8.0).send("tab 1", "b", at=9.0).ack("tab 1", "b", 1)
    history = story.history()
    assert [
        count(history, "Sends"),
        count(history, "sends", "link"),
        count(history, "sends", "cut"),
        count(history, "sends", "outage"),
    ] == [4, 3, 3, 3]
    assert [count(history, what) for what in ("acks", "decisions", "connections", "page_readings")] == [1, 1, 1, 0]


def test_an_answer_that_was_stopped_is_no_failure() -> None:
    story = Story().tabs("ann", "tab 1")
    for kind in ("agent_completed", "agent_stopped", "agent_error"):
        story.run_event("tab 1", kind, kind, 1)
    assert count(story.history(), "failures") == 1


@pytest.mark.parametrize(
    ("on", "off", "lacking"),
    [
        ({}, {"receipt": {"proven": True}}, False),
        ({}, {"receipt": {"x": 1}}, False),
        ({}, {"receipt": {}}, True),
        ({}, {"receipt": {"proven": False}}, True),
        ({"pids": [1]}, {"receipt": {"proven": False}}, True),
        ({"receipt": "text"}, {}, False),
        ({"pids": [1]}, {}, False),
        ({"pid": 1}, {}, False),
        ({"packets": 1}, {}, False),
        ({}, {"bytes_out": 1, "hits": 0}, False),
        ({}, {"packets": 0}, True),
        ({}, {"packets": "none"}, True),
        ({}, {"other": 1}, True),
        ({}, {}, True),
    ],
)
def test_what_proves_a_fault(on: dict[str, Any], off: dict[str, Any], lacking: bool) -> None:
    story = Story().add("fault-on", "link", on, at=1.0).add("fault-off", "link", off, at=2.0)
    told = ["The fault link, 1.000 s to 2.000 s, has no receipt."] if lacking else []
    assert missing_receipts(story.history()) == told


def test_faults_that_never_ended_and_services_of_which_nothing_was_seen() -> None:
    story = Story().add("fault-on", "link", {"receipt": "x"}, at=1.0).add("fault-off", "other", {}, at=1.5)
    for at, what in enumerate(("killed", "paused", "stopped", "died", "ready"), 2):
        story.add("service", "redis", {"what": what}, at=float(at))
    story.add("service", "redis", {"what": "killed", "seen": "pid 1"}, at=9.0)
    assert missing_receipts(story.history()) == [
        "The fault link, begun at 1.000 s, was never ended.",
        "redis is said to be killed at 2.000 s, but nothing was seen of it.",
        "redis is said to be paused at 3.000 s, but nothing was seen of it.",
        "redis is said to be stopped at 4.000 s, but nothing was seen of it.",
    ]


def test_a_vocabulary_need_not_say_where_rows_have_what() -> None:
    history = Story().add("stored", "s", {"rows": [{"message": "a", "role": "user", "text": "x"}]}).history(Vocabulary({}))
    assert history.ids_with_text("x") == ["a"]
