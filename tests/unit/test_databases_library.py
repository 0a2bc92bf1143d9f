"""The library `Databases` in a run of Robot Framework: what it keeps out of the output by itself."""

from __future__ import annotations

from pathlib import Path

from robot import run

SUITE = """*** Settings ***
Library    realstack.Databases

*** Test Cases ***
Nobody Is There
    ${text}    Run Keyword And Expect Error    *    Open Postgres Session    db    postgresql://ann:plainword@127.0.0.1:1/db
    Log    postgresql://ann:plainword@127.0.0.1:1/db
    VAR    ${dsn}    host=127.0.0.1 password=longer-than-a-word
    Run Keyword And Ignore Error    Open Redis Session    r    redis://:longer-than-a-word@127.0.0.1:1/0
    Log    ${dsn}
    Should Contain    ${text}    an answer of the PostgreSQL server of 'db'

Somebody Is Wrong
    Fail    postgresql://ann:plainword@127.0.0.1:1/db
"""


def test_passwords_in_urls_are_hidden_from_the_output(tmp_path: Path) -> None:
    suite = tmp_path / "hidden.robot"
    suite.write_text(SUITE)
    failed = run(str(suite), outputdir=str(tmp_path), loglevel="TRACE", console="none", report=None)
    output = (tmp_path / "output.xml").read_text()
    assert failed == 1
    assert "ann:&lt;hidden&gt;@127.0.0.1:1/db" in output
    assert "plainword" not in output
    # What is known by then is hidden in any text.
    assert ">host=127.0.0.1 password=&lt;hidden&gt;</msg>" in output
    assert "plainword" not in (tmp_path / "log.html").read_text()
