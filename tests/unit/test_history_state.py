"""Laws about state (converges, bystanders-unchanged, all-or-nothing, whole-file, same-claims) to the last word and event."""

from __future__ import annotations

from typing import Any

import pytest
from story import Story, assert_told

from realstack.history.laws.bystanders import changes_between
from realstack.history.verdict import Verdict, Witness

# --- converges ---


def renamed(*tabs: str, others: tuple[str, ...] = ()) -> Story:
    """Ann's tabs are open from the beginning, and bob's."""
    return Story().tabs("ann", *tabs).tabs("bob", *others)


def ask(story: Story, tab: str, title: str, at: float, thread: str = "t") -> Story:
    return story.frame_out(tab, "thread_rename", {"title": title}, at=at, thread_id=thread)


def tell(story: Story, tab: str, title: str, at: float, thread: str = "t") -> Story:
    return story.frame_in(tab, "thread_renamed", {"title": title}, at=at, thread_id=thread)


def look(story: Story, place: str, value: Any, at: float, *, of: str = "title", took: float = 0.0, asked: bool = False) -> Story:
    return story.add("setting", place, {"of": of, "about": "t", "value": value, "took": took, "asked": asked}, at=at)


def converges(story: Story) -> Verdict:
    return story.judge("converges")


def test_places_that_differ_in_the_end() -> None:
    story = ask(renamed("tab 1", "tab 2", "tab 3"), "tab 1", "one", 1.0)
    for tab, title, at in (("tab 1", "one", 1.5), ("tab 2", "none", 1.6), ("tab 3", "one", 1.7), ("tab 2", "two", 1.8)):
        tell(story, tab, title, at)
    assert_told(
        converges(story),
        Witness(
            "tab 2 has another title of t-1 than it must: 'one', because tab 1 had it at 1.500 s; however, its "
            "last word is 'two' at 1.800 s.",
            1.8,
            (10, 13),
            (),
            retryable=True,
        ),
        Witness(
            "tab 2 has another title of t-1 than it must: 'one', because tab 1 asked for it at 1.000 s; however, "
            "its last word is 'two' at 1.800 s.",
            1.8,
            (9, 13),
            (),
            retryable=True,
        ),
        things=1,
        changes=1,
        places=3,
    )


@pytest.mark.parametrize(("began", "counts"), [(1.5, True), (1.499, False)])
def test_the_word_of_a_place_counts_that_was_read_after_a_tab_was_told(began: float, counts: bool) -> None:
    story = tell(tell(ask(renamed("tab 1", "tab 2"), "tab 1", "one", 1.0), "tab 1", "one", 1.5), "tab 2", "one", 1.6)
    assert bool(converges(look(story, "store", "old", began + 1.0, took=1.0)).witnesses) is counts


@pytest.mark.parametrize(("told", "counts"), [(1.0, True), (0.5, False)])
def test_a_change_comes_about_when_it_is_told_from_when_it_was_asked_for(told: float, counts: bool) -> None:
    # A tab that was told the same before is not what the change brought about; then it counts from when it was asked for.
    story = tell(renamed("tab 1"), "tab 1", "one", 0.5) if not counts else renamed("tab 1")
    story = ask(story, "tab 1", "one", 1.0)
    story = tell(tell(story, "tab 1", "one", told) if counts else story, "tab 1", "one", 3.0)
    assert bool(converges(look(story, "store", "old", 2.0)).witnesses) is counts


def test_a_page_counts_when_it_was_read_since() -> None:
    story = ask(renamed("tab 1").page("ann", "page"), "tab 1", "one", 1.0)
    tell(look(story, "page", "old", 0.5), "tab 1", "one", 1.5)
    assert_told(
        converges(look(story, "store", "one", 2.0)),
        things=1,
        changes=1,
        places=3,
    )


def test_a_closed_tab_has_no_last_word() -> None:
    story = tell(
        tell(ask(renamed("tab 1", "tab 2"), "tab 1", "one", 1.0), "tab 2", "old", 1.2).close("tab 2"), "tab 1", "one", 1.5
    )
    assert_told(
        converges(story),
        things=1,
        changes=1,
        places=2,
    )


