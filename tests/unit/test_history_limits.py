"""admits-exactly, one-connection and no-entry."""

from __future__ import annotations

import random
from typing import Any

import pytest
from story import Story, assert_holds, assert_invalid, assert_violated

WALL = 1_800_000_000.0


def tries(story: Story, pattern: str, begin: float = 10.0, tab: str = "tab 1", gap: float = 0.1) -> Story:
    """A message for each letter, ``y`` admitted and ``n`` refused, each answered 10 ms later."""
    for number, letter in enumerate(pattern):
        message, at = f"{tab}-{begin}-{number}", begin + number * gap
        story.send(tab, message, at=at)
        if letter == "y":
            story.ack(tab, message, number + 1, at=at + 0.01)
        else:
            story.refuse(tab, message, retry_after=max(1, round(begin + 60 - at)), at=at + 0.01)
    return story


def limited() -> Story:
    return Story().tabs("ann", "tab 1", "tab 2").add("limit", "ann", {"limit": 5, "window": 60})


@pytest.mark.parametrize("pattern", ["yyyyyn", "yyyyynnnnn"])
def test_the_first_five(pattern: str) -> None:
    verdict = tries(limited(), pattern).judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["admitted"] == 5


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("yyyyyy", "was admitted as number 6: only 5 must be"),
        ("yyyyn", "was refused too early"),
        ("yyyynyn", "was admitted after a refusal"),
        ("nnn", "was refused: it must be admitted"),
    ],
)
def test_not_the_first_five(pattern: str, words: str) -> None:
    assert_violated(tries(limited(), pattern).judge("admits-exactly"), words)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({}, ""),
        ({"window": 60.00000001}, ""),
        ({"window": 61}, "told of 5 in 61 s"),
        ({"window": 60.2}, "told of 5 in 60.2 s"),
        ({"window": 59.5}, "told of 5 in 59.5 s"),
        ({"limit": 6}, "it must be 5 in 60 s, because that is the plan of ann"),
        ({"limit": 4}, "told of 4 in 60 s"),
    ],
)
def test_a_refusal_names_the_plans_limit(named: dict[str, Any], words: str) -> None:
    story = tries(limited(), "yyyyy").send("tab 1", "x", at=11.0).refuse("tab 1", "x", retry_after=59, at=11.01, **named)
    assert_violated(story.judge("admits-exactly"), words) if words else assert_holds(story.judge("admits-exactly"))


def test_a_window_may_be_named_in_whole_seconds_rounded_up() -> None:
    story = Story().tabs("ann", "tab 1").add("limit", "ann", {"limit": 1, "window": 1.5})
    story = story.send("tab 1", "a", at=10.0).ack("tab 1", "a", 1, at=10.01).send("tab 1", "b", at=10.1)
    assert_holds(story.refuse("tab 1", "b", retry_after=2, limit=1, window=2, at=10.11).judge("admits-exactly"))


def test_a_plan_that_is_over_names_nothing() -> None:
    story = tries(limited(), "yyyyyn").add("limit", "ann", {"limit": 7, "window": 60}, at=20.0)
    assert_holds(story.judge("admits-exactly"))


def test_what_began_just_after_the_window_may_have_been_in_it() -> None:
    # Four of five at its beginning; the fifth begins at its end, which is known no better than to PATIENCE.
    story = tries(limited(), "yyyy")
    story.send("tab 1", "late", at=70.1).ack("tab 1", "late", 5, at=70.2)
    story.send("tab 2", "refused", at=10.5).refuse("tab 2", "refused", retry_after=60, at=10.6)
    assert story.judge("admits-exactly").witnesses == ()


@pytest.mark.parametrize(
    ("pattern", "answer", "words"),
    [
        ("yyyyy", {"retry_after": 59}, ""),
        ("yyyyn", {"acknowledged": True}, "was admitted after a refusal"),
        ("yyyyy", {"acknowledged": True}, "was admitted as number 6: only 5 must be"),
        ("yyyy", {"retry_after": 59}, "was refused too early"),
    ],
)
def test_an_upload_counts_as_what_was_said(pattern: str, answer: dict[str, Any], words: str) -> None:
    story = tries(limited(), pattern).add("posted", "tab 1", {"message": "upload", **answer}, at=11.0)
    assert_violated(story.judge("admits-exactly"), words) if words else assert_holds(story.judge("admits-exactly"))


