"""bystanders-unchanged: what an operation may change, and of whom."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from story import Story, assert_holds, assert_invalid, assert_violated

from realstack.history.verdict import Outcome

LAW = "bystanders-unchanged"
ANN = {"threads": {"t-1": {"title": "Sums", "seq": 3}, "t-2": {"title": "Other", "seq": 1}}, "plans": {"ann": {"plan": "paid"}}}
BOB = {"threads": {"t-9": {"title": "Bob's", "seq": 1}}}
TITLE = ["threads t-1 title"]


def changed(state: dict[str, Any], part: str, key: str, **fields: Any) -> dict[str, Any]:
    """A state in which a row's fields are others."""
    new = copy.deepcopy(state)
    new.setdefault(part, {}).setdefault(key, {}).update(fields)
    return new


def rename(ann: dict[str, Any], bob: dict[str, Any] = BOB, *, changes: list[str] = TITLE, may: tuple[str, ...] = ()) -> Story:
    """Both are read, Ann's thread is renamed, both are read again as they are then."""
    story = Story().add("state", "ann", {"parts": ANN}).add("state", "bob", {"parts": BOB})
    story.add("operation", "rename", {"user": "ann", "changes": changes, "may": list(may)})
    return story.add("state", "ann", {"parts": ann}).add("state", "bob", {"parts": bob})


def test_what_it_is_about_changes_and_nothing_else() -> None:
    verdict = rename(changed(ANN, "threads", "t-1", title="Products")).judge(LAW)
    assert_holds(verdict)
    assert verdict.tally == "1 operation, 1 bystander, 4 readings, 7 fields, 0 violations"


def test_another_field_of_the_same_row() -> None:
    story = rename(changed(ANN, "threads", "t-1", title="Products", seq=4))
    assert_violated(story.judge(LAW), "rename of ann changed threads t-1 seq of ann", "must stay 3", "at 0.040 s it was 4")


def test_another_row() -> None:
    story = rename(changed(changed(ANN, "threads", "t-1", title="Products"), "threads", "t-2", title="Products"))
    assert_violated(story.judge(LAW), "changed threads t-2 title of ann", "must stay 'Other'")


def test_another_user() -> None:
    story = rename(changed(ANN, "threads", "t-1", title="Products"), changed(BOB, "threads", "t-9", title="Products"))
    assert_violated(story.judge(LAW), "rename of ann changed threads t-9 title of bob", "it was 'Products'")


def test_what_one_user_may_change_another_may_not() -> None:
    state = changed(BOB, "threads", "t-1", title="Products")
    story = rename(changed(ANN, "threads", "t-1", title="Products"), state, may=("threads t-1 *",))
    assert_violated(story.judge(LAW), "changed threads t-1 added of bob", "must stay nothing")


def test_a_row_that_is_gone() -> None:
    new = changed(ANN, "threads", "t-1", title="Products")
    del new["plans"]["ann"]
    assert_violated(rename(new).judge(LAW), "changed plans ann removed of ann", "must stay {'plan': 'paid'}", "it was nothing")


def test_a_field_that_is_new_or_emptied_is_changed() -> None:
    renamed = changed(ANN, "threads", "t-1", title="Products")
    assert_violated(rename(changed(renamed, "plans", "ann", until=None)).judge(LAW), "changed plans ann until of ann")
    assert_violated(rename(changed(renamed, "plans", "ann", plan="")).judge(LAW), "must stay 'paid'", "it was ''")


def test_every_field_takes_part() -> None:
    changes = ["threads t-1 title", "threads t-1 renamed_at"]
    story = rename(changed(ANN, "threads", "t-1", title="Products"), changes=changes)
    assert_violated(story.judge(LAW), "rename of ann did not change threads t-1 renamed_at", "that is what it is about")


def test_what_may_change_need_not() -> None:
    new = changed(ANN, "threads", "t-1", title="Products")
    assert_holds(rename(new, may=("threads t-1 updated_at", "messages * added")).judge(LAW))
    assert_holds(rename(changed(new, "messages", "m-1", text="x"), may=("messages * added",)).judge(LAW))


def test_refused_work_changes_nothing() -> None:
    assert_holds(rename(ANN, changes=[]).judge(LAW))
    assert_violated(rename(changed(ANN, "threads", "t-1", title="Products"), changes=[]).judge(LAW), "changed threads t-1 title")


def test_operations_between_two_readings_are_taken_together() -> None:
    story = Story().add("state", "ann", {"parts": ANN}).add("state", "bob", {"parts": BOB})
    story.add("operation", "rename", {"user": "ann", "changes": TITLE})
    story.add("operation", "rename", {"user": "bob", "changes": ["threads t-9 title"]})
    story.add("state", "ann", {"parts": changed(ANN, "threads", "t-1", title="Products")}).add("state", "bob", {"parts": BOB})
    assert_violated(story.judge(LAW), "rename of bob did not change threads t-9 title")


def test_nothing_changes_by_itself() -> None:
    story = rename(changed(ANN, "threads", "t-1", title="Products"))
    assert_violated(
        story.add("state", "bob", {"parts": changed(BOB, "threads", "t-9", seq=2)}).judge(LAW),
        "no operation changed threads t-9 seq",
    )


def test_without_readings_around_it_nothing_is_known() -> None:
    story = Story().add("state", "ann", {"parts": ANN}).add("operation", "rename", {"user": "ann"})
    assert_invalid(story.judge(LAW), "not read before and after rename", "Only 0 bystanders")
    only_others = Story().add("state", "bob", {"parts": BOB}).add("operation", "rename", {"user": "ann"})
    assert_invalid(only_others.add("state", "bob", {"parts": BOB}).judge(LAW), "not read before and after rename")


def test_without_a_bystander_nothing_is_known() -> None:
    story = Story().add("state", "ann", {"parts": ANN}).add("operation", "look", {"user": "ann"})
    assert_invalid(story.add("state", "ann", {"parts": ANN}).judge(LAW), "Only 0 bystanders")


ROWS = st.dictionaries(
    st.sampled_from(["k1", "k2"]), st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([None, 0, 1, ""]), min_size=1)
)
STATES = st.dictionaries(st.sampled_from(["p", "q"]), ROWS)


@given(ann=STATES, bob=STATES, seen=STATES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_difference_of_a_bystander_is_found_and_no_other(
    ann: dict[str, Any], bob: dict[str, Any], seen: dict[str, Any]
) -> None:
    story = Story().add("state", "ann", {"parts": ann}).add("state", "bob", {"parts": bob})
    story.add("operation", "anything", {"user": "ann", "may": ["*"]})
    story.add("state", "ann", {"parts": seen}).add("state", "bob", {"parts": seen})
    rows = ({part: rows for part, rows in state.items() if rows} for state in (bob, seen))
    same = next(rows) == next(rows)
    assert (story.judge(LAW, fields=0).outcome is Outcome.HOLDS) is same
