"""Whether laws see what bugs would leave behind in what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from story import CHAT, Story, unanswered

from realstack.history.export import Stored, write
from realstack.history.falsify import CHANGES, falsify, told
from realstack.history.judge import EXIT_HOLDS, EXIT_INVALID, EXIT_VIOLATED, main
from realstack.history.laws import LAWS
from realstack.history.verdict import Outcome
from realstack.history.vocabulary import Vocabulary
from realstack.recording.recorder import Recording

WALL = 1_800_000_000.0
QUIET = unanswered()


def chat() -> Story:
    """Two tabs and a page of one user, a stranger's tab, three messages, all read at the end."""
    story = Story().tabs("ann", "tab 1", "tab 2").tabs("bob", "bob's").page("ann", "page")
    story.add("canary", "ann", {"canary": "canary-ann"}).add("canary", "bob", {"canary": "canary-bob"})
    story.send("tab 1", "a", "text of a canary-ann").ack("tab 1", "a", 1)
    for tab in ("tab 1", "tab 2"):
        story.deliver(tab, "a", 1, text="text of a canary-ann")
    for number, message in enumerate("bc", 2):
        story.exchange("tab 1", message, number, "tab 1", "tab 2")
    story.send("bob's", "z", "text of z canary-bob", thread="u").ack("bob's", "z", 1, thread="u")
    story.deliver("bob's", "z", 1, thread="u", text="text of z canary-bob")
    texts = {"a": "text of a canary-ann"}
    shown = [
        {"id": m, "thread": "t", "seq": s, "role": "user", "state": "stored", "text": texts.get(m, f"text of {m}")}
        for s, m in enumerate("abc", 1)
    ]
    story.stored(("a", 1), ("b", 2), ("c", 3), texts=texts).stored(
        ("z", 1), user="bob", thread="u", texts={"z": "text of z canary-bob"}
    )
    return story.add("page", "page", {"messages": shown, "status": "online"})


def back_again() -> Story:
    story = Story().tabs("ann", "tab 1", "tab 2").exchange("tab 1", "a", 1, "tab 1", "tab 2")
    story.close("tab 2", by="server", code=1006)
    story.exchange("tab 1", "b", 2, "tab 1").exchange("tab 1", "c", 3, "tab 1")
    story.open("tab 2", account="account-ann").resume("tab 2", 1).deliver("tab 2", "b", 2).deliver("tab 2", "c", 3)
    return story.stored(("a", 1), ("b", 2), ("c", 3))


def run() -> Story:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    for n, kind in enumerate(("agent_started", "agent_thinking", "tool_executing", "tool_completed", "stream_chunk"), 1):
        story.run_event("tab 1", kind, "r", n, query="a", answer="x")
    story.run_event("tab 1", "agent_completed", "r", 6, query="a", answer="x")
    return story.deliver("tab 1", "x", 2, role="agent", run="r")


def stopped() -> Story:
    story = Story().tabs("ann", "tab 1", "tab 2").exchange("tab 1", "a", 1, "tab 1", "tab 2")
    for tab in ("tab 1", "tab 2"):
        story.run_event(tab, "agent_started", "r", 1, query="a").run_event(tab, "stream_chunk", "r", 2, text="one ")
    story.stop("tab 1", "a")
    for tab in ("tab 1", "tab 2"):
        story.deliver(tab, "x", 2, role="agent", run="r", text="one ")
        story.run_event(tab, "agent_stopped", "r", 3, query="a", answer="x", text="one ")
    return story.stored(("a", 1), ("x", 2), texts={"x": "one "})


def using_tools() -> Story:
    """An answer with one call of a tool, as a test expects it."""
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1")
    story.add("tools", "test", {"message": "a", "calls": [{"tool": "calculator", "input": "6 * 7"}]})
    story.run_event("tab 1", "agent_started", "r", 1, query="a").call("tab 1", "r", 2, "calculator", "6 * 7")
    return story.run_event("tab 1", "agent_completed", "r", 3, query="a", answer="x")


def flowing() -> Story:
    """An answer in two pieces, which comes as fast as it must."""
    story = Story().tabs("ann", "tab 1").add("pace", "platform", {"first": 1.0, "gap": 1.0, "end": 2.0})
    story.exchange("tab 1", "a", 1, "tab 1").run_event("tab 1", "agent_started", "r", 1, query="a")
    story.run_event("tab 1", "stream_chunk", "r", 2, text="one ").run_event("tab 1", "stream_chunk", "r", 3, text="two")
    story.deliver("tab 1", "x", 2, role="agent", run="r", text="one two")
    return story.run_event("tab 1", "agent_completed", "r", 4, query="a", answer="x", text="one two")


def limited() -> Story:
    story = Story().tabs("ann", "tab 1").add("limit", "ann", {"limit": 2, "window": 60.0})
    for number, message in enumerate("ab", 1):
        story.send("tab 1", message).ack("tab 1", message, number)
    return story.send("tab 1", "c").refuse("tab 1", "c", 60, limit=2)


