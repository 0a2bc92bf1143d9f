"""What is known of tabs, accounts and texts while a history is read, in whatever order its facts come."""

from __future__ import annotations

from realstack.history.known import Known


def test_the_first_of_messages_with_a_text_is_the_one_seen_first_also_when_that_is_read_later() -> None:
    known = Known()
    known.seen((2.0, 2, 0), "hello", "second")
    assert known.first_id((3.0, 3), "hello") == "second"
    known.seen((1.0, 1, 0), "hello", "first")
    assert known.first_id((3.0, 4), "hello") == "first"
    assert known.changed() == (3.0, 3)
    known.seen((2.5, 5, 0), "hello", "third")
    assert known.first_id((3.0, 5), "hello") == "first"
    assert known.changed() is None
    assert known.ids("hello") == ["first", "second", "third"]


def test_a_message_that_is_seen_again_stays_where_it_was() -> None:
    known = Known()
    known.seen((1.0, 1, 0), "hello", "first")
    known.seen((2.0, 2, 0), "hello", "second")
    known.seen((3.0, 3, 0), "hello", "first")
    assert known.first_id((4.0, 4), "hello") == "first"
    known.seen((0.5, 4, 0), "hello", "second")
    assert known.first_id((4.0, 5), "hello") == "second"