def test_a_second_window() -> None:
    story = tries(tries(limited(), "yyyyyn"), "yyyyyn", begin=70.2)
    verdict = story.judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["windows"] == 2


def test_a_window_that_never_ends() -> None:
    story = tries(tries(limited(), "yyyyyn"), "n", begin=75.0)
    assert_violated(story.judge("admits-exactly"))


def test_a_refused_message_that_is_sent_again_opens_the_next_window() -> None:
    story = tries(limited(), "yyyyyn")
    story.send("tab 1", "tab 1-10.0-5", at=70.2).ack("tab 1", "tab 1-10.0-5", 6, at=70.21)
    verdict = tries(story, "yyyyn", begin=70.3).judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["windows"] == 2
    assert_violated(tries(story, "y", begin=71.0).judge("admits-exactly"), "was admitted")


def test_an_answer_that_took_longer_than_a_window_leaves_it_open() -> None:
    story = limited()
    story.send("tab 1", "slow", at=10.0).ack("tab 1", "slow", 1, at=75.0)
    verdict = tries(tries(story, "yyyyn", begin=80.0), "yyyyyn", begin=141.0).judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["windows"] == 2


def counted(count: int, left: float) -> Story:
    """Five admitted from 10.0 s on, one refused, and the counter read at 15.0 s."""
    return tries(limited(), "yyyyyn").add("limit-counter", "ann", {"count": count, "left": left}, at=15.0)


def test_the_counter_says_what_was_admitted() -> None:
    verdict = counted(5, 55.0).judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["counter readings"] == 1


@pytest.mark.parametrize(
    ("count", "left", "words"),
    [
        (5, -1, "it counted 5 and had no expiry"),
        (0, -2, "it must count 5, because so many were admitted in its window; however, it counted 0"),
        (6, 55.0, "it counted 6"),
        (5, 1800.0, "it must end within 60 s"),
    ],
)
def test_a_counter_that_is_wrong(count: int, left: float, words: str) -> None:
    assert_violated(counted(count, left).judge("admits-exactly"), "the counter of ann is wrong", words)


def test_a_counter_after_its_window() -> None:
    story = tries(limited(), "yyyyyn").add("limit-counter", "ann", {"count": 0, "left": -2}, at=71.0)
    assert_holds(story.judge("admits-exactly"))


def test_a_message_under_way_may_be_counted() -> None:
    story = tries(limited(), "yyyyyn").send("tab 1", "lost", at=80.0)
    assert_holds(story.add("limit-counter", "ann", {"count": 1, "left": 59.5}, at=80.5).judge("admits-exactly"))


def test_told_to_wait_longer_than_the_window_lasts() -> None:
    story = tries(limited(), "yyyyy").send("tab 1", "late", at=40.0).refuse("tab 1", "late", retry_after=60, at=40.01)
    assert_violated(story.judge("admits-exactly"), "tab 1 was told to wait 60 s: until 70.010 s at most")


def test_the_wait_was_not_honoured() -> None:
    story = limited()
    for number in range(5):
        story.send("tab 1", f"m{number}", at=10 + number).ack("tab 1", f"m{number}", number + 1, at=10.01 + number)
    story.send("tab 1", "x", at=20.0).refuse("tab 1", "x", retry_after=10, at=20.01)
    story.send("tab 1", "y", at=31.0).refuse("tab 1", "y", retry_after=39, at=31.01)
    assert_violated(story.judge("admits-exactly"), "was refused after the wait")


def test_two_tabs_racing_on_the_fifth_place() -> None:
    story = tries(limited(), "yyyy")
    story.send("tab 1", "x", at=11.0).send("tab 2", "y", at=11.001).refuse("tab 1", "x", at=11.02).ack("tab 2", "y", 5, at=11.03)
    assert_holds(story.judge("admits-exactly"))


def test_two_tabs_racing_past_the_limit() -> None:
    story = tries(limited(), "yyyy")
    story.send("tab 1", "x", at=11.0).send("tab 2", "y", at=11.001).ack("tab 1", "x", 5, at=11.02).ack("tab 2", "y", 6, at=11.03)
    assert_violated(story.judge("admits-exactly"), "was admitted as number 6")