def test_of_changes_the_one_wins_that_was_asked_for_after_the_others_had_shown() -> None:
    story = tell(ask(renamed("tab 1"), "tab 1", "one", 1.0), "tab 1", "one", 2.0)
    tell(tell(ask(story, "tab 1", "two", 2.5), "tab 1", "two", 3.0), "tab 1", "one", 3.5)
    assert_told(
        converges(story),
        Witness(
            "tab 1 has another title of t-1 than it must: 'two', because tab 1 asked for it at 2.500 s; however, "
            "its last word is 'one' at 3.500 s.",
            3.5,
            (5, 7),
            (),
            retryable=True,
        ),
        lacking=("Only 1 places, at least 2 must be seen.",),
        things=1,
        changes=2,
        places=1,
    )


@pytest.mark.parametrize(
    ("shown", "asked", "wins"), [(1.0, 2.0, False), (1.5, 2.0, False), (0.9, 2.0, True), (2.0, 2.0, True), (2.5, 2.0, True)]
)
def test_a_change_that_had_not_shown_may_win(shown: float, asked: float, wins: bool) -> None:
    story = renamed("tab 1")
    for at, act, title in sorted([(1.0, "a", "one"), (shown, "b", "one"), (asked, "a", "two"), (4.0, "b", "one")]):
        (ask if act == "a" else tell)(story, "tab 1", title, at)
    assert converges(story).witnesses is not wins


def test_another_value_in_between_shows_no_change() -> None:
    story = tell(ask(renamed("tab 1"), "tab 1", "one", 1.0), "tab 1", "zero", 1.5)
    assert not converges(tell(ask(story, "tab 1", "two", 2.0), "tab 1", "one", 4.0)).witnesses


def marker(story: Story, place: str, value: Any, at: float, *, asked: bool = False) -> Story:
    return look(story, place, value, at, of="read marker", asked=asked)


def test_what_only_grows_never_goes_back() -> None:
    story = renamed("tab 1")
    for value, at in ((3, 1.0), (5, 2.0), (5, 3.0), (4, 4.0), (2, 5.0), (5, 6.0)):
        marker(story, "store", value, at)
    assert_told(
        converges(story),
        Witness(
            "the read marker of t-1 went backwards on store: it must not, because it was 5 there at 3.000 s; "
            "however, it was 4 at 4.000 s.",
            4.0,
            (5, 6),
        ),
        lacking=(
            "Only 0 changes, at least 1 must be seen.",
            "Only 1 places, at least 2 must be seen.",
        ),
        things=1,
        changes=0,
        places=1,
    )
    assert converges(marker(marker(renamed("tab 1"), "store", 0, 1.0), "store", None, 2.0)).witnesses == ()


def test_the_furthest_that_was_told_or_asked_for_within_the_thread() -> None:
    story = renamed("tab 1").ack("tab 1", "a", 4).ack("tab 1", "b", 9, thread="u")
    story.frame_in("tab 1", "message_accepted", {"message_id": "c"}, thread_id="t")
    for value, at in ((5, 1.0), (4, 1.1), (2, 1.2)):
        marker(story, "tab 1", value, at, asked=True)
    assert_told(
        converges(marker(marker(story, "store", 3, 2.0), "page", 3, 2.1)),
        Witness(
            "store has another read marker of t-1 than it must: 4, because tab 1 asked for it at 1.100 s; however, "
            "its last word is 3 at 2.000 s.",
            2.0,
            (7, 9),
            (),
            retryable=True,
        ),
        things=1,
        changes=3,
        places=2,
    )


def test_of_an_empty_thread_nothing_can_be_read() -> None:
    unnumbered = renamed("tab 1").frame_in("tab 1", "message_accepted", {"message_id": "c"}, thread_id="t")
    for story in (renamed("tab 1"), unnumbered):
        assert not converges(marker(marker(story, "tab 1", 1, 1.0, asked=True), "store", 0, 2.0)).witnesses


def test_a_tab_that_was_never_told() -> None:
    story = (
        renamed("tab 1", "tab 2", "tab 3", others=("bob 1",))
        .page("ann", "page")
        .add("page", "page", {"status": "online"}, at=0.5)
    )
    ask(story, "tab 1", "one", 1.0)
    assert_told(
        converges(look(tell(tell(story, "tab 1", "one", 1.5), "tab 3", "one", 1.6), "store", "one", 2.0)),
        Witness(
            "tab 2 was never told the title of t-1: it must, because tab 1 changed it to 'one' at 1.000 s; "
            "however, nothing came until 2.000 s.",
            1.0,
            (14,),
            ("tab 2",),
            retryable=True,
        ),
        things=1,
        changes=1,
        places=3,
    )