def expired() -> Story:
    story = Story().page("ann", "page").add("page", "page", {"status": "online", "connection_id": "c-1"})
    story.add("expiry-notice", "page", {"told": True})
    return story.add("expiry", "page").add("page", "page", {"status": "online", "connection_id": "c-1"})


def expired_socket() -> Story:
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="account-ann", expires_at=WALL + 0.05)
    for _ in range(9):
        story.frame_in("tab 1", "pong", {})
    return story


def outage() -> Story:
    story = Story().page("ann", "page").add("page", "page", {"status": "online"}).add("fault-on", "cut", {"target": "link"})
    story.add("page", "page", {"status": "offline"}).add("fault-off", "cut", {"receipt": {"dropped": 7}})
    return story.add("page", "page", {"status": "online"}).add("probe", "service", {"ok": True})


def probed() -> Story:
    story = Story()
    for _ in range(4):
        story.add("probe", "auth", {"ok": True, "seconds": 0.01})
    story.add("service", "backend", {"what": "killed", "seen": "gone"})
    for _ in range(3):
        story.add("probe", "auth", {"ok": True, "seconds": 0.02})
    return story


def arrivals() -> Story:
    """Eight clients, back-off up to 0.5 s, four longest waits: each wait is a third of what it may be."""
    times = [round(client * 0.061 + turn * 0.25, 3) for client in range(8) for turn in range(8)]
    waits = [[round(min(0.5, 0.125 * 2**n) / 3, 3) for n in range(1, 6)] for _ in range(8)]
    told_ = {"during": "cut", "clients": 8, "shortest": 0.125, "longest": 0.5, "times": sorted(times), "waits": waits}
    return (
        Story()
        .add("fault-on", "cut", {"target": "link"}, at=0.0)
        .add("fault-off", "cut", at=2.1)
        .add("arrivals", "pages", told_, at=2.2)
    )


def grown() -> Story:
    operations = list(range(0, 64, 2))
    story = Story().add("growth", "backend", {"name": "memory", "operations": operations, "values": [9000.0] * 32})
    return story.add("growth", "redis", {"name": "clients", "operations": [0, 9], "values": [4.0, 4.0], "exact": True})


def pages_alone() -> Story:
    """Two pages that show neither numbers nor ids, and no store."""
    story = Story().page("ann", "page 1").page("ann", "page 2")
    items = [{"role": "user", "text": words} for words in ("one", "two", "three")]
    for message in items:
        story.add("typed", "page 1", {"text": message["text"]})
    for page in ("page 1", "page 2"):
        story.add("page", page, {"messages": items, "status": "online"})
    return story


def renamed() -> Story:
    """A thread is renamed on one tab; the other one is told, and the store has it."""
    story = Story().tabs("ann", "tab 1", "tab 2").frame_out("tab 1", "thread_rename", {"title": "new"}, thread_id="t")
    for tab in ("tab 1", "tab 2"):
        story.frame_in(tab, "thread_renamed", {"title": "new"}, thread_id="t")
    return story.add("setting", "PostgreSQL", {"of": "title", "about": "t", "value": "new"})


def operated() -> Story:
    """One user renames a thread; another one's state is the same before and after."""
    story = Story()
    for title in ("old", "new"):
        story.add("state", "ann", {"parts": {"threads": {"t": {"title": title}}}})
        story.add("state", "bob", {"parts": {"threads": {"u": {"title": "his"}}}})
        if title == "old":
            story.add("operation", "rename", {"user": "ann", "changes": ["threads t title"]})
    return story


CASES: dict[str, tuple[Callable[[], Story], Vocabulary]] = {
    "acked-is-kept": (chat, QUIET),
    "exactly-once": (chat, QUIET),
    "same-order": (chat, QUIET),
    "from-somebody": (chat, QUIET),
    "no-crosstalk": (chat, QUIET),
    "resume-without-gap": (back_again, QUIET),
    "agent-stream": (run, CHAT),
    "stop-stops": (stopped, CHAT),
    "answers-flow": (flowing, CHAT),
    "right-tools": (using_tools, CHAT),
    "admits-exactly": (limited, QUIET),
    "one-connection": (expired, QUIET),
    "recovers-alone": (outage, QUIET),
    "contained": (probed, QUIET),
    "spread-out": (arrivals, QUIET),
    "no-growth": (grown, QUIET),
    "all-or-nothing": (
        lambda: Story().add("snapshot", "op", {"parts": {"profile": 1, "event": 1}, "answer": "committed", "state": "committed"}),
        QUIET,
    ),
    "same-claims": (
        lambda: Story().add("claims", "ann", {"claims": {"sub": "1"}}).add("claims", "ann", {"claims": {"sub": "1"}}),
        QUIET,
    ),
    "no-entry": (
        lambda: (
            Story()
            .add("attempt", "door", {"credential": "good", "admitted": True, "good": True})
            .add("attempt", "door", {"credential": "expired", "admitted": False})
        ),
        QUIET,
    ),
    "said-is-stored": (chat, QUIET),
    "bystanders-unchanged": (operated, QUIET),
    "converges": (renamed, QUIET),
    "nothing-unforeseen": (lambda: Story().add("logs", "backend"), QUIET),
    "whole-file": (
        lambda: (
            Story()
            .add("file-layer", "sent", {"file": "f", "sha256": "ab", "size": 1})
            .add("file-layer", "disk", {"file": "f", "sha256": "ab", "size": 1})
            .add("leftover", "table", {"file": "g"})
        ),
        QUIET,
    ),
}


