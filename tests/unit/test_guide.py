"""The first adapter that the guide has its readers copy lacks nothing of what its test calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realstack.contract.command import main
from realstack.history.vocabulary import Vocabulary
from support.project import ADAPTERS, ROOT

FIRST = "A Tab Opened Later Has It All"
FILES = {"platform.yaml": "## 1. ", "adapter.resource": "## 3. ", "vocabulary.yaml": "## 4. "}


def test_the_first_adapter_of_the_guide_can_come_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guide = (ROOT / "docs" / "adapter.md").read_text(encoding="utf-8")
    mine = tmp_path / "mine"
    mine.mkdir()
    for name, heading in FILES.items():
        block = re.search(r"```(?:yaml|robotframework)\n(.*?)```", guide[guide.index(heading) :], re.DOTALL)
        assert block is not None
        (mine / name).write_text(block[1], encoding="utf-8")
    Vocabulary.load(mine / "vocabulary.yaml")
    places = ["--adapters", str(ADAPTERS), "--suites", str(ROOT / "suites"), "--results", str(tmp_path / "results")]
    main([str(mine), "--static", "--suite", "02 Tabs", *places])
    out = capsys.readouterr().out
    assert "02 Tabs                    2 run" in out
    assert FIRST not in out, "it is named where something is missing of it"
    assert FIRST in (ROOT / "suites" / "02_tabs.robot").read_text(encoding="utf-8")
    assert FIRST in guide