@pytest.mark.parametrize(("opened", "due"), [(0.9, True), (1.0, False)])
def test_a_tab_that_was_opened_with_the_change_may_have_read_it(opened: float, due: bool) -> None:
    story = renamed("tab 1").add("tab", "tab 2", {"user": "ann"}).add("opened", "tab 2", at=opened)
    story = look(tell(ask(story, "tab 1", "one", 1.0), "tab 1", "one", 1.5), "store", "one", 2.0)
    assert bool(converges(story).witnesses) is due


# --- bystanders-unchanged ---


def state(story: Story, user: str = "ann", **parts: Any) -> Story:
    return story.add("state", user, {"parts": parts})


def did(story: Story, name: str, user: str, *changes: str, may: tuple[str, ...] = ()) -> Story:
    return story.add("operation", name, {"user": user, "changes": list(changes), "may": list(may)})


def test_a_bystander_that_changed_and_what_did_not() -> None:
    story = Story()
    for user in ("ann", "bob"):
        state(story, user, plans={"p": {"name": "free", "seats": 1}})
    did(did(story, "upgrade", "ann", "plans p name", may=("plans * seats",)), "greet", "bob")
    state(story, "ann", plans={"p": {"name": "free", "seats": 2}})
    assert_told(
        state(story, "bob", plans={"p": {"name": "pro", "seats": 1}}).judge("bystanders-unchanged"),
        Witness(
            "upgrade of ann did not change plans p name: it must, because that is what it is about; however, at "
            "0.050 s it was as at 0.010 s.",
            0.05,
            (0, 2, 4),
        ),
        Witness(
            "upgrade of ann, greet of bob changed plans p name of bob: it must stay 'free', because that is "
            "nothing of what was done after 0.020 s; however, at 0.060 s it was 'pro'.",
            0.06,
            (1, 2, 3, 5),
        ),
        operations=2,
        bystanders=2,
        readings=4,
        fields=4,
    )


def test_what_was_done_before_and_after_two_readings_is_not_between_them() -> None:
    story = did(state(did(Story(), "a", "ann", "x * *"), x={"k": {"f": 1}}), "b", "ann", "x k f")
    assert_told(
        did(state(story, x={"k": {"f": 2}}), "c", "ann", "x k f").judge("bystanders-unchanged"),
        lacking=(
            "The state of its own user was not read before and after a, c.",
            "Only 0 bystanders, at least 1 must be seen.",
        ),
        operations=3,
        bystanders=0,
        readings=2,
        fields=1,
    )


def test_changes_are_told_in_the_order_of_what_was() -> None:
    before = {"a": {"1": {"f": 1, "g": 1}, "2": {}}, "b": {"1": {}}}
    after = {"c": {"1": {"z": 0}}, "a": {"3": {}, "1": {"h": 2, "g": 2}}}
    assert [(change.name, change.before, change.after) for change in changes_between(before, after)] == [
        ("a 1 f", "1", "nothing"),
        ("a 1 g", "1", "2"),
        ("a 1 h", "nothing", "2"),
        ("a 2 removed", "{}", "nothing"),
        ("a 3 added", "nothing", "{}"),
        ("b 1 removed", "{}", "nothing"),
        ("c 1 added", "nothing", "{'z': 0}"),
    ]


def test_a_field_that_is_null_is_not_one_that_is_absent() -> None:
    (change,) = changes_between({"a": {"1": {}}}, {"a": {"1": {"f": None}}})
    assert (change.name, change.before, change.after) == ("a 1 f", "nothing", "None")


def test_long_values_are_cut_to_eighty_characters() -> None:
    shown = [change.after for n in (78, 79) for change in changes_between({"a": {"1": {"f": 0}}}, {"a": {"1": {"f": "x" * n}}})]
    assert shown == [repr("x" * 78), "'" + "x" * 78 + "…"]


# --- all-or-nothing ---


def snapshot(story: Story, source: str = "upgrade", **data: Any) -> Verdict:
    return story.add("snapshot", source, data).judge("all-or-nothing")


