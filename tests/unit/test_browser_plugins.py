"""The Browser library's plugins, where no page is wanted; what they do with one is tried by keywords."""

from __future__ import annotations

from pathlib import Path

import pytest
from Browser import Browser

COMPUTER, NODE_ON_DEMAND = "realstack.browser.computer.Computer", "realstack.browser.node_on_demand.NodeOnDemand"
SUITE = {"id": "s1", "longname": "Suite", "status": "PASS"}
TEST = {"id": "s1-t1", "longname": "Suite.Test", "status": "PASS"}


def one_test_without_a_page(folder: Path, *plugins: str) -> Browser:
    library = Browser(plugins=list(plugins))
    library.outputdir = str(folder)
    library._start_suite("Suite", SUITE)
    library._start_test("Test", TEST)
    library._end_test("Test", TEST)
    library._end_suite("Suite", SUITE)
    return library


def test_the_librarys_process_is_not_started(tmp_path: Path) -> None:
    assert one_test_without_a_page(tmp_path, COMPUTER, NODE_ON_DEMAND)._playwright is None


def test_it_would_be_without_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("Browser.playwright.Playwright.start_playwright", lambda _self: asked.append("process"))
    monkeypatch.setattr("Browser.playwright.Playwright.wait_until_server_up", lambda _self: None)
    monkeypatch.setattr("Browser.playwright.Playwright.grpc_channel", lambda self: self._playwright_process)
    with pytest.raises(TypeError):  # nothing answers here
        one_test_without_a_page(tmp_path, COMPUTER)
    assert asked == ["process"]
