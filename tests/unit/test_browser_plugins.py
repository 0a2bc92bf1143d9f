"""The Browser library's plugins, where no page is wanted; what they do with one is tried by keywords."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from Browser import Browser
from Browser.playwright import Playwright

from realstack.browser import node_on_demand

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


@pytest.mark.parametrize("before", [None, "/elsewhere"])
def test_node_has_a_folder_of_its_own_for_temporary_files(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", before) if before else monkeypatch.delenv("TMPDIR", raising=False)
    told: list[str] = []
    monkeypatch.setattr(node_on_demand, "_start", lambda _playwright: told.append(os.environ["TMPDIR"]))
    at_exit: list[tuple[object, ...]] = []
    monkeypatch.setattr("atexit.register", lambda *call: at_exit.append(call))
    node_on_demand.start_in_a_folder_of_its_own(Playwright.__new__(Playwright))
    (folder,) = map(Path, told)
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert os.environ.get("TMPDIR") == before
    ((remove, removed),) = at_exit
    assert removed == folder
    remove(removed)  # type: ignore[operator]
    assert not folder.exists()