def test_sending_again_does_not_count() -> None:
    story = tries(limited(), "yyyyy")
    story.send("tab 1", "tab 1-10.0-0", at=11).ack("tab 1", "tab 1-10.0-0", 1, at=11.01, duplicate=True)
    assert_holds(story.send("tab 1", "six", at=12.0).refuse("tab 1", "six", retry_after=58, at=12.01).judge("admits-exactly"))


def test_a_message_that_an_error_turned_down_counts_when_it_is_taken() -> None:
    story = tries(limited(), "yyyyyn").send("tab 1", "later", at=12.0)
    story.frame_in("tab 1", "error_message", {"code": "unavailable", "message_id": "later"}, at=12.01)
    assert_holds(story.send("tab 1", "later", at=71.0).ack("tab 1", "later", 6, at=71.01).judge("admits-exactly"))


def test_upgraded_to_no_limit() -> None:
    story = tries(limited(), "yyyyyn").add("limit", "ann", {"limit": None, "window": 60}, at=20.0)
    assert_holds(tries(story, "yyyyyyyy", begin=21.0).judge("admits-exactly"))
    assert_violated(tries(story, "n", begin=25.0).judge("admits-exactly"), "ann has no limit")


def test_refused_and_yet_stored_or_answered() -> None:
    story = tries(limited(), "yyyyyn")
    story.add("stored", "messages", {"rows": [{"id": "tab 1-10.0-5", "thread_id": "t", "seq": 6}]})
    assert_violated(story.judge("admits-exactly"), "was stored: it must not be")
    story = tries(limited(), "yyyyyn").run_event("tab 1", "agent_started", "r", 1, query="tab 1-10.0-5")
    assert_violated(story.judge("admits-exactly"), "was answered: it must not be")


def test_too_few_attempts_prove_nothing() -> None:
    assert_invalid(tries(limited(), "yyy").judge("admits-exactly"), "Only 0 full windows")


# --- one-connection ---


def test_closed_when_the_token_expired() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="a", expires_at=WALL + 2)
    story.add("closed", "tab 1", {"code": 4401, "by": "server"}, at=2.3)
    assert_violated(
        story.judge("one-connection"), "tab 1 lost its connection", "only its token expired, at 2.000 s", "with code 4401"
    )


def test_a_tab_that_is_told_of_each_expiry_and_one_that_is_not() -> None:
    story = Story().tabs("ann", "tab 1").add("expiry-notice", "tab 1", {"told": True})
    assert_holds(story.judge("one-connection", expiries_lived_through=0, notices=1))
    assert_violated(
        story.add("expiry-notice", "tab 1", {"told": False}).judge("one-connection", expiries_lived_through=0),
        "tab 1 was not told that its token is about to expire",
    )


def test_another_greeting_of_one_connection_and_the_greeting_of_the_next() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="a", connection="c1", expires_at=WALL + 2)
    again = {"connection_id": "c2", "user_id": "a"}
    verdict = story.frame_in("tab 1", "connection_established", again, at=1.0).judge("one-connection", expiries_lived_through=0)
    assert_violated(verdict, "tab 1 was given another connection")
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="a", connection="c1", expires_at=WALL + 2)
    story.close("tab 1", by="client").open("tab 1", account="a", connection="c2")
    assert_holds(story.judge("one-connection", expiries_lived_through=0))


def test_open_past_several_expiries() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="a", expires_at=WALL + 2)
    for until in (4, 6, 8):
        story.frame_in("tab 1", "auth_refreshed", {"expires_at": WALL + until}, at=until - 2.5)
    story.add("note", "x", {}, at=7.0)
    verdict = story.judge("one-connection", expiries_lived_through=3)
    assert_holds(verdict)


def held_back(*readings: tuple[float, str, float | None]) -> Story:
    """A page of ann's on which six messages are typed at 10 s, and five are stored at once; then what it shows of the sixth."""
    story = Story().page("ann", "page").add("limit", "ann", {"limit": 5, "window": 60})
    for number in range(6):
        story.add("typed", "page", {"text": f"text {number}"}, at=10 + number / 100)
    for at, state, wait in readings:
        shown = [{"id": f"m{number}", "text": f"text {number}", "role": "user", "state": "stored"} for number in range(5)]
        shown.append({"id": "m5", "text": "text 5", "role": "user", "state": state})
        story.add("page", "page", {"messages": shown, "wait": wait}, at=at)
    return story


