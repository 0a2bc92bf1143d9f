from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from realstack.core.collector import set_apart


class Thing:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def looked_at_again() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_there_is_looked_at_no_more() -> None:
    thing = Thing()
    set_apart()
    assert all(one is not thing for one in gc.get_objects())
    assert gc.get_freeze_count() > 1000


def test_cycles_that_nobody_uses_are_gone_before() -> None:
    left = weakref.ref(Thing())
    set_apart()
    assert left() is None


def test_cycles_that_come_later_are_found() -> None:
    set_apart()
    left = weakref.ref(Thing())
    gc.collect()
    assert left() is None
