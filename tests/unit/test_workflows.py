"""The workflows of CI call what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.project import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def jobs(workflow: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_makes_can_be_made(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    called = set(re.findall(r"""(?m)^\s*(?:.*command: "?|run: )?make ([a-z-]+)""", text))
    for job in jobs(workflow):
        for one in job.get("strategy", {}).get("matrix", {}).get("include", []):
            called |= set(str(one.get("targets", "")).split())
    assert called
    assert called - TARGETS == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_containers_may_break_links_and_results_are_kept(workflow: Path) -> None:
    for job in jobs(workflow):
        assert "--cap-add=NET_ADMIN" in job["container"]["options"]
        kept = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
        assert [step["if"] for step in kept] == ["always()"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_caller_says_is_no_part_of_a_script(workflow: Path) -> None:
    scripts = [step["run"] for job in jobs(workflow) for step in job["steps"] if "run" in step]
    assert not [script for script in scripts if "${{ inputs." in script or "${{ secrets." in script]
