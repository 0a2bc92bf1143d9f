"""said-is-stored and no-crosstalk to the last word and event: each clause and boundary has a story of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from story import Story, assert_told, unanswered

from realstack.history.laws.said import difference
from realstack.history.verdict import Verdict, Witness

QUIET = unanswered()
CANARY = "canary-0123456789abcdef"


def row(message: str, text: str | None, **fields: Any) -> dict[str, Any]:
    return {"id": message, "thread_id": "t", "user_id": "account-ann", "seq": 1, "role": "user", "text": text, **fields}


def stored(story: Story, *rows: Mapping[str, Any], **data: Any) -> Story:
    return story.add("stored", "messages", {"rows": list(rows), **data})


def said(story: Story) -> Verdict:
    return story.judge("said-is-stored", QUIET, texts=0, showings=0)


def ann() -> Story:
    return Story().tabs("ann", "tab 1", "tab 2").page("ann", "page")


# --- said-is-stored ---


@pytest.mark.parametrize(
    ("was", "became", "told"),
    [
        (
            "abc",
            "abd",
            "U+0064 LATIN SMALL LETTER D stands after 'ab' at character 3 where U+0063 LATIN SMALL LETTER C was said ",
        ),
        ("abc", "ab", "nothing more stands after 'ab' at character 3 where U+0063 LATIN SMALL LETTER C was said "),
        ("ab", "abc", "U+0063 LATIN SMALL LETTER C stands after 'ab' at character 3 where nothing more was said "),
        ("a", "b", "U+0062 LATIN SMALL LETTER B stands at character 1 where U+0061 LATIN SMALL LETTER A was said "),
        ("\x00", "", "nothing more stands at character 1 where U+0000 without a name was said "),
        ("0123456789abcx", "0123456789abcy", "U+0079 LATIN SMALL LETTER Y stands after '123456789abc' at character 14 where"),
    ],
)
def test_the_first_difference_is_told(was: str, became: str, told: str) -> None:
    assert difference(was, became).startswith(told)
    assert difference(was, became).endswith(f"({len(became)} characters, {len(was)} were said)")


def test_every_layer_is_compared_with_what_was_sent_first() -> None:
    story = ann().send("tab 1", "a", "one").send("tab 1", "a", "other").deliver("tab 1", "a", 1, text="one")
    story.deliver("tab 2", "a", 1, text="two").add("page", "page", {"messages": [{"id": "a", "role": "user", "text": "six"}]})
    story.frame_in("tab 2", "message", {"message_id": "a", "seq": 1, "role": "user"}, thread_id="t").add(
        "page", "page", {"status": "x"}
    )
    assert_told(
        said(stored(story, row("a", "ten"), row("a", None))),
        Witness(
            "m-1 on tab 2 is not as it was said: it must be what tab 1 had at 0.080 s; however, at 0.110 s U+0074 "
            "LATIN SMALL LETTER T stands at character 1 where U+006F LATIN SMALL LETTER O was said (3 characters, "
            "3 were said).",
            0.11,
            (7, 10),
        ),
        Witness(
            "m-1 on page is not as it was said: it must be what tab 1 had at 0.080 s; however, at 0.120 s U+0073 "
            "LATIN SMALL LETTER S stands at character 1 where U+006F LATIN SMALL LETTER O was said (3 characters, "
            "3 were said).",
            0.12,
            (7, 11),
        ),
        Witness(
            "m-1 on the store messages is not as it was said: it must be what tab 1 had at 0.080 s; however, at "
            "0.150 s U+0074 LATIN SMALL LETTER T stands at character 1 where U+006F LATIN SMALL LETTER O was said "
            "(3 characters, 3 were said).",
            0.15,
            (7, 14),
        ),
        texts=1,
        showings=4,
    )


def test_what_nobody_sent_is_compared_with_where_it_was_seen_first() -> None:
    story = ann().run_event("tab 1", "agent_completed", "r", 1, answer="x", text="one").run_event("tab 1", "stream_chunk", "r", 2)
    story.run_event("tab 2", "agent_completed", "r", 1, text="none").run_event("tab 2", "agent_completed", "s", 1, answer="y")
    assert_told(
        said(story.deliver("tab 1", "x", 1, role="agent", text="two").deliver("tab 1", "y", 1, role="agent", text="y")),
        Witness(
            "m-1 on tab 1 is not as it was said: it must be what tab 1, as completed had at 0.080 s; however, at "
            "0.120 s U+0074 LATIN SMALL LETTER T stands at character 1 where U+006F LATIN SMALL LETTER O was said "
            "(3 characters, 3 were said).",
            0.12,
            (7, 11),
        ),
        texts=2,
        showings=3,
    )


def test_one_reading_that_contradicts_itself_is_one_event() -> None:
    assert_told(
        said(stored(ann(), row("x", "one"), row("x", "two"))),
        Witness(
            "m-1 on the store messages is not as it was said: it must be what the store messages had at 0.080 s; "
            "however, at 0.080 s U+0074 LATIN SMALL LETTER T stands at character 1 where U+006F LATIN SMALL LETTER "
            "O was said (3 characters, 3 were said).",
            0.08,
            (7,),
        ),
        texts=1,
        showings=2,
    )


def thing(story: Story, kind: str, layer: str, name: str, text: str | None, **facts: Any) -> Story:
    return story.add(kind, layer, {"thing": name, "text": text, **facts})


def test_things_and_what_shows_them() -> None:
    story = thing(thing(Story(), "said", "ann", "title", "old"), "said", "ann", "title", "Tea")
    thing(thing(story, "shown", "page", "title", "Tea"), "shown", "log", "title", "with Tea today", quotes=True)
    thing(thing(story, "shown", "mail", "title", "Te"), "shown", "disk", "title", "no cup", quotes=True)
    thing(thing(story, "shown", "a", "file", None), "shown", "b", "file", "x")
    assert_told(
        said(story),
        Witness(
            "title on mail is not as it was said: it must be what ann had at 0.020 s; however, at 0.050 s nothing "
            "more stands after 'Te' at character 3 where U+0061 LATIN SMALL LETTER A was said (2 characters, 3 "
            "were said).",
            0.05,
            (1, 4),
        ),
        Witness(
            "title on disk is not as it was said: it must hold what ann had at 0.020 s; however, at 0.060 s U+006E "
            "LATIN SMALL LETTER N stands at character 1 where U+0054 LATIN CAPITAL LETTER T was said (6 "
            "characters, 3 were said).",
            0.06,
            (1, 5),
        ),
        Witness(
            "file on b is not as it was said: it must be what a had at 0.070 s; however, at 0.080 s U+0078 LATIN "
            "SMALL LETTER X stands at character 1 where nothing more was said (1 characters, 0 were said).",
            0.08,
            (6, 7),
        ),
        texts=2,
        showings=6,
    )


def piece(
    story: Story, tab: str, number: int | None, text: str | None, *, stage: str = "stream_chunk", answer: str | None = None
) -> Story:
    payload = {"text": text, "message_id": answer}
    return story.frame_in(tab, stage, payload, run_id="r", event_id=f"e{len(story.events)}", n=number, thread_id="t")


def streamed(*texts: str | None, end: str | None = "one two", answer: str | None = "x", last: int | None = None) -> Story:
    story = ann()
    for number, text in enumerate(texts, 1):
        piece(story, "tab 1", number, text)
    return piece(story, "tab 1", last or len(texts) + 1, end, stage="agent_completed", answer=answer)


def test_pieces_make_up_the_answer() -> None:
    assert_told(
        said(piece(streamed("one", None, " too"), "tab 1", 2, "again")),
        Witness(
            "the answer of run r-1 on tab 1, as it was streamed, is not as it was said: it must be what tab 1 had "
            "at 0.110 s; however, at 0.100 s U+006F LATIN SMALL LETTER O stands after 'one t' at character 6 where "
            "U+0077 LATIN SMALL LETTER W was said (7 characters, 7 were said).",
            0.1,
            (10, 9),
        ),
        texts=1,
        showings=1,
    )


@pytest.mark.parametrize(
    "story",
    [
        streamed("one", " two"),
        streamed("one", " too", answer=None),
        streamed("one", " too", end=None),
        streamed("one", " too", last=4),
        streamed(),
        piece(streamed("one", " two"), "tab 1", None, "x"),
        piece(streamed("one", " two"), "tab 2", 1, "x"),
    ],
)
def test_what_is_no_whole_answer_in_pieces(story: Story) -> None:
    assert said(story).witnesses == ()


def typed(text: str, at: float | None = None) -> Story:
    """Something was typed on a page and stands nowhere under its words."""
    return ann().add("typed", "page", {"text": text, "thread": "t"}, at=at)


@pytest.mark.parametrize(
    ("fields", "users", "told"),
    [
        ({}, None, True),
        ({"role": "agent"}, None, False),
        ({"text": None}, None, False),
        ({"id": "old"}, None, False),
        ({"id": "sent"}, None, False),
        ({"user_id": "account-bob"}, None, False),
        ({"user_id": "stranger"}, None, True),
        ({"user_id": "stranger"}, ["ann"], True),
        ({"user_id": "stranger"}, ["bob"], False),
        ({"user_id": "account-bob"}, ["ann"], False),
        ({"user_id": None}, ["ann"], True),
    ],
)
def test_what_was_typed_is_changed_where_a_message_stands_that_nobody_said(
    fields: dict[str, Any], users: list[str] | None, told: bool
) -> None:
    story = typed("helo").tabs("bob", "bob 1").add("baseline", "x", {"messages": ["old"]}).send("tab 1", "sent", "hello")
    assert bool(said(stored(story, {**row("x", "hello"), **fields}, users=users)).witnesses) is told


@pytest.mark.parametrize(("at", "told"), [(5.0, False), (4.9, True)])
def test_what_was_read_before_it_was_typed_is_not_it(at: float, told: bool) -> None:
    story = typed("helo", at=at)
    assert bool(said(story.add("stored", "messages", {"rows": [row("x", "hello")]}, at=5.0)).witnesses) is told


def test_each_stray_message_is_of_one_that_was_typed() -> None:
    story = stored(typed("helo").add("typed", "page", {"text": "by"}), row("x", "hello"), row("y", "bye"))
    assert_told(
        said(stored(story, row("x", "hello"), row("y", "bye"))),
        Witness(
            "m-3 in the store messages is not as it was said: it must be what page had at 0.080 s; however, at "
            "0.100 s U+006C LATIN SMALL LETTER L stands after 'hel' at character 4 where U+006F LATIN SMALL LETTER "
            "O was said (5 characters, 4 were said).",
            0.1,
            (7, 9),
        ),
        Witness(
            "m-4 in the store messages is not as it was said: it must be what page had at 0.090 s; however, at "
            "0.100 s U+0065 LATIN SMALL LETTER E stands after 'by' at character 3 where nothing more was said (3 "
            "characters, 2 were said).",
            0.1,
            (8, 9),
        ),
        texts=4,
        showings=4,
    )


def test_a_message_in_another_conversation() -> None:
    story = ann().send("tab 1", "a", "one", thread="t").send("tab 1", "a", "one", thread="u").ack("tab 1", "a", 1, thread="v")
    story.deliver("tab 2", "a", 1, thread="w", text="one").send("tab 1", "b", "two", thread="").deliver(
        "tab 1", "b", 2, text="two"
    )
    story.add("typed", "page", {"message": "c", "text": "three", "thread": "t"}).deliver(
        "tab 1", "c", 3, thread="w", text="three"
    )
    story.frame_in("tab 1", "message_accepted", {"message_id": "a"})
    assert_told(
        said(stored(story, row("a", "one", thread_id="z"), row("a", "one"), row("d", "four", thread_id="z"))),
        Witness(
            "m-1 is in another conversation than it was said in: it must be in t-1, because tab 1 sent it there at "
            "0.080 s; however, at 0.100 s it is in t-3 by its acknowledgement on tab 1.",
            0.1,
            (7, 9),
        ),
        Witness(
            "m-1 is in another conversation than it was said in: it must be in t-1, because tab 1 sent it there at "
            "0.080 s; however, at 0.110 s it is in t-4 by tab 2.",
            0.11,
            (7, 10),
        ),
        Witness(
            "m-1 is in another conversation than it was said in: it must be in t-1, because tab 1 sent it there at "
            "0.080 s; however, at 0.170 s it is in t-5 by the store messages.",
            0.17,
            (7, 16),
        ),
        texts=4,
        showings=6,
    )


# --- no-crosstalk ---


def users(canary: str = CANARY) -> Story:
    return Story().tabs("ann", "ann 1").tabs("bob", "bob 1").add("canary", "ann", {"canary": canary})


def crosstalk(story: Story) -> Verdict:
    return story.judge("no-crosstalk", QUIET, users=0, canaries=0, pieces_of_evidence=0)


def test_a_canary_in_each_kind_of_evidence() -> None:
    story = users().page("bob", "page").send("ann 1", "a", CANARY)
    story.frame_in("bob 1", "note", {"b": "x" * 50 + CANARY.upper() + "y" * 30, "a": "Ä"}).add("page", "page", {"text": CANARY})
    story.add("seen", "bob", {"what": "a file", "content": f"…{CANARY}"}).add("seen", "bob", {"content": {"z": CANARY, "a": 1}})
    assert_told(
        crosstalk(stored(story, row("x", CANARY, user_id="account-bob"), row("y", "z", user_id="account-bob"))),
        Witness(
            "a frame on bob 1 of bob holds the canary of ann: it must not, because nothing of ann's may reach "
            "another user; however, at 0.100 s it read "
            "…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxCANARY-0123456789ABCDEFyyyyyyyyyyyyyyyyyyyy….",
            0.1,
            (9,),
            ("bob 1",),
        ),
        Witness(
            "the page page of bob holds the canary of ann: it must not, because nothing of ann's may reach another "
            'user; however, at 0.110 s it read …{"text": "canary-0123456789abcdef"}….',
            0.11,
            (10,),
            ("page",),
        ),
        Witness(
            "a file of bob holds the canary of ann: it must not, because nothing of ann's may reach another user; "
            "however, at 0.120 s it read ……canary-0123456789abcdef….",
            0.12,
            (11,),
        ),
        Witness(
            "something of bob holds the canary of ann: it must not, because nothing of ann's may reach another "
            'user; however, at 0.130 s it read …{"a": 1, "z": "canary-0123456789abcdef"}….',
            0.13,
            (12,),
        ),
        Witness(
            "a row in the store messages of bob holds the canary of ann: it must not, because nothing of ann's may "
            'reach another user; however, at 0.140 s it read …"x", "role": "user", "seq": 1, "text": '
            '"canary-0123456789abcdef", "thread_id": "t",….',
            0.14,
            (13,),
        ),
        users=2,
        canaries=1,
        pieces_of_evidence=6,
    )


def test_a_canary_at_home_and_another_users_below_it() -> None:
    story = users().add("canary", "bob", {"canary": "canary-bob"}).deliver("ann 1", "a", 1, text=f"{CANARY} canary-bob")
    assert_told(
        crosstalk(story.deliver("bob 1", "b", 2, text="canary-bob")),
        Witness(
            "a frame on ann 1 of ann holds the canary of bob: it must not, because nothing of bob's may reach "
            'another user; however, at 0.090 s it read …q": 1, "text": "canary-0123456789abcdef canary-bob", '
            '"thread_id": "t"}….',
            0.09,
            (8,),
            ("ann 1",),
        ),
        users=2,
        canaries=2,
        pieces_of_evidence=4,
    )


@pytest.mark.parametrize(
    ("story", "played"),
    [
        (users().send("ann 1", "a", CANARY.upper()), True),
        (users().send("bob 1", "a", CANARY), False),
        (users().frame_out("ann 1", "user_message", {}, message_id="a", thread_id="t"), False),
        (users().add("seen", "ann", {"content": CANARY}), True),
        (users(), False),
    ],
)
def test_a_canary_is_in_play_where_its_own_user_sent_or_saw_it(story: Story, played: bool) -> None:
    lacking = "The canary of ann was never in play: put it into a message before judging."
    assert crosstalk(story).lacking == (() if played else (lacking,))


def test_no_canary_at_all_is_nowhere() -> None:
    story = users("").deliver("bob 1", "x", 1, text="")
    assert_told(
        crosstalk(story),
        users=2,
        canaries=0,
        pieces_of_evidence=0,
    )


def test_rows_of_accounts_that_nobody_is_known_to_have() -> None:
    story = users().send("ann 1", "a", CANARY).add("listener", "carl")
    rows = [
        row("x", CANARY, user_id="who"),
        row("y", "z", user_id="whom"),
        row("z", CANARY, user_id="carl"),
        row("w", CANARY, user_id=None),
    ]
    assert_told(
        crosstalk(stored(story, *rows)),
        Witness(
            "a row in the store messages of carl holds the canary of ann: it must not, because nothing of ann's "
            'may reach another user; however, at 0.100 s it read …"z", "role": "user", "seq": 1, "text": '
            '"canary-0123456789abcdef", "thread_id": "t",….',
            0.1,
            (9,),
        ),
        lacking=(
            "Whose the account who is, is not known, and rows of it hold a canary: let the greeting in the "
            "vocabulary take `account`, or its rows a `user` that is one.",
        ),
        users=3,
        canaries=1,
        pieces_of_evidence=2,
    )
    assert_told(
        crosstalk(users().send("ann 1", "a", CANARY).add("seen", "stranger", {"content": CANARY}).add("stored", "m", {})),
        Witness(
            "something of stranger holds the canary of ann: it must not, because nothing of ann's may reach "
            "another user; however, at 0.090 s it read …canary-0123456789abcdef….",
            0.09,
            (8,),
        ),
        users=2,
        canaries=1,
        pieces_of_evidence=2,
    )


def test_a_message_and_a_run_on_another_users_tab() -> None:
    story = users().send("ann 1", "a", CANARY).send("bob 1", "a", "x").deliver("bob 1", "a", 1).deliver("bob 1", "b", 1)
    story.run_event("bob 1", "agent_thinking", "s", 1).run_event("bob 1", "stream_chunk", "r", 2)
    story.run_event("ann 1", "agent_started", "r", 1, query="a").run_event("bob 1", "agent_completed", "r", 3)
    assert_told(
        crosstalk(story),
        Witness(
            "bob 1 of bob received m-1: it must not, because ann sent it from ann 1 at 0.080 s; however, it was "
            "delivered at 0.100 s.",
            0.1,
            (7, 9),
            ("ann 1", "bob 1"),
        ),
        Witness(
            "bob 1 of bob received the run r-2: it must not, because the run answers m-1, which ann sent; however, "
            "its chunk came at 0.130 s.",
            0.13,
            (7, 12),
            ("ann 1", "bob 1"),
        ),
        users=2,
        canaries=1,
        pieces_of_evidence=6,
    )


def test_two_users_of_one_account() -> None:
    story = users().send("ann 1", "a", CANARY)
    for tab, account in (
        ("x", "account-ann"),
        ("bob 2", None),
        ("ann 3", None),
        ("bob 3", "account-ann"),
        ("ann 2", "account-ann"),
    ):
        if tab != "x":
            story.add("tab", tab, {"user": tab[:3]})
        story.open(tab, account=account)
    assert_told(
        crosstalk(story),
        Witness(
            "bob 3 of bob was connected as ann: it must be its own account, because two users never share one; "
            "however, the platform named the same account to both, to bob 3 at 0.190 s.",
            0.19,
            (2, 18),
            ("bob 3",),
        ),
        users=2,
        canaries=1,
        pieces_of_evidence=3,
    )
