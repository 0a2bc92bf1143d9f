"""agent-stream and no-crosstalk."""

from __future__ import annotations

import pytest
from story import CHAT, Story, assert_holds, assert_invalid, assert_violated

from realstack.history.laws.agents import Chain

WHOLE = ["started", "thinking", "tool-begins", "tool-ends", "thinking", "tool-begins", "tool-ends", "chunk", "chunk", "completed"]
KINDS = {
    "started": "agent_started",
    "thinking": "agent_thinking",
    "tool-begins": "tool_executing",
    "tool-ends": "tool_completed",
    "chunk": "stream_chunk",
    "completed": "agent_completed",
    "failed": "agent_error",
}


def run(story: Story, tab: str, stages: list[str], name: str = "r", *, first: int = 1, query: str = "a") -> Story:
    for number, stage in enumerate(stages, first):
        if stage == "completed":
            story.deliver(tab, f"answer of {name}", 2, role="agent", run=name)
        answer = f"answer of {name}" if stage == "completed" else None
        story.run_event(tab, KINDS[stage], name, number, query=query if stage == "started" else None, answer=answer)
    return story


def asked(*tabs: str) -> Story:
    return Story().tabs("ann", *(tabs or ("tab 1",))).exchange("tab 1", "a", 1, *(tabs or ("tab 1",)))


@pytest.mark.parametrize("stages", [WHOLE, ["started", "completed"], ["started", "failed"], ["started", "thinking", "failed"]])
def test_whole_runs(stages: list[str]) -> None:
    assert_holds(run(asked(), "tab 1", stages).judge("agent-stream"))


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (["started", "tool-begins"], "next must be thinking"),
        (["thinking", "tool-begins"], "next must be started"),
        (["started", "thinking", "completed"], "next must be tool-begins"),
        (["started", "chunk", "thinking"], "next must be chunk or completed or failed"),
        (["started", "completed", "completed"], "nothing after its end"),
        (["started", "started"], "next must be thinking"),
    ],
)
def test_broken_runs(stages: list[str], words: str) -> None:
    assert_violated(run(asked(), "tab 1", stages).judge("agent-stream"), "saw the run r-1 out of step", words)


def test_what_is_out_of_step_is_shown_with_what_it_follows() -> None:
    (witness,) = run(asked(), "tab 1", ["started", "thinking", "completed"]).judge("agent-stream").witnesses
    assert len(witness.events) == 2


@pytest.mark.parametrize("tabs", [("tab 1", "tab 2"), ("tab 2", "tab 1")])
def test_an_end_that_names_no_event_contradicts_none(tabs: tuple[str, str]) -> None:
    named, unnamed = tabs
    story = run(run(asked("tab 1", "tab 2"), "tab 1", WHOLE[:-1]), "tab 2", WHOLE[:-1])
    for tab in ("tab 1", "tab 2"):
        story.deliver(tab, "x", 2, role="agent", run="r")
    story.run_event(named, "agent_completed", "r", len(WHOLE), answer="x")
    story.frame_in(unnamed, "agent_completed", {"message_id": "x"}, run_id="r", n=len(WHOLE), thread_id="t")
    assert_holds(story.judge("agent-stream"))


def test_every_single_loss_from_a_run_is_seen() -> None:
    for missing in range(len(WHOLE)):
        story = asked()
        numbered = list(enumerate(WHOLE, 1))
        del numbered[missing]
        for number, stage in numbered:
            run(story, "tab 1", [stage], first=number)
        assert_violated(story.judge("agent-stream"))


def test_a_tab_that_was_away_at_the_end_need_not_have_seen_it() -> None:
    story = run(asked("tab 1", "tab 2"), "tab 2", ["started"]).close("tab 2", by="nobody").open("tab 2")
    assert_violated(story.judge("agent-stream"), "tab 2 never saw the run r-1 end")
    assert_holds(run(story, "tab 1", WHOLE).judge("agent-stream"))