def stored(story: Story, law: str, vocabulary: Vocabulary) -> Stored:
    verdict = story.judge(law, vocabulary)
    assert verdict.outcome is Outcome.HOLDS, verdict.explanation()
    story.add("judged", "history", {"law": law, "upto": len(story.events), "outcome": "holds"})
    return Stored("a story", vocabulary, WALL, story.events)


@pytest.mark.parametrize("law", CASES)
def test_each_law_sees_each_of_its_changes(law: str) -> None:
    make, vocabulary = CASES[law]
    sights = falsify([stored(make(), law, vocabulary)])
    assert [(sight.law, sight.what) for sight in sights] == [(law, change.what) for change in CHANGES if law in change.laws]
    assert all(sight.seen for sight in sights), told(sights)


def test_there_are_changes_for_every_law() -> None:
    assert {law for change in CHANGES for law in change.laws} == set(LAWS) == set(CASES)


@pytest.mark.parametrize("law", ["same-order", "exactly-once", "from-somebody"])
def test_pages_alone_show_each_change_of_theirs(law: str) -> None:
    sights = falsify([stored(pages_alone(), law, QUIET)])
    assert {sight.what for sight in sights if sight.seen} >= {
        change.what for change in CHANGES if law in change.laws and "row" not in change.what and "stored" not in change.what
    }


def test_a_socket_that_outlived_its_token_could_have_been_closed() -> None:
    sights = {sight.what: sight for sight in falsify([stored(expired_socket(), "one-connection", QUIET)])}
    sight = sights["a connection did not outlive its token"]
    assert sight.seen == sight.tried == 1


def test_what_the_vocabulary_leaves_out_can_not_be_changed() -> None:
    rules = [
        {**rule, "take": {k: v for k, v in rule.get("take", {}).items() if k != "event"}} for rule in CHAT.data["frames"]["in"]
    ]
    other = Vocabulary({**CHAT.data, "frames": {**CHAT.data["frames"], "in": rules}})
    sights = {sight.what: sight for sight in falsify([stored(run(), "agent-stream", other)])}
    assert sights["a run has no end"].seen
    assert not sights["an event of a run came twice"].tried


def test_a_history_without_judgements_has_nothing_to_change() -> None:
    assert falsify([Stored("none", QUIET, WALL, chat().events)]) == []


def test_what_nothing_recorded_is_told_as_such() -> None:
    story = Story().tabs("ann", "tab 1").exchange("tab 1", "a", 1, "tab 1").stored(("a", 1))
    sights = falsify([stored(story, "exactly-once", QUIET)])
    assert [sight.tried > 0 for sight in sights] == [True, True]
    story = (
        Story().add("file-layer", "sent", {"file": "f", "sha256": "ab"}).add("file-layer", "disk", {"file": "f", "sha256": "ab"})
    )
    lines = told(falsify([stored(story, "whole-file", QUIET)]))
    assert lines[1].startswith("none   whole-file")
    assert lines[1].endswith("nothing to change")


def written(path: Path, law: str) -> Path:
    make, vocabulary = CASES[law]
    story = make()
    recording = Recording("Suite.Test")
    recording.began = 0.0
    for event in stored(story, law, vocabulary).events:
        recording.add(event)
    write(path, recording, vocabulary)
    return path


def test_the_command_tells_each_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(written(tmp_path / f"{law}.jsonl", law)) for law in ("exactly-once", "all-or-nothing")]
    assert main(["falsify", *files]) == EXIT_HOLDS
    out = capsys.readouterr().out
    assert "sees   exactly-once         a message is stored twice" in out
    assert "sees   all-or-nothing" in out
    assert main(["falsify", "--law", "same-order", *files]) == EXIT_INVALID
    assert "nothing to change" in capsys.readouterr().out


def test_the_command_ends_with_an_error_when_a_law_is_blind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realstack.history.falsify.judge", _always_holds)
    assert main(["falsify", str(written(tmp_path / "a.jsonl", "exactly-once"))]) == EXIT_VIOLATED
    assert "exactly-once is blind here: nothing that is recorded shows that a message is stored twice" in capsys.readouterr().out


def _always_holds(law: str, *_: object) -> object:
    return (
        Story()
        .add("growth", "redis", {"name": "c", "operations": [0, 9], "values": [4.0, 4.0], "exact": True})
        .judge("no-growth")
    )
