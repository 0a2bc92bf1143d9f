"""What a socket has received: nothing is lost before somebody reads, and its end comes once, behind all messages."""

from __future__ import annotations

import uuid

from realstack.core.template import new_uuid
from realstack.websocket.inbox import Inbox


def test_what_came_before_somebody_reads_is_given_first_and_the_rest_as_it_comes() -> None:
    inbox, told = Inbox(), list[object]()
    inbox.put("one")
    inbox.put(b"two")
    inbox.open(told.append, told.append)
    assert told == ["one", b"two"]
    inbox.put("three")
    assert told[2:] == ["three"]


def test_the_end_comes_once_and_behind_all_messages() -> None:
    fault = ValueError("broken")
    late, told = Inbox(), list[object]()
    late.put("one")
    late.close(fault)
    late.close()
    late.open(told.append, told.append)
    assert told == ["one", fault]
    soon, told = Inbox(), list[object]()
    soon.open(told.append, told.append)
    soon.close()
    soon.close(fault)
    assert told == [None]


def test_ids_are_random_uuids() -> None:
    made = [new_uuid() for _ in range(1000)]
    assert len(set(made)) == len(made)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant, str(uuid.UUID(one)) == one) for one in made} == {
        (4, uuid.RFC_4122, True)
    }