def test_an_unfinished_run_may_still_finish() -> None:
    verdict = run(asked(), "tab 1", ["started", "thinking"]).judge("agent-stream")
    assert_violated(verdict, "never saw the run r-1 end", "the last that came was thinking")
    assert verdict.retryable


def test_a_message_without_a_run() -> None:
    story = asked().exchange("tab 1", "b", 3, "tab 1")
    verdict = run(story, "tab 1", WHOLE).judge("agent-stream")
    assert_violated(verdict, "m-2 was never answered")
    assert verdict.retryable


def test_two_runs_for_one_message() -> None:
    story = run(run(asked(), "tab 1", WHOLE), "tab 1", WHOLE, name="again")
    assert_violated(story.judge("agent-stream"), "m-1 was answered twice")


def test_another_end_on_another_tab() -> None:
    story = run(asked("tab 1", "tab 2"), "tab 1", ["started", "completed"])
    run(story, "tab 2", ["started"])
    story.frame_in("tab 2", "agent_error", {}, run_id="r", event_id="r:other", n=2)
    assert_violated(story.judge("agent-stream"), "ended twice")


def test_an_answer_that_was_announced_but_never_came() -> None:
    story = (
        asked().run_event("tab 1", "agent_started", "r", 1, query="a").run_event("tab 1", "agent_completed", "r", 2, answer="x")
    )
    assert_violated(story.judge("agent-stream"), "never received the answer of run r-1")


def test_a_tab_that_opened_during_the_run_sees_its_end() -> None:
    story = run(asked(), "tab 1", WHOLE[:5]).tabs("ann", "tab 2")
    for tab in ("tab 1", "tab 2"):
        run(story, tab, WHOLE[5:], first=6)
    assert_holds(story.judge("agent-stream", tabs=2))


def test_a_tab_that_came_back_may_get_events_again() -> None:
    story = run(asked(), "tab 1", WHOLE[:4]).close("tab 1", by="nobody").open("tab 1")
    assert_holds(run(story, "tab 1", WHOLE[2:], first=3).judge("agent-stream"))


def test_the_same_event_twice_on_one_connection() -> None:
    story = run(asked(), "tab 1", WHOLE[:4])
    assert_violated(run(story, "tab 1", WHOLE[3:], first=4).judge("agent-stream"), "the same event came at")


def test_no_run_is_invalid() -> None:
    assert_invalid(Story().tabs("ann", "tab 1").judge("agent-stream"), "Only 0 runs")


def test_the_chain_tells_what_may_follow() -> None:
    chain = Chain(CHAT.chain, midway=False)
    assert chain.expected() == "started"
    assert chain.takes("started")
    assert chain.expected() == "thinking or chunk or completed or failed or stopped"


# --- no-crosstalk ---


def two_users() -> Story:
    story = Story().tabs("ann", "ann 1").tabs("bob", "bob 1")
    story.add("canary", "ann", {"canary": "canary-0123456789abcdef"})
    return story


def test_a_canary_on_another_users_tab() -> None:
    story = (
        two_users()
        .send("ann 1", "a", "secret canary-0123456789abcdef")
        .deliver("bob 1", "x", 1, text="SECRET CANARY-0123456789ABCDEF")
    )
    assert_violated(story.judge("no-crosstalk"), "a frame on bob 1 of bob holds the canary of ann", "CANARY-0123456789ABCDEF")


def test_canaries_at_home() -> None:
    story = (
        two_users()
        .send("ann 1", "a", "secret canary-0123456789abcdef")
        .deliver("ann 1", "a", 1, text="secret canary-0123456789abcdef")
    )
    story.send("bob 1", "b", "hello").deliver("bob 1", "b", 1, thread="u", text="hello")
    story.stored(("a", 1), texts={"a": "secret canary-0123456789abcdef"})
    assert_holds(story.judge("no-crosstalk"))


