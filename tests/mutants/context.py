"""A pytest plugin: what is run while a coverage is measured is noted by test, also where Hypothesis calls it."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from coverage import Coverage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tell what runs now, without its parameters."""
    running = Coverage.current()
    assert running is not None
    running.switch_context(item.nodeid.partition("[")[0])
    try:
        return (yield)
    finally:
        running.switch_context("")