def test_a_page_that_holds_back_until_the_window_is_over() -> None:
    verdict = held_back((11, "limited", 60), (50, "limited", 20), (70.5, "stored", None)).judge("admits-exactly")
    assert_holds(verdict)
    assert verdict.counts["full windows"] == 1


def test_a_reading_without_messages_tells_nothing_of_what_is_held_back() -> None:
    story = held_back((11, "limited", 60), (50, "limited", 20)).add("page", "page", {"status": "online"}, at=60)
    story.add("page", "page", {"messages": [{"id": "m5", "text": "text 5", "role": "user", "state": "stored"}]}, at=70.5)
    assert_holds(story.judge("admits-exactly"))


def test_a_page_on_which_nothing_was_held_back_proves_nothing() -> None:
    assert_invalid(held_back((11, "sent", None), (70.5, "sent", None)).judge("admits-exactly"))


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        (((11, "limited", 3660),), "it told to wait 3660 s more at 11.000 s"),
        (
            ((11, "limited", 60), (72, "limited", 1)),
            "m-6 was held back at 11.000 s and still at 72.000 s, and only 0 were admitted",
        ),
    ],
)
def test_a_page_that_waits_for_too_long(readings: tuple[tuple[float, str, float | None], ...], words: str) -> None:
    verdict = held_back(*readings).judge("admits-exactly")
    assert_violated(verdict, "page waits for too long: it must send what it holds back within 60 s", "however", words)


def test_what_is_refused_meanwhile_makes_no_room() -> None:
    story = held_back((11, "limited", 60), (72, "limited", 1)).tabs("ann", "phone")
    for number in range(6):
        story.send("phone", f"p{number}", at=20 + number).refuse("phone", f"p{number}", 50, at=20.5 + number)
    story.add("page", "page", {"status": "online"}, at=73)
    assert_violated(story.judge("admits-exactly"), "m-6 was held back at 11.000 s", "only 0 were admitted meanwhile")


def test_a_page_may_hold_back_what_the_window_after_has_no_room_for() -> None:
    story = held_back((11, "limited", 60))
    for number in range(5):
        tab, at = "phone", 70.2 + number / 10
        story.tabs("ann", tab) if number == 0 else None
        story.send(tab, f"p{number}", at=at).ack(tab, f"p{number}", 10 + number, at=at + 0.01)
    story.add("page", "page", {"messages": [{"id": "m5", "text": "text 5", "role": "user", "state": "limited"}]}, at=72)
    assert_holds(story.judge("admits-exactly"))


def test_a_page_that_changed_its_connection() -> None:
    story = Story().page("ann", "page").add("page", "page", {"connection_id": "c1"}, at=1).add("expiry", "page", at=2)
    assert_holds(story.add("page", "page", {"connection_id": "c1"}, at=3).judge("one-connection"))
    assert_violated(
        story.add("page", "page", {"connection_id": "c2"}, at=4).judge("one-connection"), "page changed its connection"
    )


def test_no_expiry_proves_nothing() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).open("tab 1", account="a", expires_at=WALL + 300)
    assert_invalid(story.judge("one-connection"), "Only 0 expiries lived through")


# --- no-entry ---


def door(**data: object) -> Story:
    return (
        Story()
        .add("attempt", "GET /auth/me", {"credential": "good", "good": True, "admitted": True})
        .add("attempt", "GET /auth/me", data)
    )


def test_an_expired_credential_opened() -> None:
    verdict = door(credential="expired", admitted=True, answer="200").judge("no-entry")
    assert_violated(verdict, "GET /auth/me opened to a credential that is expired", "it answered 200")


def test_a_refusal_that_left_something() -> None:
    assert_violated(
        door(credential="forged", admitted=False, left=["session row"]).judge("no-entry"), "left something behind", "session row"
    )


def test_refused_for_another_reason() -> None:
    verdict = door(credential="replayed", admitted=False, reason="x", expected_reason="state_unknown").judge("no-entry")
    assert_violated(verdict, "must be 'state_unknown'")


def test_refused_as_it_must_be() -> None:
    assert_holds(door(credential="expired", admitted=False, answer="401", reason="x", expected_reason="x").judge("no-entry"))


