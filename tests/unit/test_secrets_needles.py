"""Many texts looked for at once: the same is found as by looking for each by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realstack.secrets.needles import Needles
from realstack.secrets.registry import Registry

# Few characters, so that needles share beginnings and stretches, and overlap.
needles = st.lists(st.text("ab/", min_size=8, max_size=12), min_size=1, max_size=6)
between = st.text("ab/ü\ud83d", max_size=12)


def found(known: list[str], text: str) -> set[tuple[int, str]]:
    looking: Needles[str] = Needles()
    for needle in known:
        looking.add(needle, needle)
    assert len(looking) == len(set(known))
    return set(looking.find(text))


@given(needles, st.lists(st.tuples(between, st.integers(0, 7)), max_size=5))
def test_each_is_found_wherever_it_is(known: list[str], pieces: list[tuple[str, int]]) -> None:
    placed = [*known, known[0][:7], ""]
    text = "".join(piece + placed[which % len(placed)] for piece, which in pieces)
    places = {(at, needle) for needle in known for at in range(len(text)) if text.startswith(needle, at)}
    assert found(known, text) == places


@given(st.integers(0, 30), st.integers(0, 30))
def test_it_is_found_at_every_place(before: int, behind: int) -> None:
    assert found(["p/ss wörd"], "p" * before + "p/ss wörd" + "d" * behind) == {(before, "p/ss wörd")}


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert not found(["eight or"], "")
    assert not found(["eight or"], "eight o")
    assert not set(Needles[str]().find("eight or more"))


def test_a_needle_may_change_its_owner() -> None:
    looking: Needles[int] = Needles()
    looking.add("eight or more", 1)
    looking.add("eight or more", 2)
    assert list(looking.find("eight or more, eight or more")) == [(0, 2), (15, 2)]


def test_one_of_hundreds_of_odd_passwords_is_masked_in_a_large_text() -> None:
    registry = Registry()
    for number in range(300):
        registry.remember(f"pass wörd & {number:04}", "password")
    text = "a message that says nothing. " * 8_000
    assert registry.scrub(text) == text
    told = registry.scrub(f"{text}pass wörd & 0221{text}pass+w%C3%B6rd+%26+0007{text}")
    assert told == f"{text}<hidden>{text}<hidden>{text}"
