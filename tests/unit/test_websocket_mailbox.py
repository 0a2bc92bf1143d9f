"""The mailbox: every received frame can be taken once, whoever waits and whenever it came."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realstack.websocket.mailbox import Closed, Mailbox
from realstack.websocket.match import ANY, Match


def receive(mailbox: Mailbox, **data: Any) -> int:
    return mailbox.add(0.0, "in", "json", data, 10).number


def test_a_wait_takes_what_came_before_it_in_order_of_arrival() -> None:
    mailbox = Mailbox()
    first = receive(mailbox, type="a")
    second = receive(mailbox, type="a")
    waiter = mailbox.start(Match.of("a"))
    assert [frame.number for frame in waiter.taken] == [first]
    mailbox.finish(waiter, keep=True)
    assert [frame.number for frame in mailbox.untaken()] == [second]


def test_frames_that_do_not_match_stay_for_other_waits() -> None:
    mailbox = Mailbox()
    receive(mailbox, type="message")
    receive(mailbox, type="message_accepted")
    for name in ("message_accepted", "message"):
        waiter = mailbox.start(Match.of(name))
        assert waiter.complete, "the order of waits need not be the order of frames"
        mailbox.finish(waiter, keep=True)
    assert mailbox.untaken() == []


def test_two_waits_for_the_same_take_two_frames() -> None:
    mailbox = Mailbox()
    one, two = mailbox.start(Match.of("a")), mailbox.start(Match.of("a"))
    first = receive(mailbox, type="a")
    assert one.complete
    assert not two.complete
    second = receive(mailbox, type="a")
    assert [frame.number for frame in one.taken + two.taken] == [first, second]


def test_an_unfulfilled_wait_gives_back_what_it_took() -> None:
    mailbox = Mailbox()
    waiter = mailbox.start(Match.of("a"), 3)
    numbers = [receive(mailbox, type="a"), receive(mailbox, type="b"), receive(mailbox, type="a")]
    mailbox.finish(waiter, keep=False)
    assert [frame.number for frame in mailbox.untaken()] == numbers


def test_only_frames_after_a_number_count() -> None:
    mailbox = Mailbox()
    old = receive(mailbox, type="a")
    waiter = mailbox.start(Match.of("a"), since=old)
    assert not waiter.complete
    new = receive(mailbox, type="a")
    assert [frame.number for frame in waiter.taken] == [new]


def test_sent_frames_are_kept_but_never_taken() -> None:
    mailbox = Mailbox()
    mailbox.add(0.0, "out", "json", {"type": "a"}, 7)
    assert mailbox.take() == []
    assert len(mailbox.frames()) == 1
    assert mailbox.frames(directions=["in"]) == []
    assert mailbox.counts == {"in": 0, "out": 1}
    assert mailbox.bytes == {"in": 0, "out": 7}


def test_a_watch_sees_what_another_wait_takes() -> None:
    mailbox = Mailbox()
    waiter, watch = mailbox.start(ANY), mailbox.watch(Match.of("a"))
    number = receive(mailbox, type="a")
    assert waiter.complete
    assert watch.seen is not None
    assert watch.seen.number == number
    mailbox.unwatch(watch)


def test_the_ledger_is_bounded_and_says_what_it_lost() -> None:
    mailbox = Mailbox(capacity=3)
    for index in range(5):
        receive(mailbox, type="a", index=index)
    assert [frame.data["index"] for frame in mailbox.frames()] == [2, 3, 4]
    assert [frame.data["index"] for frame in mailbox.untaken()] == [2, 3, 4]
    assert (mailbox.forgotten, mailbox.forgotten_untaken, mailbox.counts["in"]) == (2, 2, 5)


def test_a_ledger_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Mailbox(0)


def test_the_end_of_the_connection_ends_waits_but_keeps_frames() -> None:
    mailbox = Mailbox()
    receive(mailbox, type="a")
    waiter, watch = mailbox.start(Match.of("b")), mailbox.watch(Match.of("b"))
    mailbox.close(Closed(1006, "", "nobody", 0.0))
    assert waiter.ended.is_set()
    assert watch.ended.is_set()
    late = mailbox.start(Match.of("a"))
    assert late.complete, "what was received before the end can still be taken"


def test_many_frames_and_waits_stay_consistent() -> None:
    """Each frame ends with exactly one wait or untaken, in any interleaving."""

    async def scenario() -> None:
        mailbox = Mailbox()
        waiters = [mailbox.start(Match.of(f"kind{index % 3}"), index % 4 + 1) for index in range(12)]
        for index in range(60):
            receive(mailbox, type=f"kind{index % 5}")
        taken = [frame.number for waiter in waiters for frame in waiter.taken]
        for waiter in waiters:
            assert waiter.complete
            mailbox.finish(waiter, keep=True)
        assert len(taken) == len(set(taken))
        assert sorted(taken + [frame.number for frame in mailbox.untaken()]) == list(range(1, 61))

    asyncio.run(scenario())
