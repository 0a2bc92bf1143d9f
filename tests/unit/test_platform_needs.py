"""What the tests of a run need, told by their tags."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from realstack.platform.keywords.state import KnownTests


@pytest.mark.parametrize(
    ("tags", "most"),
    [
        ([["needs-10-users"], ["needs-50-users", "needs-kill"], ["needs-9-users"]], 50),
        ([["needs-99-files", "needs-7-users-more", "needs-users", "10-users"], ["needs-3-users"]], 3),
        ([["critical", "needs-kill"]], 0),
        ([], 0),
    ],
)
def test_the_greatest_number_among_the_tags_is_what_is_needed(tags: list[list[str]], most: int) -> None:
    tests = KnownTests()
    tests.are([SimpleNamespace(tags=given) for given in tags])
    assert tests.most("users") == most


def test_before_tests_are_known_no_number_is_needed() -> None:
    assert KnownTests().most("users") == 0


def test_kinds_are_what_tags_of_that_need_end_with() -> None:
    tests = KnownTests()
    tests.are(
        [SimpleNamespace(tags=["needs-work-visit", "needs-kill"]), SimpleNamespace(tags=["needs-work-login", "needs-work-visit"])]
    )
    assert tests.kinds("work") == ["login", "visit"]
    assert tests.kinds("play") == []
    assert KnownTests().kinds("work") == []
