"""Samples on disk: what a killed run leaves, what a later one goes on with, and what can't be gone on with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.core import procfs
from realstack.core.errors import StackError
from realstack.monitor import journal
from realstack.monitor.journal import Journal, read
from realstack.monitor.judge import main
from realstack.monitor.sample import Sample
from realstack.monitor.sampler import MOST_SAMPLES, Sampler, series
from realstack.monitor.watched import Watched
from support.project import ROOT
from support.waiting import until

FIRST = procfs.ProcessId(7, 100)


def sample(number: int, memory: float = 1000.0, root: procfs.ProcessId = FIRST) -> Sample:
    return Sample(
        float(number), {"visit": number * 10}, {("auth", "memory"): memory, ("sessions", "gauge"): 3.0}, {"auth": (root,)}
    )


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as made:
        yield made
        made.kill()


def watching(pid: int) -> tuple[Sampler, Watched]:
    sampler = Sampler()
    watched = Watched(sampler)
    watched.processes("test", "auth", lambda: [pid])
    return sampler, watched


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = Journal(tmp_path / "new" / "samples.jsonl")
    samples = [*(sample(number) for number in range(3)), Sample(3.0, {"visit": 20}, {}, {"auth": ()})]
    for one in samples:
        written.write(one)
    kept = read(tmp_path / "new" / "samples.jsonl")  # still open: each line is with the system at once
    written.close()
    assert kept.samples == samples
    assert kept.processes == {"auth": (FIRST,)}, "also where it ended before the run did"
    assert kept.told == "4 samples over 3 s, 20 × visit"
    with (tmp_path / "new" / "samples.jsonl").open("a") as file:
        file.write('{"at": 3.0, "opera')
    assert read(tmp_path / "new" / "samples.jsonl").samples == samples, "a line that was not written whole is none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is none"),
        ('{"format":1,"boot":"b"}\n', "there is none"),
        ('{"format":2,"boot":"b"}\n', "samples of format 1(.|\n)*format 2"),
        ("[]\n", "line 1 of"),
        ('{"format":1,"boot":"b"}\n{"at":1}\n', "line 2 of(.|\n)*operations"),
        ('{"format":1,"boot":"b"}\nnonsense\n', "line 2 of"),
    ],
)
def test_what_is_no_journal_is_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "file.jsonl"
    file.write_text(text)
    with pytest.raises(StackError, match=said):
        read(file)
    with pytest.raises(StackError, match="can't be read"):
        read(tmp_path / "nothing.jsonl")


def test_the_same_processes_are_gone_on_with(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "samples.jsonl"
    sampler, watched = watching(child.pid)
    watched.begin_sampling("test", 0.01, file)
    sampler.count("visit", 500)
    until(lambda: len(sampler.samples()) > 5)
    watched.release("test")
    first = sampler.samples()
    sampler, watched = watching(child.pid)
    watched.begin_sampling("test", 0.01, file, read(file))
    assert sampler.count("visit", 100) == 600
    until(lambda: len(sampler.samples()) > len(first) + 5)
    watched.release("test")
    assert [one.operations for one in sampler.samples()[: len(first)]] == [one.operations for one in first]
    both = series(sampler.samples(), "auth", "memory", "visit")
    assert (both.operations[0], both.operations[-1]) == (0, 600)
    assert len(read(file).samples) == len(sampler.samples()), "the new file begins with the earlier samples"
    assert sampler.samples()[-1].at > first[-1].at


def test_other_processes_are_not_gone_on_with(
    tmp_path: Path, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "samples.jsonl"
    identity = procfs.stat(child.pid)
    assert identity is not None
    with_that_number_before = sample(1, root=procfs.ProcessId(child.pid, identity.started - 1))
    Journal(file, [with_that_number_before]).close()
    sampler, watched = watching(child.pid)
    said = rf"auth: process {child.pid} then, process {child.pid} now(.|\n)*PLATFORM:external(.|\n)*realstack\.monitor judge"
    with pytest.raises(StackError, match=said):
        watched.begin_sampling("test", 1.0, file, read(file))
    assert not sampler.running
    assert read(file).samples == [with_that_number_before], "what there was is still there"
    Journal(file, [sample(1, root=identity.identity)]).close()
    watched.processes("test", "backend", list)
    with pytest.raises(StackError, match="Seen: backend: not watched then, no process now"):
        watched.begin_sampling("test", 1.0, file, read(file))
    watched.release("test")
    with pytest.raises(StackError, match=f"Seen: auth: process {child.pid} then, not watched now"):
        watched.begin_sampling("test", 1.0, file, read(file))
    monkeypatch.setattr(journal.procfs, "boot", lambda: "another")
    with pytest.raises(StackError, match="Seen: the machine was started anew"):
        watched.begin_sampling("test", 1.0, file, read(file))


def test_long_runs_stay_short(tmp_path: Path) -> None:
    sampler = Sampler()
    sampler.begin(60.0, [sample(number) for number in range(2 * MOST_SAMPLES)])
    sampler.stop()
    assert MOST_SAMPLES / 2 < len(sampler.samples()) <= MOST_SAMPLES


def test_a_full_disk_ends_no_sampling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, written = Sampler(), Journal(tmp_path / "samples.jsonl")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(written, "_file", full)
        sampler.begin(60.0, journal=written)
        sampler.stop()
    assert len(sampler.samples()) >= 2
    assert "samples on disk: OSError" in sampler.gaps


def test_a_killed_run_can_be_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "samples.jsonl"
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from realstack.monitor.sampler import Sampler\n"
        "from realstack.monitor.watched import Watched\n"
        "sampler = Sampler()\n"
        "watched = Watched(sampler)\n"
        "held = []\n"
        "watched.gauge('test', 'list', lambda: float(len(held)))\n"
        "watched.begin_sampling('test', 60.0, Path(sys.argv[1]))\n"
        "for number in range(200):\n"
        "    held += [number] * 5\n"
        "    sampler.count('visit', 10)\n"
        "    sampler.count('seldom')\n"
        "    sampler.look()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, file], cwd=ROOT / "libraries", timeout=60, check=False)
    assert killed.returncode == -9
    of = ["--metric", "gauge", "--budget"]
    assert main(["judge", str(file), *of, "0.1"]) == 1
    told = capsys.readouterr().out
    assert "2000 × visit, 200 × seldom" in told
    assert "grows: list grows: it must stay under 0.1  per visit" in told
    assert main(["judge", str(file), *of, "10", "--service", "list"]) == 0
    assert main(["judge", str(file), *of, "10", "--operation", "seldom", "--warmup", "0.99"]) == 2
    assert main(["judge", str(file), *of, "10", "--operation", "other"]) == 64
    assert "work counted as 'other'" in capsys.readouterr().out
    assert main(["judge", str(file)]) == 64
    assert "samples of memory" in capsys.readouterr().out
