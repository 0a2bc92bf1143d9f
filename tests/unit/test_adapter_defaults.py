"""What an adapter leaves out is as `defaults.resource` says, wherever it stands; what it says itself goes before that."""

from __future__ import annotations

from pathlib import Path

import pytest
from robot import run

from support.project import ROOT

RESOURCE = """\
*** Settings ***
Resource    ${ADAPTER.defaults}

*** Keywords ***
Answer Should Be Right
    [Arguments]    ${id}
    No Operation
"""
SUITE = """\
*** Settings ***
Resource       {root}/resources/platform.resource
Suite Setup    Ensure Platform Is Running

*** Test Cases ***
T
    Change Plan    ann    free
    {calls}
"""


@pytest.mark.parametrize(
    ("calls", "code"), [("Answer Should Be Right    m-1", 0), ("Answer Should Be Right    m-1    42    tab", 1)]
)
def test_what_an_adapter_says_itself_goes_before_the_defaults(tmp_path: Path, calls: str, code: int) -> None:
    mine = tmp_path / "elsewhere" / "mine"
    mine.mkdir(parents=True)
    (mine / "platform.yaml").write_text("driver: external\n", encoding="utf-8")
    (mine / "vocabulary.yaml").write_text("name: mine\n", encoding="utf-8")
    (mine / "adapter.resource").write_text(RESOURCE, encoding="utf-8")
    suite = tmp_path / "suite.robot"
    suite.write_text(SUITE.format(root=ROOT, calls=calls), encoding="utf-8")
    assert run(suite, dryrun=True, variable=f"PLATFORM:{mine}", outputdir=tmp_path, output=None, log=None, report=None) == code
