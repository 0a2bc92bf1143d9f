"""Whatever a faultless platform does, the laws hold; one single thing wrong, and exactly the law for it is violated."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from story import Story, unanswered

from realstack.history.domain import History
from realstack.history.export import judgement, load, write
from realstack.history.judge import judge_again
from realstack.history.laws import LAWS, judge
from realstack.history.verdict import Outcome
from realstack.recording.events import Event, event_of
from realstack.recording.recorder import Recording

CANARIES = {"ann": "canary-00000000000000aa", "bob": "canary-00000000000000bb"}
LAWS_OF_MESSAGES = (
    "acked-is-kept",
    "exactly-once",
    "same-order",
    "from-somebody",
    "no-crosstalk",
    "resume-without-gap",
    "said-is-stored",
)
QUIET = unanswered()
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@dataclass
class Client:
    """A tab of the faultless platform: what waits to be delivered to it, and what it holds."""

    name: str
    user: str
    waiting: list[str] = field(default_factory=list)
    held: int = 0
    connected: bool = True


class FaultlessPlatform:
    """Acknowledges, stores and delivers as it should, in any interleaving; each user has one thread."""

    def __init__(self, tabs: dict[str, int]) -> None:
        self.story = Story()
        self.clients = [Client(f"{user} {n}", user) for user, count in tabs.items() for n in range(1, count + 1)]
        self.threads: dict[str, list[str]] = {user: [] for user in tabs}
        for client in self.clients:
            self.story.tabs(client.user, client.name)
        for user, canary in CANARIES.items():
            self.story.add("canary", user, {"canary": canary})

    def text(self, message: str) -> str:
        return f"{message} {CANARIES[message.split('-', maxsplit=1)[0]]}"

    def send(self, client: Client) -> None:
        if not client.connected:
            return
        thread = self.threads[client.user]
        message = f"{client.user}-{len(thread)}"
        thread.append(message)
        self.story.send(client.name, message, self.text(message), thread=client.user)
        self.story.ack(client.name, message, len(thread), thread=client.user)
        for other in self.clients:
            if other.user == client.user and other.connected:
                other.waiting.append(message)

    def send_again(self, client: Client) -> None:
        thread = self.threads[client.user]
        if client.connected and thread:
            message = thread[-1]
            self.story.send(client.name, message, self.text(message), thread=client.user)
            self.story.ack(client.name, message, len(thread), thread=client.user, duplicate=True)

    def pump(self, client: Client) -> None:
        if client.connected and client.waiting:
            self.deliver(client, client.waiting.pop(0))

    def deliver(self, client: Client, message: str) -> None:
        seq = self.threads[client.user].index(message) + 1
        client.held = max(client.held, seq)
        self.story.deliver(client.name, message, seq, thread=client.user, text=self.text(message))

    def cut(self, client: Client) -> None:
        if client.connected:
            client.connected = False
            client.waiting.clear()
            self.story.close(client.name, by="nobody", code=1006)

    def come_back(self, client: Client) -> None:
        if not client.connected:
            client.connected = True
            self.story.open(client.name, account=f"account-{client.user}")
            self.story.resume(client.name, client.held, thread=client.user)
            client.waiting = self.threads[client.user][client.held :]

    def come_to_rest(self) -> list[Event]:
        for client in self.clients:
            self.come_back(client)
            while client.waiting:
                self.pump(client)
        for user, thread in self.threads.items():
            rows = [(message, seq) for seq, message in enumerate(thread, 1)]
            self.story.stored(*rows, user=user, thread=user, texts={message: self.text(message) for message in thread})
        return self.story.events


ACTIONS: list[Callable[[FaultlessPlatform, Client], None]] = [
    FaultlessPlatform.send,
    FaultlessPlatform.send,
    FaultlessPlatform.pump,
    FaultlessPlatform.pump,
    FaultlessPlatform.pump,
    FaultlessPlatform.send_again,
    FaultlessPlatform.cut,
    FaultlessPlatform.come_back,
]


@st.composite
def legal_histories(draw: st.DrawFn, reconnects: bool = True) -> list[Event]:
    """Two users, each with one to three tabs, and up to sixty things that happen."""
    platform = FaultlessPlatform({"ann": draw(st.integers(1, 3)), "bob": draw(st.integers(1, 2))})
    actions = ACTIONS if reconnects else ACTIONS[:6]
    for client in platform.clients:
        platform.send(client)
        platform.send(client)
    for action, number in draw(st.lists(st.tuples(st.sampled_from(actions), st.integers(0, 4)), max_size=60)):
        action(platform, platform.clients[number % len(platform.clients)])
    return platform.come_to_rest()


def violated(events: list[Event]) -> set[str]:
    history = History(events, QUIET)
    return {law for law in LAWS_OF_MESSAGES if judge(law, history).outcome is Outcome.VIOLATED}


def deliveries(events: list[Event]) -> list[int]:
    return [n for n, event in enumerate(events) if event.kind == "frame-in" and event.data["frame"]["type"] == "message"]


def changed(events: list[Event], position: int, change: Callable[[dict[str, Any]], None]) -> list[Event]:
    event = events[position]
    data = copy.deepcopy(dict(event.data))
    change(data)
    return [*events[:position], event_of(event.kind, event.source, data, at=event.at), *events[position + 1 :]]


@EXAMPLES
@given(legal_histories())
def test_a_faultless_platform_violates_nothing(events: list[Event]) -> None:
    assert violated(events) == set()
    history = History(events, QUIET)
    for law in ("acked-is-kept", "exactly-once", "from-somebody", "no-crosstalk", "said-is-stored"):
        assert judge(law, history).outcome is Outcome.HOLDS


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_lost_delivery(events: list[Event], rng: random.Random) -> None:
    position = rng.choice(deliveries(events))
    found = violated(events[:position] + events[position + 1 :])
    assert "acked-is-kept" in found
    assert found <= {"acked-is-kept", "resume-without-gap"}


@EXAMPLES
@given(legal_histories(reconnects=False), st.randoms(use_true_random=False))
def test_a_doubled_delivery(events: list[Event], rng: random.Random) -> None:
    position = rng.choice(deliveries(events))
    assert violated([*events[: position + 1], *events[position:]]) == {"exactly-once"}


@EXAMPLES
@given(legal_histories(reconnects=False), st.randoms(use_true_random=False))
def test_two_deliveries_swapped(events: list[Event], rng: random.Random) -> None:
    pairs = [
        (a, b)
        for tab in sorted({events[n].source for n in deliveries(events)})
        for mine in [[n for n in deliveries(events) if events[n].source == tab]]
        for a, b in pairwise(mine)
    ]
    assume(pairs)
    a, b = rng.choice(pairs)
    first, second = events[a].data, events[b].data
    swapped = changed(changed(events, a, lambda data: data.update(second)), b, lambda data: data.update(first))
    # The later message may now be delivered before it was sent: that is the order's business alone.
    assert violated(swapped) == {"same-order"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_message_from_nobody(events: list[Event], rng: random.Random) -> None:
    position = rng.choice(deliveries(events))
    tab = events[position].source
    ghost = Story().deliver(tab, "ghost", 1, thread="nobody's").events[0]
    assert violated([*events, event_of(ghost.kind, tab, ghost.data, at=events[-1].at + 1)]) == {"from-somebody"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_words_changed_on_the_way(events: list[Event], rng: random.Random) -> None:
    position = rng.choice(deliveries(events))
    damaged = changed(events, position, lambda data: data["frame"]["payload"].update(text="something else"))
    assert violated(damaged) == {"from-somebody", "said-is-stored"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_words_changed_in_a_row(events: list[Event], rng: random.Random) -> None:
    damaged = changed(events, len(events) - 1, lambda data: rng.choice(data["rows"]).update(text="something else"))
    assert "said-is-stored" in violated(damaged)


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_message_on_another_users_tab(events: list[Event], rng: random.Random) -> None:
    position = rng.choice(deliveries(events))
    user = events[position].source.split()[0]
    other = "bob 1" if user == "ann" else "ann 1"
    stray = event_of("frame-in", other, events[position].data, at=events[-1].at + 1)
    assert violated([*events, stray]) == {"no-crosstalk"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_row_lost(events: list[Event], rng: random.Random) -> None:
    assert violated(changed(events, len(events) - 1, lambda data: data["rows"].pop(rng.randrange(len(data["rows"]))))) == {
        "acked-is-kept"
    }


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_row_twice(events: list[Event], rng: random.Random) -> None:
    def double(data: dict[str, Any]) -> None:
        data["rows"].append(dict(rng.choice(data["rows"])))

    assert violated(changed(events, len(events) - 1, double)) == {"exactly-once"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_two_rows_with_their_places_swapped(events: list[Event], rng: random.Random) -> None:
    def swap(data: dict[str, Any]) -> None:
        one, two = rng.sample(data["rows"], 2)
        one["seq"], two["seq"] = two["seq"], one["seq"]

    found = violated(changed(events, len(events) - 1, swap))
    assert "same-order" in found
    assert found <= {"same-order", "resume-without-gap"}


@EXAMPLES
@given(legal_histories(), st.randoms(use_true_random=False))
def test_a_canary_in_a_strangers_row(events: list[Event], rng: random.Random) -> None:
    owner, other = rng.sample(["ann", "bob"], 2)
    seen = event_of("seen", other, {"what": "keys", "content": f"limit:{CANARIES[owner].upper()}"}, at=events[-1].at + 1)
    assert violated([*events, seen]) == {"no-crosstalk"}


@EXAMPLES
@given(legal_histories())
def test_a_gap_after_a_reconnect(events: list[Event]) -> None:
    story = Story()
    story.events, story.now = list(events), events[-1].at
    story.close("ann 1", by="nobody")
    count = sum(1 for e in events if e.kind == "stored" and e.data["rows"][0]["user_id"] == "account-ann" for _ in e.data["rows"])
    story.tabs("ann", "ann 9")
    for number in (count, count + 1):
        words = f"ann-{number} {CANARIES['ann']}"
        story.send("ann 9", f"ann-{number}", words, thread="ann").ack("ann 9", f"ann-{number}", number + 1, thread="ann")
    story.open("ann 1", account="account-ann").resume("ann 1", count, thread="ann")
    story.deliver("ann 1", f"ann-{count + 1}", count + 2, thread="ann", text=f"ann-{count + 1} {CANARIES['ann']}")
    found = judge("resume-without-gap", story.history(QUIET))
    assert found.outcome is Outcome.VIOLATED
    assert any("ann 1 misses" in witness.text for witness in found.witnesses)


# --- admits-exactly ---


@st.composite
def limited_histories(draw: st.DrawFn) -> tuple[Story, list[int]]:
    """A faultless fixed-window limiter of 3 in 10 s under sends at random times, answers 1 to 50 ms later."""
    gaps = draw(st.lists(st.sampled_from([0.06, 0.2, 0.5, 12.0]), min_size=8, max_size=30))
    delays = draw(st.lists(st.integers(1, 50), min_size=len(gaps), max_size=len(gaps)))
    story = Story().tabs("ann", "tab 1").add("limit", "ann", {"limit": 3, "window": 10})
    now, opened, used = 1.0, -100.0, 0
    decisions: list[int] = []
    for number, (gap, delay) in enumerate(zip(gaps, delays, strict=True)):
        now = round(now + gap, 6)
        answered = round(now + delay / 1000, 6)
        decided = (now + answered) / 2
        if decided >= opened + 10:
            # Keep away from the edge, where nobody can tell from outside which window decided.
            assume(now >= opened + 10.5)
            opened, used = decided, 0
        assume(answered < opened + 9.5)
        story.send("tab 1", f"m{number}", at=now)
        decisions.append(len(story.events))
        if used < 3:
            used += 1
            story.ack("tab 1", f"m{number}", number + 1, at=answered)
        else:
            story.refuse("tab 1", f"m{number}", retry_after=opened + 10 - decided + 0.05, limit=3, window=10, at=answered)
    return story, decisions


@EXAMPLES
@given(limited_histories())
def test_a_faultless_limiter_violates_nothing(drawn: tuple[Story, list[int]]) -> None:
    story, _ = drawn
    assert story.judge("admits-exactly").outcome is not Outcome.VIOLATED


@EXAMPLES
@given(limited_histories())
def test_a_limiter_that_lets_one_more_pass(drawn: tuple[Story, list[int]]) -> None:
    story, decisions = drawn
    for position in decisions:
        event = story.events[position]
        if event.data["frame"]["type"] == "rate_limited":
            message = event.data["frame"]["payload"]["message_id"]
            story.events[position] = Story().ack("tab 1", message, 99, at=event.at).events[0]
            assert story.judge("admits-exactly").outcome is Outcome.VIOLATED
            return
    assume(False)


# --- agent-stream ---

KINDS = {"thinking": "agent_thinking", "begins": "tool_executing", "ends": "tool_completed"}


@st.composite
def runs(draw: st.DrawFn) -> list[str]:
    """The frame types of one legal run."""
    cycles = draw(st.integers(0, 4)) * ["agent_thinking", "tool_executing", "tool_completed"]
    chunks = draw(st.integers(0, 4)) * ["stream_chunk"]
    return ["agent_started", *cycles, *chunks, draw(st.sampled_from(["agent_completed", "agent_error"]))]


def told(kinds: list[tuple[int, str]]) -> Story:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    for number, kind in kinds:
        story.run_event("tab 1", kind, "r", number, query="a" if kind == "agent_started" else None)
    return story


@EXAMPLES
@given(runs())
def test_legal_runs_hold(kinds: list[str]) -> None:
    assert told(list(enumerate(kinds, 1))).judge("agent-stream").outcome is Outcome.HOLDS


@EXAMPLES
@given(runs(), st.randoms(use_true_random=False), st.sampled_from(["drop", "double", "swap"]))
def test_one_thing_wrong_in_a_run(kinds: list[str], rng: random.Random, what: str) -> None:
    numbered = list(enumerate(kinds, 1))
    position = rng.randrange(len(numbered) - (what == "swap"))
    if what == "drop":
        del numbered[position]
        assume(numbered)
    elif what == "double":
        numbered.insert(position, numbered[position])
    else:
        numbered[position : position + 2] = reversed(numbered[position : position + 2])
    assert told(numbered).judge("agent-stream").outcome is Outcome.VIOLATED


# --- written and judged again ---


@pytest.mark.parametrize("damage", [False, True])
@EXAMPLES
@given(events=legal_histories())
def test_judged_again_from_the_file_the_verdicts_are_equal(
    tmp_path_factory: pytest.TempPathFactory, damage: bool, events: list[Event]
) -> None:
    if damage:
        events = [event for n, event in enumerate(events) if n != deliveries(events)[-1]]
    recording = Recording("a test")
    for event in events:
        recording.add(replace(event, at=event.at + recording.began))
    verdicts = {}
    for law in LAWS:
        upto = len(recording.entries())
        verdict = judge(law, History(recording.entries(), QUIET, recording.began, recording.began_wall))
        verdicts[law] = verdict
        recording.add(judgement(verdict, upto, {}, at=recording.began + 1e3))
    path = tmp_path_factory.mktemp("histories") / "a.jsonl"
    write(path, recording, QUIET)
    again = judge_again(load(path))
    assert [result.same for result in again] == [True] * len(LAWS)
    assert {result.verdict.law: result.verdict for result in again} == verdicts
