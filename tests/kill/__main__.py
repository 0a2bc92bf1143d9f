"""`python -m kill N`: begin a critical journey N times, kill Robot Framework at a random moment, and see what is left.

Exit code 0 when nothing of any run was left within the time; 1 otherwise. What was left is named.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from realstack.core.waiting import Deadline, wait_until
from support.robot_run import end_like_ctrl_c, quietly

from .left import Traces

ROOT = Path(__file__).resolve().parents[2]
JOURNEYS = ("02 Tabs", "04 Network", "05 Transaction", "09 Failures")
"""With a browser, cut links, held locks, killed services."""
LATEST = 12.0
"""Seconds after which Robot is killed at the latest: some of the journeys have ended by then on a quick machine."""
LOOK_AGAIN = 0.05


@contextlib.contextmanager
def _robot(journey: str, output: Path, temp: Path) -> Iterator[subprocess.Popen[bytes]]:
    output.mkdir(parents=True, exist_ok=True)
    command = [".venv/bin/python", "-m", "robot", *quietly(output), "--include", "critical", "--suite", journey, "suites"]
    with (output / "console.txt").open("wb") as console:
        env = os.environ | {"TMPDIR": str(temp)}
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def kill_once(journey: str, after: float, output: Path, within: float) -> tuple[str, list[str]]:
    """Begin a journey, kill Robot, and wait until nothing is left.

    Args:
        journey: The suite's name.
        after: Seconds from its start to the kill.
        output: Folder of its results.
        within: How long what it has made may be there after the kill.

    Returns:
        What happened, and what was left.
    """
    with tempfile.TemporaryDirectory(prefix="killed-") as temp, _robot(journey, output, Path(temp)) as process:
        Path(temp).chmod(0o711)  # servers that have a user of their own work in it
        traces = Traces(process.pid, Path(temp))
        ends = Deadline(after)
        while process.poll() is None and not ends.passed:
            traces.look()
            time.sleep(min(LOOK_AGAIN, ends.left))
        traces.look()
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        waiting = Deadline(within)
        clean, left = wait_until(traces.left, lambda found: not found, waiting, pause=LOOK_AGAIN)
    when = "had ended by itself" if ended else f"was killed after {after:.2f} s"
    there = f"{len(traces.processes)} processes" + (" and a data folder" if traces.folder else "")
    told = f"nothing was left after {waiting.elapsed:.2f} s" if clean else f"after {within:g} s {', '.join(left)} was left"
    return f"{journey} {when}, with {there}: {told}", left


def main(arguments: list[str] | None = None) -> int:
    """Kill, look, and tell."""
    parser = argparse.ArgumentParser(prog="python -m kill", description=__doc__)
    parser.add_argument("times", type=int)
    parser.add_argument("--within", type=float, default=5.0, help="seconds in which all must be gone; more on a busy machine")
    parser.add_argument("--latest", type=float, default=LATEST, help="seconds after which Robot is killed at the latest")
    parser.add_argument("--seed", type=int, default=None, help="seed of the moments; printed, so that they can be had again")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "kill")
    options = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    print(f"Killing Robot Framework {options.times} times, seed {seed}.", flush=True)
    chance = random.Random(seed)
    failed = 0
    for number in range(1, options.times + 1):
        told, left = kill_once(
            chance.choice(JOURNEYS), chance.uniform(0.2, options.latest), options.results / f"{number:03}", options.within
        )
        failed += bool(left)
        print(f"{'FAIL' if left else 'ok  '} {number:3}  {told}", flush=True)
    print(f"{options.times - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    end_like_ctrl_c()
    raise SystemExit(main())
