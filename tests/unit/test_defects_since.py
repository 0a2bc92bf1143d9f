"""Which planted bugs a change concerns: what their tests come to by any way, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from defects.catalog import CatalogError, Defect
from defects.since import concerned, unpack

FILES = {
    "docker/backend/app.py": "answer = 42\nquestion = None\n",
    "suites/01_talk.robot": """*** Settings ***
Resource    ../resources/talk.resource
Suite Setup    Prepare

*** Test Cases ***
One Says Something
    [Documentation]    As people do.
    [Tags]    needs-browser
    Say    hello

Another One Reads
    ${read} =    Read
    IF    $read
        Show On Page
    END
""",
    "resources/talk.resource": """*** Variables ***
${GREETING}    hello there
${ELSE}        nothing

*** Keywords ***
Prepare
    Log    ready

Say
    [Documentation]    Says it.
    [Arguments]    ${text}
    Run Keyword And Return Status    Hand_over    ${text}

Hand Over
    [Arguments]    ${text}
    Should Be Equal    ${text}    ${GREETING}
    Call Function    handOver    rows=${ROWS}

Read
    RETURN    ${{$ELSE}}

Show On Page
    Log    shown
""",
    "resources/page.js": "/** Hands over. */\nfunction handOver(page) {\n  page.go();\n}\n\nfunction other() {\n  return 1;\n}\n",
    "resources/tables/rows.py": "ROWS = [1, 2]\nOTHERS = [3]\n",
    "tests/defects/catalog/01_talk.yaml": "- {name: says-wrong, story: old}\n- {name: reads-wrong, story: old}\n",
}


def bug(name: str, test: str, find: str = "answer") -> Defect:
    return Defect(name, "backend/app.py", find, "x", "01_talk", "acked-is-kept", "", test)


BUGS = [bug("says-wrong", "One Says*"), bug("reads-wrong", "Another*\nNobody*")]


def lay_down(folder: Path, changed: dict[str, tuple[str, str]] | None = None) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old, new = (changed or {}).get(name, ("", ""))
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("suites/01_talk.robot", "Say    hello", "Say    hello    twice", ["says-wrong"]),
        ("suites/01_talk.robot", "IF    $read", "IF    not $read", ["reads-wrong"]),
        ("suites/01_talk.robot", "Suite Setup    Prepare", "Suite Setup    Read", ["says-wrong", "reads-wrong"]),
        ("resources/talk.resource", "Log    ready", "Log    steady", ["says-wrong", "reads-wrong"]),
        ("resources/talk.resource", "Should Be Equal    ${text}", "Should Contain    ${text}", ["says-wrong"]),
        ("resources/talk.resource", "hello there", "hi there", ["says-wrong"]),
        ("resources/talk.resource", "        nothing", "        something", ["reads-wrong"]),
        ("resources/talk.resource", "Log    shown", "Log    hidden", ["reads-wrong"]),
        ("resources/tables/rows.py", "[1, 2]", "[1]", ["says-wrong"]),
        ("resources/page.js", "page.go()", "page.back()", ["says-wrong"]),
        ("docker/backend/app.py", "42", "43", ["says-wrong", "reads-wrong"]),
        ("tests/defects/catalog/01_talk.yaml", "reads-wrong, story: old", "reads-wrong, story: new", ["reads-wrong"]),
        ("tests/defects/catalog/01_talk.yaml", "- {name: says-wrong, story: old}\n", "", ["says-wrong"]),
        ("suites/01_talk.robot", "As people do.", "As everybody does.", []),
        ("suites/01_talk.robot", "needs-browser", "needs-faults", []),
        ("resources/talk.resource", "Says it.", "Says that.", []),
        ("resources/tables/rows.py", "[3]", "[4]", []),
        ("resources/page.js", "return 1", "return 2", []),
    ],
)
def test_a_change_concerns_what_comes_to_it(tmp_path: Path, file: str, old: str, new: str, names: list[str]) -> None:
    before, now = lay_down(tmp_path / "before"), lay_down(tmp_path / "now", {file: (old, new)})
    assert [defect.name for defect in concerned(before, now, BUGS)] == names


def test_a_test_that_is_new_concerns_the_bugs_of_all_tests_of_its_journey(tmp_path: Path) -> None:
    more = ("Another One Reads", "Somebody Else\n    Read\n\nAnother One Reads")
    before, now = lay_down(tmp_path / "before"), lay_down(tmp_path / "now", {"suites/01_talk.robot": more})
    anywhere = bug("says-wrong", "")
    assert concerned(before, now, [anywhere, *BUGS]) == [anywhere]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_was_is_asked_of_git(tmp_path: Path) -> None:
    project = lay_down(tmp_path / "project")
    git = ["git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *words], check=True)
    lay_down(project, {"docker/backend/app.py": ("42", "43")})
    unpack(project, "HEAD", tmp_path / "before")
    assert (tmp_path / "before/docker/backend/app.py").read_text(encoding="utf-8") == FILES["docker/backend/app.py"]
    assert concerned(tmp_path / "before", project, BUGS) == BUGS
    with pytest.raises(CatalogError, match="git knows no project of 'nowhere'"):
        unpack(project, "nowhere", tmp_path / "nowhere")