def test_a_row_of_another_user() -> None:
    story = two_users().send("ann 1", "a", "secret canary-0123456789abcdef")
    story.stored(("a", 1), user="bob", texts={"a": "secret canary-0123456789abcdef"})
    assert_violated(story.judge("no-crosstalk"), "a row in the store messages of bob holds the canary of ann")


def test_a_row_of_nobody_knows_whom() -> None:
    """Without a map from accounts to users the row may well be ann's own."""
    story = two_users().send("ann 1", "a", "secret canary-0123456789abcdef").send("bob 1", "b", "hello")
    story.deliver("bob 1", "b", 1, thread="u", text="hello")
    story.stored(("a", 1), user="whom", texts={"a": "secret canary-0123456789abcdef"})
    assert_invalid(story.judge("no-crosstalk"), "Whose the account account-whom is, is not known")
    assert_violated(story.deliver("bob 1", "a", 2).judge("no-crosstalk"), "bob 1 of bob received")


def test_a_canary_in_rows_keys_pages_and_files() -> None:
    for what in ("rows", "keys", "files"):
        story = (
            two_users()
            .send("ann 1", "a", "canary-0123456789abcdef")
            .add("seen", "bob", {"what": what, "content": [{"x": "…canary-0123456789abcdef"}]})
        )
        assert_violated(story.judge("no-crosstalk"), f"{what} of bob holds the canary of ann")
    story = two_users().page("bob", "page").send("ann 1", "a", "canary-0123456789abcdef")
    assert_violated(story.add("page", "page", {"text": "canary-0123456789abcdef"}).judge("no-crosstalk"), "the page page of bob")


def test_a_canary_that_never_sang() -> None:
    assert_invalid(two_users().send("ann 1", "a", "no token").judge("no-crosstalk"), "never in play")


def test_another_users_message_without_its_canary() -> None:
    story = (
        two_users()
        .send("ann 1", "z", "canary-0123456789abcdef")
        .send("ann 1", "a", "plain")
        .deliver("bob 1", "a", 1, text="plain")
    )
    assert_violated(story.judge("no-crosstalk"), "bob 1 of bob received m-2", "ann sent it")


def test_another_users_run() -> None:
    story = two_users().send("ann 1", "a", "canary-0123456789abcdef").run_event("bob 1", "agent_started", "r", 1, query="a")
    assert_violated(story.judge("no-crosstalk"), "bob 1 of bob received the run r-1")


@pytest.mark.parametrize("stage", ["thinking", "tool-begins", "chunk", "completed", "failed"])
def test_an_event_of_another_users_run_that_does_not_name_the_question(stage: str) -> None:
    story = two_users().send("ann 1", "a", "canary-0123456789abcdef").run_event("ann 1", "agent_started", "r", 1, query="a")
    assert_holds(story.run_event("ann 1", KINDS[stage], "r", 2).deliver("bob 1", "b", 1).judge("no-crosstalk"))
    verdict = story.run_event("bob 1", KINDS[stage], "r", 2).run_event("bob 1", KINDS[stage], "r", 3).judge("no-crosstalk")
    assert_violated(verdict, "bob 1 of bob received the run r-1", f"its {stage} came")
    assert len(verdict.witnesses) == 1


def test_two_users_on_one_account() -> None:
    story = (
        two_users()
        .send("ann 1", "a", "canary-0123456789abcdef")
        .add("tab", "bob 2", {"user": "bob"})
        .open("bob 2", account="account-ann")
    )
    assert_violated(story.judge("no-crosstalk"), "bob 2 of bob was connected as ann")


def test_one_user_alone_is_invalid() -> None:
    story = Story().tabs("ann", "ann 1").add("canary", "ann", {"canary": "canary-0123456789abcdef"})
    assert_invalid(story.send("ann 1", "a", "canary-0123456789abcdef").judge("no-crosstalk"), "Only 1 users")