def test_a_door_at_which_nobody_good_was() -> None:
    story = Story().add("attempt", "GET /auth/me", {"credential": "expired", "admitted": False})
    assert_invalid(story.judge("no-entry"), "At GET /auth/me no good credential was tried")


def test_a_revocation_of_a_tab_that_never_was_proves_nothing() -> None:
    verdict = Story().tabs("ann", "tab 1").add("revoked", "logout", {"tabs": ["tab 9"], "within": 1.0}).judge("no-entry")
    assert_invalid(verdict, "names a tab that never was open")


def test_a_tab_that_was_opened_after_the_revocation_proves_nothing() -> None:
    story = Story().add("tab", "tab 1", {"user": "ann"}).add("revoked", "logout", {"tabs": ["tab 1"], "within": 1.0})
    assert_invalid(
        story.open("tab 1", account="account-ann").judge("no-entry"), "tab 1 was not open when its session was revoked"
    )


def test_a_revoked_session_must_lose_its_tabs() -> None:
    story = Story().tabs("ann", "tab 1").add("revoked", "logout", {"tabs": ["tab 1"], "within": 1.0})
    verdict = story.judge("no-entry")
    assert_violated(verdict, "tab 1 stayed open after its session was revoked")
    assert verdict.retryable
    assert_holds(story.close("tab 1", by="server", code=4401).judge("no-entry"))


def test_a_revoked_session_loses_the_connection_that_a_tab_has_by_then() -> None:
    story = Story().tabs("ann", "tab 1").close("tab 1", by="server").open("tab 1", account="account-ann")
    story.add("revoked", "logout", {"tabs": ["tab 1"], "within": 1.0})
    assert_violated(story.judge("no-entry"), "tab 1 stayed open after its session was revoked")


def test_a_tab_that_the_test_closed_itself_proves_nothing() -> None:
    story = Story().tabs("ann", "tab 1").add("revoked", "logout", {"tabs": ["tab 1"], "within": 1.0}).close("tab 1", by="client")
    assert_violated(story.judge("no-entry"))


def simulated(seed: int, limit: int, slowest: float) -> Story:
    """What a user's two tabs see of a limiter that admits `limit` messages in 60 s: each decision falls between its sending and
    its answer, which is up to `slowest` seconds later; a tab's messages are decided and answered in their order."""
    chance = random.Random(seed)
    decisions, last = [], {"tab 1": (0.0, 0.0), "tab 2": (0.0, 0.0)}
    sent = 10.0
    for number in range(60):
        sent += chance.choice([0.0, 0.5, 5.0, 20.0]) * chance.random()
        tab = chance.choice(list(last))
        delay = slowest * chance.random()
        decided = max(last[tab][0], sent + delay * chance.random())
        answered = max(last[tab][1], decided, sent + delay)
        last[tab] = decided, answered
        decisions.append((decided, sent, answered, tab, f"m-{number}"))
    opened, counted, events = float("-inf"), 0, []
    for decided, begun, answered, tab, message in sorted(decisions):
        if decided >= opened + 60:
            opened, counted = decided, 0
        counted += 1
        wait = 0.0 if counted <= limit else max(0.01, opened + 60 - decided)
        events += [(begun, 0, message, tab, wait), (answered, 1, message, tab, wait)]
    story = limited()
    for at, is_answer, message, tab, wait in sorted(events):
        if not is_answer:
            story.send(tab, message, at=at)
        elif wait:
            story.refuse(tab, message, retry_after=wait, at=at)
        else:
            story.ack(tab, message, 1, at=at)
    return story


@pytest.mark.parametrize("slowest", [0.01, 1.0, 20.0, 100.0])
def test_a_limiter_that_keeps_its_limit_is_never_called_wrong(slowest: float) -> None:
    for seed in range(150):
        verdict = simulated(seed, 5, slowest).judge("admits-exactly")
        assert not verdict.witnesses, f"seed {seed}: {verdict.smallest}"


@pytest.mark.parametrize("limit", [3, 4, 6, 7])
def test_a_limiter_that_miscounts_is_caught(limit: int) -> None:
    """What is sent at the very edge may belong to either window: of limiters that admit one too few, 2 in 150 pass."""
    missed = [seed for seed in range(150) if not simulated(seed, limit, 0.5).judge("admits-exactly").witnesses]
    assert len(missed) <= 3, f"seeds {missed}"