def test_an_operation_that_is_there_in_part() -> None:
    assert_told(
        snapshot(Story(), parts={"plan": 1, "row": 0, "event": True, "mail": False}, answer="failed", state="pending"),
        Witness(
            "the operation upgrade is there in part: all of plan, row, event, mail must exist or none, because it "
            "is one operation and the platform answered 'failed'; however, at 0.010 s plan, event existed and row, "
            "mail did not.",
            0.01,
            (0,),
        ),
        operations=1,
        snapshots=1,
        done=0,
    )
    assert_told(
        snapshot(Story(), parts={"plan": 0, "row": 2}),
        Witness(
            "the operation upgrade is there in part: all of plan, row must exist or none, because it is one "
            "operation; however, at 0.010 s row existed and plan did not.",
            0.01,
            (0,),
        ),
        operations=1,
        snapshots=1,
        done=0,
    )


def test_an_operation_that_was_done_more_than_once() -> None:
    assert_told(
        snapshot(Story(), parts={"plan": 2, "row": 1, "event": 3}, answer="failed", state="pending"),
        Witness(
            "the operation upgrade was done more than once: each part must exist once, because it is one "
            "operation; however, at 0.010 s plan existed 2 times, event existed 3 times.",
            0.01,
            (0,),
        ),
        operations=1,
        snapshots=1,
        done=1,
    )


@pytest.mark.parametrize("log", ["pending", "rolling_back", "rolling-back"])
def test_an_operation_that_never_came_to_rest(log: str) -> None:
    (witness,) = snapshot(Story(), parts={"plan": 1, "row": 1}, answer="refused", state=log).witnesses
    assert witness == Witness(
        "the operation upgrade never came to rest: it must be done or undone, because the platform had its time and the platform "
        f"answered 'refused'; however, at 0.010 s its log said {log!r}.",
        0.01,
        (0,),
    )


@pytest.mark.parametrize("answer", ["committed", "done", "succeeded"])
def test_an_operation_that_was_said_to_be_done(answer: str) -> None:
    (witness,) = snapshot(Story(), parts={"plan": 0, "row": 0}, answer=answer).witnesses
    assert witness.text == (
        f"the operation upgrade is not what the platform said: all must exist, because it answered {answer!r}; however, at "
        "0.010 s nothing existed."
    )
    assert not snapshot(Story(), parts={"plan": 1, "row": 1}, answer=answer).witnesses


@pytest.mark.parametrize("answer", ["rolled_back", "rolled-back", "failed", "refused"])
def test_an_operation_that_was_said_not_to_be_done(answer: str) -> None:
    (witness,) = snapshot(Story(), parts={"plan": 1, "row": 1}, answer=answer).witnesses
    assert witness.text == (
        f"the operation upgrade is not what the platform said: nothing must exist, because it answered {answer!r}; however, at "
        "0.010 s plan, row existed."
    )
    assert not snapshot(Story(), parts={"plan": 0, "row": 0}, answer=answer).witnesses


@pytest.mark.parametrize("answer", ["later", None])
@pytest.mark.parametrize("there", [0, 1])
def test_an_answer_that_says_neither_or_no_answer_holds_either_way(answer: str | None, there: int) -> None:
    verdict = snapshot(Story(), parts={"plan": there, "row": there}, answer=answer)
    assert_told(verdict, operations=1, snapshots=1, done=there)


def test_the_last_quiet_snapshot_of_each_operation_counts() -> None:
    story = Story().add("snapshot", "upgrade", {"parts": {"plan": 1, "row": 0}})
    story.add("snapshot", "upgrade", {"parts": {"plan": 0, "row": 0}}).add(
        "snapshot", "other", {"parts": {"plan": "yes", "row": "x"}}
    )
    assert_told(
        snapshot(story, "upgrade", parts={"plan": 1, "row": 0}, quiet=False),
        operations=2,
        snapshots=4,
        done=1,
    )


