"""said-is-stored: what was said comes back as it was said."""

from __future__ import annotations

import pytest
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.history.laws.said import difference

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def one_tab() -> Story:
    return Story().tabs("ann", "tab 1")


def said(words: str) -> Story:
    return one_tab().send("tab 1", "a", words).ack("tab 1", "a", 1)


def page(story: Story, words: str, *, message: str | None = "a", name: str = "page 1") -> Story:
    return story.add("page", name, {"messages": [{"id": message, "role": "user", "state": "stored", "text": words}]})


# --- messages ---


def test_what_is_acknowledged_in_another_conversation_was_not_said_there() -> None:
    story = one_tab().send("tab 1", "a", thread="mine").ack("tab 1", "a", 1, thread="other")
    assert_violated(story.judge("said-is-stored"), "m-1 is in another conversation", "t-1, because tab 1 sent it", "is in t-2")


def test_what_is_delivered_or_stored_in_another_conversation_was_not_said_there() -> None:
    story = one_tab().send("tab 1", "a", thread="mine").deliver("tab 1", "a", 1, thread="other")
    assert_violated(story.judge("said-is-stored"), "by tab 1")
    story = one_tab().send("tab 1", "a", thread="mine").stored(("a", 1), thread="other")
    assert_violated(story.judge("said-is-stored"), "by the store messages")


def test_where_a_message_is_counts_from_its_first_sending() -> None:
    story = one_tab().send("tab 1", "a", thread="mine").ack("tab 1", "a", 1, thread="mine").send("tab 1", "a", thread="other")
    story.ack("tab 1", "a", 1, thread="mine", duplicate=True).stored(("a", 1), thread="mine")
    assert_holds(story.judge("said-is-stored"))


@pytest.mark.parametrize(
    ("words", "shown", "told"),
    [
        (COMPOSED, DECOMPOSED, "U+0065 LATIN SMALL LETTER E stands after 'caf' at character 4 where U+00E9"),
        (" a ", "a", "U+0061 LATIN SMALL LETTER A stands at character 1 where U+0020 SPACE was said"),
        ("a\r\nb", "a\nb", "U+000A without a name stands after 'a' at character 2 where U+000D"),
        ("<b>", "&lt;b&gt;", "U+0026 AMPERSAND"),
        ("abc", "ab", "nothing more stands after 'ab' at character 3 where U+0063"),
        ("ab", "abc", "where nothing more was said (3 characters, 2 were said)"),
    ],
)
def test_the_smallest_difference(words: str, shown: str, told: str) -> None:
    assert_violated(said(words).deliver("tab 1", "a", 1, text=shown).judge("said-is-stored"), "m-1 on tab 1", told)


def test_the_longest_history_that_just_holds() -> None:
    story = one_tab().page("ann", "page 1")
    texts = {f"m{n}": f"{n} {COMPOSED}\u200b\r\n" for n in range(50)}
    for seq, (message, words) in enumerate(texts.items(), 1):
        story.send("tab 1", message, words).ack("tab 1", message, seq).deliver("tab 1", message, seq, text=words)
        page(story, words, message=message)
    story.stored(*((message, seq) for seq, message in enumerate(texts, 1)), texts=texts)
    assert_holds(story.judge("said-is-stored", texts=50, showings=150))


def test_the_row_is_another() -> None:
    verdict = said(COMPOSED).stored(("a", 1), texts={"a": DECOMPOSED}).judge("said-is-stored")
    assert_violated(verdict, "m-1 on the store messages is not as it was said", "what tab 1 had")


def test_the_page_is_another() -> None:
    assert_violated(page(said("a  b").page("ann", "page 1"), "a b").judge("said-is-stored"), "m-1 on page 1")


def test_sent_again_with_other_words_the_first_ones_count() -> None:
    story = said("first").send("tab 1", "a", "second").ack("tab 1", "a", 1, duplicate=True).deliver("tab 1", "a", 1, text="first")
    assert_holds(story.judge("said-is-stored"))


def test_an_answer_that_nobody_sent_is_the_same_everywhere() -> None:
    story = Story().tabs("ann", "tab 1", "tab 2").deliver("tab 1", "x", 1, role="agent", text="= 450")
    assert_violated(
        story.deliver("tab 2", "x", 1, role="agent", text="= 451").judge("said-is-stored"), "m-1 on tab 2", "tab 1 had"
    )


def test_nothing_that_shows_what_was_said_is_no_verdict() -> None:
    assert_invalid(said("a").judge("said-is-stored"), "Only 0 showings")


# --- what was typed ---


def test_typed_and_stored_otherwise() -> None:
    story = Story().page("ann", "page 1").add("typed", "page 1", {"text": COMPOSED})
    verdict = story.stored(("a", 1), texts={"a": DECOMPOSED}).judge("said-is-stored")
    assert_violated(verdict, "what page 1 had", "U+00E9")


def test_typed_and_still_on_its_way_is_no_violation() -> None:
    story = one_tab().send("tab 1", "a").ack("tab 1", "a", 1).page("ann", "page 1").add("typed", "page 1", {"text": "b"})
    assert_holds(story.stored(("a", 1)).judge("said-is-stored"))


# --- answers in pieces ---


def streamed(*pieces: str, whole: str, lost: int | None = None) -> Story:
    story = one_tab().deliver("tab 1", "x", 1, role="agent", text=whole, run="r").run_event("tab 1", "agent_started", "r", 1)
    for number, piece in enumerate(pieces, 2):
        if number != lost:
            payload = {"text": piece}
            story.frame_in("tab 1", "stream_chunk", payload, run_id="r", event_id=f"r:{number}", n=number, thread_id="t")
    number = len(pieces) + 2
    end = {"message_id": "x", "text": whole}
    return story.frame_in("tab 1", "agent_completed", end, run_id="r", event_id=f"r:{number}", n=number, thread_id="t")


def test_pieces_make_up_the_answer() -> None:
    assert_holds(streamed("a ", "b", whole="a b").judge("said-is-stored"))


def test_pieces_that_lack_a_blank() -> None:
    assert_violated(streamed("a", "b", whole="a b").judge("said-is-stored"), "the answer of run r-1 on tab 1, as it was streamed")


def test_a_tab_that_missed_a_piece_is_not_judged_by_pieces() -> None:
    assert_holds(streamed("a ", "b", whole="a b", lost=3).judge("said-is-stored"))


# --- things that are no messages ---


def test_a_title_is_what_it_was_called_last() -> None:
    story = (
        Story().add("said", "tab 1", {"thing": "title", "text": "one"}).add("said", "tab 1", {"thing": "title", "text": "two"})
    )
    assert_violated(
        story.add("shown", "the list", {"thing": "title", "text": "one"}).judge("said-is-stored"), "title on the list", "be what"
    )


def test_a_quote_holds_other_words_too() -> None:
    story = Story().add("said", "tab 1", {"thing": "word", "text": COMPOSED})
    story.add("shown", "answer", {"thing": "word", "text": f"Summary: {COMPOSED}!", "quotes": True})
    assert_holds(story.judge("said-is-stored"))
    story.add("shown", "answer", {"thing": "word", "text": f"Summary: {DECOMPOSED}!", "quotes": True})
    assert_violated(story.judge("said-is-stored"), "it must hold what tab 1 had")


def test_equal_beginnings_are_told_where_they_end() -> None:
    assert difference("", "a").startswith("U+0061 LATIN SMALL LETTER A stands at character 1 where nothing more was said")
