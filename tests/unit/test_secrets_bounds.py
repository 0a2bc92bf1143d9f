"""A run of any length: what the registry keeps, what it lets go, and that nothing it let go is lost for the search afterwards."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from secrets import token_urlsafe

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realstack.core.errors import StackError
from realstack.secrets import HIDDEN, Registry
from realstack.secrets.__main__ import main
from realstack.secrets.fingerprints import FILE_NAME
from realstack.secrets.forms import WINDOW, windows
from realstack.secrets.search import MOST, Fingerprints, search_live

BOUND = 200


def token(number: int, pad: str = "") -> str:
    """The same for the same number, and nothing like its neighbours."""
    return pad + "".join(random.Random(number).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", k=43))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results" / FILE_NAME


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=200))
@settings(max_examples=50)
def test_memory_is_bounded_and_what_was_used_last_is_masked(uses: list[tuple[int, bool]]) -> None:
    registry = Registry(BOUND)
    lasting: set[int] = set()
    for number, stays in uses:
        lasting |= {number} if stays and number < 5 else set()
        registry.remember(token(number), "token", lasting=number in lasting)
        # Each has 15 windows at most; ten of them fit, and those that stay come on top.
        assert registry.kept_windows <= BOUND + 25 * len(lasting)
        assert registry.scrub(f"at {token(number)}.") == f"at {HIDDEN}."
    recent = list(dict.fromkeys(number for number, _ in reversed(uses)))[: BOUND // 25]
    for number in {*recent, *lasting}:
        assert registry.find(token(number)), number


@given(st.lists(st.integers(0, 60), min_size=1, max_size=100), st.integers(1, 400), st.data())
@settings(max_examples=25)
def test_every_credential_is_found_afterwards_also_cut_off(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], at_a_time: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("run")
    registry = Registry(BOUND)
    told = data.draw(st.integers(0, len(numbers)))
    for count, number in enumerate(numbers):
        if count == told:
            registry.leave_fingerprints(folder / FILE_NAME)
        registry.remember(token(number), f"token {number}")
    registry.leave_fingerprints(folder / FILE_NAME)
    log = folder / "service.log"
    start = data.draw(st.integers(0, 43 - (2 * WINDOW - 1)))
    log.write_text("".join(f"a {token(number)[start : start + 2 * WINDOW - 1]} b\n" for number in dict.fromkeys(numbers)))
    fingerprints = Fingerprints(folder / FILE_NAME, at_a_time)
    assert fingerprints.known == fingerprints.searchable == len(registry)
    for leaks in (fingerprints.search([log]), search_live(registry, [log])):
        assert {leak.line for leak in leaks} == set(range(1, len(set(numbers)) + 1))
        assert {leak.what.rpartition("(")[2] for leak in leaks} == {f"token {number})" for number in numbers}


def test_using_one_again_and_again_lets_no_other_go() -> None:
    registry = Registry(BOUND)
    for number in [*range(8), *[0] * 100]:
        registry.remember(token(number), "token")
    assert len(registry) == 8
    assert registry.let_go == 0


def test_what_fingerprints_do_not_find_is_never_let_go(path: Path) -> None:
    registry = Registry(BOUND)
    registry.leave_fingerprints(path)
    kept = ["of-a-person", "eighteen-letters-x", "postgresql://owner:pw@127.0.0.1:5432/database", 'p"ä<ss> w&rd%7 of a person']
    for value in kept:
        registry.remember(value, "odd")
    for number in range(100):
        registry.remember(token(number), "token")
    assert registry.let_go > 80
    assert all(registry.find(f"at {value}!") for value in kept)
    assert Fingerprints(path).known == 104


def test_a_lasting_credential_keeps_what_it_shares_with_a_passing_one() -> None:
    registry = Registry(BOUND)
    registry.remember(token(1), "password", lasting=True)
    registry.remember(token(1, pad="user:padding---:"), "header")
    for number in range(2, 100):
        registry.remember(token(number), "token")
    shared = next(window for window in windows(token(1)) if window in set(windows(token(1, pad="user:padding---:"))))
    assert [item.what for item in registry.find(shared)] == ["password"]


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)], ids=["used first", "used last"])
def test_one_that_is_in_use_keeps_what_it_shares_with_one_that_is_not(numbers: tuple[int, int]) -> None:
    registry = Registry(BOUND)
    head = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJyZWFkZXIifQ"
    for number in numbers:
        registry.remember(f"{head}.{token(number)}", "in use" if number == 0 else "old")
    for number in range(2, 100):
        registry.remember(token(number), "token")
        registry.remember(f"{head}.{token(0)}", "in use")
    assert [item.what for item in registry.find(head)] == ["in use"]


def test_a_killed_run_leaves_fingerprints_of_all_that_it_knew(path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from realstack.secrets import Registry\n"
        "registry = Registry(100)\n"
        f"registry.leave_fingerprints(pathlib.Path({str(path)!r}))\n"
        "for line in sys.stdin:\n"
        "    registry.remember(line.strip(), 'token')\n"
        "    print('known', flush=True)\n"
    )
    values = [token_urlsafe(32) for _ in range(30)]
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "libraries"}
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        for value in values:
            run.stdin.write(f"{value}\n")
            run.stdin.flush()
            assert run.stdout.readline() == "known\n"
        run.send_signal(signal.SIGKILL)
    log = path.parent / "service.log"
    log.write_text("\n".join(values))
    assert [leak.line for leak in Fingerprints(path).search([log])] == list(range(1, 31))
    assert not any(value in path.read_text() for value in values)


def test_nothing_is_written_before_there_is_a_credential_and_only_one_file_ever(path: Path, tmp_path: Path) -> None:
    registry = Registry()
    registry.leave_fingerprints(path)
    assert not path.exists()
    registry.remember(token(1), "token")
    registry.leave_fingerprints(tmp_path / "other.jsonl")
    registry.remember(token(2), "token")
    assert Fingerprints(path).known == 2
    assert not (tmp_path / "other.jsonl").exists()


def test_a_new_run_begins_its_file_anew(path: Path) -> None:
    for _ in range(2):
        registry = Registry()
        registry.remember(token(1), "token")
        registry.leave_fingerprints(path)
    assert Fingerprints(path).known == 1


def test_the_last_record_may_be_cut_off_and_that_is_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry()
    registry.leave_fingerprints(path)
    registry.remember(token(1), "token")
    registry.remember(token(2), "token")
    path.write_bytes(path.read_bytes()[:-20])
    (path.parent / "service.log").write_text(f"{token(1)}\n")
    assert main(["check", str(path.parent)]) == 1
    told = capsys.readouterr()
    assert "service.log:1: #1 (token)" in told.out
    assert "searched for 1 of 2 credentials" in told.out
    assert "The last record of" in told.err


@pytest.mark.parametrize(
    ("line", "content", "told"),
    [
        (1, b"", "it is empty"),
        (1, b"{}\n", "line 1: KeyError('form')"),
        (1, json.dumps({"salt": "00", "known": 1, "credentials": []}).encode(), "line 1: KeyError('form')"),
        (1, b'{"form": 3, "salt": "00"}\n', "its form is 3, not 2"),
        (1, b'{"form": 2, "salt": "salt"}\n', "line 1: ValueError"),
        (1, b"[2]\n", "line 1: TypeError"),
        (2, b'["token", "AAAA"]\n["token", ""]\n', "line 2: error('unpack requires a buffer of 0 bytes')"),
        (2, b'["token", "AAAA AAAAAA="]\n', "line 2: Error"),
        (2, b'["token"]\n', "line 2: ValueError"),
        (2, b'["token", 7]\n', "line 2: TypeError"),
        (2, b"\n\n", "line 2: JSONDecodeError"),
        (2, b"\xff\xfe\n", "line 2: UnicodeDecodeError"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    path: Path, capsys: pytest.CaptureFixture[str], line: int, content: bytes, told: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"form": 2, "salt": "00"}\n' * (line - 1) + content)
    assert main(["check", str(path.parent)]) == 2
    said = capsys.readouterr().err
    assert "holds no fingerprints of a run" in said
    assert told in said


def test_a_search_that_finds_too_much_ends(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry()
    registry.leave_fingerprints(path)
    registry.remember(token(1), "token")
    (path.parent / "service.log").write_text(f"{token(1)}\n" * MOST)
    assert main(["check", str(path.parent)]) == 1
    assert "leaks or more" in capsys.readouterr().out


def test_the_running_output_can_not_be_searched_without_the_fingerprints_of_what_was_let_go(tmp_path: Path) -> None:
    registry = Registry(BOUND)
    for number in range(100):
        registry.remember(token(number), "token")
    (tmp_path / "log").write_text("nothing")
    with pytest.raises(StackError, match="no folder for it was told"):
        search_live(registry, [tmp_path / "log"])