def test_an_operation_over_one_store_is_none() -> None:
    assert_told(
        snapshot(Story().add("snapshot", "b", {"parts": {"plan": 1, "row": 0}}), "a", parts={"plan": 1}),
        Witness(
            "the operation b is there in part: all of plan, row must exist or none, because it is one operation; "
            "however, at 0.010 s plan existed and row did not.",
            0.01,
            (0,),
        ),
        lacking=("The snapshot of a shows 1 part(s): an operation over stores needs two at least.",),
        operations=2,
        snapshots=2,
        done=1,
    )
    assert_told(
        snapshot(Story(), parts={"plan": 1, "row": 1}, values={"plan": 1, "row": "1"}),
        operations=1,
        snapshots=1,
        done=1,
    )
    assert_told(
        snapshot(Story(), parts={"plan": 1, "row": 1}, values={"plan": "pro", "row": "free"}),
        Witness(
            "the stores disagree after upgrade: they must hold one result, because the operation writes it to all; "
            "however, at 0.010 s plan held 'pro', row held 'free'.",
            0.01,
            (0,),
        ),
        operations=1,
        snapshots=1,
        done=1,
    )


# --- whole-file ---


def layered(*layers: tuple[str, str | None, int | None], file: str = "f") -> Story:
    story = Story()
    for layer, digest, size in layers:
        story.add("file-layer", layer, {"file": file, "sha256": digest, "size": size})
    return story


def test_a_layer_with_other_bytes() -> None:
    assert_told(
        layered(("page", "AB", 1), ("store", "ab", 1), ("disk", "cd", 2), ("copy", "ab", 2)).judge("whole-file"),
        Witness(
            "disk holds other bytes of f: its sha256 must be AB, because page had that at 0.010 s; however, disk "
            "had cd at 0.030 s.",
            0.03,
            (0, 2),
        ),
        Witness(
            "copy holds other bytes of f: its size must be 1, because page had that at 0.010 s; however, copy had 2 at 0.040 s.",
            0.04,
            (0, 3),
        ),
        files=1,
        layers=4,
        searches_for_leftovers=0,
    )


def test_a_layer_without_the_file() -> None:
    assert_told(
        layered(("page", "ab", 1), ("store", None, None), ("disk", "ab", None)).judge("whole-file"),
        Witness(
            "store does not hold f: it must, because page had it at 0.010 s; however, no digest of it was found "
            "there at 0.020 s.",
            0.02,
            (0, 1),
        ),
        files=1,
        layers=3,
        searches_for_leftovers=0,
    )
    assert_told(
        layered(("page", None, 1), ("store", "ab", 1), ("disk", None, 2)).judge("whole-file"),
        Witness(
            "disk holds other bytes of f: its size must be 1, because page had that at 0.010 s; however, disk had 2 at 0.030 s.",
            0.03,
            (0, 2),
        ),
        files=1,
        layers=3,
        searches_for_leftovers=0,
    )


def test_a_layer_alone_and_what_was_left() -> None:
    story = layered(("page", "ab", 1))
    story.add("leftover", "disk", {"file": "g", "found": ["a", "b"]}).add("leftover", "store", {"file": "f", "found": []})
    assert_told(
        story.add("leftover", "rows", {"file": "h", "found": ["c"], "because": "it was refused"}).judge("whole-file"),
        Witness(
            "disk holds something of g: nothing must be left, because the upload was never finished; however, at "
            "0.020 s it held a, b.",
            0.02,
            (1,),
        ),
        Witness(
            "rows holds something of h: nothing must be left, because it was refused; however, at 0.040 s it held c.", 0.04, (3,)
        ),
        lacking=("Only the layer page of f was read: compare it with another at least.",),
        files=3,
        layers=1,
        searches_for_leftovers=3,
    )


# --- same-claims ---


def test_claims_that_changed() -> None:
    story = Story().add("claims", "session", {"claims": {"sub": "a", "role": "x", "iat": 1}})
    story.add("claims", "other", {"claims": {"sub": "b"}}).add(
        "claims", "session", {"claims": {"sub": "a", "role": "x", "iat": 2}}
    )
    assert_told(
        story.add("claims", "session", {"claims": {"role": "y", "sub": "a", "new": 1, "jti": 5}}).judge("same-claims"),
        Witness(
            "the refreshed token of session changed role: it must say 'x', because the token of 0.010 s did and "
            "only its time was over; however, at 0.040 s it says 'y'.",
            0.04,
            (0, 3),
        ),
        Witness(
            "the refreshed token of session changed new: it must say nothing, because the token of 0.010 s did and "
            "only its time was over; however, at 0.040 s it says 1.",
            0.04,
            (0, 3),
        ),
        sessions=2,
        refreshed_tokens=2,
        claims=3,
    )
